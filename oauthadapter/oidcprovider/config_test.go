package oidcprovider_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*oidcprovider.Config)
		want   string
	}{
		{"no issuer", func(c *oidcprovider.Config) { c.Issuer = "" }, "Config.Issuer is required"},
		{"no client", func(c *oidcprovider.Config) { c.ClientID = "" }, "Config.ClientID is required"},
		{"plain http", func(c *oidcprovider.Config) { c.Issuer = "http://sso.example.com" }, "must be https"},
		{"no URL", func(c *oidcprovider.Config) { c.Issuer = "sso.example.com" }, "absolute URL"},
		{"query", func(c *oidcprovider.Config) { c.Issuer += "?a=b" }, "without query"},
		{"fragment", func(c *oidcprovider.Config) { c.Issuer += "#a" }, "fragment"},
		{"user", func(c *oidcprovider.Config) { c.Issuer = "https://a@sso.example.com" }, "user"},
		{"method", func(c *oidcprovider.Config) { c.ClientAuthMethod = "private_key_jwt" }, "ClientAuthMethod"},
		{"secret and none", func(c *oidcprovider.Config) { c.ClientAuthMethod = "none" }, "ClientAuthMethod"},
		{"post without secret", func(c *oidcprovider.Config) { c.ClientSecret, c.ClientAuthMethod = "", "client_secret_post" }, "ClientAuthMethod"},
		{"HMAC", func(c *oidcprovider.Config) { c.Algorithms = []string{"HS256"} }, "HS256"},
		{"none", func(c *oidcprovider.Config) { c.Algorithms = []string{"none"} }, "none"},
		{"redirect without page", func(c *oidcprovider.Config) { c.PostLogoutRedirect = true }, "EndSession"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: "portal", ClientSecret: clientSecret}
			tt.change(&c)
			_, err := oidcprovider.New(c)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "oidcprovider: Config.")
			require.NotContains(t, err.Error(), clientSecret)
		})
	}
	for _, name := range []string{"", "state", "nonce", "client_id", "redirect_uri", "response_type", "response_mode", "scope", "request", "request_uri",
		"code_challenge", "code_challenge_method", "max_age", "client_secret", "id_token_hint", "prompt"} {
		_, err := oidcprovider.New(oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: "portal", AuthParams: map[string]string{name: "x"}})
		require.ErrorContains(t, err, "Config.AuthParams", name)
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	c := oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: "portal", ClientSecret: clientSecret}
	a, err := oidcprovider.New(c)
	require.NoError(t, err)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("c", "config", c, "pointer", &c, "authenticator", a)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{c, &c, struct{ C oidcprovider.Config }{c}, a} {
			fmt.Fprintf(&log, verb+"\n", value)
		}
	}
	require.Contains(t, log.String(), "sso.example.com")
	require.NotContains(t, log.String(), clientSecret)
	require.NotContains(t, log.String(), fmt.Sprintf("%x", clientSecret))
}

func TestRequiredScopes(t *testing.T) {
	for _, tt := range []struct{ in, want []string }{
		{nil, []string{"openid", "profile", "email"}},
		{[]string{}, []string{"openid"}},
		{[]string{"email"}, []string{"openid", "email"}},
		{[]string{"email", "openid"}, []string{"email", "openid"}},
	} {
		a, err := oidcprovider.New(oidcprovider.Config{Issuer: "https://sso.example.com/", ClientID: "portal", Scopes: tt.in})
		require.NoError(t, err)
		require.Equal(t, tt.want, a.RequiredScopes())
	}
}

func TestAuthenticateNeedsNonce(t *testing.T) {
	w := newWorld(t)
	_, err := w.authenticator().Authenticate(context.Background(), oauthadapter.CallbackRequest{Code: "x"})
	require.ErrorContains(t, err, "Nonce is required")
	require.Zero(t, w.idp.Calls(fakeidp.Token))
}

// An authenticator is immutable, whatever becomes of what it was made of.
func TestConfigIsCopied(t *testing.T) {
	w := newWorld(t)
	w.config.AuthParams = map[string]string{"domain_hint": "example.com"}
	w.config.Scopes = []string{"openid", "email"}
	a := w.authenticator()
	w.config.AuthParams["domain_hint"] = "evil.example"
	w.config.Scopes[1] = "evil"
	a.RequiredScopes()[0] = "evil"
	require.Equal(t, []string{"openid", "email"}, a.RequiredScopes())
	start, err := a.Start(context.Background(), startRequest(a))
	require.NoError(t, err)
	require.NotContains(t, start.URL, "evil")
}
