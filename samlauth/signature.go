package samlauth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	envelopedSignature = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

	digestSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	digestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	digestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	digestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// signatureAlgorithm returns the algorithm of an identifier. There is no HMAC among them: with one, an identity provider's public key would
// be the secret.
func signatureAlgorithm(id string, sha1 bool) (x509.SignatureAlgorithm, error) {
	switch id {
	case dsig.RSASHA256SignatureMethod:
		return x509.SHA256WithRSA, nil
	case dsig.RSASHA384SignatureMethod:
		return x509.SHA384WithRSA, nil
	case dsig.RSASHA512SignatureMethod:
		return x509.SHA512WithRSA, nil
	case dsig.ECDSASHA256SignatureMethod:
		return x509.ECDSAWithSHA256, nil
	case dsig.ECDSASHA384SignatureMethod:
		return x509.ECDSAWithSHA384, nil
	case dsig.ECDSASHA512SignatureMethod:
		return x509.ECDSAWithSHA512, nil
	case dsig.RSASHA1SignatureMethod:
		if sha1 {
			return x509.SHA1WithRSA, nil
		}
		return 0, refuse(CodeSHA1, errors.New("samlauth: signature with SHA-1"))
	}
	return 0, refuse(CodeAlgorithm, fmt.Errorf("samlauth: signature method %.100q", id))
}

// verifier checks enveloped signatures of one identity provider. The cryptography and the canonical form are goxmldsig's; what is allowed to
// reach it is decided here.
type verifier struct {
	certificates []*x509.Certificate
	sha1         bool
	now          time.Time
}

// verify returns what the signature in el covers, read anew from the bytes that were verified, so that nothing of the document as it was
// sent can be taken for it. el has no ancestors that matter: it is detached first.
func (v verifier) verify(el *etree.Element) (*etree.Element, error) {
	alone := detach(el)
	signature, err := child(alone, nsDSig, dsig.SignatureTag)
	if err != nil || signature == nil {
		return nil, refuse(CodeSignatureMalformed, fmt.Errorf("samlauth: %s has not one signature", el.Tag))
	}
	if err := v.checkSignature(alone, signature); err != nil {
		return nil, err
	}
	// The key is the metadata's. A certificate that comes along is at best the same.
	if info, _ := child(signature, nsDSig, dsig.KeyInfoTag); info != nil {
		signature.RemoveChild(info)
	}
	failure := errors.New("samlauth: no certificate that is valid now")
	for _, cert := range v.certificates {
		if v.now.Before(cert.NotBefore) || v.now.After(cert.NotAfter) {
			continue
		}
		verified, err := v.verifyWith(alone, cert)
		if err == nil {
			return verified, nil
		}
		failure = err
	}
	return nil, refuse(CodeSignatureInvalid, fmt.Errorf("samlauth: %s: %w", el.Tag, failure))
}

func (v verifier) verifyWith(el *etree.Element, cert *x509.Certificate) (*etree.Element, error) {
	el = el.Copy()
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
		signature, _ := child(el, nsDSig, dsig.SignatureTag)
		value, _ := child(signature, nsDSig, dsig.SignatureValueTag)
		raw, err := decodeBase64(value)
		if err != nil {
			return nil, err
		}
		der, err := ecdsaDER(key, raw)
		if err != nil {
			return nil, err
		}
		value.SetText(base64.StdEncoding.EncodeToString(der))
	}
	dc := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	dc.Clock = dsig.NewFakeClockAt(v.now)
	verified, err := dc.Validate(el)
	if err != nil {
		return nil, errors.New("the signature does not verify") // the library's text may hold the document's
	}
	return verified, nil
}

