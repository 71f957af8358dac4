package authprovidertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
)

func oidcConfig(idp *authprovidertest.Provider) oidcprovider.Config {
	return oidcprovider.Config{Issuer: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret(), EndSession: true}
}

func TestOIDCProviderConforms(t *testing.T) {
	idp := newVendor(t).idp
	a, err := oidcprovider.New(oidcConfig(idp))
	require.NoError(t, err)
	authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[oidcprovider.Profile]{
		Handlers: a, Scopes: []string{"groups"}, OpenIDConnect: true, Secrets: []string{idp.ClientSecret()}, Provider: idp,
	})
}

func TestOIDCProviderRoutesConform(t *testing.T) {
	idp := newVendor(t).idp
	authprovidertest.TestRouteHandlers(t, routesConfig(t, oidcprovider.Provider(oidcConfig(idp), resolver.EmailMatchingUserEntityProfileEmail)))
}

func TestEnvironmentsConform(t *testing.T) {
	idp := newVendor(t).idp
	c := routesConfig(t, oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{
		"production":  oidcprovider.Provider(oidcConfig(idp), resolver.EmailMatchingUserEntityProfileEmail),
		"development": oidcprovider.Provider(oidcConfig(idp), resolver.EmailMatchingUserEntityProfileEmail),
	}))
	c.Config.Environment = "production"
	authprovidertest.TestRouteHandlers(t, c)
}

// proxied serves a refresh alone, to whom the proxy vouches for.
type proxied struct {
	authprovider.Unsupported
	pc *authprovider.ProviderContext
}

const vouchHeader = "X-Vouched-For"

func (p proxied) Refresh(w http.ResponseWriter, r *http.Request) error {
	if err := p.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	name := r.Header.Get(vouchHeader)
	if name == "" {
		return authprovider.ErrAuthentication
	}
	_, err := fmt.Fprintf(w, `{"profile":{"displayName":%q}}`, name)
	return err
}

func proxyConfig(vouch string) authprovidertest.RouteHandlersConfig {
	return authprovidertest.RouteHandlersConfig{
		Provider: func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			return proxied{pc: pc}, nil
		},
		Unsupported: []string{"start", "handler/frame", "logout"},
		Edge: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set(vouchHeader, vouch)
				next.ServeHTTP(w, r)
			})
		},
	}
}

func TestProxyProviderConforms(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, proxyConfig("jane"))
}

func TestBrokenProxyProviderFails(t *testing.T) {
	r := &recorder{TB: t}
	authprovidertest.TestRouteHandlers(r, proxyConfig(""))
	r.requireFailure(t, "comes through the proxy")
}

// kit is a host with an app on an origin of its own, behind an ingress that strips a prefix.
func kit(t *testing.T, appOrigin string, wrap func(http.Handler) http.Handler) authprovidertest.HandlerConfig {
	t.Helper()
	const base = "https://api.example.com/portal/auth"
	log := &authprovidertest.AuditLog{}
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{base + "/sso/handler/frame"}})
	h, err := authprovider.New(authprovider.Config{
		BaseURL: base, MountPath: "/auth", AppURL: appOrigin, Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Issuer: &authprovidertest.Issuer{}, Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{"sso": oidcprovider.Provider(oidcConfig(idp), resolver.EmailMatchingUserEntityProfileEmail)},
		Logger:    log.Logger(),
	})
	require.NoError(t, err)
	return authprovidertest.HandlerConfig{
		Handler: http.StripPrefix("/portal", wrap(h)), ProviderURL: base + "/sso", AppOrigin: appOrigin,
		Log: log, Secrets: []string{idp.ClientSecret()},
	}
}

func TestHandlerKit(t *testing.T) {
	for name, origin := range map[string]string{"same site": "https://app.example.com", "another site": "https://app.example.org"} {
		t.Run(name, func(t *testing.T) {
			authprovidertest.TestHandler(t, kit(t, origin, func(h http.Handler) http.Handler { return h }))
		})
	}
}

