package oauthadapter

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	testKey  = []byte("0123456789abcdef0123456789abcdef")
	otherKey = []byte("fedcba9876543210fedcba9876543210")
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestState(t *testing.T) {
	codec := newStateCodec([][]byte{testKey}, "demo", "production")
	genuine := codec.create(noon).text
	flip := func(i int) string {
		b := []byte(genuine)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	start := strings.LastIndexByte(genuine, '.') + 1
	tests := []struct {
		name  string
		codec stateCodec
		text  string
		at    time.Time
		want  error
	}{
		{"genuine", codec, genuine, noon, nil},
		{"at the last moment", codec, genuine, noon.Add(attemptLifetime), nil},
		{"too late", codec, genuine, noon.Add(attemptLifetime + time.Second), errStateExpired},
		{"from the future", codec, genuine, noon.Add(-2 * time.Minute), errStateExpired},
		{"clock a little behind", codec, genuine, noon.Add(-time.Second), nil},
		{"empty", codec, "", noon, errStateForged},
		{"environment alone", codec, "production.", noon, errStateForged},
		{"other environment", codec, "development" + genuine[start-1:], noon, errStateForged},
		{"no environment", codec, genuine[start-1:], noon, errStateForged},
		{"random bytes changed", codec, flip(start), noon, errStateForged},
		{"time changed", codec, flip(start + 30), noon, errStateForged},
		{"MAC changed", codec, flip(start + 50), noon, errStateForged},
		{"cut", codec, genuine[:len(genuine)-1], noon, errStateForged},
		{"longer", codec, genuine + "A", noon, errStateForged},
		{"padded", codec, genuine + "=", noon, errStateForged},
		{"huge", codec, strings.Repeat("a", 1<<20) + genuine, noon, errStateForged},
		{"another provider's", newStateCodec([][]byte{testKey}, "other", "production"), genuine, noon, errStateForged},
		{"another secret's", newStateCodec([][]byte{otherKey}, "demo", "production"), genuine, noon, errStateForged},
		{"the old secret's", newStateCodec([][]byte{otherKey, testKey}, "demo", "production"), genuine, noon, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := tt.codec.parse(tt.text, tt.at)
			require.ErrorIs(t, err, tt.want)
			if err != nil {
				require.Zero(t, s)
			}
		})
	}
}

func TestStateSaysNothing(t *testing.T) {
	codec := newStateCodec([][]byte{testKey}, "demo", "")
	seen := make(map[string]bool)
	for range 10_000 {
		s := codec.create(noon)
		require.False(t, seen[s.text])
		seen[s.text] = true
		require.Len(t, s.text, 76)
	}
}

// FuzzState: nothing but what create made is ever accepted, and it is read back as it was made.
func FuzzState(f *testing.F) {
	codec := newStateCodec([][]byte{testKey}, "demo", "a.b")
	// The same in every worker: each is a process of its own.
	var raw [stateSize]byte
	binary.BigEndian.PutUint64(raw[stateIDSize:], uint64(noon.Unix()))
	copy(raw[stateIDSize+8:], codec.mac(testKey, raw[:stateIDSize+8]))
	genuine := state{text: "a.b." + base64Text(raw[:]), made: time.Unix(noon.Unix(), 0)}
	f.Add(genuine.text)
	f.Add("")
	f.Add("a.b.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := codec.parse(text, noon)
		if err != nil {
			require.Zero(t, s)
			return
		}
		require.Equal(t, genuine, s, "accepted a state that was never made: %q", text)
	})
}

// FuzzAttempt: reading what was sealed gives back what was written; reading anything else gives an error and nothing else.
func FuzzAttempt(f *testing.F) {
	f.Add(attempt{flow: flow{origin: "https://a", redirectURL: "https://a/b"}, scopes: []string{"x", "y"}, nonce: "n", verifier: "v", issuer: "i", issuerRequired: true}.marshal())
	f.Add([]byte{})
	f.Add([]byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := unmarshalAttempt(b)
		if err != nil {
			return
		}
		again, err := unmarshalAttempt(a.marshal())
		require.NoError(t, err)
		require.Equal(t, a, again)
	})
}

