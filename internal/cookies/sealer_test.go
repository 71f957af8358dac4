package cookies_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"example.com/stagedoor/internal/cookies"
	"github.com/stretchr/testify/require"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func sealer(t testing.TB, keys ...[]byte) *cookies.Sealer {
	t.Helper()
	s, err := cookies.NewSealer(keys)
	require.NoError(t, err)
	return s
}

func TestNewSealerRefuses(t *testing.T) {
	for name, keys := range map[string][][]byte{
		"nil": nil, "none": {}, "nil key": {nil}, "short": {make([]byte, 31)}, "long": {make([]byte, 33)}, "AES-128": {make([]byte, 16)}, "short second": {key(1), make([]byte, 16)},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := cookies.NewSealer(keys)
			require.ErrorContains(t, err, "cookies: ")
			require.Nil(t, s)
		})
	}
}

func TestSealAndOpen(t *testing.T) {
	s, place := sealer(t, key(1)), cookies.Place("session", "demo")
	for _, n := range []int{0, 1, 15, 16, 17, 1000, 12 << 10} {
		plain := bytes.Repeat([]byte{0xa5}, n)
		text := s.Seal(plain, place)
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, text, "nothing that a cookie could lose")
		got, err := s.Open(text, place)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
		require.NotEqual(t, text, s.Seal(plain, place), "a fresh nonce each time")
	}
	marker := []byte("MARKER-MARKER-MARKER")
	raw, err := base64.RawURLEncoding.DecodeString(s.Seal(marker, place))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "MARKER")
	require.NotContains(t, string(raw), string(key(1)[:8]))
}

func TestOpenRefuses(t *testing.T) {
	s, place := sealer(t, key(1)), cookies.Place("session", "demo", "production")
	text := s.Seal([]byte("secret"), place)
	refuse := func(t *testing.T, s *cookies.Sealer, text string, place []byte) {
		t.Helper()
		got, err := s.Open(text, place)
		require.ErrorIs(t, err, cookies.ErrSealed)
		require.Nil(t, got)
		require.NotContains(t, err.Error(), "secret")
	}
	t.Run("another place", func(t *testing.T) {
		for _, other := range [][]byte{nil, {}, cookies.Place(), cookies.Place("session", "demo"), cookies.Place("session", "demo", "development"), cookies.Place("session", "demoproduction"),
			cookies.Place("session", "demo", "production", ""), cookies.Place("attempt", "demo", "production"), place[1:], append(bytes.Clone(place), 0)} {
			refuse(t, s, text, other)
		}
	})
	t.Run("another key", func(t *testing.T) { refuse(t, sealer(t, key(2), key(3)), text, place) })
	t.Run("truncated", func(t *testing.T) {
		for i := range text {
			refuse(t, s, text[:i], place)
			refuse(t, s, text[i+1:], place)
		}
	})
	t.Run("each byte changed", func(t *testing.T) {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for i := range text {
			for _, c := range []byte(alphabet + "=+/ \r\n\x00%;") {
				if c != text[i] {
					refuse(t, s, text[:i]+string(c)+text[i+1:], place)
				}
			}
		}
	})
	t.Run("each bit flipped", func(t *testing.T) {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		for i := range len(raw) * 8 {
			raw[i/8] ^= 1 << (i % 8)
			refuse(t, s, base64.RawURLEncoding.EncodeToString(raw), place)
			raw[i/8] ^= 1 << (i % 8)
		}
	})
	t.Run("something added", func(t *testing.T) {
		for _, add := range []string{"A", "=", "==", "\n", "\r", "\r\n", " ", ".", "\x00"} {
			refuse(t, s, text+add, place)
			refuse(t, s, add+text, place)
			refuse(t, s, text[:10]+add+text[10:], place)
		}
		refuse(t, s, text+text, place)
	})
	t.Run("never sealed", func(t *testing.T) {
		for _, other := range []string{"", "A", "AAAA", "AAAAAA", strings.Repeat("A", 100), "null", "!!!!", strings.Repeat("A", 1<<20)} {
			refuse(t, s, other, place)
		}
	})
	got, err := s.Open(text, place)
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
}

func TestKeyRotation(t *testing.T) {
	place := cookies.Place("x")
	oldText := sealer(t, key(1)).Seal([]byte("old"), place)
	both := sealer(t, key(2), key(1))
	got, err := both.Open(oldText, place)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))

	// The first key seals: what is new opens when the old key is gone, and not with the old one.
	newText := both.Seal([]byte("new"), place)
	got, err = sealer(t, key(2)).Open(newText, place)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
	_, err = sealer(t, key(1)).Open(newText, place)
	require.ErrorIs(t, err, cookies.ErrSealed)
	_, err = sealer(t, key(2)).Open(oldText, place)
	require.ErrorIs(t, err, cookies.ErrSealed)
	// The same key twice is no error.
	got, err = sealer(t, key(1), key(1)).Open(oldText, place)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
}

func TestSealerConcurrently(t *testing.T) {
	s, place := sealer(t, key(1), key(2)), cookies.Place("x")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				got, err := s.Open(s.Seal([]byte{byte(i)}, place), place)
				if err != nil || len(got) != 1 || got[0] != byte(i) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestPlaceIsInjective(t *testing.T) {
	long := strings.Repeat("a", 300)
	lists := [][]string{nil, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "b", ""}, {"\x01a"}, {"\x01", "a"}, {"a\x01b"}, {"a\x00b"}, {"a", "\x00b"}, {long}, {long, long}, {long + long}, {"a" + long}, {"\xac\x02" + long}}
	seen := map[string][]string{}
	for _, parts := range lists {
		p := string(cookies.Place(parts...))
		require.NotContains(t, seen, p, "%q and %q", seen[p], parts)
		seen[p] = parts
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("a", "b", "ab", "")
	f.Add("\x01", "a", "\x01a", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		require.Equal(t, a == c && b == d, bytes.Equal(cookies.Place(a, b), cookies.Place(c, d)))
		require.NotEqual(t, cookies.Place(a, b), cookies.Place(c))
		require.NotEqual(t, cookies.Place(a, b), cookies.Place(a, b, c))
		require.NotEqual(t, cookies.Place(a+b), cookies.Place(a, b))
	})
}

// sealedPlain is "plain" as key(1) sealed it once for Place("session", "demo"): what is in browsers must open after an update.
const sealedPlain = "cs1uhMyAcc_JuIayMvUNdbb9ip93Wimkmeviqz8ZNQwxkyeCpA"

func TestOpenGolden(t *testing.T) {
	got, err := sealer(t, key(1)).Open(sealedPlain, cookies.Place("session", "demo"))
	require.NoError(t, err)
	require.Equal(t, "plain", string(got))
}

// FuzzOpen: nothing opens but what was sealed, to the byte.
func FuzzOpen(f *testing.F) {
	s, place, text := sealer(f, key(1), key(2)), cookies.Place("session", "demo"), sealedPlain
	f.Add(text, []byte(place))
	f.Add(text+"\n", []byte(place))
	f.Add(text[:len(text)-1], []byte(place))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, in string, at []byte) {
		got, err := s.Open(in, at)
		if in == text && bytes.Equal(at, place) {
			require.NoError(t, err)
			require.Equal(t, "plain", string(got))
			return
		}
		require.ErrorIs(t, err, cookies.ErrSealed)
		require.Nil(t, got)
	})
}
