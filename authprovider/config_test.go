package authprovider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// testConfig is a valid configuration that logs to nowhere.
func testConfig() authprovider.Config {
	return authprovider.Config{
		BaseURL:   "https://portal.example.com/api/auth",
		Secrets:   [][]byte{bytes.Repeat([]byte("s"), 32)},
		Providers: map[string]authprovider.ProviderFactory{"demo": provide(authprovider.Unsupported{})},
	}
}

func provide(routes authprovider.RouteHandlers) authprovider.ProviderFactory {
	return func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) { return routes, nil }
}

// catchContext returns a factory that hands out its context.
func catchContext(into **authprovider.ProviderContext) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		*into = pc
		return authprovider.Unsupported{}, nil
	}
}

// testIssuer is an issuer with a URL and nothing else.
type testIssuer struct{ url string }

func (i *testIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "", errors.New("not used")
}
func (i *testIssuer) IssuerURL() string { return i.url }

type pointerCatalog struct{ users []authprovider.User }

func (c *pointerCatalog) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return c.users, nil
}

type pointerRoutes struct{ authprovider.Unsupported }

func TestNewRefuses(t *testing.T) {
	var noIssuer *testIssuer
	var noCatalog *pointerCatalog
	var noRoutes *pointerRoutes
	bad := errors.New("factory failed")
	for _, tc := range []struct {
		name   string
		change func(*authprovider.Config)
		want   string // in the error
	}{
		{"no BaseURL", func(c *authprovider.Config) { c.BaseURL = "" }, "authprovider: Config.BaseURL is required"},
		{"relative BaseURL", func(c *authprovider.Config) { c.BaseURL = "/api/auth" }, "Config.BaseURL"},
		{"BaseURL without scheme", func(c *authprovider.Config) { c.BaseURL = "portal.example.com/api/auth" }, `Config.BaseURL "portal.example.com/api/auth" must begin with a scheme and a host`},
		{"opaque BaseURL", func(c *authprovider.Config) { c.BaseURL = "https:portal.example.com" }, "Config.BaseURL"},
		{"BaseURL without host", func(c *authprovider.Config) { c.BaseURL = "https:///api/auth" }, "Config.BaseURL"},
		{"plain http", func(c *authprovider.Config) { c.BaseURL = "http://portal.example.com/api/auth" }, "Config.BaseURL"},
		{"plain http by a near-loopback name", func(c *authprovider.Config) { c.BaseURL = "http://localhost.example.com" }, "Config.BaseURL"},
		{"other scheme", func(c *authprovider.Config) { c.BaseURL = "ftp://portal.example.com" }, "Config.BaseURL"},
		{"BaseURL with user", func(c *authprovider.Config) { c.BaseURL = "https://user:MARKER@portal.example.com" }, "Config.BaseURL must not hold a user"},
		{"BaseURL with a broken user", func(c *authprovider.Config) { c.BaseURL = "https://user:MARKER%zz@portal.example.com" }, "Config.BaseURL must not hold a user"},
		{"BaseURL with query", func(c *authprovider.Config) { c.BaseURL += "?a=1" }, "Config.BaseURL"},
		{"BaseURL with empty query", func(c *authprovider.Config) { c.BaseURL += "?" }, "Config.BaseURL"},
		{"BaseURL with fragment", func(c *authprovider.Config) { c.BaseURL += "#a" }, "Config.BaseURL"},
		{"BaseURL with dot segments", func(c *authprovider.Config) { c.BaseURL += "/../admin" }, "Config.BaseURL"},
		{"BaseURL with two slashes", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com//api" }, "Config.BaseURL"},
		{"BaseURL that ends in two slashes", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com//" }, "Config.BaseURL"},
		{"BaseURL with escapes", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com/a%2fb" }, "Config.BaseURL"},
		{"BaseURL with a space", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com/a%20b" }, "Config.BaseURL"},
		{"BaseURL with a semicolon", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com/a;Domain=x" }, "Config.BaseURL"},
		{"BaseURL with umlaut", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com/ä" }, "Config.BaseURL"},
		{"BaseURL with back-slash", func(c *authprovider.Config) { c.BaseURL = `https://portal.example.com\@evil.example` }, "Config.BaseURL"},
		{"BaseURL with newline", func(c *authprovider.Config) { c.BaseURL += "\n" }, "Config.BaseURL"},
		{"BaseURL with IDN host", func(c *authprovider.Config) { c.BaseURL = "https://bücher.example" }, "Config.BaseURL"},
		{"BaseURL with trailing dot", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com./api" }, "Config.BaseURL"},
		{"BaseURL with wildcard", func(c *authprovider.Config) { c.BaseURL = "https://*.portal.example.com" }, "Config.BaseURL"},
		{"bad AppURL", func(c *authprovider.Config) { c.AppURL = "portal" }, "Config.AppURL"},
		{"plain http AppURL", func(c *authprovider.Config) { c.AppURL = "http://portal.example.com" }, "Config.AppURL"},
		{"AppURL with user", func(c *authprovider.Config) { c.AppURL = "https://u:MARKER@portal.example.com" }, "Config.AppURL"},
		{"AppURL null", func(c *authprovider.Config) { c.AppURL = "null" }, "Config.AppURL"},
		{"any origin", func(c *authprovider.Config) { c.AllowedOrigins = []string{"*"} }, "Config.AllowedOrigins"},
		{"any https origin", func(c *authprovider.Config) { c.AllowedOrigins = []string{"https://*"} }, "Config.AllowedOrigins"},
		{"origin with path", func(c *authprovider.Config) { c.AllowedOrigins = []string{"https://a.example.com/"} }, "nothing may follow host and port"},
		{"empty origin", func(c *authprovider.Config) { c.AllowedOrigins = []string{""} }, "Config.AllowedOrigins"},
		{"plain http origin", func(c *authprovider.Config) { c.AllowedOrigins = []string{"http://a.example.com"} }, "Config.AllowedOrigins"},
		{"relative MountPath", func(c *authprovider.Config) { c.MountPath = "auth" }, "Config.MountPath"},
		{"MountPath with query", func(c *authprovider.Config) { c.MountPath = "/auth?x" }, "Config.MountPath"},
		{"MountPath with escape", func(c *authprovider.Config) { c.MountPath = "/a%2fb" }, "Config.MountPath"},
		{"MountPath with dot segments", func(c *authprovider.Config) { c.MountPath = "/a/../b" }, "Config.MountPath"},
		{"MountPath with a character that net/url escapes", func(c *authprovider.Config) { c.MountPath = "/a!b" }, "Config.MountPath"},
		{"MountPath with a space", func(c *authprovider.Config) { c.MountPath = "/a b" }, "Config.MountPath"},
		{"MountPath with umlaut", func(c *authprovider.Config) { c.MountPath = "/ä" }, "Config.MountPath"},
		{"MountPath of slashes", func(c *authprovider.Config) { c.MountPath = "//" }, "Config.MountPath"},
		{"MountPath with two slashes", func(c *authprovider.Config) { c.MountPath = "/a//b" }, "Config.MountPath"},
		{"no secret", func(c *authprovider.Config) { c.Secrets = nil }, "authprovider: Config.Secrets is required unless BaseURL is on loopback"},
		{"no secret in the list", func(c *authprovider.Config) { c.Secrets = [][]byte{} }, "Config.Secrets"},
		{"short secret", func(c *authprovider.Config) { c.Secrets = [][]byte{[]byte("MARKER")} }, "Config.Secrets [0] has 6 bytes, at least 32 are required"},
		{"one byte short", func(c *authprovider.Config) { c.Secrets = [][]byte{make([]byte, 31)} }, "Config.Secrets [0] has 31 bytes"},
		{"nil secret", func(c *authprovider.Config) { c.Secrets = [][]byte{nil} }, "Config.Secrets [0]"},
		{"short second secret", func(c *authprovider.Config) { c.Secrets = append(c.Secrets, []byte("MARKER")) }, "Config.Secrets [1]"},
		{"short secret on loopback", func(c *authprovider.Config) {
			c.BaseURL = "http://localhost:7007"
			c.Secrets = [][]byte{[]byte("MARKER")}
		}, "Config.Secrets [0]"},
		{"issuer of another URL", func(c *authprovider.Config) { c.Issuer = &testIssuer{"https://other.example.com/api/auth"} }, "Config.Issuer"},
		{"issuer with a slash more", func(c *authprovider.Config) { c.Issuer = &testIssuer{"https://portal.example.com/api/auth/"} }, "Config.Issuer"},
		{"issuer without URL", func(c *authprovider.Config) { c.Issuer = &testIssuer{} }, "Config.Issuer"},
		{"nil *Issuer", func(c *authprovider.Config) { c.Issuer = noIssuer }, "Config.Issuer is a nil *authprovider_test.testIssuer"},
		{"nil *Catalog", func(c *authprovider.Config) { c.Users = noCatalog }, "Config.Users is a nil *authprovider_test.pointerCatalog"},
		{"bad Environment", func(c *authprovider.Config) { c.Environment = "pro duction" }, "Config.Environment"},
		{"Environment of a path", func(c *authprovider.Config) { c.Environment = "../x" }, "Config.Environment"},
		{"header list", func(c *authprovider.Config) { c.AllowedHeaders = []string{"X-A, X-B"} }, "Config.AllowedHeaders"},
		{"any header", func(c *authprovider.Config) { c.AllowedHeaders = []string{"*"} }, "Config.AllowedHeaders"},
		{"header injection", func(c *authprovider.Config) { c.AllowedHeaders = []string{"X-A\r\nX-B"} }, "Config.AllowedHeaders"},
		{"empty header", func(c *authprovider.Config) { c.AllowedHeaders = []string{""} }, "Config.AllowedHeaders"},
		{"bad header, CORS off", func(c *authprovider.Config) { c.DisableCORS, c.AllowedHeaders = true, []string{"a b"} }, "Config.AllowedHeaders"},
		{"nil factory", func(c *authprovider.Config) { c.Providers["demo"] = nil }, `provider "demo": authprovider: the ProviderFactory is nil`},
		{"factory of nothing", func(c *authprovider.Config) { c.Providers["demo"] = provide(nil) }, `provider "demo": authprovider: the ProviderFactory returned no RouteHandlers`},
		{"factory of a nil pointer", func(c *authprovider.Config) { c.Providers["demo"] = provide(noRoutes) }, `provider "demo": authprovider: the ProviderFactory returned no RouteHandlers`},
		{"factory that fails", func(c *authprovider.Config) {
			c.Providers["demo"] = func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) { return nil, bad }
		}, `authprovider: provider "demo": factory failed`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := testConfig()
			tc.change(&c)
			h, err := authprovider.New(c)
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, h)
			require.NotContains(t, err.Error(), "MARKER")
			if !strings.HasPrefix(tc.want, "provider") && !strings.Contains(tc.want, `"demo"`) {
				_, err := authprovider.NewProviderContext(c, "demo")
				require.ErrorContains(t, err, tc.want)
			}
		})
	}
}

func TestNewJoinsErrors(t *testing.T) {
	c := testConfig()
	c.Secrets = nil
	c.MountPath = "x"
	c.Environment = "?"
	c.Issuer = &testIssuer{"x"}
	c.AllowedOrigins = []string{"*"}
	c.AllowedHeaders = []string{""}
	_, err := authprovider.New(c)
	for _, field := range []string{"Secrets", "MountPath", "Environment", "Issuer", "AllowedOrigins", "AllowedHeaders"} {
		require.ErrorContains(t, err, "authprovider: Config."+field)
	}

	first, second := errors.New("first"), errors.New("second")
	fail := func(err error) authprovider.ProviderFactory {
		return func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) { return nil, err }
	}
	c = testConfig()
	c.Providers = map[string]authprovider.ProviderFactory{"zeta": fail(second), "alpha": fail(first), "mid": nil, "Bad": provide(authprovider.Unsupported{}), "ok": provide(authprovider.Unsupported{})}
	_, err = authprovider.New(c)
	require.ErrorIs(t, err, first)
	require.ErrorIs(t, err, second)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 4)
	for i, id := range []string{"Bad", "alpha", "mid", "zeta"} {
		require.True(t, strings.HasPrefix(lines[i], `authprovider: provider "`+id+`": `), lines[i])
	}
}

func TestProviderIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "0": true, "github": true, "gitHub": true, "my.provider_2-x": true, "a..b": true, "a-": true, strings.Repeat("a", 64): true,
		"": false, "A": false, "Github": false, ".a": false, "-a": false, "_a": false, ".": false, "..": false, ".well-known": false, "a/b": false, "a b": false, "a\n": false, "a\x00": false, "ä": false, "aä": false, "a%2f": false,
		"a;b": false, "a=b": false, "a,b": false, `a"`: false, `a\b`: false, "a~b": false, "a:b": false, "a+b": false, strings.Repeat("a", 65): false,
	} {
		t.Run(id, func(t *testing.T) {
			require.Equal(t, want, authprovider.ValidID(id))
			c := testConfig()
			c.Providers = map[string]authprovider.ProviderFactory{id: provide(authprovider.Unsupported{})}
			_, err := authprovider.New(c)
			require.Equal(t, want, err == nil, err)
			_, err = authprovider.NewProviderContext(c, id)
			require.Equal(t, want, err == nil, err)
		})
	}
}

