package oauthadapter_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// memoryIdP answers discovery, keys and code exchange without a network, as an http.RoundTripper. It signs a token for the
// nonce that it is told.
type memoryIdP struct {
	key   *ecdsa.PrivateKey
	nonce string
}

func (p *memoryIdP) RoundTrip(r *http.Request) (*http.Response, error) {
	var body string
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		body = fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`, idp, idp+"/authorize", idp+"/token", idp+"/jwks")
	case "/jwks":
		public, err := p.key.PublicKey.Bytes()
		if err != nil {
			return nil, err
		}
		body = fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256","x":%q,"y":%q}]}`, b64(public[1:33]), b64(public[33:]))
	case "/token":
		body = fmt.Sprintf(`{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt","id_token":%q}`, p.idToken())
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (p *memoryIdP) idToken() string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{"iss": idp, "aud": "portal", "sub": "jane-1", "email": "jane@example.com", "name": "Jane", "nonce": p.nonce, "iat": now, "exp": now + 3600})
	input := b64([]byte(`{"alg":"ES256","kid":"k","typ":"JWT"}`)) + "." + b64(claims)
	digest := sha256.Sum256([]byte(input))
	r, s, _ := ecdsa.Sign(rand.Reader, p.key, digest[:])
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64(signature)
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// handWrittenCallback is the callback as people write it on x/oauth2 and go-oidc: it compares state and nonce with the cookies
// and verifies the ID token, and answers with the tokens. It has no checks beyond that, no session, no resolver and no token of
// its own.
func handWrittenCallback(c *oauth2.Config, verifier *oidc.IDTokenVerifier, client *http.Client) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), oauth2.HTTPClient, client)
		state, _ := r.Cookie("state")
		nonce, _ := r.Cookie("nonce")
		pkce, _ := r.Cookie("verifier")
		if state.Value != r.FormValue("state") {
			http.Error(w, "state", http.StatusForbidden)
			return
		}
		token, err := c.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(pkce.Value))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		idToken, err := verifier.Verify(ctx, raw)
		if err != nil || idToken.Nonce != nonce.Value {
			http.Error(w, "id_token", http.StatusForbidden)
			return
		}
		var profile struct{ Email, Name string }
		if err := idToken.Claims(&profile); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"profile": profile, "providerInfo": token})
	}
}

// BenchmarkSignIn is a start and its callback, against the same provider in memory. The adapter's has a session cookie, a
// resolver and an (unsigned) user token more than its floor.
func BenchmarkSignIn(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	memory := &memoryIdP{key: key}
	client := &http.Client{Transport: memory}

	run := func(b *testing.B, start, callback http.Handler) {
		b.ReportAllocs()
		for b.Loop() {
			w := httptest.NewRecorder()
			start.ServeHTTP(w, httptest.NewRequest(http.MethodGet, provider+"/start?env=development&scope=openid&origin="+url.QueryEscape(portal), nil))
			location, _ := url.Parse(w.Header().Get("Location"))
			memory.nonce = location.Query().Get("nonce")
			r := httptest.NewRequest(http.MethodGet, provider+"/handler/frame?code=c&state="+url.QueryEscape(location.Query().Get("state")), nil)
			for _, c := range w.Result().Cookies() {
				r.AddCookie(c)
			}
			w = httptest.NewRecorder()
			callback.ServeHTTP(w, r)
			if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte("providerInfo")) {
				b.Fatal(w.Code, w.Body)
			}
		}
	}
	b.Run("floor", func(b *testing.B) {
		ctx := oidc.ClientContext(context.Background(), client)
		p, err := oidc.NewProvider(ctx, idp)
		require.NoError(b, err)
		c := &oauth2.Config{ClientID: "portal", ClientSecret: "secret", RedirectURL: provider + "/handler/frame", Scopes: []string{"openid"}, Endpoint: p.Endpoint()}
		c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
		run(b, handWrittenStart(c), handWrittenCallback(c, p.Verifier(&oidc.Config{ClientID: "portal", SupportedSigningAlgs: []string{"ES256"}}), client))
	})
	b.Run("ours", func(b *testing.B) {
		h, err := authprovider.New(authprovider.Config{BaseURL: base, AppURL: portal, Secrets: [][]byte{make([]byte, 32)}, Issuer: &authprovidertest.Issuer{},
			Users: authprovidertest.Users(b, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}), HTTPClient: client,
			Providers: map[string]authprovider.ProviderFactory{"demo": oidcprovider.Provider(
				oidcprovider.Config{Issuer: idp, ClientID: "portal", ClientSecret: "secret", Scopes: []string{"openid"}, SkipUserInfo: true},
				func(c ctx, in oidcprovider.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
					return rc.SignInWithUser(c, authprovider.UserQuery{Email: in.Profile.Email})
				})}})
		require.NoError(b, err)
		run(b, h, h)
	})
}
