package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
)

// Verify checks the signature over the bytes as received. The token's algorithm
// must fit the key (see [PublicKey.Fits]); otherwise the error is [ErrAlgorithm]
// or [ErrKey]. A signature that is not the key's is [ErrSignature]. It looks at
// no claim: an expired token verifies.
func (t *Token) Verify(key PublicKey) error {
	return key.Verify(t.header.Algorithm, t.signed, t.signature)
}

// Verify checks a signature made with alg over signed, with the errors of
// [Token.Verify]. What signed says is not looked at.
func (k PublicKey) Verify(alg Algorithm, signed, signature []byte) error {
	if err := k.check(alg); err != nil {
		return err
	}
	ok := false
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		ok = verifyECDSA(key, alg, signed, signature)
	case *rsa.PublicKey:
		ok = verifyRSA(key, alg, signed, signature)
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, signed, signature)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// verifyECDSA takes the signature as R and S of fixed length (RFC 7518 section
// 3.4). Zero values, which verify anything in careless implementations
// (CVE-2022-21449), are refused by crypto/ecdsa.
func verifyECDSA(key *ecdsa.PublicKey, alg Algorithm, signed, signature []byte) bool {
	if len(signature) != 2*fieldSize(key) {
		return false
	}
	var sum [sha512.Size]byte
	return ecdsa.VerifyASN1(key, digest(&sum, alg.hash(), signed), toDER(signature))
}

func verifyRSA(key *rsa.PublicKey, alg Algorithm, signed, signature []byte) bool {
	var sum [sha512.Size]byte
	h := alg.hash()
	switch alg {
	case PS256, PS384, PS512:
		// RFC 7518 section 3.5: the salt is as long as the hash.
		return rsa.VerifyPSS(key, h, digest(&sum, h, signed), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, h, digest(&sum, h, signed), signature) == nil
}

func digest(buf *[sha512.Size]byte, h crypto.Hash, text []byte) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256(text)
		return buf[:copy(buf[:], sum[:])]
	case crypto.SHA384:
		sum := sha512.Sum384(text)
		return buf[:copy(buf[:], sum[:])]
	default:
		*buf = sha512.Sum512(text)
		return buf[:]
	}
}
