package samlauth_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

const (
	xmlenc   = "http://www.w3.org/2001/04/xmlenc#"
	xmlenc11 = "http://www.w3.org/2009/xmlenc11#"
)

// envelope says how a test encrypts an assertion: by algorithms that crypto and not the library under test provides.
type envelope struct {
	method        string // of the content
	transport     string
	digest        string // of the transport; "" for none
	mgf           string
	hash, mgfHash crypto.Hash
	beside        bool // the key is beside the data, and not in it
	for_          keyPair
	plaintext     func(assertion string) string
}

func (e envelope) encrypt(t testing.TB, assertion *etree.Element) *etree.Element {
	t.Helper()
	text := xml(assertion)
	if e.plaintext != nil {
		text = e.plaintext(text)
	}
	key := make([]byte, map[string]int{"128": 16, "192": 24, "256": 32}[regexp.MustCompile(`\d{3}`).FindString(e.method[len(xmlenc):])])
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	var data []byte
	if strings.HasSuffix(e.method, "gcm") {
		aead, err := cipher.NewGCM(block)
		require.NoError(t, err)
		nonce := make([]byte, aead.NonceSize())
		_, _ = rand.Read(nonce)
		data = aead.Seal(nonce, nonce, []byte(text), nil)
	} else {
		padding := aes.BlockSize - len(text)%aes.BlockSize
		padded := append([]byte(text), make([]byte, padding)...)
		padded[len(padded)-1] = byte(padding)
		data = make([]byte, aes.BlockSize+len(padded))
		_, _ = rand.Read(data[:aes.BlockSize])
		cipher.NewCBCEncrypter(block, data[:aes.BlockSize]).CryptBlocks(data[aes.BlockSize:], padded)
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, &e.for_.key.PublicKey, key, &rsa.OAEPOptions{Hash: e.hash, MGFHash: e.mgfHash})
	require.NoError(t, err)

	transport := `<xenc:EncryptionMethod Algorithm="` + e.transport + `">`
	if e.digest != "" {
		transport += `<ds:DigestMethod xmlns:ds="` + nsDS + `" Algorithm="` + e.digest + `"/>`
	}
	if e.mgf != "" {
		transport += `<x11:MGF xmlns:x11="` + xmlenc11 + `" Algorithm="` + e.mgf + `"/>`
	}
	encryptedKey := `<xenc:EncryptedKey xmlns:xenc="` + xmlenc + `">` + transport + `</xenc:EncryptionMethod>` + cipherData(wrapped) + `</xenc:EncryptedKey>`
	info := ""
	if !e.beside {
		info = `<ds:KeyInfo xmlns:ds="` + nsDS + `">` + encryptedKey + `</ds:KeyInfo>`
		encryptedKey = ""
	}
	return parse(`<saml:EncryptedAssertion` + saml2 + `><xenc:EncryptedData xmlns:xenc="` + xmlenc + `" Type="` + xmlenc + `Element">` +
		`<xenc:EncryptionMethod Algorithm="` + e.method + `"/>` + info + cipherData(data) + `</xenc:EncryptedData>` + encryptedKey + `</saml:EncryptedAssertion>`)
}

