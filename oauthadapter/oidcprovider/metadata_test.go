package oidcprovider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestMetadataIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change map[string]any
		want   string
	}{
		{"other issuer", map[string]any{"issuer": "https://evil.example"}, "calls itself"},
		{"issuer with a slash more", map[string]any{"issuer": "ISSUER/"}, "calls itself"},
		{"no token endpoint", map[string]any{"token_endpoint": ""}, "token_endpoint"},
		{"no keys", map[string]any{"jwks_uri": nil}, "jwks_uri"},
		{"plain token endpoint", map[string]any{"token_endpoint": "http://idp.example/token"}, "must be https"},
		{"script", map[string]any{"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"},
		{"plain userinfo", map[string]any{"userinfo_endpoint": "http://idp.example/userinfo"}, "userinfo_endpoint"},
		{"plain sign-out page", map[string]any{"end_session_endpoint": "http://idp.example/bye"}, "end_session_endpoint"},
		{"user in a URL", map[string]any{"token_endpoint": "https://a:b@idp.example/token"}, "token_endpoint"},
		{"other case", map[string]any{"Token_Endpoint": "https://evil.example/token"}, "duplicate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				m := map[string]any{
					"issuer": server.URL, "authorization_endpoint": "https://idp.example/auth",
					"token_endpoint": "https://idp.example/token", "jwks_uri": "https://idp.example/jwks",
				}
				for name, value := range tt.change {
					if value == "ISSUER/" {
						value = server.URL + "/"
					}
					m[name] = value
				}
				_ = json.NewEncoder(w).Encode(m)
			}))
			defer server.Close()
			a, err := oidcprovider.New(oidcprovider.Config{Issuer: server.URL, ClientID: "portal"})
			require.NoError(t, err)
			_, err = a.Start(context.Background(), startRequest(a))
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// An issuer on https has everything there: a plain endpoint would send code and secret over the wire for all to read.
func TestPlainEndpointsOfAnHTTPSIssuer(t *testing.T) {
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint", "end_session_endpoint"} {
		for _, url := range []string{"http://id.example.com/x", "http://127.0.0.1/x", "http://localhost/x", "//id.example.com/x", "/x", "https://user:marker@id.example.com/x", "ftp://id.example.com/x", "https://id.example.com/x#y"} {
			s := newScripted(t, jose.ES256)
			s.metadata[name] = url
			a := s.authenticator()
			_, err := a.Start(context.Background(), startRequest(a))
			require.ErrorIs(t, err, authprovider.ErrUnavailable, "%s %s", name, url)
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "marker")
		}
	}
}
