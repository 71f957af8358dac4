package tokenissuer

import (
	"time"

	"example.com/stagedoor/internal/jose"
)

// WriteRecord returns the record of a signer's key as a replica with that secret writes it.
func WriteRecord(secret []byte, id string, signer *jose.Signer, expires time.Time) (KeyRecord, error) {
	codec, err := newRecordCodec([][]byte{secret})
	if err != nil {
		return KeyRecord{}, err
	}
	jwk, err := jose.NewJWK(signer.PublicKey())
	if err != nil {
		return KeyRecord{}, err
	}
	return codec.write(id, &key{public: signer.PublicKey(), jwk: jwk, expires: expires}, false)
}
