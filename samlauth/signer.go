package samlauth

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signatureMethod is what every identity provider can verify.
const signatureMethod = dsig.RSASHA256SignatureMethod

// signer signs our requests with RSA and SHA-256.
type signer struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// signText signs a query.
func (s *signer) signText(text string) ([]byte, error) {
	sum := sha256.Sum256([]byte(text))
	signature, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("samlauth: sign a request: %w", err)
	}
	return signature, nil
}

// sign puts an enveloped signature into a message, after its Issuer, where the schema wants it.
func (s *signer) sign(message *etree.Element) (*etree.Element, error) {
	dc, err := dsig.NewSigningContext(s.key, [][]byte{s.certificate.Raw})
	if err != nil {
		return nil, fmt.Errorf("samlauth: sign a request: %w", err)
	}
	dc.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := dc.SetSignatureMethod(signatureMethod); err != nil {
		return nil, fmt.Errorf("samlauth: sign a request: %w", err)
	}
	// The canonical form is made in place, and drops declarations that only the rest of the document needs.
	signature, err := dc.ConstructSignature(message.Copy(), true)
	if err != nil {
		return nil, fmt.Errorf("samlauth: sign a request: %w", err)
	}
	signed := message.Copy()
	issuer := 0
	for i, c := range signed.Child {
		if el, ok := c.(*etree.Element); ok && el.Tag == "Issuer" {
			issuer = i + 1
		}
	}
	signed.InsertChildAt(issuer, signature)
	return signed, nil
}
