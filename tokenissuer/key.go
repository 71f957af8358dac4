package tokenissuer

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"example.com/stagedoor/internal/jose"
)

// The life of a key, in order: created, and served from then on; activates, when it begins to sign; retires, when its
// successor takes over; expires, when nothing that it signed is valid any more and it is no longer served.
//
// Proof that no verifier misses a key: it serves whatever it fetched for at most jwksMaxAge, a key is served for lead
// before it signs, and lead is longer. Only a key that has no predecessor signs at once. That is the first one of a
// process, before anybody has fetched anything from it; the one after a key that was revoked; or the first one after
// nobody issued a token or fetched the keys, or the store was down, for at least 30 % of a period and grace. Then too
// nobody has a fresh copy: what is published without a successor may be kept no longer than its last key signs.
const (
	jwksMaxAge = 5 * time.Minute
	// lead is twice jwksMaxAge, and as long as Backstage backends keep keys, whatever Cache-Control says.
	lead = 10 * time.Minute
	// grace is for how long a key goes on signing if its successor could not be made in time.
	grace = time.Hour
	// skew is for how long a key is served after the last token that it signed has expired: verifiers' clocks and leeways
	// differ, and caches live for jwksMaxAge.
	skew = 15 * time.Minute
)

// key is one key of the ring. It is immutable.
type key struct {
	public  jose.PublicKey
	jwk     jose.JWK
	private crypto.Signer // nil if the private half is not ours
	signer  *jose.Signer  // of private

	created, activates, retires, expires time.Time
}

// generateKey makes a key that begins to sign at activates.
func generateKey(alg jose.Algorithm, created, activates time.Time, period, ttl time.Duration) (*key, error) {
	private, err := jose.GenerateKey(alg)
	if err != nil {
		return nil, err
	}
	kid, err := jose.Thumbprint(private.Public()) // RFC 7638: no two keys share it, and it needs no counter
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(private, alg, kid)
	if err != nil {
		return nil, err
	}
	jwk, err := jose.NewJWK(signer.PublicKey())
	if err != nil {
		return nil, err
	}
	// Records keep whole seconds, and all replicas must read the same.
	k := &key{public: signer.PublicKey(), jwk: jwk, private: private, signer: signer, created: created.Truncate(time.Second), activates: activates.Truncate(time.Second)}
	k.retires = k.activates.Add(period.Truncate(time.Second))
	k.expires = k.retires.Add(grace + ttl + skew)
	return k, nil
}

// setPrivate gives a key that was read its private half, if it is that.
func (k *key) setPrivate(pkcs8 []byte) error {
	private, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return errors.New("the private key is not PKCS #8") // without what was read
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return fmt.Errorf("a private key of type %T", private)
	}
	s, err := jose.NewSigner(signer, k.public.Algorithm, k.public.KeyID)
	if err != nil {
		return err
	}
	if own, err := jose.NewJWK(s.PublicKey()); err != nil || own != k.jwk {
		return errors.New("the private key belongs to another public key")
	}
	k.private, k.signer = signer, s
	return nil
}

// signsUntil is the last time at which the key signs.
func (k *key) signsUntil() time.Time { return k.retires.Add(grace) }

// lastExpiry is when the last token that the key may sign expires: later, some verifiers would find the token alive and the key gone. It
// matters for a key that was made when Config.TTL was shorter.
func (k *key) lastExpiry() time.Time { return k.expires.Add(-skew) }

// renewal is when the successor is made: at 70 % of the period.
func (k *key) renewal() time.Time {
	return k.activates.Add(k.retires.Sub(k.activates) / 10 * 7)
}

// before orders keys by when they begin to sign.
func (k *key) before(other *key) bool {
	if k.activates.Equal(other.activates) {
		return k.public.KeyID < other.public.KeyID
	}
	return k.activates.Before(other.activates)
}
