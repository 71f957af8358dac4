package keyset_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

const kid1, kid2 = "a1b2c3d4-0000-4000-8000-00000000000f", "f1b2c3d4-1111-4111-9111-111111111111"

func randomUUID() string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", rand.Uint32(), rand.N(1<<16), rand.N(1<<16), rand.N(1<<16), rand.N(int64(1)<<48))
}

func pemText(t testing.TB, key crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// bucket answers as S3 does: keys that are there, and 403 for all others.
type bucket struct {
	mu   sync.Mutex
	keys map[string]string // by kid
}

func newBucket() *bucket { return &bucket{keys: map[string]string{}} }

func (b *bucket) put(t testing.TB, s *jose.Signer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys[s.PublicKey().KeyID] = pemText(t, s.PublicKey().Key)
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	text, ok := b.keys[strings.TrimPrefix(r.URL.Path, "/keys/")]
	b.mu.Unlock()
	if !ok {
		http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	fmt.Fprint(w, text)
}

// newPerKeyStage returns a network with one issuer, and a key set of it.
func newPerKeyStage(t *testing.T, c keyset.PerKeyConfig, answer http.HandlerFunc) (*network, *host, *keyset.PerKey) {
	n := newNetwork()
	h := n.serve(t, "127.0.0.1:80", false, answer)
	c.URLPrefix, c.Algorithm, c.Client = h.URL+"/keys/", jose.ES256, n.client(t)
	p, err := keyset.NewPerKey(c)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return n, h, p
}

// requirePerKeyBudget slides a window of a second over the fetches.
func requirePerKeyBudget(t *testing.T, fetches []time.Time) {
	t.Helper()
	for i := range max(0, len(fetches)-10) {
		require.GreaterOrEqual(t, fetches[i+10].Sub(fetches[i]), time.Second, "eleven fetches within a second, from the %dth", i)
	}
}

func TestNewPerKeyRefuses(t *testing.T) {
	for name, c := range map[string]keyset.PerKeyConfig{
		"no prefix":          {Algorithm: jose.ES256},
		"no algorithm":       {URLPrefix: "https://keys.example.com/"},
		"unknown algorithm":  {URLPrefix: "https://keys.example.com/", Algorithm: "none"},
		"no slash":           {URLPrefix: "https://keys.example.com", Algorithm: jose.ES256},
		"no slash at end":    {URLPrefix: "https://keys.example.com/a", Algorithm: jose.ES256},
		"plain http":         {URLPrefix: "http://keys.example.com/", Algorithm: jose.ES256},
		"loopback lookalike": {URLPrefix: "http://127.0.0.1.example.com/", Algorithm: jose.ES256},
		"no host":            {URLPrefix: "https:///", Algorithm: jose.ES256},
		"relative":           {URLPrefix: "/keys/", Algorithm: jose.ES256},
		"other scheme":       {URLPrefix: "file:///etc/", Algorithm: jose.ES256},
		"user":               {URLPrefix: "https://u:p@keys.example.com/", Algorithm: jose.ES256},
		"query":              {URLPrefix: "https://keys.example.com/?a=/", Algorithm: jose.ES256},
		"empty query":        {URLPrefix: "https://keys.example.com/?", Algorithm: jose.ES256},
		"fragment":           {URLPrefix: "https://keys.example.com/#/", Algorithm: jose.ES256},
		"unparsable":         {URLPrefix: "https://keys.example.com/%zz/", Algorithm: jose.ES256},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyset.NewPerKey(c)
			require.ErrorContains(t, err, "keyset: PerKeyConfig.")
		})
	}
	for _, prefix := range []string{
		"https://public-keys.auth.elb.eu-central-1.amazonaws.com/",
		"https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/",
		"http://localhost:1/", "http://[::1]/keys/",
	} {
		_, err := keyset.NewPerKey(keyset.PerKeyConfig{URLPrefix: prefix, Algorithm: jose.ES256})
		require.NoError(t, err, prefix)
	}
}

