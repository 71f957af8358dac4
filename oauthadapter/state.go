package oauthadapter

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/cookies"
)

const (
	// attemptLifetime is how long a person may take at the provider.
	attemptLifetime = 10 * time.Minute

	stateIDSize  = 16
	stateSize    = stateIDSize + 8 + sha256.Size
	maxStateSize = 64 + 1 + 75 + 8
)

var (
	errStateForged  = errors.New("oauthadapter: state was not made here")
	errStateExpired = errors.New("oauthadapter: state has expired")
)

// stateInvalid is what the person is told of a state that was not made here.
func stateInvalid(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "state_invalid", Err: err,
		Message: "This sign-in did not begin here. Please go back to the app and try again."}
}

// state is the state parameter: it names an attempt and says nothing about it. What the attempt is about lies in the attempt's
// cookie. The MAC tells a forgery from a browser that did not send its cookie, so that the two get different answers.
type state struct {
	text string
	id   [stateIDSize]byte
	made time.Time
}

// stateCodec makes and checks the states of one provider and environment.
type stateCodec struct {
	keys        [][]byte // the first signs, all verify
	environment string
	place       []byte
}

func newStateCodec(keys [][]byte, provider, environment string) stateCodec {
	return stateCodec{keys: keys, environment: environment, place: cookies.Place("state", provider, environment)}
}

// create makes a state: "<environment>.<base64url(16 random bytes, time, MAC)>".
func (c stateCodec) create(now time.Time) state {
	var raw [stateSize]byte
	rand.Read(raw[:stateIDSize])
	binary.BigEndian.PutUint64(raw[stateIDSize:], uint64(now.Unix()))
	copy(raw[stateIDSize+8:], c.mac(c.keys[0], raw[:stateIDSize+8]))
	return state{
		text: c.environment + "." + base64Text(raw[:]),
		id:   [stateIDSize]byte(raw[:stateIDSize]),
		made: time.Unix(now.Unix(), 0),
	}
}

// parse checks a state: first who made it, then for whom, then when.
func (c stateCodec) parse(text string, now time.Time) (state, error) {
	environment, encoded, ok := cutState(text)
	if !ok || environment != c.environment {
		return state{}, errStateForged
	}
	var raw [stateSize]byte
	if strictBase64.DecodedLen(len(encoded)) != stateSize {
		return state{}, errStateForged
	}
	// Even the strict decoder skips line breaks, so count: a state has one spelling.
	if n, err := strictBase64.Decode(raw[:], []byte(encoded)); err != nil || n != stateSize {
		return state{}, errStateForged
	}
	genuine := false
	for _, key := range c.keys {
		genuine = genuine || hmac.Equal(raw[stateIDSize+8:], c.mac(key, raw[:stateIDSize+8]))
	}
	if !genuine {
		return state{}, errStateForged
	}
	s := state{text: text, id: [stateIDSize]byte(raw[:stateIDSize]), made: time.Unix(int64(binary.BigEndian.Uint64(raw[stateIDSize:])), 0)}
	if age := now.Sub(s.made); age > attemptLifetime || age < -time.Minute {
		return state{}, errStateExpired
	}
	return s, nil
}

func (c stateCodec) mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(c.place)
	h.Write(message)
	return h.Sum(nil)
}

// cutState splits a state, which is not verified by that, into environment and the rest. The environment may hold dots.
func cutState(text string) (environment, encoded string, ok bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 || len(text) > maxStateSize {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}
