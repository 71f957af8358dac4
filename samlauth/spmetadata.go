package samlauth

import (
	"net/http"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// ownMetadata is what an identity provider reads to know us (SAML metadata section 2.4.4). crewjam/saml would write times and encryption
// methods of its own.
func (a *authenticator) ownMetadata() ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("entityID", a.config.EntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	role.CreateAttr("AuthnRequestsSigned", boolText(a.signer != nil))
	role.CreateAttr("WantAssertionsSigned", "true")
	if a.signer != nil {
		keyDescriptor(role, "signing", certificateText(a.signer.certificate))
		if a.reader.key != nil {
			descriptor := keyDescriptor(role, "encryption", certificateText(a.signer.certificate))
			for _, id := range []string{nsXMLEnc11 + "aes256-gcm", nsXMLEnc11 + "aes128-gcm", nsXMLEnc + "aes256-cbc", nsXMLEnc + "aes128-cbc", rsaOAEPMGF1P} {
				descriptor.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", id)
			}
		}
		endpoint(role, "md:SingleLogoutService", saml.HTTPRedirectBinding, a.urls.slo)
		endpoint(role, "md:SingleLogoutService", saml.HTTPPostBinding, a.urls.slo)
	}
	if a.config.NameIDFormat != "" {
		role.CreateElement("md:NameIDFormat").SetText(a.config.NameIDFormat)
	}
	acs := endpoint(role, "md:AssertionConsumerService", saml.HTTPPostBinding, a.urls.acs)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
	return serialize(entity)
}

func keyDescriptor(role *etree.Element, use, certificate string) *etree.Element {
	descriptor := role.CreateElement("md:KeyDescriptor")
	descriptor.CreateAttr("use", use)
	info := descriptor.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsDSig)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(certificate)
	return descriptor
}

func endpoint(role *etree.Element, tag, binding, location string) *etree.Element {
	el := role.CreateElement(tag)
	el.CreateAttr("Binding", binding)
	el.CreateAttr("Location", location)
	return el
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// serveMetadata answers {provider}/metadata.
func serveMetadata(document []byte) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write(document) // whoever asked may be gone; nobody is left to tell
		return nil
	}
}
