package tokenissuer_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/tokenissuer"
)

const issuerURL = "https://portal.example.com/api/auth"

func newClock() *authprovidertest.Clock {
	return authprovidertest.NewClock(time.Unix(1_800_000_000, 0))
}

// newIssuer makes an issuer with a clock of its own.
func newIssuer(t testing.TB, change ...func(*tokenissuer.Config)) (*tokenissuer.Issuer, *authprovidertest.Clock) {
	t.Helper()
	clock := newClock()
	c := tokenissuer.Config{Issuer: issuerURL, Now: clock.Now}
	for _, f := range change {
		f(&c)
	}
	if c.Keys != nil && c.Secrets == nil {
		c.Secrets = [][]byte{secret}
	}
	issuer, err := tokenissuer.New(c)
	require.NoError(t, err)
	return issuer, clock
}

var secret = []byte("a secret of at least thirty-two bytes")

var jane = authprovider.TokenClaims{Subject: "user:default/jane", Ownership: []string{"user:default/jane", "group:default/team-a"}}

func issue(t testing.TB, i *tokenissuer.Issuer, c authprovider.TokenClaims) string {
	t.Helper()
	token, err := i.IssueToken(t.Context(), c)
	require.NoError(t, err)
	return token
}

// texts returns the decoded header and payload of a token.
func texts(t testing.TB, token string) (header, payload string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	decode := func(part string) string {
		text, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		return string(text)
	}
	return decode(parts[0]), decode(parts[1])
}

func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	_, payload := texts(t, token)
	var claims map[string]any
	require.NoError(t, json.Unmarshal([]byte(payload), &claims))
	return claims
}

// limited makes the limited user token of a token as a Backstage backend does, which writes both texts with JSON.stringify.
// sub must need no escaping.
func limited(t testing.TB, token string) string {
	t.Helper()
	header, payload := texts(t, token)
	var h struct{ Alg, Kid string }
	require.NoError(t, json.Unmarshal([]byte(header), &h))
	var p struct {
		Sub, Uip string
		Iat, Exp json.Number
	}
	require.NoError(t, json.Unmarshal([]byte(payload), &p))
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"vnd.backstage.limited-user","alg":"`+h.Alg+`","kid":"`+h.Kid+`"}`)) + "." +
		encode([]byte(`{"sub":"`+p.Sub+`","iat":`+p.Iat.String()+`,"exp":`+p.Exp.String()+`}`)) + "." + p.Uip
}

// serve runs a handler as a GET of header, given as names and values.
func serve(t testing.TB, h func(http.ResponseWriter, *http.Request) error, header ...string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, issuerURL, nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	err := h(w, r)
	return w, err
}

type jwks struct {
	Keys []map[string]string `json:"keys"`
}

func servedKeys(t testing.TB, i *tokenissuer.Issuer) jwks {
	t.Helper()
	w, err := serve(t, i.ServeJWKS)
	require.NoError(t, err)
	var set jwks
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &set))
	return set
}
