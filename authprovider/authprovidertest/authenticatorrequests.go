package authprovidertest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
)

// authenticatorCases are for every authenticator: what clients can do to headers.
func authenticatorCases[R any]() []conformanceCase[*authenticatorRig[R]] {
	return []conformanceCase[*authenticatorRig[R]]{
		{"good requests", "What the proxy vouches for is accepted, each time, and comes with a result.", func(t testing.TB, r *authenticatorRig[R]) {
			for range 3 {
				r.accept(t, "a good request", r.request())
			}
			req := r.request()
			req.Method = http.MethodPost
			r.accept(t, "a POST request", req)
		}},
		{"requests past the proxy", "A request without the proxy's word is nobody's, whatever else it says.", func(t testing.TB, r *authenticatorRig[R]) {
			bare := func() *http.Request {
				req := r.with()
				if r.Cookie != "" {
					req.Header.Del("Cookie")
				}
				return req
			}
			r.refuse(t, "without the header", bare())
			for _, name := range []string{"X-Other-Header", "X-Forwarded-" + r.Header, "X-Original-" + r.Header} {
				req := bare()
				req.Header.Set(name, r.good())
				r.refuse(t, "the value in "+name, req)
			}
			if r.Header != "Authorization" {
				req := bare()
				req.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(r.good(), "Bearer "))
				r.refuse(t, "the value in Authorization", req)
			}
			req := bare()
			req.URL.RawQuery = "access_token=x&token=" + r.good() + "&" + r.Header + "=" + r.good()
			r.refuse(t, "the value in the query", req)
			req = bare()
			req.Trailer = http.Header{r.Header: {r.good()}}
			r.refuse(t, "the value in a trailer", req)
		}},
		{"doubled headers", "A header that is there twice is in doubt: which of the two the proxy wrote cannot be known (use proxyauth.HeaderValue).", func(t testing.TB, r *authenticatorRig[R]) {
			good := r.good()
			r.refuse(t, "the same twice", r.with(good, good))
			r.refuse(t, "a bad one behind", r.with(good, "x"))
			r.refuse(t, "a bad one in front", r.with("x", good))
			r.refuse(t, "an empty one in front", r.with("", good))
			for _, name := range r.Also {
				req := r.request()
				req.Header.Add(name, "somebody-else")
				req.Header.Add(name, "somebody-else")
				r.refuse(t, name+" twice", req)
			}
		}},
		{"joined headers", "Values joined by a comma are two headers that a proxy on the way made into one.", func(t testing.TB, r *authenticatorRig[R]) {
			good := r.good()
			for _, value := range []string{good + "," + good, good + ", x", "x, " + good, good + ",", "," + good} {
				r.refuse(t, "joined", r.with(value))
			}
		}},
		{"underscore twins", "A twin spelled with underscores is what a client sends past a proxy that strips the right spelling alone (CVE-2025-64484).", func(t testing.TB, r *authenticatorRig[R]) {
			for _, name := range append([]string{r.Header}, r.Also...) {
				if !strings.Contains(name, "-") {
					continue
				}
				twin := strings.ReplaceAll(http.CanonicalHeaderKey(name), "-", "_")
				for _, spelling := range []string{twin, strings.ToLower(twin), strings.Replace(http.CanonicalHeaderKey(name), "-", "_", 1)} {
					req := r.request()
					req.Header[spelling] = []string{"somebody-else"}
					r.refuse(t, spelling+" beside "+name, req)
				}
			}
			if strings.Contains(r.Header, "-") {
				req := r.with()
				req.Header[strings.ReplaceAll(r.Header, "-", "_")] = []string{r.good()}
				r.refuse(t, "a twin alone", req)
			}
		}},
		{"hop-by-hop headers", "A header that Connection names would be dropped by a hop on the way, and leave a weaker one to be believed (CVE-2024-45410).", func(t testing.TB, r *authenticatorRig[R]) {
			for _, option := range []string{r.Header, strings.ToLower(r.Header), "close, " + r.Header, strings.ReplaceAll(r.Header, "-", "_")} {
				req := r.request()
				req.Header.Set("Connection", option)
				r.refuse(t, "Connection: "+option, req)
			}
		}},
		{"odd values", "An empty, oversized or malformed value is refused in bounded work.", func(t testing.TB, r *authenticatorRig[R]) {
			good := r.good()
			for what, value := range map[string]string{
				"empty": "", "a space": " ", "64 KiB": strings.Repeat("a", 64<<10), "good and 64 KiB": good + strings.Repeat("a", 64<<10),
				"64 KiB of dots": strings.Repeat(".", 64<<10), "no UTF-8": "\xff\xfe" + good, "no UTF-8 behind": good + "\xc3", "a null byte": good + "\x00", "null": "null",
			} {
				// A plain header can hold any short text.
				if r.signed || value == "" || len(value) > 32<<10 || !utf8.ValidString(value) {
					r.refuse(t, what, r.with(value))
				}
			}
		}},
		{"cookie", "The cookie is looked for if the header is absent, and only then: one that is there but not sound must not fall back to it.", func(t testing.TB, r *authenticatorRig[R]) {
			if r.Cookie == "" {
				return
			}
			value := strings.TrimPrefix(r.good(), "Bearer ")
			withCookie := func(header []string, values ...string) *http.Request {
				req := r.with(header...)
				req.Header.Del("Cookie")
				for _, v := range values {
					req.AddCookie(&http.Cookie{Name: r.Cookie, Value: v})
				}
				return req
			}
			r.accept(t, "the cookie alone", withCookie(nil, value))
			r.refuse(t, "the cookie twice", withCookie(nil, value, value))
			r.refuse(t, "another cookie in front", withCookie(nil, "x", value))
			r.refuse(t, "an empty cookie", withCookie(nil, ""))
			r.refuse(t, "an empty header and a good cookie", withCookie([]string{""}, value))
			r.refuse(t, "a bad header and a good cookie", withCookie([]string{"x"}, value))
			r.refuse(t, "two headers and a good cookie", withCookie([]string{value, value}, value))
		}},
		{"concurrent use", "Authenticate is called concurrently; no request changes what another is told.", func(t testing.TB, r *authenticatorRig[R]) {
			var wg sync.WaitGroup
			for range 16 {
				good, bad := r.request(), r.with("x", "x")
				wg.Go(func() {
					for range 8 {
						r.accept(t, "a good request among others", good)
						r.refuse(t, "a bad request among others", bad)
					}
				})
			}
			wg.Wait()
		}},
		{"ended context", "A caller that is gone is not kept waiting, and its request is not refused for that.", func(t testing.TB, r *authenticatorRig[R]) {
			if r.Edge != nil {
				r.Edge.Set(func(b *EdgeBehavior) {
					b.KeysAnswer, b.DiscoveryAnswer, b.IdentityAnswer = StallAnswer, StallAnswer, StallAnswer
				})
				defer r.Edge.Behave()
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			req, ended := r.request().WithContext(ctx), make(chan error, 1)
			go func() {
				_, err := r.authenticate(ctx, req)
				ended <- err
			}()
			select {
			case err := <-ended:
				if errors.Is(err, authprovider.ErrAuthentication) {
					t.Errorf("refused: %v", err)
				}
			case <-time.After(4 * time.Second):
				t.Errorf("Authenticate goes on without its caller")
			}
		}},
	}
}
