package samlauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

// XML writes ECDSA signatures as two numbers, and goxmldsig in DER.
func TestECDSASignatures(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		t.Run(name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			require.NoError(t, err)
			template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			require.NoError(t, err)
			certificate, err := x509.ParseCertificate(der)
			require.NoError(t, err)

			doc := etree.NewDocument()
			require.NoError(t, doc.ReadFromString(`<a xmlns="urn:x" ID="_a"><b>text</b></a>`))
			dc, err := dsig.NewSigningContext(key, [][]byte{der})
			require.NoError(t, err)
			dc.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
			require.NoError(t, dc.SetSignatureMethod(dsig.ECDSASHA256SignatureMethod))
			signed, err := dc.SignEnveloped(doc.Root().Copy())
			require.NoError(t, err)
			text, err := serialize(signed)
			require.NoError(t, err)
			signed, err = parseDocument(text, maxMessage, false)
			require.NoError(t, err)
			v := verifier{certificates: []*x509.Certificate{certificate}, now: now}
			_, err = v.verify(signed)
			require.Error(t, err, "DER is not the form of XML")

			value := signed.FindElement(".//SignatureValue")
			signature, err := base64.StdEncoding.DecodeString(value.Text())
			require.NoError(t, err)
			var rs struct{ R, S *big.Int }
			_, err = asn1.Unmarshal(signature, &rs)
			require.NoError(t, err)
			size := (curve.Params().BitSize + 7) / 8
			raw := append(rs.R.FillBytes(make([]byte, size)), rs.S.FillBytes(make([]byte, size))...)
			value.SetText(base64.StdEncoding.EncodeToString(raw))
			verified, err := v.verify(signed)
			require.NoError(t, err)
			require.Equal(t, "text", verified.FindElement("./b").Text())
			require.Nil(t, verified.FindElement("./Signature"))

			raw[0] ^= 1
			value.SetText(base64.StdEncoding.EncodeToString(raw))
			_, err = v.verify(signed)
			require.Error(t, err)
		})
	}
}

func TestUsedAssertionsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var u usedAssertions
	for i := range maxUsedAssertions + 10 {
		require.True(t, u.use(big.NewInt(int64(i)).String(), now.Add(time.Minute), now))
	}
	require.Len(t, u.until, maxUsedAssertions)
	require.False(t, u.use("65000", now.Add(time.Minute), now))
	require.True(t, u.use("x", now.Add(time.Hour), now.Add(2*time.Minute)))
	require.Len(t, u.until, 1, "what has expired is forgotten")
	require.Len(t, u.order, 1)
}