func cipherData(data []byte) string {
	return `<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(data) + `</xenc:CipherValue></xenc:CipherData>`
}

// usual is what most identity providers do.
func usual(t testing.TB) envelope {
	return envelope{method: xmlenc11 + "aes256-gcm", transport: xmlenc + "rsa-oaep-mgf1p", digest: nsDS + "sha1", hash: crypto.SHA1, mgfHash: crypto.SHA1, for_: keys(t, 1)}
}

// encrypted has the plain assertion of an answer encrypted in this way.
func encrypted(change func(*envelope)) func(testing.TB, *etree.Element) {
	return func(t testing.TB, response *etree.Element) {
		e := usual(t)
		if change != nil {
			change(&e)
		}
		assertion := find(response, "./Assertion")
		response.AddChild(e.encrypt(t, assertion))
		response.RemoveChild(assertion)
	}
}

func TestEncryptedAssertions(t *testing.T) {
	r := newRig(t, withKey(t))
	plain := samlauthtest.Behavior{PlainAssertion: true, UnsignedResponse: true}
	for name, change := range map[string]func(*envelope){
		"Keycloak":                           nil,
		"Entra and ADFS":                     func(e *envelope) { e.method = xmlenc + "aes256-cbc" },
		"AES-128-CBC":                        func(e *envelope) { e.method = xmlenc + "aes128-cbc" },
		"AES-192-CBC":                        func(e *envelope) { e.method = xmlenc + "aes192-cbc" },
		"AES-128-GCM":                        func(e *envelope) { e.method = xmlenc11 + "aes128-gcm" },
		"AES-192-GCM":                        func(e *envelope) { e.method = xmlenc11 + "aes192-gcm" },
		"key beside the data":                func(e *envelope) { e.beside = true },
		"no digest method":                   func(e *envelope) { e.digest = "" },
		"OAEP with SHA-256, mask with SHA-1": func(e *envelope) { e.digest, e.hash = xmlenc+"sha256", crypto.SHA256 },
		"OAEP of XML Encryption 1.1": func(e *envelope) {
			e.transport, e.digest, e.hash = xmlenc11+"rsa-oaep", xmlenc+"sha256", crypto.SHA256
			e.mgf, e.mgfHash = xmlenc11+"mgf1sha256", crypto.SHA256
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.T = t
			r.log.Reset()
			require.Empty(t, r.post(hostile{behavior: plain, sent: encrypted(change)}).Code(), r.log.Text())
		})
	}
}

func TestHostileEncryption(t *testing.T) {
	plain := samlauthtest.Behavior{PlainAssertion: true, UnsignedResponse: true}
	flip := func(path string, at int) func(testing.TB, *etree.Element) {
		return func(t testing.TB, response *etree.Element) {
			encrypted(func(e *envelope) { e.method = xmlenc + "aes256-cbc" })(t, response)
			value := find(response, path)
			data, err := base64.StdEncoding.DecodeString(value.Text())
			require.NoError(t, err)
			data[(at+len(data))%len(data)] ^= 1
			value.SetText(base64.StdEncoding.EncodeToString(data))
		}
	}
	edited := func(change func(*etree.Element)) func(testing.TB, *etree.Element) {
		return func(t testing.TB, response *etree.Element) {
			encrypted(nil)(t, response)
			change(find(response, "./EncryptedAssertion"))
		}
	}
	inside := func(change func(string) string) func(testing.TB, *etree.Element) {
		return encrypted(func(e *envelope) { e.plaintext = change })
	}
	const value = "./EncryptedAssertion/EncryptedData/CipherData/CipherValue"
	r := newRig(t, withKey(t))
	for _, h := range []hostile{
		{name: "for somebody else", behavior: plain, sent: encrypted(func(e *envelope) { e.for_ = keys(t, 2) })},
		{name: "changed at the beginning", behavior: plain, sent: flip(value, 0)},
		{name: "changed in the middle", behavior: plain, sent: flip(value, 500)},
		{name: "changed at the end", behavior: plain, sent: flip(value, -1)},
		{name: "another key", behavior: plain, sent: flip("./EncryptedAssertion//EncryptedKey/CipherData/CipherValue", 0)},
		{name: "GCM tag changed", behavior: plain, sent: edited(func(el *etree.Element) {
			v := find(el, "./EncryptedData/CipherData/CipherValue")
			data, _ := base64.StdEncoding.DecodeString(v.Text())
			data[len(data)-1] ^= 1
			v.SetText(base64.StdEncoding.EncodeToString(data))
		})},
		{name: "too short", behavior: plain, sent: edited(setText("./EncryptedData/CipherData/CipherValue", "AAAA"))},
		{name: "no blocks", behavior: plain, sent: edited(func(el *etree.Element) {
			find(el, "./EncryptedData/EncryptionMethod").CreateAttr("Algorithm", xmlenc+"aes256-cbc")
			find(el, "./EncryptedData/CipherData/CipherValue").SetText("AAAA")
		})},
		{name: "no ciphertext", behavior: plain, sent: edited(remove("./EncryptedData/CipherData"))},
		{name: "ciphertext elsewhere", behavior: plain, sent: edited(func(el *etree.Element) {
			remove("./EncryptedData/CipherData/CipherValue")(el)
			add("./EncryptedData/CipherData", `<xenc:CipherReference xmlns:xenc="`+xmlenc+`" URI="http://127.0.0.1:1/x"/>`)(el)
		})},
		{name: "RSA PKCS #1 v1.5", behavior: plain, sent: edited(attribute(".//EncryptedKey/EncryptionMethod", "Algorithm", xmlenc+"rsa-1_5"))},
		{name: "Triple DES", behavior: plain, sent: edited(attribute("./EncryptedData/EncryptionMethod", "Algorithm", xmlenc+"tripledes-cbc"))},
		{name: "no encryption", behavior: plain, sent: edited(attribute("./EncryptedData/EncryptionMethod", "Algorithm", ""))},
		{name: "a key of another size", behavior: plain, sent: edited(attribute("./EncryptedData/EncryptionMethod", "Algorithm", xmlenc11+"aes128-gcm"))},
		{name: "a label", behavior: plain, sent: edited(add(".//EncryptedKey/EncryptionMethod", `<xenc:OAEPparams xmlns:xenc="`+xmlenc+`">AAAA</xenc:OAEPparams>`))},
		{name: "two keys", behavior: plain, sent: edited(func(el *etree.Element) { el.AddChild(find(el, ".//EncryptedKey").Copy()) })},
		{name: "no key", behavior: plain, sent: edited(remove("./EncryptedData/KeyInfo"))},
		{name: "two data", behavior: plain, sent: edited(func(el *etree.Element) { el.AddChild(find(el, "./EncryptedData").Copy()) })},
		{name: "unsigned inside", behavior: samlauthtest.Behavior{PlainAssertion: true, UnsignedAssertion: true}, sent: func(t testing.TB, el *etree.Element) {
			encrypted(nil)(t, without(el, "./Signature"))
		}},
		{name: "signed by another key inside", behavior: samlauthtest.Behavior{PlainAssertion: true, UnsignedResponse: true, ForeignKey: true}, sent: encrypted(nil)},
		{name: "document type inside", behavior: plain, sent: inside(func(s string) string { return `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + s })},
		{name: "comment inside", behavior: plain, sent: inside(replace(">jane-1<", ">jane-1<!-- --><"))},
		{name: "not XML inside", behavior: plain, sent: inside(func(string) string { return "hello" })},
		{name: "something else inside", behavior: plain, sent: inside(func(s string) string { return "<x>" + s + "</x>" })},
		{name: "an assertion around the signed one inside", behavior: plain, sent: inside(func(s string) string {
			a := parse(s)
			e := without(evil(a), "./Signature")
			e.AddChild(a)
			return xml(e)
		})},
		{name: "a signature elsewhere inside", behavior: plain, sent: inside(func(s string) string {
			a := parse(s)
			signature := find(a, "./Signature")
			a.RemoveChild(signature)
			find(a, "./Subject").AddChild(signature)
			return xml(a)
		})},
	} {
		t.Run(h.name, func(t *testing.T) {
			r.T = t
			h.code = samlauth.CodeEncryption // one for all: which step failed would tell what is inside
			r.refused(h)
		})
	}
	r = newRig(t, nil)
	r.refused(hostile{behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: encrypted(nil), code: samlauth.CodeEncryptionUnexpected})
}
