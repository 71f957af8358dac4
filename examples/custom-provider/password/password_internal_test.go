package password

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

func TestGuesses(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	g := newGuesses(func() time.Time { return now })
	right, wait := g.take("jane")
	require.Zero(t, wait)
	right() // does not count
	for range maxGuesses {
		_, wait := g.take("jane")
		require.Zero(t, wait)
	}
	_, wait = g.take("jane")
	require.Equal(t, guessWindow, wait)
	_, wait = g.take("joe")
	require.Zero(t, wait, "others are not held up")
	now = now.Add(guessWindow)
	_, wait = g.take("jane")
	require.Zero(t, wait)
}

func TestGuessesAreBounded(t *testing.T) {
	g := newGuesses(time.Now)
	for i := range maxNames + 100 {
		g.take(strconv.Itoa(i))
	}
	require.Len(t, g.byName, maxNames)
}

// TestHashes: round trip, and what is no hash. A hash of no cost would sign in whoever guesses first.
func TestHashes(t *testing.T) {
	h, err := NewHash("correct horse battery staple")
	require.NoError(t, err)
	again, err := ParseHash(h.Encode())
	require.NoError(t, err)
	require.True(t, h == again)
	for _, text := range []string{"", hashPrefix, hashPrefix + "$", h.Encode() + "A", h.Encode()[:len(h.Encode())-1], "pbkdf2-sha512$1$" + h.Encode()[len(hashPrefix):], "$2a$10$abc"} {
		_, err := ParseHash(text)
		require.EqualError(t, err, "password: not a hash of this kind")
	}
	_, err = NewHash("")
	require.Error(t, err)
}

// TestFormCookie: of two cookies one may be an attacker's, and which comes first is the browser's choice.
func TestFormCookie(t *testing.T) {
	const ours, tossed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AAAAAAAAAAAAAAAAAAAAAAAAAA"
	f := &form{cookie: "form"}
	for header, want := range map[string]string{
		"form=" + ours: ours, "": "", "form=" + ours + "; form=" + tossed: "", "form=" + ours + "; form=" + ours: "", "form=": "", "form=" + ours[1:]: "", "form=" + ours[1:] + "1": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		got, err := f.browser(r)
		require.Equal(t, want, got, header)
		require.Equal(t, want == "", err != nil, header)
	}
}

// TestFormToken: a token is good for all that it was made for, and for nothing else.
func TestFormToken(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	newContext := func(id, environment, secret string) *authprovider.ProviderContext {
		pc, err := authprovider.NewProviderContext(authprovider.Config{
			BaseURL: "https://portal.example.com/api/auth", Secrets: [][]byte{[]byte(secret), []byte("an older secret of thirty-two bytes")}, Now: func() time.Time { return now },
		}, id)
		require.NoError(t, err)
		return pc.ForEnvironment(environment)
	}
	const app, browser, other, secret = "https://app.example.com", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "BBCDEFGHIJKLMNOPQRSTUVWXYZ", "the secret of these days, 32 bytes"
	check := func(f *form, token, browser, origin string) error {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.AddCookie(&http.Cookie{Name: f.cookie, Value: browser})
		return f.check(r, token, origin)
	}
	f := newForm(newContext("staff", "main", secret), true)
	token := f.token(browser, app)
	require.NoError(t, check(f, token, browser, app))
	require.NoError(t, check(newForm(newContext("staff", "main", secret), true), token, browser, app), "another replica")
	require.NoError(t, check(f, newForm(newContext("staff", "main", "an older secret of thirty-two bytes"), true).token(browser, app), browser, app), "a rotated secret")

	raw, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	raw[7]++ // lives a second longer
	for name, err := range map[string]error{
		"another browser":      check(f, token, other, app),
		"another app":          check(f, token, browser, "https://portal.example.com"),
		"another provider":     check(newForm(newContext("partners", "main", secret), true), token, browser, app),
		"another environment":  check(newForm(newContext("staff", "test", secret), true), token, browser, app),
		"another secret":       check(newForm(newContext("staff", "main", "a secret of somebody else, 32 bytes"), true), token, browser, app),
		"a longer life":        check(f, base64.RawURLEncoding.EncodeToString(raw), browser, app),
		"the end of the token": check(f, token[:11], browser, app),
		"nothing":              check(f, "", browser, app),
		"no base64":            check(f, "="+token[1:], browser, app),
	} {
		require.ErrorIs(t, err, authprovider.ErrAuthentication, name)
		require.NotContains(t, err.Error(), token[20:])
	}
	require.NotEqual(t, f.cookie, newForm(newContext("staff", "test", secret), true).cookie, "windows of two environments side by side")
	now = now.Add(formLifetime - time.Second)
	require.NoError(t, check(f, token, browser, app))
	now = now.Add(time.Second)
	require.ErrorIs(t, check(f, token, browser, app), authprovider.ErrAuthentication)
}

