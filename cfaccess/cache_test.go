package cfaccess_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
)

// sharedCache is a host's Cache that can misbehave and never forgets.
type sharedCache struct {
	mu     sync.Mutex
	values map[string][]byte // guarded by mu
	ttls   []time.Duration   // guarded by mu

	get func(ctx context.Context, kept []byte) ([]byte, error)
	set func(ctx context.Context) error
}

func (c *sharedCache) Get(ctx context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	kept := c.values[key]
	c.mu.Unlock()
	if c.get != nil {
		return c.get(ctx, kept)
	}
	return kept, nil
}

func (c *sharedCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if c.set != nil {
		return c.set(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = make(map[string][]byte)
	}
	c.values[key] = value
	c.ttls = append(c.ttls, ttl)
	return nil
}

func withCache(cache cfaccess.Cache) func(*cfaccess.Config) {
	return func(c *cfaccess.Config) { c.Cache = cache }
}

// Identities are kept for five minutes and never past exp, also by a cache that forgets nothing.
func TestIdentitiesAreKept(t *testing.T) {
	for name, cache := range map[string]cfaccess.Cache{"in memory": nil, "shared": &sharedCache{}} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			a := e.authenticator(withCache(cache))
			token := e.token(e.person(nil))
			require200 := func(token string) cfaccess.Result {
				t.Helper()
				got, err := a.Authenticate(t.Context(), request(header, token))
				require.NoError(t, err)
				require.Equal(t, "Jane Doe", got.Identity.Name)
				require.Len(t, got.Identity.Groups, 2)
				return got
			}
			require200(token)
			e.clock.Advance(5*time.Minute - time.Second)
			got := require200(token)
			require.Equal(t, 1, e.calls(identityURL))
			var more struct{ Version int }
			require.Error(t, got.Identity.Claims(&more), "a name in another case is no match")
			e.clock.Advance(time.Second)
			require200(token)
			require.Equal(t, 2, e.calls(identityURL))

			// A session that was revoked is noticed then.
			e.answer(http.StatusForbidden, "")
			require200(token)
			e.clock.Advance(5 * time.Minute)
			_, err := a.Authenticate(t.Context(), request(header, token))
			require.ErrorIs(t, err, authprovider.ErrAuthentication)

			// Another token of the same person is another session.
			e.serve(e.serveIdentity)
			calls := e.calls(identityURL)
			short := e.token(e.person(claims{"exp": e.clock.Now().Add(2 * time.Minute).Unix()}))
			require200(short)
			require200(short)
			require.Equal(t, calls+1, e.calls(identityURL))
			e.clock.Advance(2*time.Minute + 30*time.Second) // exp has passed; clocks may differ by a minute
			require200(short)
			require200(short)
			require.Equal(t, calls+3, e.calls(identityURL))
		})
	}
}

func TestCacheKeysAndTTLs(t *testing.T) {
	e := newEdge(t)
	cache := &sharedCache{}
	a := e.authenticator(withCache(cache), func(c *cfaccess.Config) { c.Audience = []string{audience, "other"} })
	long := e.token(e.person(nil))
	for _, token := range []string{
		long,
		e.token(e.person(claims{"exp": e.clock.Now().Add(2 * time.Minute).Unix()})),
		e.token(e.person(claims{"aud": "other"})),
	} {
		_, err := a.Authenticate(t.Context(), request(header, token))
		require.NoError(t, err)
	}
	require.Equal(t, []time.Duration{5 * time.Minute, 2 * time.Minute, 5 * time.Minute}, cache.ttls)
	require.Len(t, cache.values, 3)
	for key, value := range cache.values {
		require.Regexp(t, `^cfaccess/identity/v1/[0-9a-f]{64}$`, key)
		for _, part := range strings.Split(long, ".") {
			require.NotContains(t, string(value), part)
		}
	}

	// A second replica shares them, and keeps them no longer than the first.
	calls := e.calls(identityURL)
	second := e.authenticator(withCache(cache))
	for _, step := range []struct {
		after time.Duration
		calls int
	}{{4 * time.Minute, 0}, {time.Minute - time.Second, 0}, {time.Second, 1}} {
		e.clock.Advance(step.after)
		_, err := second.Authenticate(t.Context(), request(header, long))
		require.NoError(t, err)
		require.Equal(t, calls+step.calls, e.calls(identityURL))
	}
}

