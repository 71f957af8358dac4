package oauthadapter_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

// handWrittenStart is the start route as people write it on x/oauth2: state, nonce and PKCE verifier in a cookie each, unsealed, no
// checks of the request. It is the floor of BenchmarkStart.
func handWrittenStart(c *oauth2.Config) http.HandlerFunc {
	random := func() string {
		raw := make([]byte, 32)
		rand.Read(raw)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		state, nonce, verifier := random(), random(), oauth2.GenerateVerifier()
		for name, value := range map[string]string{"state": state, "nonce": nonce, "verifier": verifier} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/api/auth/demo", MaxAge: 600, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		}
		http.Redirect(w, r, c.AuthCodeURL(state, oauth2.SetAuthURLParam("nonce", nonce), oauth2.S256ChallengeOption(verifier)), http.StatusFound)
	}
}

func BenchmarkStart(b *testing.B) {
	const target = provider + "/start?env=development&scope=openid+email&origin=https%3A%2F%2Fportal.example.com&flow=popup"
	c := &oauth2.Config{ClientID: "portal", RedirectURL: provider + "/handler/frame", Scopes: []string{"openid", "email"},
		Endpoint: oauth2.Endpoint{AuthURL: idp + "/authorize"}}
	run := func(b *testing.B, h http.Handler) {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.AddCookie(&http.Cookie{Name: "__Host-auth-browser", Value: "AAAAAAAAAAAAAAAAAAAAAA"})
		b.ReportAllocs()
		for b.Loop() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusFound {
				b.Fatal(w.Code, w.Body)
			}
		}
	}
	b.Run("floor", func(b *testing.B) { run(b, handWrittenStart(c)) })
	b.Run("ours", func(b *testing.B) {
		v := &benchVendor{config: c}
		h, err := authprovider.New(authprovider.Config{BaseURL: base, AppURL: portal, Secrets: [][]byte{make([]byte, 32)}, Issuer: &authprovidertest.Issuer{},
			Providers: map[string]authprovider.ProviderFactory{"demo": oauthadapter.Provider(v, oauthadapter.Options[string]{}, byEmail)}})
		require.NoError(b, err)
		run(b, h)
	})
}

type benchVendor struct {
	vendor
	config *oauth2.Config
}

func (v *benchVendor) Start(_ ctx, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	c := *v.config
	c.Scopes = req.Scopes
	return oauthadapter.StartResponse{URL: c.AuthCodeURL(req.State, oauth2.SetAuthURLParam("nonce", req.Nonce),
		oauth2.SetAuthURLParam("code_challenge", req.CodeChallenge), oauth2.SetAuthURLParam("code_challenge_method", "S256")), Issuer: idp}, nil
}