func TestNewTakes(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		change               func(*authprovider.Config)
		base, url, appOrigin string
	}{
		{"defaults", func(*authprovider.Config) {}, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
		{"slash at the end", func(c *authprovider.Config) { c.BaseURL += "/" }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
		{"upper case and default port", func(c *authprovider.Config) { c.BaseURL = "HTTPS://Portal.EXAMPLE.com:443/API" }, "https://portal.example.com/API", "https://portal.example.com/API/demo", "https://portal.example.com"},
		{"no path", func(c *authprovider.Config) { c.BaseURL = "https://portal.example.com/" }, "https://portal.example.com", "https://portal.example.com/demo", "https://portal.example.com"},
		{"app of another origin", func(c *authprovider.Config) { c.AppURL = "https://App.example.com:8443/some/path/" }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://app.example.com:8443"},
		{"app on loopback", func(c *authprovider.Config) { c.AppURL = "http://localhost:3000" }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "http://localhost:3000"},
		{"loopback without secret", func(c *authprovider.Config) { c.BaseURL, c.Secrets = "http://localhost:7007/api/auth", nil }, "http://localhost:7007/api/auth", "http://localhost:7007/api/auth/demo", "http://localhost:7007"},
		{"https loopback without secret", func(c *authprovider.Config) { c.BaseURL, c.Secrets = "https://127.0.0.1:7007", nil }, "https://127.0.0.1:7007", "https://127.0.0.1:7007/demo", "https://127.0.0.1:7007"},
		{"IPv6 loopback without secret", func(c *authprovider.Config) { c.BaseURL, c.Secrets = "http://[::1]:7007/api/auth", nil }, "http://[::1]:7007/api/auth", "http://[::1]:7007/api/auth/demo", "http://[::1]:7007"},
		{"ephemeral secret", func(c *authprovider.Config) { c.InsecureEphemeralSecret, c.Secrets = true, nil }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
		{"plain http on demand", func(c *authprovider.Config) {
			c.BaseURL, c.InsecurePlainHTTP = "http://portal.example.com:80/api/auth", true
			c.AllowedOrigins = []string{"http://other.example.com", "http://*.preview.example.com"}
		}, "http://portal.example.com/api/auth", "http://portal.example.com/api/auth/demo", "http://portal.example.com"},
		{"issuer", func(c *authprovider.Config) { c.Issuer = &testIssuer{"https://portal.example.com/api/auth"} }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
		{"issuer that does not tell", func(c *authprovider.Config) { c.Issuer = issuerFunc(nil) }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
		{"catalog of a func type", func(c *authprovider.Config) { c.Users = catalogFunc(nil) }, "https://portal.example.com/api/auth", "https://portal.example.com/api/auth/demo", "https://portal.example.com"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var pc *authprovider.ProviderContext
			c := testConfig()
			c.Providers = map[string]authprovider.ProviderFactory{"demo": catchContext(&pc)}
			tc.change(&c)
			_, err := authprovider.New(c)
			require.NoError(t, err)
			require.Equal(t, "demo", pc.ProviderID)
			require.Equal(t, tc.base, pc.BaseURL)
			require.Equal(t, tc.url, pc.URL)
			require.Equal(t, tc.appOrigin, pc.Origins.AppOrigin())
			require.True(t, pc.Origins.Allowed(tc.appOrigin))
			require.NotNil(t, pc.Now)
			require.NotNil(t, pc.Logger)
			require.NotNil(t, pc.HTTPClient)
			require.NotNil(t, pc.ResolverContext)
			require.Len(t, pc.Keys("x"), 1)

			alone, err := authprovider.NewProviderContext(c, "demo")
			require.NoError(t, err)
			require.Equal(t, tc.url, alone.URL)
		})
	}
}

func TestContextDefaults(t *testing.T) {
	pc, err := authprovider.NewProviderContext(testConfig(), "demo")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), pc.Now(), time.Minute)
	require.False(t, pc.Logger.Enabled(t.Context(), slog.LevelError))
	require.Equal(t, 10*time.Second, pc.HTTPClient.Timeout)
	require.ErrorIs(t, pc.HTTPClient.CheckRedirect(nil, nil), http.ErrUseLastResponse)
	require.NotSame(t, http.DefaultClient, pc.HTTPClient)

	now := time.Unix(1_700_000_000, 0)
	client := &http.Client{}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	c := testConfig()
	c.Now, c.HTTPClient, c.Logger, c.Environment = func() time.Time { return now }, client, logger, "production"
	pc, err = authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	require.Equal(t, now, pc.Now())
	require.Same(t, client, pc.HTTPClient)
	require.Same(t, logger, pc.Logger)
	require.Equal(t, "production", pc.DefaultEnvironment)
	require.Empty(t, pc.Environment)

	env := pc.ForEnvironment("development")
	require.Equal(t, "development", env.Environment)
	require.Equal(t, pc.URL, env.URL)
	require.Empty(t, pc.Environment)
}

func TestInsecurePlainHTTPStaysOff(t *testing.T) {
	pc, err := authprovider.NewProviderContext(testConfig(), "demo")
	require.NoError(t, err)
	_, err = pc.Origins.Parse("http://portal.example.com")
	require.ErrorIs(t, err, authprovider.ErrInput)

	c := testConfig()
	c.BaseURL, c.InsecurePlainHTTP = "http://portal.example.com", true
	pc, err = authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	got, err := pc.Origins.Parse("http://portal.example.com")
	require.NoError(t, err)
	require.Equal(t, "http://portal.example.com", got)
	got, err = pc.Origins.ParseRedirectURL("http://portal.example.com/a", "http://portal.example.com")
	require.NoError(t, err)
	require.Equal(t, "http://portal.example.com/a", got)
	_, err = pc.Origins.Parse("ftp://portal.example.com")
	require.ErrorIs(t, err, authprovider.ErrInput)
}

func TestKeys(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 48)
	keys := func(purpose string, secrets ...[]byte) [][]byte {
		c := testConfig()
		c.Secrets = secrets
		pc, err := authprovider.NewProviderContext(c, "demo")
		require.NoError(t, err)
		return pc.Keys(purpose)
	}
	a := keys("state", one, two)
	require.Len(t, a, 2)
	require.Equal(t, a, keys("state", one, two), "deterministic, so that replicas agree")
	b := keys("state", two, one)
	require.Equal(t, a[0], b[1], "the order is the secrets'")
	require.Equal(t, a[1], b[0])
	require.Equal(t, a[:1], keys("state", one), "a further secret changes no key")

	seen := map[string]string{}
	for _, purpose := range []string{"", "state", "session", "attempt", "state ", "State"} {
		for _, k := range keys(purpose, one, two) {
			require.Len(t, k, 32)
			require.NotContains(t, seen, string(k), "%q and %q", seen[string(k)], purpose)
			seen[string(k)] = purpose
			require.NotEqual(t, one, k)
		}
	}
	// What is sealed today must open after an update. Computed apart from crypto/hkdf, by RFC 5869 section 2.
	require.Equal(t, "785eb6f27f140ddba9c2b8ef1353c64f48f1157185d6e7a0a8cd1047bc8a6d56", hex.EncodeToString(a[0]))
}

func TestEphemeralSecretsDiffer(t *testing.T) {
	c := testConfig()
	c.BaseURL, c.Secrets = "http://localhost:7007", nil
	a, err := authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	b, err := authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	require.NotEqual(t, a.Keys("x"), b.Keys("x"))
	require.Equal(t, a.Keys("x"), a.Keys("x"))
}

func TestSecretsOfTheCallerAreNotShared(t *testing.T) {
	c := testConfig()
	pc, err := authprovider.NewProviderContext(c, "demo")
	require.NoError(t, err)
	before := pc.Keys("x")
	c.Secrets[0] = bytes.Repeat([]byte("t"), 32)
	require.Equal(t, before, pc.Keys("x"))
}

// A configuration that is printed or logged shows none of its secrets.
func TestConfigIsRedacted(t *testing.T) {
	c := authprovider.Config{BaseURL: "https://portal.example.com/api/auth", Secrets: [][]byte{[]byte("marker-secret-marker-secret-mark")}}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, c, &c)
	}
	require.Contains(t, out.String(), "https://portal.example.com/api/auth")
	for _, secret := range []string{"marker", fmt.Sprintf("%x", "marker"), "109 97 114", base64.StdEncoding.EncodeToString([]byte("marker"))[:6]} {
		require.NotContains(t, out.String(), secret)
	}
}
