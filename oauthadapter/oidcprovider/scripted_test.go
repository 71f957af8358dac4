package oidcprovider_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

const scriptedIssuer = "https://id.example.com/realm"

// scripted is a provider in memory that answers whatever a test wants, also what no provider on a server could be made to say.
type scripted struct {
	t        *testing.T
	signer   *jose.Signer
	metadata map[string]any
	discover func(*http.Request) (*http.Response, error) // in place of metadata
	typ      string
	claims   map[string]any // of the ID token; nil leaves one out
	rawToken string         // in place of an ID token made of claims; "-" is none
	answer   map[string]any // further members of the token answer
	userinfo string         // JSON; empty leaves the endpoint out
	keyFor   any            // the key's member "issuer"; nil leaves it out
	config   oidcprovider.Config

	discoveries, userinfos atomic.Int32
	clock                  atomic.Int64 // seconds
}

func (s *scripted) now() time.Time { return time.Unix(s.clock.Load(), 0) }

// advance moves the clock. ID tokens are made for the new time.
func (s *scripted) advance(d time.Duration) {
	now := time.Unix(s.clock.Add(int64(d/time.Second)), 0)
	s.claims["iat"], s.claims["exp"] = now.Unix(), now.Add(time.Hour).Unix()
}

func newScripted(t *testing.T, alg jose.Algorithm) *scripted {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, alg, "k")
	require.NoError(t, err)
	s := &scripted{t: t, signer: signer, typ: "JWT",
		metadata: map[string]any{
			"issuer": scriptedIssuer, "authorization_endpoint": "https://id.example.com/authorize",
			"token_endpoint": "https://id.example.com/token", "jwks_uri": "https://id.example.com/jwks",
		},
		claims: map[string]any{"iss": scriptedIssuer, "sub": "u-jane", "aud": "portal", "nonce": nonce},
		answer: map[string]any{},
	}
	s.config = oidcprovider.Config{Issuer: scriptedIssuer, ClientID: "portal", ClientSecret: clientSecret, HTTPClient: &http.Client{Transport: s}, Now: s.now}
	s.clock.Store(time.Now().Unix())
	s.advance(0)
	return s
}

// RoundTrip implements [http.RoundTripper].
func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Path {
	case "/realm/.well-known/openid-configuration":
		s.discoveries.Add(1)
		if s.discover != nil {
			return s.discover(r)
		}
		metadata := maps.Clone(s.metadata)
		if s.userinfo != "" {
			metadata["userinfo_endpoint"] = "https://id.example.com/userinfo"
		}
		return jsonResponse(r, metadata), nil
	case "/jwks":
		jwk, err := jose.NewJWK(s.signer.PublicKey())
		require.NoError(s.t, err)
		return jsonResponse(r, map[string]any{"keys": []any{struct {
			jose.JWK
			Issuer any `json:"issuer,omitempty"`
		}{jwk, s.keyFor}}}), nil
	case "/token":
		answer := map[string]any{"access_token": accessToken, "token_type": "Bearer", "refresh_token": "marker-refresh-token"}
		maps.Copy(answer, s.answer)
		if s.rawToken != "-" {
			answer["id_token"] = s.idToken()
		}
		return jsonResponse(r, answer), nil
	case "/userinfo":
		s.userinfos.Add(1)
		require.Equal(s.t, "Bearer "+accessToken, r.Header.Get("Authorization"))
		return response(r, http.StatusOK, "application/json", s.userinfo), nil
	}
	return response(r, http.StatusNotFound, "text/plain", "not found"), nil
}

const accessToken = "marker-access-token"

func (s *scripted) idToken() string {
	if s.rawToken != "" {
		return s.rawToken
	}
	var claims []jose.Claim
	for _, name := range slices.Sorted(maps.Keys(s.claims)) {
		if s.claims[name] != nil {
			claims = append(claims, jose.Claim{Name: name, Value: s.claims[name]})
		}
	}
	token, err := s.signer.SignJWT(s.typ, claims...)
	require.NoError(s.t, err)
	return token
}

func (s *scripted) authenticator() *oidcprovider.Authenticator {
	s.t.Helper()
	a, err := oidcprovider.New(s.config)
	require.NoError(s.t, err)
	return a
}

func (s *scripted) signIn() (oidcprovider.Result, error) {
	s.t.Helper()
	return s.authenticator().Authenticate(context.Background(), callback())
}

func callback() oauthadapter.CallbackRequest {
	return oauthadapter.CallbackRequest{Code: "marker-code", CodeVerifier: verifier, Nonce: nonce, CallbackURL: callbackURL}
}

func (s *scripted) refresh(session oauthadapter.Session) (oidcprovider.Result, error) {
	s.t.Helper()
	return s.authenticator().Refresh(context.Background(), oauthadapter.RefreshRequest{Session: session})
}

func jsonResponse(r *http.Request, v any) *http.Response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return response(r, http.StatusOK, "application/json", string(body))
}

func response(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
