package samlauth

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/samlauth/samlauthtest"
)

// genuine is a signed response, and what reads it.
type genuine struct {
	reader   func() *responseReader
	idp      *identityProvider
	response string
	request  string
}

func newGenuine(t testing.TB) genuine {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	key, certificate := samlauthtest.NewKeyPair(t, now)
	g := genuine{idp: &identityProvider{entityID: "https://idp.example.com", certificates: []*x509.Certificate{certificate}}, request: "_request"}
	g.reader = func() *responseReader {
		return &responseReader{
			entityID: "https://sp.example.com", acsURL: "https://sp.example.com/acs", skew: time.Minute, key: key,
			now: func() time.Time { return now }, used: &usedAssertions{},
		}
	}
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromString(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a" Version="2.0" IssueInstant="2026-11-22T09:00:00Z">`+
		`<saml:Issuer>https://idp.example.com</saml:Issuer>`+
		`<saml:Subject><saml:NameID>jane</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`+
		`<saml:SubjectConfirmationData InResponseTo="_request" Recipient="https://sp.example.com/acs" NotOnOrAfter="2026-11-22T09:05:00Z"/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotOnOrAfter="2026-11-22T09:05:00Z"><saml:AudienceRestriction><saml:Audience>https://sp.example.com</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant="2026-11-22T09:00:00Z" SessionIndex="s"/>`+
		`<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>jane@example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`+
		`</saml:Assertion>`))
	signed, err := (&signer{key: key, certificate: certificate}).sign(doc.Root())
	require.NoError(t, err)
	text, err := serialize(signed)
	require.NoError(t, err)
	g.response = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" InResponseTo="_request" Destination="https://sp.example.com/acs">` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` + string(text) + `</samlp:Response>`
	return g
}

// FuzzResponse: whatever is done to a signed response, it is refused or says what was signed.
func FuzzResponse(f *testing.F) {
	g := newGenuine(f)
	p, err := g.reader().read(g.idp, []byte(g.response), g.request)
	require.NoError(f, err)
	require.Equal(f, "jane", p.NameID.Value)

	f.Add(g.response)
	start := strings.Index(g.response, "<saml:Assertion")
	end := strings.Index(g.response, "</samlp:Response>")
	f.Add(g.response[:end] + g.response[start:])                                  // two
	f.Add(g.response[:start] + "<saml:EncryptedAssertion/>" + g.response[start:]) // an undeclared prefix
	f.Add(strings.Replace(g.response, ">jane<", ">jane<!-- x -->evil<", 1))       // a comment
	f.Add(strings.Replace(g.response, ">jane<", "><![CDATA[jane]]><", 1))         // another spelling of the same
	f.Add(strings.Replace(g.response, ">jane<", ">&#106;ane<", 1))                // and another
	f.Add(`<!DOCTYPE a [<!ENTITY x "y">]>` + g.response)
	f.Fuzz(func(t *testing.T, document string) {
		got, err := g.reader().read(g.idp, []byte(document), g.request)
		if err != nil {
			require.Equal(t, Profile{}, got, "nothing beside an error")
			return
		}
		require.Equal(t, p, got)
	})
}

// FuzzMetadata: whatever the metadata is, it is refused or names where to go, and with which keys.
func FuzzMetadata(f *testing.F) {
	p := samlauthtest.NewProvider(f, samlauthtest.ProviderConfig{})
	f.Add(string(p.Metadata()), "")
	f.Add(string(p.Metadata()), p.EntityID())
	f.Add(`<md:EntitiesDescriptor xmlns:md="`+nsMetadata+`" validUntil="2026-11-22T09:00:00Z" cacheDuration="PT1H"></md:EntitiesDescriptor>`, "x")
	f.Fuzz(func(t *testing.T, document, entityID string) {
		idp, err := parseMetadata([]byte(document), entityID)
		if err != nil {
			return
		}
		require.NotEmpty(t, idp.entityID)
		require.NotEmpty(t, idp.certificates)
		require.NotEmpty(t, idp.ssoRedirect+idp.ssoPost)
		if entityID != "" {
			require.Equal(t, entityID, idp.entityID)
		}
		for _, location := range []string{idp.ssoRedirect, idp.ssoPost, idp.sloRedirect} {
			if location != "" {
				require.NoError(t, checkURL(location))
			}
		}
	})
}

// FuzzLogoutQuery: no query makes the reader of sign-out answers panic, or read without bounds.
func FuzzLogoutQuery(f *testing.F) {
	f.Add("SAMLResponse=fZ&RelayState=x&SigAlg=a&Signature=AAAA")
	f.Add("SAMLRequest=x")
	f.Add("SAMLResponse=x&SAMLResponse=y")
	f.Fuzz(func(t *testing.T, raw string) {
		m, err := readLogoutQuery(raw)
		if err != nil || m.request {
			return
		}
		require.LessOrEqual(t, len(m.message), maxMessage+1)
		if m.query != nil {
			require.Contains(t, raw, "SigAlg=")
		}
	})
}
