package keyset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

var _ oidc.KeySet = (*keyset.Remote)(nil)

// issuer publishes a JWK set and counts how often it is asked.
type issuer struct {
	*httptest.Server
	answer  atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int64
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		(*i.answer.Load())(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(h http.HandlerFunc) { i.answer.Store(&h) }

func (i *issuer) publish(t *testing.T, signers ...*jose.Signer) {
	i.serve(serveKeys(t, "", signers...))
}

func serveKeys(t *testing.T, cacheControl string, signers ...*jose.Signer) http.HandlerFunc {
	var set struct {
		Keys []jose.JWK `json:"keys"`
	}
	for _, s := range signers {
		j, err := jose.NewJWK(s.PublicKey())
		require.NoError(t, err)
		set.Keys = append(set.Keys, j)
	}
	body, err := json.Marshal(set)
	require.NoError(t, err)
	return func(w http.ResponseWriter, _ *http.Request) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		w.Write(body)
	}
}

func down(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) }

// clock stands still until it is moved.
func newClock() *authprovidertest.Clock {
	return authprovidertest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
}

func newSigner(t *testing.T, kid string, alg jose.Algorithm) *jose.Signer {
	key, err := jose.GenerateKey(alg)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, alg, kid)
	require.NoError(t, err)
	return s
}

