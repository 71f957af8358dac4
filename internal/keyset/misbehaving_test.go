package keyset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// raw takes over the connection, writes text as it is and hangs up.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, text)
	}
}

// redirect sends everybody to a path or address under which then answers.
func redirect(status int, to string, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/evil" {
			then(w, r)
			return
		}
		http.Redirect(w, r, to, status)
	}
}

// keysText returns n copies of a signer's key, each under a kid of its own, the first
// under the signer's.
func keysText(t *testing.T, s *jose.Signer, n int) string {
	j, err := jose.NewJWK(s.PublicKey())
	require.NoError(t, err)
	one := jsonText(t, j)
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Replace(one, `"kid":"`+j.KeyID, fmt.Sprintf(`"kid":"%d`, i), 1)
	}
	all[0] = one
	return `{"keys":[` + strings.Join(all, ",") + `]}`
}

// Whatever the issuer does after it answered well once, a token whose key is known
// verifies, and nobody waits for that, up to the hard limit to the nanosecond. Nothing
// that came with the bad answers is believed, the issuer is asked within the budget,
// and it all works again within 10 s.
func TestMisbehavingIssuer(t *testing.T) {
	good, evil := newSigner(t, "good", jose.ES256), newSigner(t, "evil", jose.ES256)
	token, forged := newToken(t, good), newToken(t, evil)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 50 {
		z.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	z.Write([]byte(keysText(t, evil, 1)))
	require.NoError(t, z.Close())
	evilSet := keysText(t, evil, 1)
	const jsonType = "application/json"

	for name, answer := range map[string]http.HandlerFunc{
		"500":                   say(500, jsonType, evilSet),
		"503 with Retry-After":  raw("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n"),
		"429":                   say(429, jsonType, evilSet),
		"404":                   say(404, jsonType, evilSet),
		"201":                   say(201, jsonType, evilSet),
		"206":                   say(206, jsonType, evilSet),
		"204":                   say(204, jsonType, ""),
		"refused":               nil,
		"hang":                  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hang after headers":    hangAfter(""),
		"hang in the body":      hangAfter(`{"keys":[`),
		"hang at the very end":  hangAfter(evilSet), // complete JSON, but not the end of the body
		"drip":                  drip(evilSet),
		"reset":                 raw(""),
		"reset in the headers":  raw("HTTP/1.1 200 OK\r\nContent-Le"),
		"reset in the body":     raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + evilSet),
		"reset in a chunk":      raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + evilSet),
		"broken chunks":         raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + evilSet),
		"not HTTP":              raw("SSH-2.0-OpenSSH_9.9\r\n"),
		"early hints, no end":   forever("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
		"headers, no end":       forever("HTTP/1.1 200 OK\r\n", "X-Filler: "+strings.Repeat("x", 1<<16)+"\r\n"),
		"body, no end":          forever("HTTP/1.1 200 OK\r\n\r\n"+evilSet, strings.Repeat(" ", 1<<16)),
		"50 MB":                 huge(evilSet),
		"gzip bomb":             encoded("gzip", bomb.Bytes()),
		"cut gzip":              encoded("gzip", bomb.Bytes()[:bomb.Len()/2]),
		"gzip that is none":     encoded("gzip", []byte(evilSet)),
		"encoding not asked":    encoded("br", []byte("\x0b\x02\x80{}\x03")),
		"redirect, same host":   redirect(http.StatusFound, "/evil", say(200, jsonType, evilSet)),
		"redirect, to itself":   redirect(http.StatusMovedPermanently, "/keys", nil),
		"redirect, other host":  redirect(http.StatusTemporaryRedirect, "http://127.0.0.2:80/evil", nil),
		"HTML":                  say(200, "text/html", "<!doctype html><title>Maintenance</title>"),
		"HTML as JSON":          say(200, jsonType, "<!doctype html><title>Maintenance</title>"),
		"no answer at all":      say(200, jsonType, ""),
		"null":                  say(200, jsonType, "null"),
		"array":                 say(200, jsonType, "["+evilSet+"]"),
		"a key, no set":         say(200, jsonType, strings.TrimSuffix(strings.TrimPrefix(evilSet, `{"keys":[`), `]}`)),
		"two sets":              say(200, jsonType, evilSet+evilSet),
		"text after the set":    say(200, jsonType, evilSet+"x"),
		"empty set":             say(200, jsonType, `{"keys":[]}`),
		"keys null":             say(200, jsonType, `{"keys":null}`),
		"keys an object":        say(200, jsonType, `{"keys":{}}`),
		"keys in upper case":    say(200, jsonType, strings.Replace(evilSet, "keys", "Keys", 1)),
		"only unusable keys":    say(200, jsonType, `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"evil"},{"kty":"AKP","kid":"evil"}]}`),
		"a long broken key":     say(200, jsonType, `{"keys":[{"kty":"RSA","kid":"evil","e":"AQAB","n":"`+strings.Repeat("!", 500_000)+`"}]}`),
		"100 broken keys":       say(200, jsonType, `{"keys":[`+strings.Repeat(`{"kty":"oct"},`, 99)+`{"kty":"oct"}]}`),
		"invalid UTF-8":         say(200, jsonType, strings.Replace(evilSet, `"kid"`, `"x":"`+"\xff"+`","kid"`, 1)),
		"deep":                  say(200, jsonType, `{"x":`+strings.Repeat("[", 500_000)+strings.Repeat("]", 500_000)+`}`),
		"101 keys":              say(200, jsonType, keysText(t, evil, 101)),
		"2,000 keys in 1 MiB":   say(200, jsonType, keysText(t, evil, 2_000)),
		"10,000 keys":           say(200, jsonType, keysText(t, evil, 10_000)),
		"10,000 keys of 1 byte": say(200, jsonType, `{"keys":[`+strings.Repeat("1,", 9_999)+`1]}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const hardTTL, within = 10 * time.Minute, 10 * time.Second
				var log bytes.Buffer
				n, h, r := newStage(t, keyset.Config{HardTTL: hardTTL, Logger: slog.New(slog.NewTextHandler(&log, nil))}, serveKeys(t, "", good))
				n.serve(t, "127.0.0.2:80", false, say(200, jsonType, evilSet))
				verify := func(d time.Duration) {
					t.Helper()
					began := time.Now()
					_, err := r.VerifySignature(t.Context(), token)
					require.NoError(t, err)
					require.LessOrEqual(t, time.Since(began), d, "no wait for a key that is known")
				}
				start := time.Now()
				verify(within)
				if answer != nil {
					h.set(answer)
				}
				n.setDown(answer == nil)

				time.Sleep(fetchInterval)
				for time.Since(start) < hardTTL-30*time.Second {
					verify(0)
					began := time.Now()
					_, err := r.VerifySignature(t.Context(), forged)
					require.ErrorIs(t, err, keyset.ErrUnavailable)
					require.LessOrEqual(t, time.Since(began), fetchTimeout)
					verify(0)
					time.Sleep(7 * time.Second)
				}
				time.Sleep(time.Until(start.Add(hardTTL - 1)))
				verify(0)
				synctest.Wait()
				fetches := n.fetches()
				requireBudget(t, fetches)
				require.Greater(t, len(fetches), 15, "the issuer is asked on")
				require.LessOrEqual(t, strings.Count(log.String(), "\n"), 11, "a line a minute")
				require.Less(t, log.Len(), 11*1000)

				time.Sleep(time.Nanosecond)
				_, err := r.VerifySignature(t.Context(), token)
				require.ErrorIs(t, err, keyset.ErrUnavailable, "withdrawn keys must not outlive the hard limit")
				time.Sleep(30 * time.Second)
				_, err = r.VerifySignature(t.Context(), token)
				require.ErrorIs(t, err, keyset.ErrUnavailable)

				h.set(serveKeys(t, "", good))
				n.setDown(false)
				back := time.Now()
				for {
					if _, err = r.VerifySignature(t.Context(), token); err == nil {
						break
					}
					require.LessOrEqual(t, time.Since(back), within)
					time.Sleep(100 * time.Millisecond)
				}
				_, err = r.VerifySignature(t.Context(), forged)
				require.ErrorIs(t, err, jose.ErrUnknownKey)
			})
		})
	}
}

const (
	fetchTimeout  = 5 * time.Second
	fetchInterval = 5 * time.Second
)

func hangAfter(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, text)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func drip(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range text {
			fmt.Fprint(w, text[i:i+1])
			http.NewResponseController(w).Flush()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}
}

func forever(first, then string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		for text := first; ; text = then {
			if _, err := fmt.Fprint(conn, text); err != nil {
				return
			}
		}
	}
}

func huge(first string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, first)
		filler := bytes.Repeat([]byte(" "), 1<<16)
		for range 50 << 4 {
			if _, err := w.Write(filler); err != nil {
				return
			}
		}
	}
}

func encoded(encoding string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		w.Write(body)
	}
}

// Keys that came by https stay with https.
func TestNoRedirectFromHTTPS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evil := newSigner(t, "evil", jose.ES256)
		n := newNetwork()
		n.serve(t, "127.0.0.1:80", false, serveKeys(t, "", evil))
		h := n.serve(t, "127.0.0.1:443", true, redirect(http.StatusFound, "http://127.0.0.1:80/evil", nil))
		r, err := keyset.New(keyset.Config{URL: h.URL, Client: n.client(t)})
		require.NoError(t, err)
		defer r.Close()
		require.ErrorIs(t, find(t, r, "evil"), keyset.ErrUnavailable)
		require.Len(t, n.fetches(), 1)

		h.set(serveKeys(t, "", newSigner(t, "good", jose.ES256)))
		time.Sleep(10 * time.Second)
		require.NoError(t, find(t, r, "good"))
	})
}

// While keys are at hand, a failing issuer is asked every 30 s at least: a key that it
// publishes when it is back is accepted by then, also after it hung.
func TestNewKeyAfterAnOutage(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"failing": down,
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good, next := newSigner(t, "good", jose.ES256), newSigner(t, "next", jose.ES256)
				_, h, r := newStage(t, keyset.Config{}, serveKeys(t, "", good))
				require.NoError(t, find(t, r, "good"))
				for outage := range 40 { // long and short ones, ending at any point of a backoff
					h.set(bad)
					for end := time.Now().Add(time.Duration(outage) * 7 * time.Second); time.Now().Before(end); {
						require.Error(t, find(t, r, "next"))
						time.Sleep(time.Second)
					}
					h.set(serveKeys(t, "", good, next))
					back := time.Now()
					for find(t, r, "next") != nil {
						require.LessOrEqual(t, time.Since(back), 30*time.Second)
						time.Sleep(100 * time.Millisecond)
					}
					h.set(serveKeys(t, "", good))
					time.Sleep(10 * time.Second)
					require.ErrorIs(t, find(t, r, "other"), jose.ErrUnknownKey)
					time.Sleep(40 * time.Second)
				}
			})
		})
	}
}

// Without a key, everybody gets in within 10 s after the issuer is back, also after it
// hung.
func TestColdRecovery(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"failing": down,
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			for outage := range 60 {
				synctest.Test(t, func(t *testing.T) {
					answer := serveKeys(t, "", newSigner(t, "k", jose.ES256))
					_, h, r := newStage(t, keyset.Config{}, bad)
					for end := time.Now().Add(time.Duration(outage) * 1300 * time.Millisecond); time.Now().Before(end); {
						ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
						_, err := r.Key(ctx, "k", jose.ES256)
						require.Error(t, err)
						cancel()
						time.Sleep(100 * time.Millisecond)
					}
					h.set(answer)
					back := time.Now()
					for find(t, r, "k") != nil {
						require.LessOrEqual(t, time.Since(back), 10*time.Second)
						time.Sleep(100 * time.Millisecond)
					}
				})
			}
		})
	}
}

// A long pause between attempts, harmless while there are keys, ends with them: at the
// hard limit the issuer is asked again.
func TestHardLimitEndsABackoff(t *testing.T) {
	k := newSigner(t, "k", jose.ES256)
	for trial := range 20 { // the pauses are random
		synctest.Test(t, func(t *testing.T) {
			const hardTTL = 10 * time.Minute
			_, h, r := newStage(t, keyset.Config{HardTTL: hardTTL}, serveKeys(t, "", k))
			start := time.Now()
			require.NoError(t, find(t, r, "k"))
			h.set(down)
			time.Sleep(6*time.Minute + time.Duration(trial)*time.Second)
			for time.Since(start) < hardTTL-time.Second {
				require.NoError(t, find(t, r, "k"))
				time.Sleep(time.Second)
			}
			h.set(serveKeys(t, "", k))
			time.Sleep(time.Until(start.Add(hardTTL)))
			for find(t, r, "k") != nil {
				require.LessOrEqual(t, time.Since(start), hardTTL+fetchInterval)
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
}

// A fetch's timeout, or the end of the key set, is not the end of the caller's
// context, and must not be taken for it.
func TestFetchTimeoutIsNotTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, r := newStage(t, keyset.Config{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		check := func(err error) {
			t.Helper()
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, context.Canceled)
		}
		check(find(t, r, "k"))
		time.Sleep(10 * time.Second)
		waiting := make(chan error)
		go func() { waiting <- find(t, r, "k") }()
		synctest.Wait()
		require.NoError(t, r.Close())
		check(<-waiting)
		time.Sleep(time.Minute) // a fetch would be permitted
		check(find(t, r, "k"))
		require.Len(t, n.fetches(), 2, "none starts after Close")
	})
}

// A cause that is nobody's context can be told.
func TestCauseIsKept(t *testing.T) {
	cause := errors.New("no route")
	r, err := keyset.New(keyset.Config{
		URL:    "https://issuer.example.com/keys",
		Client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, cause })},
	})
	require.NoError(t, err)
	defer r.Close()
	err = find(t, r, "k")
	require.ErrorIs(t, err, keyset.ErrUnavailable)
	require.ErrorIs(t, err, cause)
}

// stuckHandler is a log that blocks, as one on a full pipe does.
type stuckHandler struct {
	slog.Handler
	release chan struct{}
}

func (h stuckHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h stuckHandler) Handle(context.Context, slog.Record) error {
	<-h.release
	return nil
}

// A log that blocks holds up nobody.
func TestStuckLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := stuckHandler{release: make(chan struct{})}
		defer close(log.release)
		_, h, r := newStage(t, keyset.Config{Logger: slog.New(log)}, serveKeys(t, "", newSigner(t, "k", jose.ES256)))
		require.NoError(t, find(t, r, "k"))
		h.set(down)
		time.Sleep(2 * time.Hour)
		start := time.Now()
		require.NoError(t, find(t, r, "k"))
		synctest.Wait() // the refresh failed, and its report is stuck

		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := r.Key(ctx, "other", jose.ES256)
				require.ErrorIs(t, err, keyset.ErrUnavailable)
				_, err = r.Key(ctx, "k", jose.ES256)
				require.NoError(t, err)
				cancel()
			}
		}()
		<-done
		require.Equal(t, start, time.Now())
		h.set(serveKeys(t, "", newSigner(t, "other", jose.ES256)))
		time.Sleep(30 * time.Second)
		require.NoError(t, find(t, r, "other"))
	})
}

func jsonText(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