// checkSignature takes the one form that SAML allows (SAML core section 5.4): one reference, to the element that the signature is in, with
// the enveloped-signature transform and exclusive canonicalization. Any other transform or a second reference would let it cover less than
// the reader reads.
func (v verifier) checkSignature(el, signature *etree.Element) error {
	shape := func(parent *etree.Element, tags ...string) ([]*etree.Element, error) {
		found := parent.ChildElements()
		names := make([]string, len(found))
		for i, c := range found {
			if c.NamespaceURI() == nsDSig {
				names[i] = c.Tag
			}
		}
		if !slices.Equal(names, tags) {
			return nil, refuse(CodeSignatureMalformed, fmt.Errorf("samlauth: %s has %.200q", parent.Tag, strings.Join(names, " ")))
		}
		return found, nil
	}
	if prefixedAttribute(signature) {
		return refuse(CodeSignatureMalformed, errors.New("samlauth: an attribute of a foreign namespace in the signature"))
	}
	tags := []string{dsig.SignedInfoTag, dsig.SignatureValueTag}
	if len(children(signature, nsDSig, dsig.KeyInfoTag)) == 1 {
		tags = append(tags, dsig.KeyInfoTag)
	}
	parts, err := shape(signature, tags...)
	if err != nil {
		return err
	}
	if _, err := decodeBase64(parts[1]); err != nil {
		return refuse(CodeSignatureMalformed, err)
	}
	info, err := shape(parts[0], dsig.CanonicalizationMethodTag, dsig.SignatureMethodTag, dsig.ReferenceTag)
	if err != nil {
		return err
	}
	if err := checkCanonicalization(info[0]); err != nil {
		return err
	}
	if len(info[1].ChildElements()) > 0 {
		return refuse(CodeSignatureMalformed, errors.New("samlauth: a parameter of the signature method"))
	}
	if _, err := signatureAlgorithm(info[1].SelectAttrValue("Algorithm", ""), v.sha1); err != nil {
		return err
	}

	reference := info[2]
	id, _ := attr(el, "ID")
	uri, ok := attr(reference, "URI")
	// An empty reference is to the whole document, whatever that is by now.
	if !ok || !validNCName(id) || uri != "#"+id {
		return refuse(CodeSignatureReference, fmt.Errorf("samlauth: reference %.100q in the element %.100q", uri, id))
	}
	parts, err = shape(reference, dsig.TransformsTag, dsig.DigestMethodTag, "DigestValue")
	if err != nil {
		return err
	}
	transforms, err := shape(parts[0], dsig.TransformTag, dsig.TransformTag)
	if err != nil {
		return err
	}
	if transforms[0].SelectAttrValue("Algorithm", "") != envelopedSignature || len(transforms[0].ChildElements()) > 0 {
		return refuse(CodeSignatureMalformed, errors.New("samlauth: the first transform is not enveloped-signature"))
	}
	if err := checkCanonicalization(transforms[1]); err != nil {
		return err
	}
	switch digest := parts[1].SelectAttrValue("Algorithm", ""); {
	case digest == digestSHA256, digest == digestSHA384, digest == digestSHA512, digest == digestSHA1 && v.sha1:
		return nil
	case digest == digestSHA1:
		return refuse(CodeSHA1, errors.New("samlauth: digest with SHA-1"))
	default:
		return refuse(CodeAlgorithm, fmt.Errorf("samlauth: digest method %.100q", digest))
	}
}

// prefixedAttribute finds attributes that goxmldsig, which looks at local names, could take for the signature's own.
func prefixedAttribute(el *etree.Element) bool {
	for _, a := range el.Attr {
		if a.Space != "" && a.Space != "xmlns" {
			return true
		}
	}
	return slices.ContainsFunc(el.ChildElements(), prefixedAttribute)
}

// checkCanonicalization takes exclusive canonicalization, which goxmldsig can do. With or without comments is the same where there are none.
func checkCanonicalization(el *etree.Element) error {
	switch algorithm := el.SelectAttrValue("Algorithm", ""); algorithm {
	case nsExcC14N, nsExcC14N + "WithComments":
	default:
		return refuse(CodeSignatureMalformed, fmt.Errorf("samlauth: canonicalization %.100q", algorithm))
	}
	for _, c := range el.ChildElements() {
		if !is(c, nsExcC14N, "InclusiveNamespaces") {
			return refuse(CodeSignatureMalformed, errors.New("samlauth: a parameter of the canonicalization"))
		}
	}
	return nil
}

// verifyQuery checks the signature of the redirect binding over the query as it was sent (SAML bindings section 3.4.4.1).
func (v verifier) verifyQuery(signed, algorithm string, signature []byte) error {
	id, err := signatureAlgorithm(algorithm, v.sha1)
	if err != nil {
		return err
	}
	for _, cert := range v.certificates {
		if v.now.Before(cert.NotBefore) || v.now.After(cert.NotAfter) {
			continue
		}
		value := signature
		if key, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
			if value, err = ecdsaDER(key, signature); err != nil {
				continue
			}
		}
		if cert.CheckSignature(id, []byte(signed), value) == nil {
			return nil
		}
	}
	return refuse(CodeSignatureInvalid, errors.New("samlauth: the signature of the query does not verify"))
}

// ecdsaDER converts an ECDSA signature of XML, two numbers of fixed size one after the other (XML Signature 1.1 section 6.4.3), to the form
// that crypto/x509 and goxmldsig verify.
func ecdsaDER(key *ecdsa.PublicKey, raw []byte) ([]byte, error) {
	size := (key.Params().BitSize + 7) / 8
	if len(raw) != 2*size {
		return nil, errors.New("the signature has not the size of an ECDSA signature")
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])})
}

// decodeBase64 decodes the text of an element, in which XML allows white space.
func decodeBase64(el *etree.Element) ([]byte, error) {
	s, ok := text(el)
	if !ok {
		return nil, fmt.Errorf("samlauth: %s holds more than text", el.Tag)
	}
	compact := bytes.Join(bytes.Fields([]byte(s)), nil)
	data, err := base64.StdEncoding.Strict().AppendDecode(nil, compact)
	if err != nil || len(data) == 0 {
		return nil, fmt.Errorf("samlauth: %s is not base64", el.Tag)
	}
	return data, nil
}
