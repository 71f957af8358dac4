package tokenissuer

import (
	"encoding/json"
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
// process, before anybody has fetched anything from it; or the first one after nobody issued a token or fetched the
// keys for so long (at least 30 % of a period and grace) that nobody can have a fresh copy, since either would have
// made the successor in time.
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
	public jose.PublicKey
	jwk    jose.JWK
	signer *jose.Signer // nil if the private half is not ours

	created, activates, retires, expires time.Time
	signsUntil                           time.Time // the last time at which a token that it signs expires before it does; only for ours
}

// storedKey is the Data of a [KeyRecord]. Times are in seconds since the epoch.
type storedKey struct {
	Version   int      `json:"v"`
	JWK       jose.JWK `json:"jwk"`
	Created   int64    `json:"created"`
	Activates int64    `json:"activates"`
	Retires   int64    `json:"retires"`
	Expires   int64    `json:"expires"`
}

const storedKeyVersion = 1

// generateKey makes a key that begins to sign at activates.
func generateKey(created, activates time.Time, period, ttl time.Duration) (*key, error) {
	private, err := jose.GenerateKey(algorithm)
	if err != nil {
		return nil, err
	}
	kid, err := jose.Thumbprint(private.Public()) // RFC 7638: no two keys share it, and it needs no counter
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(private, algorithm, kid)
	if err != nil {
		return nil, err
	}
	jwk, err := jose.NewJWK(signer.PublicKey())
	if err != nil {
		return nil, err
	}
	k := &key{public: signer.PublicKey(), jwk: jwk, signer: signer, created: created, activates: activates}
	k.retires = activates.Add(period)
	k.signsUntil = k.retires.Add(grace)
	k.expires = k.signsUntil.Add(ttl + skew)
	return k, nil
}

// renewal is when the successor is made: at 70 % of the period.
func (k *key) renewal() time.Time {
	return k.activates.Add(k.retires.Sub(k.activates) / 10 * 7)
}

func (k *key) record() (KeyRecord, error) {
	data, err := json.Marshal(storedKey{Version: storedKeyVersion, JWK: k.jwk, Created: k.created.Unix(),
		Activates: k.activates.Unix(), Retires: k.retires.Unix(), Expires: k.expires.Unix()})
	if err != nil {
		return KeyRecord{}, err
	}
	return KeyRecord{ID: k.public.KeyID, Data: data, Expires: k.expires}, nil
}

// readKey reads another replica's key.
func readKey(r KeyRecord) (*key, error) {
	var s storedKey
	if err := jose.UnmarshalStrict(r.Data, &s); err != nil {
		return nil, err
	}
	if s.Version != storedKeyVersion {
		return nil, fmt.Errorf("version %d is not known", s.Version)
	}
	public, err := s.JWK.PublicKey()
	if err != nil {
		return nil, err
	}
	if public.KeyID == "" || public.KeyID != r.ID {
		return nil, errors.New("kid is not the record's ID")
	}
	// Not Algorithm alone: a key without one would be published as fit for any.
	if public.Algorithm != algorithm || !public.Fits(algorithm) {
		return nil, fmt.Errorf("algorithm %q", public.Algorithm)
	}
	jwk, err := jose.NewJWK(public)
	if err != nil {
		return nil, err
	}
	return &key{public: public, jwk: jwk, created: time.Unix(s.Created, 0), activates: time.Unix(s.Activates, 0),
		retires: time.Unix(s.Retires, 0), expires: time.Unix(s.Expires, 0)}, nil
}