func newRemote(t *testing.T, i *issuer, c *authprovidertest.Clock) *keyset.Remote {
	r, err := keyset.New(keyset.Config{URL: i.URL, Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func find(t *testing.T, keys jose.KeySet, kid string) error {
	_, err := keys.Key(t.Context(), kid, jose.ES256)
	return err
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]keyset.Config{
		"no URL":              {},
		"URL and issuer":      {URL: "https://issuer.example.com/keys", Issuer: "https://issuer.example.com"},
		"issuer, plain http":  {Issuer: "http://issuer.example.com"},
		"issuer, no URL":      {Issuer: "issuer.example.com"},
		"issuer, user":        {Issuer: "https://u:p@issuer.example.com"},
		"issuer, query":       {Issuer: "https://issuer.example.com?a=b"},
		"issuer, empty query": {Issuer: "https://issuer.example.com?"},
		"issuer, fragment":    {Issuer: "https://issuer.example.com#a"},
		"plain http":          {URL: "http://issuer.example.com/keys"},
		"loopback lookalike":  {URL: "http://localhost.example.com/keys"},
		"no host":             {URL: "https:///keys"},
		"relative":            {URL: "/keys"},
		"other scheme":        {URL: "file:///etc/keys"},
		"user":                {URL: "https://u:p@issuer.example.com/keys"},
		"unparsable":          {URL: "https://issuer.example.com/%zz"},
		"unknown algorithm":   {URL: "https://issuer.example.com/keys", Algorithms: []jose.Algorithm{"none"}},
		"negative soft TTL":   {URL: "https://issuer.example.com/keys", SoftTTL: -1},
		"short hard TTL":      {URL: "https://issuer.example.com/keys", HardTTL: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyset.New(c)
			require.Error(t, err)
		})
	}
	for _, url := range []string{"https://issuer.example.com/keys", "http://localhost:1/keys", "http://127.0.0.1/keys", "http://[::1]:1/keys"} {
		_, err := keyset.New(keyset.Config{URL: url})
		require.NoError(t, err, url)
		_, err = keyset.New(keyset.Config{Issuer: url})
		require.NoError(t, err, url)
	}
}

// A known kid costs one fetch in all, and neither bad signatures nor another
// algorithm under it cost more.
func TestKnownKeyIsFetchedOnce(t *testing.T) {
	i, c := newIssuer(t), newClock()
	good, forger := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.ES256)
	i.publish(t, good)
	r := newRemote(t, i, c)
	require.Zero(t, i.fetches.Load(), "construction must not need the network")

	token, err := good.SignJWT("", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(t, err)
	forged, err := forger.SignJWT("", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(t, err)
	for range 100 {
		payload, err := r.VerifySignature(t.Context(), token)
		require.NoError(t, err)
		require.JSONEq(t, `{"sub":"jane"}`, string(payload))
		_, err = r.VerifySignature(t.Context(), forged)
		require.ErrorIs(t, err, jose.ErrSignature)
		key, err := r.Key(t.Context(), "k", jose.RS256)
		require.NoError(t, err)
		require.False(t, key.Fits(jose.RS256))
		c.Advance(time.Second)
	}
	r.Idle()
	require.EqualValues(t, 1, i.fetches.Load())
}

func TestVerifySignatureRefuses(t *testing.T) {
	i, c := newIssuer(t), newClock()
	s := newSigner(t, "k", jose.ES256)
	i.publish(t, s)
	r, err := keyset.New(keyset.Config{URL: i.URL, Now: c.Now, Algorithms: []jose.Algorithm{jose.RS256}})
	require.NoError(t, err)
	token, err := s.SignJWT("", jose.Claim{Name: "sub", Value: "jane"})
	require.NoError(t, err)
	_, err = r.VerifySignature(t.Context(), token)
	require.ErrorIs(t, err, jose.ErrAlgorithm)
	_, err = r.VerifySignature(t.Context(), token+".x")
	require.ErrorIs(t, err, jose.ErrMalformed)
	require.Zero(t, i.fetches.Load(), "nothing is fetched for a token that cannot be good")
}

func TestTokenWithoutKeyID(t *testing.T) {
	i, c := newIssuer(t), newClock()
	ec, rsaKey := newSigner(t, "ec", jose.ES256), newSigner(t, "rsa", jose.RS256)
	i.publish(t, ec, rsaKey)
	r := newRemote(t, i, c)
	key, err := r.Key(t.Context(), "", jose.ES256)
	require.NoError(t, err)
	require.Equal(t, "ec", key.KeyID)
	_, err = r.Key(t.Context(), "", jose.EdDSA)
	require.ErrorIs(t, err, jose.ErrUnknownKey)

	i.publish(t, ec, newSigner(t, "ec2", jose.ES256))
	c.Advance(2 * time.Hour)
	require.NoError(t, find(t, r, "ec"))
	r.Idle()
	_, err = r.Key(t.Context(), "", jose.ES256)
	require.ErrorIs(t, err, jose.ErrUnknownKey, "the token may not choose among several")
}

// 1,000 unknown kids within 10 s cause two fetches at most, good tokens are served
// on, and a key published meanwhile is accepted within 5 s.
func TestUnknownKeyFlood(t *testing.T) {
	i, c := newIssuer(t), newClock()
	old, next := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256)
	i.publish(t, old)
	r := newRemote(t, i, c)
	require.NoError(t, find(t, r, "old"))
	c.Advance(time.Minute)

	before := i.fetches.Load()
	for n := range 1000 {
		require.ErrorIs(t, find(t, r, fmt.Sprint("random-", n)), jose.ErrUnknownKey)
		require.NoError(t, find(t, r, "old"))
		c.Advance(9999 * time.Microsecond)
	}
	require.LessOrEqual(t, i.fetches.Load()-before, int64(2))

	i.publish(t, old, next)
	start := c.Now()
	for find(t, r, "next") != nil {
		require.LessOrEqual(t, c.Now().Sub(start), 5*time.Second)
		c.Advance(100 * time.Millisecond)
	}
}

func TestRotationOnAQuietDay(t *testing.T) {
	i, c := newIssuer(t), newClock()
	old, next := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256)
	i.publish(t, old)
	r := newRemote(t, i, c)
	require.NoError(t, find(t, r, "old"))
	c.Advance(5 * time.Second)
	i.publish(t, next)
	require.NoError(t, find(t, r, "next"))
	require.EqualValues(t, 2, i.fetches.Load())

	c.Advance(5 * time.Second)
	require.ErrorIs(t, find(t, r, "old"), jose.ErrUnknownKey, "a withdrawn key is gone")
}

func TestAbsentKeysAreRemembered(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publish(t, newSigner(t, "k", jose.ES256))
	r := newRemote(t, i, c)
	for range 29 { // the first fetch is the one that did not find it
		require.ErrorIs(t, find(t, r, "stray"), jose.ErrUnknownKey)
		c.Advance(time.Second)
	}
	require.EqualValues(t, 1, i.fetches.Load())
	c.Advance(time.Second)
	require.ErrorIs(t, find(t, r, "stray"), jose.ErrUnknownKey)
	require.EqualValues(t, 2, i.fetches.Load())

	// However many there are, the oldest give way.
	for n := range 1100 {
		require.ErrorIs(t, find(t, r, fmt.Sprint(n)), jose.ErrUnknownKey)
		c.Advance(5 * time.Second)
	}
	require.NoError(t, find(t, r, "k"))
}

