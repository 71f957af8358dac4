package authprovidertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

func newVendor(t *testing.T) vendor {
	t.Helper()
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
	idp.AllowRedirect(authprovidertest.ConformanceCallback)
	return vendor{idp, idp.HTTPClient()}
}

func TestAdapterConforms(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, routesConfig(t, oauthadapter.Provider(newVendor(t), oauthadapter.Options[vendorProfile]{}, byEmail)))
}

func routesConfig(t *testing.T, provider authprovider.ProviderFactory) authprovidertest.RouteHandlersConfig {
	return authprovidertest.RouteHandlersConfig{
		Provider: provider,
		Config:   authprovider.Config{Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})},
		Scopes:   []string{"openid", "profile", "email"},
		Secrets:  []string{authprovidertest.DefaultClientSecret},
	}
}

func TestUnsupportedConforms(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider: func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
			return authprovider.Unsupported{}, nil
		},
		Unsupported: []string{"start", "handler/frame", "refresh", "logout"},
	})
}

func TestVendorConforms(t *testing.T) {
	authprovidertest.TestOAuthHandlers(t, vendorConfig(newVendor(t)))
}

func vendorConfig(h oauthadapter.OAuthHandlers[vendorProfile]) authprovidertest.OAuthHandlersConfig[vendorProfile] {
	return authprovidertest.OAuthHandlersConfig[vendorProfile]{
		Handlers: h,
		Scopes:   []string{"openid", "profile", "email"},
		Secrets:  []string{authprovidertest.DefaultClientSecret},
	}
}

// recorder is a test that is meant to fail.
type recorder struct {
	testing.TB

	mu       sync.Mutex
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) requireFailure(t *testing.T, rule string) {
	t.Helper()
	for _, f := range r.failures {
		if strings.Contains(f, "\trule: ") && strings.Contains(f, rule) {
			return
		}
	}
	require.Fail(t, "no failure with the rule", "%q in:\n%s", rule, strings.Join(r.failures, "\n"))
}

// brokenRoutes breaks one route of sound handlers.
type brokenRoutes struct {
	authprovider.RouteHandlers
	pc      *authprovider.ProviderContext
	start   func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error
	frame   func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error
	refresh func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error
	logout  func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error
}

func (b brokenRoutes) Start(w http.ResponseWriter, r *http.Request) error {
	if b.start != nil {
		return b.start(b, w, r)
	}
	return b.RouteHandlers.Start(w, r)
}

func (b brokenRoutes) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	if b.frame != nil {
		return b.frame(b, w, r)
	}
	return b.RouteHandlers.FrameHandler(w, r)
}

func (b brokenRoutes) Refresh(w http.ResponseWriter, r *http.Request) error {
	if b.refresh != nil {
		return b.refresh(b, w, r)
	}
	return b.RouteHandlers.Refresh(w, r)
}

func (b brokenRoutes) Logout(w http.ResponseWriter, r *http.Request) error {
	if b.logout != nil {
		return b.logout(b, w, r)
	}
	return b.RouteHandlers.Logout(w, r)
}

// editedWriter changes the headers before they are written.
type editedWriter struct {
	http.ResponseWriter
	edit func(http.Header)
}

