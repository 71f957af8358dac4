package fakeproxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/proxyauth"
)

var jane = fakeproxy.Person{Subject: "jane-1", Name: "Jane Doe", PreferredUsername: "jane", Email: "jane@example.com", EmailVerified: new(true), Groups: []string{"ops"}}

func newEdge(t testing.TB, v fakeproxy.Vendor) *fakeproxy.Edge {
	t.Helper()
	edge, err := fakeproxy.New(fakeproxy.Config{Vendor: v, People: []fakeproxy.Person{jane}})
	require.NoError(t, err)
	return edge
}

// signed is what each vendor with a JWK set signs, as the library's own verifier reads it.
var signed = []struct {
	name   string
	vendor fakeproxy.Vendor
	config proxyauth.JWTConfig
}{
	{"generic", fakeproxy.SignedHeader{Header: "X-Pomerium-Jwt-Assertion", Issuer: "https://pomerium.example.com", Audience: "portal"},
		proxyauth.JWTConfig{Header: "X-Pomerium-Jwt-Assertion", Issuer: "https://pomerium.example.com", Audiences: []string{"portal"}}},
	{"generic, RS256, bearer, no discovery", fakeproxy.SignedHeader{Header: "Authorization", Issuer: "portal.example.com", JWKSURL: "https://keys.example.com/jwks", Audience: "portal", Algorithm: "RS256"},
		proxyauth.JWTConfig{Header: "Authorization", Issuer: "portal.example.com", JWKSURL: "https://keys.example.com/jwks", Audiences: []string{"portal"}}},
	{"Cloudflare Access", fakeproxy.Access{TeamName: "acme", Audience: "aud-tag"},
		proxyauth.JWTConfig{Header: "Cf-Access-Jwt-Assertion", Issuer: "https://acme.cloudflareaccess.com", JWKSURL: "https://acme.cloudflareaccess.com/cdn-cgi/access/certs", Audiences: []string{"aud-tag"}}},
	{"Google IAP", fakeproxy.IAP{Audience: "/projects/1/apps/portal"},
		proxyauth.JWTConfig{Header: "X-Goog-Iap-Jwt-Assertion", Issuer: "https://cloud.google.com/iap", JWKSURL: "https://www.gstatic.com/iap/verify/public_key-jwk", Audiences: []string{"/projects/1/apps/portal"}}},
}

// verify sends a decorated request through the library's verifier.
func verify(t testing.TB, edge *fakeproxy.Edge, c proxyauth.JWTConfig) (proxyauth.JWTResult, error) {
	t.Helper()
	c.HTTPClient = &http.Client{Transport: edge.Transport(nil)}
	a, err := proxyauth.JWT(c)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/", nil)
	require.NoError(t, edge.Decorate(r, jane))
	return a.Authenticate(t.Context(), r)
}

func TestSignedTokensAreRight(t *testing.T) {
	for _, test := range signed {
		t.Run(test.name, func(t *testing.T) {
			edge := newEdge(t, test.vendor)
			result, err := verify(t, edge, test.config)
			require.NoError(t, err)
			require.Equal(t, jane.Email, result.Email)
			require.Equal(t, 1, edge.Calls(fakeproxy.JWKS))
		})
	}
}

func TestFaultsOfTokensAreRefused(t *testing.T) {
	faults := []fakeproxy.TokenFault{
		fakeproxy.WrongAudience, fakeproxy.MissingAudience, fakeproxy.WrongIssuer, fakeproxy.Expired, fakeproxy.MissingExpiry, fakeproxy.FutureIssuedAt, fakeproxy.NotYetValid,
		fakeproxy.MissingSubject, fakeproxy.DuplicateClaim, fakeproxy.CaseTwinClaim, fakeproxy.AlgNone, fakeproxy.HMACWithPublicKey, fakeproxy.ForeignKey,
		fakeproxy.UnknownKeyID, fakeproxy.EmbeddedKey, fakeproxy.BadSignature, fakeproxy.TruncatedSignature,
	}
	for _, test := range signed {
		edge := newEdge(t, test.vendor) // one for all: RSA keys take their time
		for _, fault := range faults {
			t.Run(test.name+"/"+string(fault), func(t *testing.T) {
				edge.Set(func(b *fakeproxy.Behavior) { b.Token = fault })
				_, err := verify(t, edge, test.config)
				require.ErrorIs(t, err, authprovider.ErrAuthentication)
				edge.Set(func(b *fakeproxy.Behavior) { b.Token = "" })
				_, err = verify(t, edge, test.config)
				require.NoError(t, err)
			})
		}
	}
}

func TestFaultsOfAnswersAreOutages(t *testing.T) {
	for _, fault := range []fakeproxy.AnswerFault{
		fakeproxy.ServerError, fakeproxy.Unavailable, fakeproxy.HangUp, fakeproxy.Redirect, fakeproxy.Malformed, fakeproxy.HTML, fakeproxy.Huge,
	} {
		t.Run(string(fault), func(t *testing.T) {
			edge := newEdge(t, signed[0].vendor)
			edge.Set(func(b *fakeproxy.Behavior) { b.KeysAnswer = fault })
			_, err := verify(t, edge, signed[0].config)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Equal(t, 1, edge.Calls(fakeproxy.JWKS))
		})
	}
}
