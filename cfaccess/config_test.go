package cfaccess_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/resolver"
)

func TestNewRefuses(t *testing.T) {
	const teamName, teamDomain, aud = "cfaccess: Config.TeamName ", "cfaccess: Config.TeamDomain ", "cfaccess: Config.Audience"
	domain := func(s string) func(*cfaccess.Config) {
		return func(c *cfaccess.Config) { c.TeamName, c.TeamDomain = "", s }
	}
	team := func(s string) func(*cfaccess.Config) { return func(c *cfaccess.Config) { c.TeamName = s } }
	service := func(tokens ...cfaccess.ServiceToken) func(*cfaccess.Config) {
		return func(c *cfaccess.Config) { c.ServiceTokens = tokens }
	}
	for _, test := range []struct {
		name   string
		change func(*cfaccess.Config)
		want   string
	}{
		{"no team", team(""), teamName + "is required"},
		{"two teams", func(c *cfaccess.Config) { c.TeamDomain = "login.acme.com" }, "cfaccess: Config.TeamName and TeamDomain exclude each other"},
		{"team with a fragment", team("evil.example/#"), teamName},
		{"team with a path", team("evil/x"), teamName},
		{"team with a query", team("evil?x"), teamName},
		{"team with a dot", team("acme.cloudflareaccess.com"), teamName},
		{"team with a user", team("evil.example@x"), teamName},
		{"team with a user alone", team("x@evil"), teamName},
		{"team with a port", team("evil:443"), teamName},
		{"team with a percent sign", team("evil%2f"), teamName},
		{"team with a back-slash", team(`evil\x`), teamName},
		{"team with a line feed", team("acme\n"), teamName},
		{"team with a NUL", team("acme\x00"), teamName},
		{"team in upper case", team("Acme"), teamName},
		{"team with an umlaut", team("äcme"), teamName},
		{"team with an underscore", team("ac_me"), teamName},
		{"team with a hyphen in front", team("-acme"), teamName},
		{"team with a hyphen at its end", team("acme-"), teamName},
		{"team that is long", team(strings.Repeat("a", 64)), teamName},
		{"domain is a URL", domain("https://login.acme.com"), teamDomain},
		{"domain with a path", domain("login.acme.com/x"), teamDomain},
		{"domain with a slash", domain("login.acme.com/"), teamDomain},
		{"domain with a port", domain("login.acme.com:443"), teamDomain},
		{"domain with a user", domain("x@login.acme.com"), teamDomain},
		{"domain with a fragment", domain("evil.example#.acme.com"), teamDomain},
		{"domain with a dot at its end", domain("login.acme.com."), teamDomain},
		{"domain with an empty label", domain("login..acme.com"), teamDomain},
		{"domain of one label", domain("localhost"), teamDomain},
		{"IPv4", domain("127.0.0.1"), teamDomain},
		{"short IPv4", domain("127.1"), teamDomain},
		{"IPv6", domain("[::1]"), teamDomain},
		{"domain in upper case", domain("Login.acme.com"), teamDomain},
		{"domain with a blank", domain("login.acme.com "), teamDomain},
		{"domain that is long", domain(strings.Repeat("aaaaaaa.", 32) + "com"), teamDomain},
		{"no audience", func(c *cfaccess.Config) { c.Audience = nil }, aud + " is required"},
		{"empty list of audiences", func(c *cfaccess.Config) { c.Audience = []string{} }, aud + " is required"},
		{"empty audience", func(c *cfaccess.Config) { c.Audience = []string{audience, ""} }, aud + "[1] "},
		{"audience with a blank", func(c *cfaccess.Config) { c.Audience = []string{audience + " "} }, aud + "[0] "},
		{"header that is none", func(c *cfaccess.Config) { c.Header = "a b" }, "cfaccess: Config.Header "},
		{"header with an underscore", func(c *cfaccess.Config) { c.Header = "a_b" }, "cfaccess: Config.Header "},
		{"header that browsers set", func(c *cfaccess.Config) { c.Header = "cookie" }, "cfaccess: Config.Header "},
		{"cookie that is none", func(c *cfaccess.Config) { c.Cookie = "a=b" }, "cfaccess: Config.Cookie "},
		{"service token without ID", service(cfaccess.ServiceToken{Subject: "user:default/x"}), "cfaccess: Config.ServiceTokens[0].ClientID is required"},
		{"service token without subject", service(cfaccess.ServiceToken{ClientID: "x"}), "cfaccess: Config.ServiceTokens[0].Subject is required"},
		{"service token with a bare name", service(cfaccess.ServiceToken{ClientID: "x", Subject: "bot"}), "cfaccess: Config.ServiceTokens[0].Subject "},
		{"service token of a group", service(cfaccess.ServiceToken{ClientID: "x", Subject: "group:default/bots"}), "cfaccess: Config.ServiceTokens[0].Subject "},
		{"service token with two @", service(cfaccess.ServiceToken{ClientID: "x", Subject: "a@evil@b.example"}), "cfaccess: Config.ServiceTokens[0].Subject "},
		{"service token twice", service(cfaccess.ServiceToken{ClientID: "x", Subject: "a@b.example"}, cfaccess.ServiceToken{ClientID: "x", Subject: "c@b.example"}),
			"cfaccess: Config.ServiceTokens[1].ClientID "},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := cfaccess.Config{TeamName: "acme", Audience: []string{audience}}
			test.change(&c)
			a, err := cfaccess.New(c)
			require.Nil(t, a)
			require.ErrorContains(t, err, test.want)

			_, err = authprovider.New(authprovider.Config{
				BaseURL: "http://localhost:7007/api/auth",
				Issuer:  &authprovidertest.Issuer{},
				Providers: map[string]authprovider.ProviderFactory{
					"access": cfaccess.Provider(c, resolver.EmailMatchingUserEntityProfileEmail),
				},
			})
			require.ErrorContains(t, err, test.want)
		})
	}
}

// Everything that is wrong is told at once.
func TestNewTellsAll(t *testing.T) {
	_, err := cfaccess.New(cfaccess.Config{})
	require.EqualError(t, err, "cfaccess: Config.TeamName is required\ncfaccess: Config.Audience is required")
}

func TestProviderNeedsAResolver(t *testing.T) {
	_, err := authprovider.New(authprovider.Config{
		BaseURL:   "http://localhost:7007/api/auth",
		Issuer:    &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"access": cfaccess.Provider(cfaccess.Config{TeamName: "acme", Audience: []string{audience}})},
	})
	require.ErrorContains(t, err, "a sign-in resolver is required")
}

// What the provider's Config leaves out comes from the host's.
func TestProviderUsesTheHostsClientAndClock(t *testing.T) {
	e := newEdge(t)
	handler, err := authprovider.New(authprovider.Config{
		BaseURL:    "http://localhost:7007/api/auth",
		Issuer:     &authprovidertest.Issuer{Now: e.clock.Now},
		Users:      authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: email}),
		HTTPClient: &http.Client{Transport: e},
		Now:        e.clock.Now,
		Logger:     e.log.Logger(),
		Providers: map[string]authprovider.ProviderFactory{
			"access": cfaccess.Provider(cfaccess.Config{TeamName: "acme", Audience: []string{audience}}, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	require.NoError(t, err)
	r := request(header, e.token(e.person(nil)))
	r.URL = &url.URL{Path: "/api/auth/access/refresh"}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
}