func (w editedWriter) WriteHeader(status int) {
	w.edit(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

func (w editedWriter) Write(p []byte) (int, error) {
	w.edit(w.Header())
	return w.ResponseWriter.Write(p)
}

func TestBrokenRouteHandlersFail(t *testing.T) {
	v := newVendor(t)
	sound := oauthadapter.Provider(v, oauthadapter.Options[vendorProfile]{}, byEmail)
	vouch := func(r *http.Request) { // what the guard wants to see
		r.Header = r.Header.Clone()
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		r.Header.Del("Sec-Fetch-Mode")
		r.Header["Origin"] = []string{appOrigin}
	}
	tests := []struct {
		name   string
		broken brokenRoutes
		rule   string
	}{
		{"refresh without guard", brokenRoutes{refresh: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			r = r.Clone(r.Context())
			vouch(r)
			return b.RouteHandlers.Refresh(w, r)
		}}, "call OriginPolicy.CheckRequest first"},
		{"logout without guard", brokenRoutes{logout: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			r = r.Clone(r.Context())
			vouch(r)
			return b.RouteHandlers.Logout(w, r)
		}}, "neither ends nor changes a session"},
		{"callback redirects by an unverified query", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			if to := r.URL.Query().Get("redirectUrl"); to != "" {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
				return nil
			}
			return b.RouteHandlers.FrameHandler(w, r)
		}}, "never redirects"},
		{"callback repeats the error", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			err := b.RouteHandlers.FrameHandler(w, r)
			if err != nil {
				return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: r.URL.Query().Get("error_description")}
			}
			return nil
		}}, "repeats nothing of the request"},
		{"written and returned", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			err := b.RouteHandlers.Start(w, r)
			if err != nil {
				http.Error(w, "no", http.StatusBadRequest)
			}
			return err
		}}, "nothing was written"},
		{"neither error nor answer", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			if r.URL.RawQuery == "" {
				return nil
			}
			return b.RouteHandlers.FrameHandler(w, r)
		}}, "no error means that an answer was"},
		{"one state for all", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) { h.Set("Location", replaceState(h.Get("Location"))) }}, r)
		}}, "fresh and unguessable"},
		{"caller's parameters", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) {
				if h.Get("Location") != "" && r.URL.Query().Has("prompt") {
					h.Set("Location", h.Get("Location")+"&prompt="+r.URL.Query().Get("prompt"))
				}
			}}, r)
		}}, "a way to steer somebody else's sign-in"},
		{"callback from the host header", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) {
				if host := r.Header.Get("X-Forwarded-Host"); host != "" {
					h.Set("Location", h.Get("Location")+"&host="+host)
				}
			}}, r)
		}}, "never from Host or X-Forwarded headers"},
		{"any origin", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			r = r.Clone(r.Context())
			q := r.URL.Query()
			q.Set("origin", appOrigin)
			r.URL.RawQuery = q.Encode()
			return b.RouteHandlers.Start(w, r)
		}}, "allowed origins alone"},
		{"starts by images", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			r = r.Clone(r.Context())
			r.Header.Del("Sec-Fetch-Dest")
			r.Header.Del("Sec-Fetch-Mode")
			return b.RouteHandlers.Start(w, r)
		}}, "by an image or a script"},
		{"insecure cookies", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) {
				for i, line := range h["Set-Cookie"] {
					h["Set-Cookie"][i] = strings.Replace(line, "; HttpOnly", "", 1)
				}
			}}, r)
		}}, "HttpOnly, Secure, host-only"},
		{"cacheable", brokenRoutes{refresh: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Refresh(editedWriter{w, func(h http.Header) { h.Set("Cache-Control", "max-age=60") }}, r)
		}}, "its answer is JSON"},
		{"repeated parameters", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			r = r.Clone(r.Context())
			q := r.URL.Query()
			for name := range q {
				q.Set(name, q.Get(name))
			}
			r.URL.RawQuery = q.Encode()
			return b.RouteHandlers.Start(w, r)
		}}, "stands in a request twice"},
		{"logs the query", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			b.pc.Logger.Info("callback", "query", r.URL.RawQuery)
			return b.RouteHandlers.FrameHandler(w, r)
		}}, "stands in the log"},
		{"cookies in the clear", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.FrameHandler(editedWriter{w, func(h http.Header) {
				h.Add("Set-Cookie", "__Secure-token="+v.idp.Last(authprovidertest.UserInfo).Header.Get("Authorization")[len("Bearer "):]+"; Path=/; Secure; HttpOnly")
			}}, r)
		}}, "show no token"},
		{"logout does nothing", brokenRoutes{logout: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			if err := b.pc.Origins.CheckRequest(r); err != nil {
				return err
			}
			w.WriteHeader(http.StatusOK)
			return nil
		}}, "Logout ends the session"},
		{"attempts kept on the server alone", func() brokenRoutes {
			var jar []*http.Cookie // of whoever began last
			return brokenRoutes{
				start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
					return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) { jar = (&http.Response{Header: h}).Cookies() }}, r)
				},
				frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
					r = r.Clone(r.Context())
					r.Header.Del("Cookie")
					for _, c := range jar {
						r.AddCookie(c)
					}
					return b.RouteHandlers.FrameHandler(w, r)
				},
			}
		}(), "did not begin the sign-in"},
		{"sessions of any browser", func() brokenRoutes {
			var binding *http.Cookie // of whoever signed in last
			return brokenRoutes{
				frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
					binding, _ = r.Cookie("__Host-auth-browser")
					return b.RouteHandlers.FrameHandler(w, r)
				},
				refresh: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
					sent := r.Cookies()
					r = r.Clone(r.Context())
					r.Header.Del("Cookie")
					for _, c := range sent {
						if binding != nil && c.Name == binding.Name {
							c = binding
						}
						r.AddCookie(c)
					}
					return b.RouteHandlers.Refresh(w, r)
				},
			}
		}(), "in another browser is of no use"},
		{"token in the redirect", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.FrameHandler(editedWriter{w, func(h http.Header) {
				if to := h.Get("Location"); to != "" {
					h.Set("Location", to+"#access_token=x")
				}
			}}, r)
		}}, "without a token in it"},
		{"plain http", brokenRoutes{start: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			return b.RouteHandlers.Start(editedWriter{w, func(h http.Header) {
				if h.Get("Location") != "" {
					h.Set("Location", "http://idp.example.com/")
				}
			}}, r)
		}}, "on https, or http on loopback"},
		{"the vendor's text", brokenRoutes{frame: func(b brokenRoutes, w http.ResponseWriter, r *http.Request) error {
			err := b.RouteHandlers.FrameHandler(w, r)
			if err != nil && r.URL.Query().Get("error") == "access_denied" {
				return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: r.URL.Query().Get("error_description"), Err: errors.New("shown as JSON")}
			}
			return err
		}}, "with our words"},
		{"refresh not served", brokenRoutes{refresh: func(brokenRoutes, http.ResponseWriter, *http.Request) error {
			return authprovider.ErrNotSupported
		}}, "embed authprovider.Unsupported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			authprovidertest.TestRouteHandlers(r, routesConfig(t, func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
				b := test.broken
				b.pc = pc
				var err error
				b.RouteHandlers, err = sound(pc)
				return b, err
			}))
			r.requireFailure(t, test.rule)
		})
	}
}