// A known key costs one fetch in all, and neither bad signatures nor another algorithm
// under its kid cost more.
func TestPerKeyIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, forger := newSigner(t, kid1, jose.ES256), newSigner(t, kid1, jose.ES256)
		b := newBucket()
		b.put(t, good)
		n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, b.ServeHTTP)
		v, err := jose.NewVerifier(jose.Expected{Issuer: "alb", InsecureSkipAudience: true}, p)
		require.NoError(t, err)
		require.Empty(t, n.fetches(), "construction must not need the network")
		sign := func(s *jose.Signer) string {
			token, err := s.SignJWT("JWT", jose.Claim{Name: "iss", Value: "alb"}, jose.Claim{Name: "exp", Value: time.Now().Add(time.Hour).Unix()})
			require.NoError(t, err)
			return token
		}
		token, forged := sign(good), sign(forger)
		for range 100 {
			_, err := v.Verify(t.Context(), token)
			require.NoError(t, err)
			_, err = v.Verify(t.Context(), forged)
			require.ErrorIs(t, err, jose.ErrSignature)
			key, err := p.Key(t.Context(), kid1, jose.RS256)
			require.NoError(t, err)
			require.False(t, key.Fits(jose.RS256))
			time.Sleep(time.Second)
		}
		_, err = p.Key(t.Context(), kid2, jose.RS256)
		require.ErrorIs(t, err, jose.ErrUnknownKey, "no key is for that algorithm")
		synctest.Wait()
		require.Len(t, n.fetches(), 1)
		require.Equal(t, 1, n.count(h.URL+"/keys/"+kid1))
	})
}

var canonicalUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// A kid is a part of a URL: only what can be a key's name reaches the server.
func FuzzPerKeyID(f *testing.F) {
	for _, kid := range []string{
		kid1, "", ".", "..", "../../etc/passwd", "/", "//evil.example.com/", "@evil.example.com", "?list-type=2", "#", "%2e%2e%2f",
		"A1B2C3D4-0000-4000-8000-00000000000F", "{" + kid1 + "}", "urn:uuid:" + kid1, strings.ReplaceAll(kid1, "-", ""),
		kid1 + "/", kid1 + "?x", "/" + kid1, kid1 + "\n", " " + kid1, kid1 + "\x00", kid1[:35], kid1 + "0", kid1[:35] + "g", kid1[:35] + "%",
		"a1b2c3d4-0000-4000-8000-0000/../0000", "a1b2c3d4/0000-4000-8000-00000000000f", "a1b2c3d4-0000-4000-8000_00000000000f",
		"a1b2c3d-40000-4000-8000-00000000000f", "------------------------------------", "a1b2c3d4\u20110000-4000-8000-000000000", "٠1b2c3d4-0000-4000-8000-000000000",
		strings.Repeat("a", 512), strings.Repeat("../", 12),
	} {
		f.Add(kid)
	}
	f.Fuzz(func(t *testing.T, kid string) {
		var asked []string
		p, err := keyset.NewPerKey(keyset.PerKeyConfig{
			URLPrefix: "https://keys.example.com/prefix/",
			Algorithm: jose.ES256,
			Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.String())
				w := httptest.NewRecorder()
				http.NotFound(w, r)
				return w.Result(), nil
			})},
		})
		require.NoError(t, err)
		defer p.Close()
		_, err = p.Key(t.Context(), kid, jose.ES256)
		require.ErrorIs(t, err, jose.ErrUnknownKey)
		require.Less(t, len(err.Error()), 400)
		if canonicalUUID.MatchString(kid) {
			require.Equal(t, []string{"https://keys.example.com/prefix/" + kid}, asked)
		} else {
			require.Empty(t, asked)
		}
	})
}

// badKeys is what a server may answer for a kid that is neither its key nor its absence.
func badKeys(t *testing.T) map[string]http.HandlerFunc {
	evil := newSigner(t, kid1, jose.ES256)
	good := pemText(t, evil.PublicKey().Key)
	private, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	const text = "application/octet-stream"
	all := map[string]http.HandlerFunc{
		"500":                 say(500, text, good),
		"503":                 say(503, text, good),
		"429":                 say(429, text, good),
		"400":                 say(400, text, good),
		"401":                 say(401, text, good),
		"410":                 say(410, text, good),
		"201":                 say(201, text, good),
		"206":                 say(206, text, good),
		"204":                 say(204, text, ""),
		"redirect":            redirect(http.StatusFound, "/evil", say(200, text, good)),
		"redirect, permanent": redirect(http.StatusPermanentRedirect, "http://127.0.0.2:80/evil", nil),
		"refused":             nil,
		"hang":                func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hang at the end":     hangAfter(good),
		"drip":                drip(good),
		"reset in the body":   raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + good),
		"not HTTP":            raw("SSH-2.0-OpenSSH_9.9\r\n"),
		"body, no end":        forever("HTTP/1.1 200 OK\r\n\r\n"+good, strings.Repeat("\n", 1<<16)),
		"16 KiB and a byte":   say(200, text, good+strings.Repeat("\n", 16<<10+1-len(good))),
		"gzip that is none":   encoded("gzip", []byte(good)),
		"HTML":                say(200, "text/html", "<!doctype html><title>Maintenance</title>"),
		"HTML with a key":     say(200, "text/html", "<!doctype html><pre>\n"+good+"</pre>"),
		"JSON":                say(200, "application/json", keysText(t, evil, 1)),
		"empty":               say(200, text, ""),
		"two keys":            say(200, text, good+pemText(t, private.Public())),
		"private key":         say(200, text, pkcs8),
		"private key, too":    say(200, text, good+pkcs8),
	}
	for _, alg := range []jose.Algorithm{jose.ES384, jose.ES512, jose.RS256, jose.EdDSA} {
		key, err := jose.GenerateKey(alg)
		require.NoError(t, err)
		all["key for "+string(alg)] = say(200, text, pemText(t, key.Public()))
	}
	return all
}