// What a shared cache answers is checked like what anybody answers, and fetched if it is no good.
func TestACacheIsNotTrusted(t *testing.T) {
	e := newEdge(t)
	now := e.clock.Now()
	at := func(expires time.Time, answer string) []byte {
		return []byte(strconv.FormatInt(expires.Unix(), 10) + "\n" + answer)
	}
	soon := now.Add(time.Minute)
	admin := strings.Replace(janesIdentity, "Finance-Team", "admins", 1)
	for name, test := range map[string]struct {
		value []byte
		err   error
		hit   bool
	}{
		"sound":                {value: at(soon, admin), hit: true},
		"nothing":              {},
		"empty":                {value: []byte{}},
		"no stamp":             {value: []byte(admin)},
		"stamp not a number":   {value: []byte("soon\n" + admin)},
		"stamp overflows":      {value: []byte("99999999999999999999\n" + admin)},
		"expired":              {value: at(now, admin)},
		"expired long ago":     {value: at(now.Add(-time.Hour), admin)},
		"for ever":             {value: at(now.Add(time.Hour), admin)},
		"no answer":            {value: at(soon, "")},
		"not JSON":             {value: at(soon, "<html>")},
		"null":                 {value: at(soon, "null")},
		"member twice":         {value: at(soon, admin[:len(admin)-1]+`,"name":"x"}`)},
		"somebody else":        {value: at(soon, strings.ReplaceAll(admin, email, "admin@example.com"))},
		"somebody else by ID":  {value: at(soon, strings.ReplaceAll(admin, subject, "57cf8cf2"))},
		"balloon":              {value: at(soon, admin+strings.Repeat(" ", 1<<20))},
		"an error":             {err: errors.New("connection refused")},
		"a value and an error": {value: at(soon, admin), err: errors.New("connection reset")},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			cache := &sharedCache{get: func(context.Context, []byte) ([]byte, error) { return test.value, test.err }}
			got, err := e.authenticator(withCache(cache)).Authenticate(t.Context(), request(header, e.token(e.person(nil))))
			require.NoError(t, err)
			if test.hit {
				require.Equal(t, "admins", got.Identity.Groups[0].Name)
				require.Zero(t, e.calls(identityURL))
				return
			}
			require.Equal(t, "Finance-Team", got.Identity.Groups[0].Name)
			require.Equal(t, 1, e.calls(identityURL))
			require.Equal(t, test.err != nil, strings.Contains(e.log.Text(), "Config.Cache failed to get"))
		})
	}
}

// Nothing counts past exp, though a token is taken for a minute more, since clocks differ.
func TestACacheDoesNotOutliveTheToken(t *testing.T) {
	e := newEdge(t)
	exp := e.clock.Now().Add(2 * time.Minute)
	cache := &sharedCache{get: func(context.Context, []byte) ([]byte, error) {
		return []byte(strconv.FormatInt(e.clock.Now().Add(time.Minute).Unix(), 10) + "\n" + janesIdentity), nil
	}}
	a := e.authenticator(withCache(cache))
	token := e.token(e.person(claims{"exp": exp.Unix()}))
	for _, step := range []struct {
		after time.Duration
		calls int
	}{{0, 0}, {2*time.Minute - time.Second, 0}, {time.Second, 1}, {time.Second, 2}} {
		e.clock.Advance(step.after)
		_, err := a.Authenticate(t.Context(), request(header, token))
		require.NoError(t, err)
		require.Equal(t, step.calls, e.calls(identityURL))
	}
}

func TestACacheThatCannotKeep(t *testing.T) {
	e := newEdge(t)
	cache := &sharedCache{set: func(context.Context) error { return errors.New("disk full") }}
	token := e.token(e.person(nil))
	_, err := e.authenticator(withCache(cache)).Authenticate(t.Context(), request(header, token))
	require.NoError(t, err)
	require.Contains(t, e.log.Text(), "disk full")
	portal{edge: e}.requireSilent("", token)
}

// A panic of the host's cache fails one request, on whichever goroutine it happens.
func TestACacheThatPanics(t *testing.T) {
	e := newEdge(t)
	cache := &sharedCache{set: func(context.Context) error { panic("index out of range") }}
	c := e.config()
	c.Cache = cache
	p := newPortal(e, c)
	r := request(header, e.token(e.person(nil)))
	require.Equal(t, http.StatusInternalServerError, p.do(r).StatusCode)
	cache.set = nil
	require.Equal(t, http.StatusOK, p.do(r).StatusCode)
}

func TestNothingIsKeptOfARefusal(t *testing.T) {
	e := newEdge(t)
	cache := &sharedCache{}
	a := e.authenticator(withCache(cache))
	token := e.token(e.person(nil))
	for _, answer := range []string{`{"email":"admin@example.com"}`, `{"err":"no app token set"}`, "<html>"} {
		e.answer(http.StatusOK, answer)
		_, err := a.Authenticate(t.Context(), request(header, token))
		require.Error(t, err)
	}
	require.Empty(t, cache.values)
}
