package tokenissuer_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

func TestVerify(t *testing.T) {
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	other, _ := newIssuer(t)
	otherURL, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Issuer = "https://other.example.com" })
	issued := clock.Now()
	token := issue(t, issuer, authprovider.TokenClaims{Subject: jane.Subject, Ownership: jane.Ownership, Claims: map[string]any{"role": "admin"}})

	verified, err := issuer.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, jane.Subject, verified.Subject)
	require.Equal(t, jane.Ownership, verified.Ownership)
	require.Equal(t, issued, verified.IssuedAt)
	require.Equal(t, issued.Add(time.Hour), verified.Expiry)
	var claims struct{ Role, Email string }
	require.Error(t, verified.Claims(&claims), "names are matched exactly")
	var tagged struct {
		Role string `json:"role"`
	}
	require.NoError(t, verified.Claims(&tagged))
	require.Equal(t, "admin", tagged.Role)

	for name, bad := range map[string]string{
		"empty":             "",
		"limited":           limited(t, token),
		"another issuer":    issue(t, otherURL, jane),
		"another key":       issue(t, other, jane),
		"changed":           changed(t, token, "jane", "john"),
		"foreign signature": foreign(t, token, "vnd.backstage.user", jose.Claim{Name: "sub", Value: "user:default/jane"}),
	} {
		t.Run(name, func(t *testing.T) {
			verified, err := issuer.Verify(t.Context(), bad)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.Nil(t, verified)
		})
	}

	clock.Advance(time.Hour + 59*time.Second) // within the leeway
	_, err = issuer.Verify(t.Context(), token)
	require.NoError(t, err)
	clock.Advance(time.Second)
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	clock.Advance(-3 * time.Hour)
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "issued in the future")
}

func TestMiddleware(t *testing.T) {
	issuer, _ := newIssuer(t)
	broken, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Keys = &failingStore{down: true} })
	token := issue(t, issuer, jane)
	whoami := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := tokenissuer.UserFromContext(r.Context())
		require.True(t, ok)
		_, _ = io.WriteString(w, user.Subject)
	})
	tests := map[string]struct {
		issuer        *tokenissuer.Issuer
		authorization string
		status        int
		challenge     string
	}{
		"token":         {issuer, "Bearer " + token, 200, ""},
		"no token":      {issuer, "", 401, `Bearer realm="backstage"`},
		"other scheme":  {issuer, "Basic YTpi", 401, `Bearer realm="backstage"`},
		"limited token": {issuer, "Bearer " + limited(t, token), 401, `Bearer error="invalid_token"`},
		"garbage":       {issuer, "Bearer a.b.c", 401, `Bearer error="invalid_token"`},
		"keys down":     {broken, "Bearer " + token, 503, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/todos", nil)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := httptest.NewRecorder()
			tt.issuer.Middleware(whoami).ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
			if tt.status == http.StatusOK {
				require.Equal(t, "user:default/jane", w.Body.String())
				return
			}
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, http.StatusText(tt.status), strings.TrimSpace(w.Body.String()))
		})
	}
	_, ok := tokenissuer.UserFromContext(t.Context())
	require.False(t, ok)
}

