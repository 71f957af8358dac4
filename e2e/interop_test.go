package e2e

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	gojwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

const (
	typUser        = "vnd.backstage.user"
	typLimitedUser = "vnd.backstage.limited-user"
)

var interopAlgorithms = []string{"ES256", "ES384", "RS256", "PS256", "EdDSA"}

// interopIssuer is an issuer that publishes its keys on a listener, as strangers find it.
type interopIssuer struct {
	*tokenissuer.Issuer
	url, jwksURL string
}

func newInteropIssuer(t *testing.T, change ...func(*tokenissuer.Config)) *interopIssuer {
	t.Helper()
	s := newSite(t)
	c := tokenissuer.Config{Issuer: s.origin + "/api/auth"}
	for _, f := range change {
		f(&c)
	}
	issuer, err := tokenissuer.New(c)
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{BaseURL: c.Issuer, Issuer: issuer})
	require.NoError(t, err)
	s.serve(auth)
	return &interopIssuer{issuer, c.Issuer, c.Issuer + "/.well-known/jwks.json"}
}

func (i *interopIssuer) issue(t *testing.T, c authprovider.TokenClaims) string {
	t.Helper()
	token, err := i.IssueToken(t.Context(), c)
	require.NoError(t, err)
	return token
}

// keys are the published ones as go-jose reads them.
func (i *interopIssuer) keys(t *testing.T) *gojose.JSONWebKeySet {
	t.Helper()
	response, err := http.Get(i.jwksURL)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	set := new(gojose.JSONWebKeySet)
	require.NoError(t, json.Unmarshal(body, set))
	for _, k := range set.Keys {
		require.True(t, k.Valid() && k.IsPublic())
		require.Equal(t, "sig", k.Use)
	}
	return set
}

var interopUser = authprovider.TokenClaims{Subject: "user:default/jane", Ownership: []string{"user:default/jane", "group:default/team-a"},
	Claims: map[string]any{"email": "jane@example.com", "tenant": map[string]any{"name": "Ünïcode <&> \u2028"}}}

// forged says another subject over the same signature.
func forged(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.Contains(t, string(payload), "jane")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(string(payload), "default/jane", "default/john")))
	return strings.Join(parts, ".")
}

// Both libraries read our tokens, the limited ones and the published keys, each with code of its own.
func TestTokensVerifyWithOtherGoLibraries(t *testing.T) {
	for _, alg := range interopAlgorithms {
		t.Run(alg, func(t *testing.T) {
			issuer := newInteropIssuer(t, func(c *tokenissuer.Config) { c.Algorithm, c.OwnershipInToken = alg, true })
			token := issuer.issue(t, interopUser)
			limited, expiry, err := tokenissuer.LimitedToken(token)
			require.NoError(t, err)
			keys := issuer.keys(t)
			for name, verify := range map[string]func(*testing.T, *gojose.JSONWebKeySet, string, string) (typ string, claims map[string]any, err error){
				"golang-jwt": verifyWithGolangJWT, "go-jose": verifyWithGoJOSE,
			} {
				t.Run(name, func(t *testing.T) {
					typ, claims, err := verify(t, keys, alg, token)
					require.NoError(t, err)
					require.Equal(t, typUser, typ)
					require.Equal(t, issuer.url, claims["iss"])
					require.Equal(t, "backstage", claims["aud"])
					require.Equal(t, "user:default/jane", claims["sub"])
					require.Equal(t, []any{"user:default/jane", "group:default/team-a"}, claims["ent"])
					require.Equal(t, "jane@example.com", claims["email"])
					require.Equal(t, map[string]any{"name": "Ünïcode <&> \u2028"}, claims["tenant"])
					require.Equal(t, float64(expiry.Unix()), claims["exp"])

					typ, said, err := verify(t, keys, alg, limited)
					require.NoError(t, err)
					require.Equal(t, typLimitedUser, typ)
					require.Equal(t, map[string]any{"sub": "user:default/jane", "iat": claims["iat"], "exp": claims["exp"]}, said)

					for _, bad := range []string{forged(t, token), forged(t, limited)} {
						_, _, err := verify(t, keys, alg, bad)
						require.Error(t, err)
					}
				})
			}
		})
	}
}

func verifyWithGolangJWT(t *testing.T, keys *gojose.JSONWebKeySet, alg, token string) (string, map[string]any, error) {
	t.Helper()
	claims := jwt.MapClaims{}
	parsed, err := jwt.NewParser(jwt.WithValidMethods([]string{alg}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding()).
		ParseWithClaims(token, claims, func(parsed *jwt.Token) (any, error) {
			found := keys.Key(parsed.Header["kid"].(string))
			require.Len(t, found, 1)
			return found[0].Key, nil
		})
	if err != nil {
		return "", nil, err
	}
	return parsed.Header["typ"].(string), claims, nil
}

func verifyWithGoJOSE(t *testing.T, keys *gojose.JSONWebKeySet, alg, token string) (string, map[string]any, error) {
	t.Helper()
	parsed, err := gojwt.ParseSigned(token, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
	if err != nil {
		return "", nil, err
	}
	registered, claims := gojwt.Claims{}, map[string]any{}
	if err := parsed.Claims(keys, &registered, &claims); err != nil {
		return "", nil, err
	}
	require.NoError(t, registered.ValidateWithLeeway(gojwt.Expected{Subject: "user:default/jane", Time: time.Now()}, 0))
	require.Len(t, parsed.Headers, 1)
	typ, _ := parsed.Headers[0].ExtraHeaders[gojose.HeaderType].(string)
	return typ, claims, nil
}