// Before a key is known, a bad answer is no verdict on its kid: it is unavailable, not
// unknown, is asked for again after a pause in which nobody waits, and taken within 10 s
// after the server is back.
func TestPerKeyBadAnswerCold(t *testing.T) {
	for name, answer := range badKeys(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket()
				good, other := newSigner(t, kid1, jose.ES256), newSigner(t, kid2, jose.ES256)
				b.put(t, good)
				b.put(t, other)
				n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, b.ServeHTTP)
				spoil := func() {
					if answer != nil {
						h.set(answer)
					}
					n.setDown(answer == nil)
				}
				spoil()
				for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
					before, began := len(n.fetches()), time.Now()
					err := find(t, p, kid1)
					require.ErrorIs(t, err, keyset.ErrUnavailable)
					require.NotErrorIs(t, err, jose.ErrUnknownKey)
					require.NotErrorIs(t, err, context.DeadlineExceeded)
					require.LessOrEqual(t, time.Since(began), fetchTimeout)
					if len(n.fetches()) == before {
						require.Equal(t, began, time.Now(), "no waiting during a backoff")
					}
				}
				fetches := len(n.fetches())
				require.GreaterOrEqual(t, fetches, 6)
				require.LessOrEqual(t, fetches, 18, "attempts back off")

				n.setDown(false)
				h.set(b.ServeHTTP)
				require.NoError(t, find(t, p, kid2), "one kid's backoff is not another's")
				back := time.Now()
				for find(t, p, kid1) != nil {
					require.LessOrEqual(t, time.Since(back), 10*time.Second)
					time.Sleep(100 * time.Millisecond)
				}
				key, err := p.Key(t.Context(), kid1, jose.ES256)
				require.NoError(t, err)
				require.Equal(t, good.PublicKey(), key)
				require.Zero(t, n.count("http://127.0.0.1/evil")+n.count("http://127.0.0.2:80/evil"), "redirects are not followed")
			})
		})
	}
}

// A known key is used on whatever the server does, up to the hard limit to the
// nanosecond, and refreshed when it is back.
func TestPerKeyBadAnswerWarm(t *testing.T) {
	for name, answer := range badKeys(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const hardTTL = 24 * time.Hour
				b := newBucket()
				b.put(t, newSigner(t, kid1, jose.ES256))
				var log bytes.Buffer
				n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))}, b.ServeHTTP)
				start := time.Now()
				require.NoError(t, find(t, p, kid1))
				if answer != nil {
					h.set(answer)
				}
				n.setDown(answer == nil)
				served := func() {
					t.Helper()
					began := time.Now()
					require.NoError(t, find(t, p, kid1))
					require.Equal(t, began, time.Now(), "no wait for a key that is known")
				}
				time.Sleep(time.Hour - 1)
				served()
				synctest.Wait()
				require.Len(t, n.fetches(), 1, "fresh until then")
				for time.Since(start) < 2*time.Hour {
					time.Sleep(time.Second)
					served()
				}
				synctest.Wait()
				attempts := len(n.fetches())
				require.GreaterOrEqual(t, attempts, 100, "the server is asked on")
				require.LessOrEqual(t, attempts, 260, "every 15 to 30 s")
				lines := strings.Count(log.String(), "\n")
				require.LessOrEqual(t, lines, 61, "a line a minute")
				require.GreaterOrEqual(t, lines, 30)
				for time.Since(start) < hardTTL-20*time.Minute {
					time.Sleep(10 * time.Minute)
					served()
				}
				time.Sleep(time.Until(start.Add(hardTTL - 1)))
				served()
				synctest.Wait()
				time.Sleep(time.Nanosecond)
				require.ErrorIs(t, find(t, p, kid1), keyset.ErrUnavailable, "a withdrawn key must not outlive the hard limit")

				n.setDown(false)
				h.set(b.ServeHTTP)
				back := time.Now()
				for find(t, p, kid1) != nil {
					require.LessOrEqual(t, time.Since(back), 10*time.Second)
					time.Sleep(100 * time.Millisecond)
				}
			})
		})
	}
}