// Where the token is taken from, and from where not.
func TestMiddlewareCookie(t *testing.T) {
	issuer, _ := newIssuer(t)
	v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{AcceptLimited: true, LimitedCookie: "backstage-auth", CacheSize: 8})
	require.NoError(t, err)
	without, err := issuer.NewVerifier(tokenissuer.VerifierConfig{AcceptLimited: true})
	require.NoError(t, err)
	full := issue(t, issuer, jane)
	small, john := limited(t, full), limited(t, issue(t, issuer, authprovider.TokenClaims{Subject: "user:default/john"}))
	const get, head, post = http.MethodGet, http.MethodHead, http.MethodPost
	const missing, invalid = `Bearer realm="backstage"`, `Bearer error="invalid_token"`
	for name, tt := range map[string]struct {
		v             *tokenissuer.Verifier
		method        string
		authorization []string
		cookies       []string
		who           string // empty: refused
		challenge     string
	}{
		"header":                   {v, post, []string{"Bearer " + full}, nil, "user:default/jane", ""},
		"limited in the header":    {v, post, []string{"Bearer " + small}, nil, "user:default/jane", ""},
		"cookie":                   {v, get, nil, []string{"backstage-auth=" + small}, "user:default/jane", ""},
		"cookie, HEAD":             {v, head, nil, []string{"backstage-auth=" + small}, "user:default/jane", ""},
		"cookie among others":      {v, get, nil, []string{"a=b; backstage-auth=" + small + "; c=d"}, "user:default/jane", ""},
		"header and cookie":        {v, get, []string{"Bearer " + full}, []string{"backstage-auth=" + john}, "user:default/jane", ""},
		"cookie, POST":             {v, post, nil, []string{"backstage-auth=" + small}, "", missing},
		"cookie, method in lower":  {v, "get", nil, []string{"backstage-auth=" + small}, "", missing},
		"cookie, OPTIONS":          {v, http.MethodOptions, nil, []string{"backstage-auth=" + small}, "", missing},
		"cookie, not asked for":    {without, get, nil, []string{"backstage-auth=" + small}, "", missing},
		"cookie of another name":   {v, get, nil, []string{"Backstage-Auth=" + small}, "", missing},
		"full token in the cookie": {v, get, nil, []string{"backstage-auth=" + full}, "", invalid},
		"bad cookie":               {v, get, nil, []string{"backstage-auth=" + small[:len(small)-4] + "AAAA"}, "", invalid},
		"empty cookie":             {v, get, nil, []string{"backstage-auth="}, "", invalid},
		"two cookies":              {v, get, nil, []string{"backstage-auth=" + small + "; backstage-auth=" + john}, "", missing},
		"two headers of cookies":   {v, get, nil, []string{"backstage-auth=" + small, "backstage-auth=" + small}, "", missing},
		"bad header, good cookie":  {v, get, []string{"Bearer x.y.z"}, []string{"backstage-auth=" + small}, "", invalid},
		"other scheme, cookie":     {v, get, []string{"Basic YTpi"}, []string{"backstage-auth=" + small}, "", missing},
		"empty header, cookie":     {v, get, []string{""}, []string{"backstage-auth=" + small}, "", missing},
		"two headers":              {v, get, []string{"Bearer " + full, "Bearer " + full}, nil, "", missing},
		"two headers, cookie":      {v, get, []string{"Bearer " + full, "Bearer " + full}, []string{"backstage-auth=" + small}, "", missing},
		"nothing":                  {v, get, nil, nil, "", missing},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, "/picture", nil)
			r.Header["Authorization"], r.Header["Cookie"] = tt.authorization, tt.cookies
			if tt.authorization == nil {
				delete(r.Header, "Authorization")
			}
			for range 2 { // the second time from memory
				w := httptest.NewRecorder()
				who := ""
				tt.v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					user, ok := tokenissuer.UserFromContext(r.Context())
					require.True(t, ok)
					who = user.Subject
				})).ServeHTTP(w, r)
				require.Equal(t, tt.who, who)
				require.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
				switch {
				case who == "":
					require.Equal(t, http.StatusUnauthorized, w.Code)
					require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
				case tt.authorization == nil: // what a shared cache would hand on
					require.Equal(t, "private", w.Header().Get("Cache-Control"))
					require.Equal(t, "Cookie", w.Header().Get("Vary"))
				default:
					require.Empty(t, w.Header())
				}
			}
		})
	}
}

// Keys that cannot be read are the server's failure, and who has gone is nobody's.
func TestMiddlewareWithoutKeys(t *testing.T) {
	at, url := newSite(t)
	at.set.Store(nil)
	var log bytes.Buffer
	v, clock := newVerifier(t, url, func(c *tokenissuer.VerifierConfig) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	full, _ := janeFrom(clock.Now().Unix())
	token := sign(t, newSigner(t, "k", jose.ES256), user, full)
	handler := v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("let through") }))
	ask := func(ctx context.Context) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "10", w.Header().Get("Retry-After"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Empty(t, w.Header().Get("WWW-Authenticate"))
		require.Equal(t, "Service Unavailable\n", w.Body.String())
		return w
	}
	ask(t.Context())
	require.NoError(t, v.Close()) // so that nothing is logged any more but by the middleware
	require.Contains(t, log.String(), "level=ERROR")
	require.NotContains(t, log.String(), token)
	log.Reset()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	ask(gone)
	require.Empty(t, log.String())
}