func TestHandlerKitFindsWhatMiddlewareBreaks(t *testing.T) {
	header := func(name, value string) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(editedWriter{w, func(h http.Header) { h.Set(name, value) }}, r)
			})
		}
	}
	tests := []struct {
		name string
		wrap func(http.Handler) http.Handler
		rule string
	}{
		{"a cache", header("Cache-Control", "public, max-age=60"), "must not stay in a cache"},
		{"an opener policy", header("Cross-Origin-Opener-Policy", "same-origin"), "posts the result to the app's origin alone"},
		{"a content policy", header("Content-Security-Policy", "default-src 'self'"), "posts the result to the app's origin alone"},
		{"a proxy that vouches", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("X-Requested-With", "XMLHttpRequest")
				r.Header.Del("Origin")
				r.Header.Del("Sec-Fetch-Mode")
				r.Header.Del("Sec-Fetch-Site")
				h.ServeHTTP(w, r)
			})
		}, "call OriginPolicy.CheckRequest first"},
		{"an error page", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/handler/frame") && r.URL.Query().Get("error") != "" {
					http.Error(w, "upstream said "+r.URL.Query().Get("error_description"), http.StatusBadGateway)
					return
				}
				h.ServeHTTP(w, r)
			})
		}, "with our words"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			authprovidertest.TestHandler(r, kit(t, "https://app.example.com", test.wrap))
			r.requireFailure(t, test.rule)
		})
	}
}

func TestHandlerKitOnLoopback(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String() + "/auth"
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{base + "/sso/handler/frame"}})
	h, err := authprovider.New(authprovider.Config{BaseURL: base,
		Providers: map[string]authprovider.ProviderFactory{"sso": oidcprovider.Provider(oidcConfig(idp))}})
	require.NoError(t, err)
	server.Close() // the address alone was wanted
	authprovidertest.TestHandler(t, authprovidertest.HandlerConfig{Handler: h, ProviderURL: base + "/sso"})
}

func TestMisuseIsSaid(t *testing.T) {
	for name, run := range map[string]func(testing.TB){
		"RouteHandlersConfig.Provider": func(t testing.TB) {
			authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{})
		},
		"HandlerConfig.Handler": func(t testing.TB) { authprovidertest.TestHandler(t, authprovidertest.HandlerConfig{}) },
		"HandlerConfig.ProviderURL": func(t testing.TB) {
			authprovidertest.TestHandler(t, authprovidertest.HandlerConfig{Handler: http.NotFoundHandler()})
		},
		"OAuthHandlersConfig.Handlers": func(t testing.TB) {
			authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[vendorProfile]{})
		},
		"is not an origin":   func(t testing.TB) { authprovidertest.NewBrowser(t).Host("https://a.example.com/x", nil) },
		"is not an absolute": func(t testing.TB) { authprovidertest.NewBrowser(t).Navigate("/x") },
		"there is no form":   func(t testing.TB) { authprovidertest.NewBrowser(t).Submit(&authprovidertest.Hop{}, nil) },
		"before its callback": func(t testing.TB) {
			authprovidertest.NewBrowser(t).BeginPopup(authprovidertest.App{Provider: "https://a.example.com"})
		},
		"more than 20 redirects": func(t testing.TB) {
			b := authprovidertest.NewBrowser(t)
			b.Host("https://a.example.com", http.RedirectHandler("/", http.StatusFound))
			b.Navigate("https://a.example.com/")
		},
		"cannot set the header": func(t testing.TB) {
			authprovidertest.NewBrowser(t).Do(authprovidertest.Request{URL: "https://a.example.com/", Header: http.Header{"Origin": {"https://b.example.com"}}})
		},
		"no kind": func(t testing.TB) { authprovidertest.Users(t, authprovider.User{Ref: "jane"}) },
		"Person.Subject": func(tb testing.TB) {
			authprovidertest.NewProvider(tb, authprovidertest.ProviderConfig{}).SetPerson(authprovidertest.Person{})
		},
		"redirect URI": func(t testing.TB) {
			authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{}).AllowRedirect("/relative")
		},
	} {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(r)
		}()
		<-done
		require.Len(t, r.failures, 1, name)
		require.Contains(t, r.failures[0], name)
	}
}