// Concurrent callers share one fetch, and the one that started it may leave.
func TestConcurrentCallersShareAFetch(t *testing.T) {
	i, c := newIssuer(t), newClock()
	serve := serveKeys(t, "", newSigner(t, "k", jose.ES256))
	arrived, release := make(chan struct{}), make(chan struct{})
	i.serve(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		serve(w, r)
	})
	r := newRemote(t, i, c)

	ctx, cancel := context.WithCancel(t.Context())
	leader := make(chan error, 1)
	go func() {
		_, err := r.Key(ctx, "k", jose.ES256)
		leader <- err
	}()
	<-arrived
	results := make(chan error, 50)
	for range cap(results) {
		go func() {
			_, err := r.Key(t.Context(), "k", jose.ES256)
			results <- err
		}()
	}
	cancel()
	require.ErrorIs(t, <-leader, context.Canceled)
	close(release)
	for range cap(results) {
		require.NoError(t, <-results)
	}
	require.EqualValues(t, 1, i.fetches.Load())
}

func TestStaleWhileRevalidate(t *testing.T) {
	for _, test := range []struct {
		cacheControl string
		fresh        time.Duration
	}{
		{"", time.Hour},
		{"max-age=1200", 20 * time.Minute},
		{`public, Max-Age="1200", must-revalidate`, 20 * time.Minute},
		{"max-age=1", 5 * time.Minute},
		{"max-age=0", 5 * time.Minute},
		{"no-store", 5 * time.Minute},
		{"max-age=99999999999", 12 * time.Hour}, // half of the hard TTL
		{"max-age=99999999999999999999999", 12 * time.Hour},
		{"max-age=-1", time.Hour},
	} {
		t.Run(test.cacheControl, func(t *testing.T) {
			i, c := newIssuer(t), newClock()
			old, next := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256)
			i.serve(serveKeys(t, test.cacheControl, old))
			r := newRemote(t, i, c)
			require.NoError(t, find(t, r, "old"))

			c.Advance(test.fresh - time.Second)
			require.NoError(t, find(t, r, "old"))
			r.Idle()
			require.EqualValues(t, 1, i.fetches.Load())

			c.Advance(time.Second)
			i.serve(serveKeys(t, test.cacheControl, next))
			require.NoError(t, find(t, r, "old"), "stale keys serve while they are refreshed")
			r.Idle()
			require.EqualValues(t, 2, i.fetches.Load())
			require.ErrorIs(t, find(t, r, "old"), jose.ErrUnknownKey)
			require.NoError(t, find(t, r, "next"))
		})
	}
}