// FuzzSession is FuzzAttempt for sessions.
func FuzzSession(f *testing.F) {
	s := storedSession{id: "id", generation: 3, created: noon, granted: []string{"a", "b"},
		session: Session{AccessToken: "at", TokenType: "Bearer", IDToken: "it", RefreshToken: "rt", ExpiresAt: noon, Subject: "sub"}}
	f.Add(s.marshal(noon))
	f.Add([]byte{})
	f.Add([]byte{2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, seen, err := unmarshalSession(b)
		if err != nil {
			require.Nil(t, s)
			return
		}
		again, seenAgain, err := unmarshalSession(s.marshal(seen))
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, seen, seenAgain)
	})
}

// FuzzScope: what is accepted holds only scope tokens, each once, and reads the same again.
func FuzzScope(f *testing.F) {
	for _, seed := range []string{"", "openid email", "a,b|c", "a\tb", "a\"b", "ü", "a  b a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scopes, err := parseScope(text)
		if err != nil {
			require.Nil(t, scopes)
			return
		}
		for i, s := range scopes {
			require.NotEmpty(t, s)
			require.NotContains(t, scopes[:i], s)
			require.NotContains(t, s, " ")
		}
		again, err := parseScope(strings.Join(scopes, " "))
		require.NoError(t, err)
		require.Equal(t, scopes, again)
	})
}

func TestUsedStates(t *testing.T) {
	codec := newStateCodec([][]byte{testKey}, "demo", "")
	var u usedStates
	first := codec.create(noon)
	require.True(t, u.use(first, noon))
	require.False(t, u.use(first, noon))
	require.False(t, u.use(first, noon.Add(attemptLifetime)), "remembered for as long as the state itself is good")

	for range maxUsedStates + 10 {
		require.True(t, u.use(codec.create(noon), noon))
	}
	require.LessOrEqual(t, len(u.order), maxUsedStates)
	require.Len(t, u.used, len(u.order))

	later := noon.Add(attemptLifetime + time.Second)
	require.True(t, u.use(codec.create(later), later))
	require.Len(t, u.used, 1, "expired ones are forgotten")
}

// TestStateHasOneSpelling: even a strict decoder skips line breaks. One state in 256 could be spelt with one in place of its last byte.
func TestStateHasOneSpelling(t *testing.T) {
	codec := newStateCodec([][]byte{testKey}, "demo", "")
	for {
		s := codec.create(noon)
		raw, err := base64.RawURLEncoding.DecodeString(s.text[1:])
		require.NoError(t, err)
		if raw[len(raw)-1] != 0 {
			continue
		}
		_, err = codec.parse(s.text[:len(s.text)-1]+"\n", noon)
		require.ErrorIs(t, err, errStateForged)
		return
	}
}

// TestUsedStatesClockSetBack: what was used stays used.
func TestUsedStatesClockSetBack(t *testing.T) {
	codec := newStateCodec([][]byte{testKey}, "demo", "")
	var u usedStates
	s := codec.create(noon)
	require.True(t, u.use(s, noon))
	require.True(t, u.use(codec.create(noon), noon.Add(-time.Hour)))
	require.False(t, u.use(s, noon.Add(-time.Hour)))
	require.False(t, u.use(s, noon))
}

// TestCutStateIsBounded: what peeks at an environment in front of a codec's own bounds has one too.
func TestCutStateIsBounded(t *testing.T) {
	environment := strings.Repeat("e", 64)
	s := newStateCodec([][]byte{testKey}, "demo", environment).create(noon)
	got, _, ok := cutState(s.text)
	require.True(t, ok, "the longest environment there is")
	require.Equal(t, environment, got)
	_, _, ok = cutState(strings.Repeat("e", 1000) + s.text)
	require.False(t, ok)
}