func replaceState(location string) string {
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return location
	}
	q := u.Query()
	q.Set("state", "the-same-state-for-everybody-every-time")
	u.RawQuery = q.Encode()
	return u.String()
}

// brokenVendor breaks one method of a sound vendor.
type brokenVendor struct {
	vendor
	start        func(v vendor, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error)
	authenticate func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error)
	refresh      func(ctx context.Context, v vendor, r oauthadapter.RefreshRequest) (*oauthadapter.Result[vendorProfile], error)
}

func (b brokenVendor) Start(ctx context.Context, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	if b.start != nil {
		return b.start(b.vendor, r)
	}
	return b.vendor.Start(ctx, r)
}

func (b brokenVendor) Authenticate(ctx context.Context, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
	if b.authenticate != nil {
		return b.authenticate(ctx, b.vendor, r)
	}
	return b.vendor.Authenticate(ctx, r)
}

func (b brokenVendor) Refresh(ctx context.Context, r oauthadapter.RefreshRequest) (*oauthadapter.Result[vendorProfile], error) {
	if b.refresh != nil {
		return b.refresh(ctx, b.vendor, r)
	}
	return b.vendor.Refresh(ctx, r)
}

func TestBrokenOAuthHandlersFail(t *testing.T) {
	startWith := func(change func(*oauthadapter.StartRequest)) brokenVendor {
		return brokenVendor{start: func(v vendor, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
			change(&r)
			return v.Start(context.Background(), r)
		}}
	}
	tests := []struct {
		name   string
		broken brokenVendor
		rule   string
	}{
		{"own state", startWith(func(r *oauthadapter.StartRequest) { r.State = "own" }), "passes on state"},
		{"no PKCE", startWith(func(r *oauthadapter.StartRequest) { r.CodeChallenge = "" }), "S256 challenge"},
		{"scopes dropped", startWith(func(r *oauthadapter.StartRequest) { r.Scopes = r.Scopes[:1] }), "the scopes as they are"},
		{"caller's query", brokenVendor{start: func(v vendor, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
			resp, err := v.Start(context.Background(), r)
			if len(r.Query) > 0 {
				resp.URL += "&" + r.Query.Encode()
			}
			return resp, err
		}}, "protocol parameters must not come from there"},
		{"secret in the request", brokenVendor{start: func(v vendor, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
			resp, err := v.Start(context.Background(), r)
			resp.URL += "&client_secret=" + v.idp.ClientSecret()
			return resp, err
		}}, "each once"},
		{"no subject", brokenVendor{authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Authenticate(ctx, r)
			if err == nil {
				result.Session.Subject = ""
			}
			return result, err
		}}, "stable ID"},
		{"errors without a class", brokenVendor{authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Authenticate(ctx, r)
			if err != nil {
				return nil, errors.New("something went wrong")
			}
			return result, nil
		}}, "wraps a class"},
		{"errors with the code", brokenVendor{authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Authenticate(ctx, r)
			if err != nil {
				return nil, fmt.Errorf("code %s: %w", r.Code, err)
			}
			return result, nil
		}}, "without a result"},
		{"a result in any case", brokenVendor{authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Authenticate(ctx, r)
			if err != nil {
				result = &oauthadapter.Result[vendorProfile]{}
			}
			return result, err
		}}, "without a result"},
		{"context ignored", brokenVendor{authenticate: func(_ context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			return v.Authenticate(context.Background(), r)
		}}, "whose context has ended"},
		{"token in the profile", brokenVendor{authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Authenticate(ctx, r)
			if err == nil {
				result.FullProfile.Name = string(result.Session.AccessToken)
			}
			return result, err
		}}, "shows no token"},
		{"another person at refresh", brokenVendor{refresh: func(ctx context.Context, v vendor, r oauthadapter.RefreshRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Refresh(ctx, r)
			if err == nil {
				result.Session.Subject = "somebody else"
			}
			return result, err
		}}, "gives the same person"},
		{"refusal hidden", brokenVendor{refresh: func(ctx context.Context, v vendor, r oauthadapter.RefreshRequest) (*oauthadapter.Result[vendorProfile], error) {
			result, err := v.Refresh(ctx, r)
			if err != nil {
				return nil, authprovider.ErrUnavailable
			}
			return result, nil
		}}, "invalid_grant"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.broken.vendor = newVendor(t)
			r := &recorder{TB: t}
			authprovidertest.TestOAuthHandlers(r, vendorConfig(test.broken))
			r.requireFailure(t, test.rule)
		})
	}
}

func TestCarelessVendorFails(t *testing.T) {
	v := newVendor(t)
	v.client = &http.Client{} // follows redirects
	c := vendorConfig(brokenVendor{vendor: v, authenticate: func(ctx context.Context, v vendor, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
		result, err := v.Authenticate(ctx, r)
		if errors.Is(err, authprovider.ErrUnavailable) {
			return nil, authprovider.ErrAuthentication
		}
		return result, err
	}})
	c.OpenIDConnect, c.Provider = true, v.idp
	r := &recorder{TB: t}
	authprovidertest.TestOAuthHandlers(r, c)
	r.requireFailure(t, "ID token that is wrong")
	r.requireFailure(t, "read no further than a bound")
	r.requireFailure(t, "must sign nobody out")
	r.requireFailure(t, "is not followed")
}