// With the issuer down known keys are used until the hard limit and not a second
// longer; attempts are few and the log is quiet.
func TestOutageWarm(t *testing.T) {
	i, c := newIssuer(t), newClock()
	k := newSigner(t, "k", jose.ES256)
	i.publish(t, k)
	var log bytes.Buffer
	r, err := keyset.New(keyset.Config{URL: i.URL, Now: c.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.NoError(t, find(t, r, "k"))
	i.serve(down)

	for range 24*60 - 1 {
		c.Advance(time.Minute)
		require.NoError(t, find(t, r, "k"))
		r.Idle()
	}
	require.LessOrEqual(t, strings.Count(log.String(), "\n"), 23*60)
	for range 60 {
		c.Advance(time.Second / 2)
		require.NoError(t, find(t, r, "k"))
		require.ErrorIs(t, find(t, r, "unknown"), keyset.ErrUnavailable)
		r.Idle()
	}
	c.Advance(time.Minute)
	require.ErrorIs(t, find(t, r, "k"), keyset.ErrUnavailable)

	i.publish(t, k)
	c.Advance(30 * time.Second)
	require.NoError(t, find(t, r, "k"))
}

func TestFailuresAreLoggedOnceAMinute(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.serve(down)
	var log bytes.Buffer
	r, err := keyset.New(keyset.Config{URL: i.URL, Now: c.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	for range 600 {
		require.ErrorIs(t, find(t, r, "k"), keyset.ErrUnavailable)
		c.Advance(100 * time.Millisecond)
	}
	r.Idle()
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.LessOrEqual(t, i.fetches.Load(), int64(17), "attempts back off")
	require.GreaterOrEqual(t, i.fetches.Load(), int64(8))
}

// With no key at all, callers are answered at once between attempts, and everything
// works within 10 s after the issuer is back.
func TestOutageCold(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.serve(down)
	r := newRemote(t, i, c)
	for range 60 {
		require.ErrorIs(t, find(t, r, "k"), keyset.ErrUnavailable)
		c.Advance(time.Second)
	}
	i.publish(t, newSigner(t, "k", jose.ES256))
	back := c.Now()
	for find(t, r, "k") != nil {
		c.Advance(100 * time.Millisecond)
	}
	require.LessOrEqual(t, c.Now().Sub(back), 10*time.Second)
}

// No bad answer replaces a good one.
func TestBadAnswersKeepTheOldKeys(t *testing.T) {
	good := newSigner(t, "k", jose.ES256)
	elsewhere := newIssuer(t)
	elsewhere.publish(t, newSigner(t, "evil", jose.ES256))
	many := make([]*jose.Signer, 0, 101)
	for n := range 101 {
		many = append(many, newSigner(t, fmt.Sprint(n), jose.ES256))
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"HTML":          text("<html><body>maintenance</body></html>"),
		"empty":         text(""),
		"no set":        text("{}"),
		"array":         text("[]"),
		"null":          text("null"),
		"no keys":       text(`{"keys":[]}`),
		"null keys":     text(`{"keys":null}`),
		"only unusable": text(`{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"AKP"}]}`),
		"keys twice":    text(`{"keys":[],"keys":[]}`),
		"too many keys": serveKeys(t, "", many...),
		"status":        down,
		"created": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			serveKeys(t, "", newSigner(t, "evil", jose.ES256))(w, r)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			for range 50 << 4 {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
					return
				}
			}
		},
		"good but huge": func(w http.ResponseWriter, r *http.Request) {
			serveKeys(t, "", newSigner(t, "evil", jose.ES256))(w, r)
			w.Write(bytes.Repeat([]byte(" "), 1<<20))
		},
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 50 << 4 {
				if _, err := z.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
					return
				}
			}
			z.Close()
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"keys":[`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			i, c := newIssuer(t), newClock()
			i.publish(t, good)
			r := newRemote(t, i, c)
			require.NoError(t, find(t, r, "k"))
			i.serve(answer)
			c.Advance(2 * time.Hour)
			require.NoError(t, find(t, r, "k"))
			r.Idle()
			require.EqualValues(t, 2, i.fetches.Load())
			require.NoError(t, find(t, r, "k"))
			require.ErrorIs(t, find(t, r, "evil"), keyset.ErrUnavailable)
		})
	}
	require.Zero(t, elsewhere.fetches.Load(), "redirects are not followed")
}

// Keys that we cannot use do not cost us those that we can.
func TestForeignKeysAreSkipped(t *testing.T) {
	i, c := newIssuer(t), newClock()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	j, err := jose.NewJWK(newSigner(t, "k", jose.ES256).PublicKey())
	require.NoError(t, err)
	usable, err := json.Marshal(j)
	require.NoError(t, err)
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","kid":"pq"},{"kty":"EC","crv":"secp256k1","kid":"k1"},
			{"kty":"RSA","n":%q,"e":"AQAB","kid":"small"},%s]}`, base64.RawURLEncoding.EncodeToString(small.N.Bytes()), usable)
	})
	r := newRemote(t, i, c)
	require.NoError(t, find(t, r, "k"))
	for _, kid := range []string{"pq", "k1", "small"} {
		require.ErrorIs(t, find(t, r, kid), jose.ErrUnknownKey)
	}
}

func TestClose(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publish(t, newSigner(t, "k", jose.ES256))
	r := newRemote(t, i, c)
	require.NoError(t, find(t, r, "k"))

	arrived := make(chan struct{})
	i.serve(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	c.Advance(time.Minute)
	waiting := make(chan error)
	go func() { waiting <- find(t, r, "next") }()
	<-arrived
	require.NoError(t, r.Close())
	require.ErrorIs(t, <-waiting, keyset.ErrUnavailable)

	c.Advance(time.Minute)
	require.NoError(t, find(t, r, "k"), "known keys outlive Close")
	require.ErrorIs(t, find(t, r, "next"), keyset.ErrUnavailable)
	require.EqualValues(t, 2, i.fetches.Load())
}

// go-oidc's verifier works on top, and the strict front stands before its laxer one.
func TestUnderGoOIDC(t *testing.T) {
	i, c := newIssuer(t), newClock()
	s := newSigner(t, "k", jose.ES256)
	i.publish(t, s)
	r := newRemote(t, i, c)
	v := oidc.NewVerifier("https://issuer.example.com", r, &oidc.Config{ClientID: "app", SupportedSigningAlgs: []string{"ES256"}, Now: c.Now})
	token, err := s.SignJWT("JWT",
		jose.Claim{Name: "iss", Value: "https://issuer.example.com"}, jose.Claim{Name: "aud", Value: "app"},
		jose.Claim{Name: "sub", Value: "jane"}, jose.Claim{Name: "exp", Value: c.Now().Add(time.Hour).Unix()})
	require.NoError(t, err)
	id, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, "jane", id.Subject)
	_, err = v.Verify(t.Context(), token+"\n")
	require.Error(t, err)
}
