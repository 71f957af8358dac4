package password

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
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
	for _, text := range []string{"", hashPrefix, hashPrefix + "$", h.Encode() + "A", h.Encode()[:len(h.Encode())-1], "pbkdf2-sha256$1$" + h.Encode()[len(hashPrefix):], "$2a$10$abc"} {
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
	checker, err := newChecker()
	require.NoError(t, err)
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
	checker, err := newChecker()
	require.NoError(t, err)
	now := time.Unix(1_000_000, 0)
	p := &provider{config: Config{Accounts: oneAccount{checker.nobody}}, checker: checker, guesses: newGuesses(func() time.Time { return now })}
	for _, name := range []string{"jane", "nobody"} {
		for range maxGuesses { // as if they had been made, which takes seconds
			p.guesses.take(name)
		}
		w := httptest.NewRecorder()
		_, err := p.authenticate(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), name, "guess")
		var e *authprovider.Error
		require.True(t, errors.As(err, &e))
		require.Equal(t, "too_many_attempts", e.Code)
		require.Equal(t, "900", w.Header().Get("Retry-After"))
	}
}
