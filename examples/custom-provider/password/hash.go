package password

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
)

// What a guess costs whoever has stolen the hashes: PBKDF2 with HMAC-SHA-512 (RFC 8018 section 5.2), and no fewer iterations than OWASP
// recommends for it. It is in the standard library; argon2id, of golang.org/x/crypto, costs an attacker more.
const (
	iterations = 220_000
	saltSize   = 16
	keySize    = 32
	hashPrefix = "pbkdf2-sha512$220000$"

	// maxPassword is no limit for people, but one for those who would have us hash a novel.
	maxPassword = 1024
)

// Hash is the salted hash of a password. All cost the same: one that was cheaper would tell by its time who has an account.
type Hash struct {
	salt [saltSize]byte
	key  [keySize]byte
}

// NewHash hashes a password under a new salt.
func NewHash(password string) (Hash, error) {
	if password == "" || len(password) > maxPassword {
		return Hash{}, fmt.Errorf("password: a password has 1 to %d bytes", maxPassword)
	}
	var h Hash
	rand.Read(h.salt[:])
	key, err := derive(password, h.salt)
	copy(h.key[:], key)
	return h, err
}

// ParseHash reads what [Hash.Encode] wrote.
func ParseHash(text string) (Hash, error) {
	rest, ok := strings.CutPrefix(text, hashPrefix)
	salt, key, _ := strings.Cut(rest, "$")
	s, errSalt := base64.RawStdEncoding.Strict().DecodeString(salt)
	k, errKey := base64.RawStdEncoding.Strict().DecodeString(key)
	if !ok || errSalt != nil || errKey != nil || len(s) != saltSize || len(k) != keySize {
		return Hash{}, errors.New("password: not a hash of this kind") // what it is stays out of logs
	}
	return Hash{salt: [saltSize]byte(s), key: [keySize]byte(k)}, nil
}

// Encode returns the hash as text, to be stored.
func (h Hash) Encode() string {
	return hashPrefix + base64.RawStdEncoding.EncodeToString(h.salt[:]) + "$" + base64.RawStdEncoding.EncodeToString(h.key[:])
}

// Format implements [fmt.Formatter], so that a hash is never printed.
func (Hash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

func derive(password string, salt [saltSize]byte) ([]byte, error) {
	return pbkdf2.Key(sha512.New, password, salt[:], iterations, keySize)
}

// checker checks passwords, a few at a time: each costs a core for a good part of a second, and whoever sends a flood of guesses must not
// have them all.
type checker struct {
	nobody Hash // of no password, for names that nobody has
	slots  chan struct{}
}

// maxWait is for a slot.
const maxWait = 5 * time.Second

func newChecker() *checker {
	c := &checker{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	rand.Read(c.nobody.salt[:])
	rand.Read(c.nobody.key[:])
	return c
}

// check reports whether the password is that of the hash.
func (c *checker) check(ctx context.Context, h Hash, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return false, &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "busy", Err: ctx.Err()}
	}
	sound := password != "" && len(password) <= maxPassword
	if !sound {
		password = "x"
	}
	key, err := derive(password, h.salt)
	if err != nil {
		return false, fmt.Errorf("password: %w", err)
	}
	return subtle.ConstantTimeCompare(key, h.key[:]) == 1 && sound, nil
}