// FuzzFormToken: no text but a token that was made here is one, and nothing panics.
func FuzzFormToken(f *testing.F) {
	pc, err := authprovider.NewProviderContext(authprovider.Config{BaseURL: "http://localhost:7007/api/auth"}, "staff")
	require.NoError(f, err)
	page := newForm(pc, false)
	const browser, app = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "http://localhost:7007"
	good := page.token(browser, app)
	for _, seed := range []string{"", good, good[:20], good + "=", strings.Repeat("A", len(good)), "AAAA\n"} {
		f.Add(seed, browser, "name=jane&password=x&token="+seed)
	}
	f.Fuzz(func(t *testing.T, token, cookie, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Cookie", page.cookie+"="+cookie)
		if page.check(r, token, app) == nil && token != good {
			t.Errorf("%q counts as a token", token)
		}
		if values, err := parse(body); err == nil {
			for name, v := range values {
				require.Len(t, v, 1, name)
			}
		}
	})
}

// TestCheck: what is close to the password is not the password.
func TestCheck(t *testing.T) {
	checker := newChecker()
	h, err := NewHash("x")
	require.NoError(t, err)
	nearly := h
	nearly.key[keySize-1] ^= 1
	for name, c := range map[string]struct {
		hash     Hash
		password string
		want     bool
	}{
		"right": {h, "x", true}, "none": {h, "", false}, "too long": {h, strings.Repeat("x", maxPassword+1), false},
		"a key that differs at its end": {nearly, "x", false}, "nobody's": {checker.nobody, "x", false},
	} {
		matches, err := checker.check(t.Context(), c.hash, c.password)
		require.NoError(t, err)
		require.Equal(t, c.want, matches, name)
	}
	require.Equal(t, "[redacted]", fmt.Sprintf("%d", h))
}

type oneAccount struct{ hash Hash }

func (a oneAccount) FindAccount(_ context.Context, name string) (Account, Hash, error) {
	if name == "jane" {
		return Account{ID: "17", Name: "jane"}, a.hash, nil
	}
	return Account{}, Hash{}, ErrNoAccount
}

// TestNobodyCostsAHash: a name that nobody has goes through the same check as one that somebody has. Time itself is not measured here: with every
// slot taken, whoever is answered all the same was not checked.
func TestNobodyCostsAHash(t *testing.T) {
	checker := newChecker()
	p := &provider{config: Config{Accounts: oneAccount{}}, checker: checker, guesses: newGuesses(time.Now)}
	for range cap(checker.slots) {
		checker.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"jane", "nobody"} {
		_, err := p.authenticate(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil), name, "guess")
		require.ErrorIs(t, err, authprovider.ErrUnavailable, name)
	}
}

// TestGuessing: after too many guesses even the right password waits, for names that nobody has too.
func TestGuessing(t *testing.T) {
	const secret = "correct horse battery staple"
	hash, err := NewHash(secret)
	require.NoError(t, err)
	now := time.Unix(1_000_000, 0)
	p := &provider{config: Config{Accounts: oneAccount{hash}}, checker: newChecker(), guesses: newGuesses(func() time.Time { return now })}
	guess := func(name, password string) (code, retryAfter string) {
		w := httptest.NewRecorder()
		_, err := p.authenticate(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), name, password)
		if e := (*authprovider.Error)(nil); errors.As(err, &e) {
			return e.Code, w.Header().Get("Retry-After")
		}
		require.NoError(t, err)
		return "", ""
	}
	for _, name := range []string{"jane", "nobody"} {
		for range maxGuesses - 1 { // as if they had been made, which takes seconds
			p.guesses.take(name)
		}
	}
	code, _ := guess("jane", secret)
	require.Empty(t, code, "the right password is no guess")
	for _, name := range []string{"jane", "nobody"} {
		code, _ := guess(name, "guess")
		require.Equal(t, "credentials_wrong", code)
		code, retryAfter := guess(name, secret)
		require.Equal(t, "too_many_attempts", code)
		require.Equal(t, "900", retryAfter)
	}
}
