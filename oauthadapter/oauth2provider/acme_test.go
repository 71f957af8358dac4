package oauth2provider_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

const (
	secret        = "secret-marker/+ "
	authAddress   = "https://acme.example/oauth/authorize"
	tokenAddress  = "https://acme.example/oauth/token"
	revokeAddress = "https://acme.example/oauth/revoke"
	userAddress   = "https://acme.example/api/me"
)

func newAcme(t testing.TB) *authprovidertest.Vendor {
	return authprovidertest.NewOAuth2(t, authprovidertest.OAuth2Vendor{}, authprovidertest.VendorConfig{
		ClientSecret: secret,
		People: []authprovidertest.Person{
			{Subject: "7", Name: "Jane Doe", PreferredUsername: "jane", Picture: "https://img.example/7", Email: "jane@example.com", EmailVerified: new(true)},
			{Subject: "8", Name: "Joe Bloggs", PreferredUsername: "joe", Email: "joe@example.com", EmailVerified: new(false)},
		},
	})
}

func config(v *authprovidertest.Vendor) oauth2provider.Config {
	return oauth2provider.Config{
		AuthURL: authAddress, TokenURL: tokenAddress, UserInfoURL: userAddress,
		Fields: oauth2provider.Fields{ID: "id", Username: "login", Name: "full_name", Email: "contact.email", EmailVerified: "contact.verified", Picture: "avatar"},
		Scopes: []string{"read:me"}, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now,
	}
}

func newAuthenticator(t testing.TB, c oauth2provider.Config) *oauth2provider.Authenticator[oauth2provider.Profile] {
	t.Helper()
	a, err := oauth2provider.New(c)
	require.NoError(t, err)
	return a
}

// signIn signs Jane in.
func signIn(t testing.TB, v *authprovidertest.Vendor, c oauth2provider.Config) (*oauthadapter.Result[oauth2provider.Profile], error) {
	t.Helper()
	return authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
}

// says answers with JSON.
func says(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}
