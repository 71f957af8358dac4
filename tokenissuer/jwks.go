package tokenissuer

import (
	"net/http"
	"time"

	"example.com/stagedoor/internal/jose"
)

// publicKey is a key as it is published (RFC 7517). It has no member that could hold a private half.
type publicKey struct {
	KeyType   string         `json:"kty"`
	Curve     string         `json:"crv,omitempty"`
	X         string         `json:"x,omitempty"`
	Y         string         `json:"y,omitempty"`
	N         string         `json:"n,omitempty"`
	E         string         `json:"e,omitempty"`
	KeyID     string         `json:"kid"`
	Algorithm jose.Algorithm `json:"alg"`
	Use       string         `json:"use"`
}

// newJWKS writes the keys. With a maxAge of zero or less nobody may keep the set.
func newJWKS(keys []*key, maxAge time.Duration) (*document, error) {
	set := struct {
		Keys []publicKey `json:"keys"`
	}{make([]publicKey, len(keys))}
	for i, k := range keys {
		set.Keys[i] = publicKey{KeyType: k.jwk.KeyType, Curve: k.jwk.Curve, X: k.jwk.X, Y: k.jwk.Y, N: k.jwk.N, E: k.jwk.E,
			KeyID: k.jwk.KeyID, Algorithm: k.jwk.Algorithm, Use: k.jwk.Use}
	}
	return newDocument(set, maxAge)
}

// ServeJWKS implements [authprovider.JWKSServer]. Caches may keep the answer for five minutes; every key but the first of a
// process has been in it for at least ten before it signs.
func (i *Issuer) ServeJWKS(w http.ResponseWriter, r *http.Request) error {
	s, err := i.keys.current(r.Context(), i.clock.now())
	if err != nil {
		return err
	}
	s.jwks.serve(w, r)
	return nil
}
