package oauth2provider_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/oauthadapter/oauth2provider"
)

func TestConfig(t *testing.T) {
	good := oauth2provider.Config{AuthURL: "https://a.example/auth?tenant=x", TokenURL: "https://a.example/token", UserInfoURL: "https://a.example/me",
		Fields: oauth2provider.Fields{ID: "id"}, ClientID: "portal", ClientSecret: "secret-marker"}
	_, err := oauth2provider.New(good)
	require.NoError(t, err)
	for want, change := range map[string]func(*oauth2provider.Config){
		"Config.AuthURL is required":              func(c *oauth2provider.Config) { c.AuthURL = "" },
		"Config.TokenURL is required":             func(c *oauth2provider.Config) { c.TokenURL = "" },
		"Config.UserInfoURL is required":          func(c *oauth2provider.Config) { c.UserInfoURL = "" },
		"Config.Fields.ID is required":            func(c *oauth2provider.Config) { c.Fields.ID = "" },
		"Config.ClientID is required":             func(c *oauth2provider.Config) { c.ClientID = "" },
		`Config.AuthURL "http://a.example" must`:  func(c *oauth2provider.Config) { c.AuthURL = "http://a.example" },
		`Config.TokenURL "http://a.example" must`: func(c *oauth2provider.Config) { c.TokenURL = "http://a.example" },
		`Config.RevocationURL "a.example" must`:   func(c *oauth2provider.Config) { c.RevocationURL = "a.example" },
		`Config.UserInfoURL "http://a.example"`:   func(c *oauth2provider.Config) { c.UserInfoURL = "http://a.example" },
		`Config.AuthURL must not set "state"`:     func(c *oauth2provider.Config) { c.AuthURL += "&state=x" },
		`Config.AuthParams must not set "nonce"`:  func(c *oauth2provider.Config) { c.AuthParams = map[string]string{"nonce": "x"} },
		"Config.AuthParams has an empty name":     func(c *oauth2provider.Config) { c.AuthParams = map[string]string{"": "x"} },
		"Config.ClientAuthMethod":                 func(c *oauth2provider.Config) { c.ClientAuthMethod = "tls" },
	} {
		c := good
		change(&c)
		_, err := oauth2provider.New(c)
		require.ErrorContains(t, err, "oauth2provider: "+want)
		require.NotContains(t, err.Error(), "marker")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", good)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %d", good, good, good, good, good), fmt.Sprint(&good), log.String()} {
		require.NotContains(t, text, "secret-marker")
		require.Contains(t, text, "portal")
	}
}
