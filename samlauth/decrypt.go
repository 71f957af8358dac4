package samlauth

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // the digest of RSA-OAEP, where it does not have to resist collisions
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

const (
	rsaOAEPMGF1P = nsXMLEnc + "rsa-oaep-mgf1p"
	rsaOAEP      = nsXMLEnc11 + "rsa-oaep"
)

// decrypt returns the assertion inside an EncryptedAssertion (XML Encryption 1.1). It is our own because crewjam/saml's decrypts neither
// AES-256-GCM, which Keycloak uses, nor safely: it takes RSA PKCS #1 v1.5 (Bleichenbacher) and panics at a ciphertext that is too short.
//
// AES-CBC is taken, since Entra and ADFS know nothing else, though anybody can change what it encrypts: what comes out must be a signed
// assertion, and the caller answers all failures up to that with one code, so that they do not say whether a padding was right.
func decrypt(key *rsa.PrivateKey, encrypted *etree.Element) (*etree.Element, error) {
	data, err := child(encrypted, nsXMLEnc, "EncryptedData")
	if err != nil || data == nil {
		return nil, errors.New("samlauth: no EncryptedData")
	}
	wrapped, err := encryptedKey(encrypted, data)
	if err != nil {
		return nil, err
	}
	secret, err := unwrap(key, wrapped)
	if err != nil {
		return nil, err
	}
	algorithm, ciphertext, err := encryptionParts(data)
	if err != nil {
		return nil, err
	}
	plaintext, err := decryptData(algorithm, secret, ciphertext)
	if err != nil {
		return nil, err
	}
	return parseDocument(plaintext, maxMessage, false)
}

// encryptedKey finds the one key: in the data's KeyInfo, or beside the data.
func encryptedKey(encrypted, data *etree.Element) (*etree.Element, error) {
	keys := children(encrypted, nsXMLEnc, "EncryptedKey")
	for _, info := range children(data, nsDSig, "KeyInfo") {
		keys = append(keys, children(info, nsXMLEnc, "EncryptedKey")...)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("samlauth: %d encrypted keys", len(keys))
	}
	return keys[0], nil
}

func encryptionParts(el *etree.Element) (method *etree.Element, ciphertext []byte, err error) {
	if method, err = child(el, nsXMLEnc, "EncryptionMethod"); err != nil || method == nil {
		return nil, nil, errors.New("samlauth: no EncryptionMethod")
	}
	data, err := child(el, nsXMLEnc, "CipherData")
	if err != nil || data == nil {
		return nil, nil, errors.New("samlauth: no CipherData")
	}
	value, err := child(data, nsXMLEnc, "CipherValue") // a CipherReference would be a URL to fetch
	if err != nil || value == nil {
		return nil, nil, errors.New("samlauth: no CipherValue")
	}
	ciphertext, err = decodeBase64(value)
	return method, ciphertext, err
}

// unwrap decrypts the content key: RSA-OAEP and nothing else.
func unwrap(key *rsa.PrivateKey, el *etree.Element) ([]byte, error) {
	method, ciphertext, err := encryptionParts(el)
	if err != nil {
		return nil, err
	}
	options := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	algorithm := method.SelectAttrValue("Algorithm", "")
	if algorithm != rsaOAEPMGF1P && algorithm != rsaOAEP {
		return nil, fmt.Errorf("samlauth: key transport %.100q", algorithm)
	}
	for _, p := range method.ChildElements() {
		id := p.SelectAttrValue("Algorithm", "")
		switch {
		case is(p, nsDSig, "DigestMethod"):
			options.Hash, err = oaepHash(id)
		case is(p, nsXMLEnc11, "MGF") && algorithm == rsaOAEP:
			options.MGFHash, err = mgfHash(id)
		case is(p, nsXMLEnc, "KeySize"):
		default:
			err = fmt.Errorf("samlauth: parameter %.100q of the key transport", p.Tag)
		}
		if err != nil {
			return nil, err
		}
	}
	secret, err := key.Decrypt(rand.Reader, ciphertext, &options)
	if err != nil {
		return nil, errors.New("samlauth: the content key was not encrypted for us")
	}
	return secret, nil
}

func oaepHash(id string) (crypto.Hash, error) {
	switch id {
	case digestSHA1:
		return crypto.SHA1, nil
	case digestSHA256:
		return crypto.SHA256, nil
	case digestSHA384:
		return crypto.SHA384, nil
	case digestSHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("samlauth: digest %.100q of the key transport", id)
}

func mgfHash(id string) (crypto.Hash, error) {
	switch id {
	case nsXMLEnc11 + "mgf1sha1":
		return crypto.SHA1, nil
	case nsXMLEnc11 + "mgf1sha256":
		return crypto.SHA256, nil
	case nsXMLEnc11 + "mgf1sha384":
		return crypto.SHA384, nil
	case nsXMLEnc11 + "mgf1sha512":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("samlauth: mask generation %.100q of the key transport", id)
}

func decryptData(method *etree.Element, key, ciphertext []byte) ([]byte, error) {
	id := method.SelectAttrValue("Algorithm", "")
	size, gcm := 0, false
	switch id {
	case nsXMLEnc11 + "aes128-gcm":
		size, gcm = 16, true
	case nsXMLEnc11 + "aes192-gcm":
		size, gcm = 24, true
	case nsXMLEnc11 + "aes256-gcm":
		size, gcm = 32, true
	case nsXMLEnc + "aes128-cbc":
		size = 16
	case nsXMLEnc + "aes192-cbc":
		size = 24
	case nsXMLEnc + "aes256-cbc":
		size = 32
	}
	if size == 0 || len(key) != size {
		return nil, fmt.Errorf("samlauth: encryption %.100q with a key of %d bytes", id, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if !gcm {
		return decryptCBC(block, ciphertext)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if len(ciphertext) < aead.NonceSize() {
		return nil, errors.New("samlauth: the ciphertext is too short")
	}
	plaintext, err := aead.Open(nil, ciphertext[:aead.NonceSize()], ciphertext[aead.NonceSize():], nil)
	if err != nil {
		return nil, errors.New("samlauth: the ciphertext was changed")
	}
	return plaintext, nil
}

// decryptCBC undoes the padding of XML Encryption: the last byte is its length, and the others are anything (section 5.2).
func decryptCBC(block cipher.Block, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) < 2*aes.BlockSize || len(ciphertext)%aes.BlockSize != 0 {
		return nil, errors.New("samlauth: the ciphertext has no whole number of blocks")
	}
	plaintext := make([]byte, len(ciphertext)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, ciphertext[:aes.BlockSize]).CryptBlocks(plaintext, ciphertext[aes.BlockSize:])
	padding := int(plaintext[len(plaintext)-1])
	if padding < 1 || padding > aes.BlockSize {
		return nil, errors.New("samlauth: the padding is wrong")
	}
	return plaintext[:len(plaintext)-padding], nil
}