// A key that is refreshed is fresh again, and an exchanged one is noticed.
func TestPerKeyRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.put(t, newSigner(t, kid1, jose.ES256))
		n, _, p := newPerKeyStage(t, keyset.PerKeyConfig{}, after(4*time.Second, b.ServeHTTP))
		require.NoError(t, find(t, p, kid1))
		next := newSigner(t, kid1, jose.ES256)
		b.put(t, next)
		time.Sleep(time.Hour)
		askAtOnce(t, p, kid1)
		time.Sleep(5 * time.Second)
		key, err := p.Key(t.Context(), kid1, jose.ES256)
		require.NoError(t, err)
		require.Equal(t, next.PublicKey(), key)
		require.Len(t, n.fetches(), 2, "of many that find a stale key one starts a refresh")
	})
}

// A key that its issuer withdraws verifies until the refresh that its first use after
// an hour starts is done.
func TestPerKeyWithdrawn(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket()
				b.put(t, newSigner(t, kid1, jose.ES256))
				n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{}, b.ServeHTTP)
				require.NoError(t, find(t, p, kid1))
				h.set(after(roundTrip, say(status, "application/xml", "<Error/>")))
				time.Sleep(time.Hour - 1)
				require.NoError(t, find(t, p, kid1))
				time.Sleep(time.Nanosecond)
				require.NoError(t, find(t, p, kid1), "stale keys serve while they are refreshed")
				time.Sleep(roundTrip + 1)
				for range 59 {
					require.ErrorIs(t, find(t, p, kid1), jose.ErrUnknownKey)
					time.Sleep(time.Second)
				}
				require.Len(t, n.fetches(), 2)
				h.set(b.ServeHTTP)
				time.Sleep(time.Second)
				require.NoError(t, find(t, p, kid1), "it is back")
			})
		})
	}
}

// That a key does not exist is remembered for a minute, and costs no log line: anybody
// can ask for one.
func TestPerKeyAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		var log bytes.Buffer
		n, _, p := newPerKeyStage(t, keyset.PerKeyConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))}, b.ServeHTTP)
		for range 60 {
			err := find(t, p, kid1)
			require.ErrorIs(t, err, jose.ErrUnknownKey)
			require.NotErrorIs(t, err, keyset.ErrUnavailable)
			time.Sleep(time.Second)
		}
		require.Len(t, n.fetches(), 1)
		require.ErrorIs(t, find(t, p, kid1), jose.ErrUnknownKey)
		require.Len(t, n.fetches(), 2)
		b.put(t, newSigner(t, kid1, jose.ES256))
		time.Sleep(time.Minute)
		require.NoError(t, find(t, p, kid1))
		require.Empty(t, log.String())
	})
}

func TestPerKeyClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.put(t, newSigner(t, kid1, jose.ES256))
		var log bytes.Buffer
		n, h, p := newPerKeyStage(t, keyset.PerKeyConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))}, b.ServeHTTP)
		require.NoError(t, find(t, p, kid1))
		h.set(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		waiting := make(chan error, 1)
		go func() { waiting <- find(t, p, kid2) }()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, p.Close())
		require.NoError(t, p.Close(), "closing twice is fine")
		require.True(t, isOnly(<-waiting, keyset.ErrUnavailable))
		require.Zero(t, time.Since(start))
		for range 3 {
			require.NoError(t, find(t, p, kid1), "known keys outlive Close")
			require.ErrorIs(t, find(t, p, randomUUID()), keyset.ErrUnavailable)
			require.ErrorIs(t, find(t, p, kid2), keyset.ErrUnavailable)
			time.Sleep(time.Hour)
		}
		require.Len(t, n.fetches(), 2, "none starts after Close")
		require.Empty(t, log.String(), "closing is no fault of the server's")
	})
}
