package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

var errOracleSignature = errors.New("bad signature")

// oracleVerify verifies by the letter of RFC 7518 section 3 and RFC 8017. RSA is done
// here by hand, ECDSA by way of DER.
func oracleVerify(alg string, key crypto.PublicKey, signed string, signature []byte) error {
	h := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[len(alg)-3:]]
	var digest []byte
	if h != 0 {
		d := h.New()
		d.Write([]byte(signed))
		digest = d.Sum(nil)
	}
	switch alg[:2] {
	case "ES":
		key, ok := key.(*ecdsa.PublicKey)
		curve := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg]
		if !ok || key.Curve.Params().Name != curve {
			return errors.New("key does not fit")
		}
		half := map[string]int{"ES256": 32, "ES384": 48, "ES512": 66}[alg]
		if len(signature) != 2*half {
			return errOracleSignature
		}
		der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		if err != nil || !ecdsa.VerifyASN1(key, digest, der) {
			return errOracleSignature
		}
		return nil
	case "RS", "PS":
		key, ok := key.(*rsa.PublicKey)
		if !ok || key.N == nil || key.N.BitLen() < 2048 || key.N.BitLen() > 8192 || key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0 {
			return errors.New("key does not fit")
		}
		// RFC 8017 section 5.2.2.
		size := (key.N.BitLen() + 7) / 8
		s := new(big.Int).SetBytes(signature)
		if len(signature) != size || s.Cmp(key.N) >= 0 {
			return errOracleSignature
		}
		power := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N)
		if alg[:2] == "PS" {
			return emsaPSS(h, digest, power, key.N.BitLen()-1)
		}
		// RFC 8017 section 9.2: the whole encoding is compared.
		prefix := map[crypto.Hash]string{
			crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
			crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
			crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
		}[h]
		tail := append([]byte(prefix), digest...)
		want := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(tail)), []byte{0}, tail)
		if !bytes.Equal(power.FillBytes(make([]byte, size)), want) {
			return errOracleSignature
		}
		return nil
	case "Ed":
		key, ok := key.(ed25519.PublicKey)
		if !ok || len(key) != 32 {
			return errors.New("key does not fit")
		}
		if ed25519.VerifyWithOptions(key, []byte(signed), signature, &ed25519.Options{}) != nil {
			return errOracleSignature
		}
		return nil
	}
	return fmt.Errorf("unknown algorithm %q", alg)
}

// emsaPSS is EMSA-PSS-VERIFY of RFC 8017 section 9.1.2 with a salt as long as the hash.
func emsaPSS(h crypto.Hash, digest []byte, message *big.Int, bits int) error {
	length, size := (bits+7)/8, h.Size()
	if message.BitLen() > 8*length {
		return errOracleSignature
	}
	em := message.FillBytes(make([]byte, length))
	if length < 2*size+2 || em[length-1] != 0xbc {
		return errOracleSignature
	}
	masked, seed := em[:length-size-1], em[length-size-1:length-1]
	unused := byte(0xff << (8 - (8*length - bits)))
	if masked[0]&unused != 0 {
		return errOracleSignature
	}
	db := bytes.Clone(masked)
	for i, counter := 0, uint32(0); i < len(db); counter++ { // MGF1
		d := h.New()
		d.Write(seed)
		d.Write(binary.BigEndian.AppendUint32(nil, counter))
		for _, b := range d.Sum(nil) {
			if i < len(db) {
				db[i] ^= b
				i++
			}
		}
	}
	db[0] &^= unused
	zeros := length - 2*size - 2
	if !bytes.Equal(db[:zeros+1], append(make([]byte, zeros), 1)) {
		return errOracleSignature
	}
	d := h.New()
	d.Write(make([]byte, 8))
	d.Write(digest)
	d.Write(db[zeros+1:])
	if !bytes.Equal(d.Sum(nil), seed) {
		return errOracleSignature
	}
	return nil
}
