package tokenissuer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/stagedoor/internal/jose"
)

// storedKey is the text in the Data of a [KeyRecord]. Times are in seconds since the epoch.
type storedKey struct {
	Version   int      `json:"v"`
	JWK       jose.JWK `json:"jwk"`
	Created   int64    `json:"created"`
	Activates int64    `json:"activates"`
	Retires   int64    `json:"retires"`
	Expires   int64    `json:"expires"`
	// Private is the private half (PKCS #8), sealed; absent if it never left the process that made it.
	Private []byte `json:"private,omitempty"`
}

const (
	storedKeyVersion = 1
	maxRecordData    = 8 << 10
)

// errForeign means that a record was not written under one of our secrets.
var errForeign = errors.New("the record's authentication code does not verify")

// recordCodec writes and reads records. Data is a MAC and a text: with write access to the store alone nobody can add a key, change how
// long one lives, or move a row to another ID. Private halves are encrypted in the text, with the kid as associated data.
type recordCodec struct{ keys []recordKeys }

// recordKeys are derived from one secret.
type recordKeys struct {
	mac  []byte
	aead cipher.AEAD
}

// newRecordCodec: the first of secrets writes, all read.
func newRecordCodec(secrets [][]byte) (*recordCodec, error) {
	c := new(recordCodec)
	for _, secret := range secrets {
		mac, err := hkdf.Key(sha256.New, secret, nil, "stagedoor/1 tokenissuer record mac", sha256.Size)
		if err != nil {
			return nil, err
		}
		seal, err := hkdf.Key(sha256.New, secret, nil, "stagedoor/1 tokenissuer private key", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(seal)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		c.keys = append(c.keys, recordKeys{mac: mac, aead: aead})
	}
	return c, nil
}

// write returns the record of k under the given ID, with its private half if that is to be shared.
func (c *recordCodec) write(id string, k *key, shared bool) (KeyRecord, error) {
	s := storedKey{Version: storedKeyVersion, JWK: k.jwk, Created: k.created.Unix(),
		Activates: k.activates.Unix(), Retires: k.retires.Unix(), Expires: k.expires.Unix()}
	if shared {
		private, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return KeyRecord{}, err
		}
		s.Private = c.keys[0].aead.Seal(nil, nil, private, []byte(k.public.KeyID))
	}
	text, err := json.Marshal(s)
	if err != nil {
		return KeyRecord{}, err
	}
	r := KeyRecord{ID: id, Expires: k.expires}
	r.Data = append(c.keys[0].sum(r, text), text...)
	return r, nil
}

// read returns the key of a record, with its private half if that is shared and wanted. The error is errForeign if the record may have
// been written by anybody.
func (c *recordCodec) read(r KeyRecord, private bool) (*key, error) {
	if len(r.Data) < sha256.Size || len(r.Data) > maxRecordData {
		return nil, errForeign
	}
	mac, text := r.Data[:sha256.Size], r.Data[sha256.Size:]
	for _, keys := range c.keys {
		if hmac.Equal(mac, keys.sum(r, text)) {
			return readKey(keys, text, private)
		}
	}
	return nil, errForeign
}

func readKey(keys recordKeys, text []byte, private bool) (*key, error) {
	var s storedKey
	if err := jose.UnmarshalStrict(text, &s); err != nil {
		return nil, err
	}
	if s.Version != storedKeyVersion {
		return nil, fmt.Errorf("version %d is not known", s.Version)
	}
	public, err := s.JWK.PublicKey()
	if err != nil {
		return nil, err
	}
	// Not Algorithm alone: a key without one would be published as fit for any.
	if public.KeyID == "" || !isKnownAlgorithm(public.Algorithm) || !public.Fits(public.Algorithm) {
		return nil, fmt.Errorf("kid %q with algorithm %q", public.KeyID, public.Algorithm)
	}
	jwk, err := jose.NewJWK(public)
	if err != nil {
		return nil, err
	}
	k := &key{public: public, jwk: jwk, created: time.Unix(s.Created, 0), activates: time.Unix(s.Activates, 0),
		retires: time.Unix(s.Retires, 0), expires: time.Unix(s.Expires, 0)}
	if s.Private == nil || !private {
		return k, nil
	}
	pkcs8, err := keys.aead.Open(nil, nil, s.Private, []byte(public.KeyID))
	if err != nil {
		return nil, errors.New("the private key does not open")
	}
	if err := k.setPrivate(pkcs8); err != nil {
		return nil, err
	}
	return k, nil
}

// sum authenticates all of a record: each part with its length, so that no two records have the same text.
func (k recordKeys) sum(r KeyRecord, text []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(r.ID)))
	h.Write(n[:])
	h.Write([]byte(r.ID))
	binary.BigEndian.PutUint64(n[:], uint64(r.Expires.Unix()))
	h.Write(n[:])
	h.Write(text)
	return h.Sum(nil)
}

// randomSecret is for a store that dies with the process.
func randomSecret() []byte {
	secret := make([]byte, minSecretLength)
	rand.Read(secret)
	return secret
}
