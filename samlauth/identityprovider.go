package samlauth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"example.com/stagedoor/authprovider"
)

const (
	maxCertificates = 16 // each is tried, so a handful of them bounds what a bad signature costs
	minRSABits      = 2048
)

// identityProvider is what one metadata document says of the identity provider. It is immutable.
type identityProvider struct {
	entityID     string
	certificates []*x509.Certificate
	ssoRedirect  string // addresses; empty if there is none
	ssoPost      string
	sloRedirect  string
	sloResponse  string // where the answer to its LogoutRequest would go
	wantsSigned  bool   // AuthnRequests
	validUntil   time.Time
	cacheFor     time.Duration
}

// parseMetadata reads the metadata of an identity provider (SAML metadata section 2.4.3): that of entityID, or of the one that there is. Its
// signature is not looked at: it comes from a file of the host's, or over TLS from where the host said.
func parseMetadata(data []byte, entityID string) (*identityProvider, error) {
	root, err := parseDocument(data, maxMetadata, true)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	entity, err := findEntity(root, entityID)
	if err != nil {
		return nil, err
	}
	p := &identityProvider{}
	p.entityID, _ = attr(entity, "entityID")
	if p.entityID == "" || len(p.entityID) > 1024 {
		return nil, errors.New("metadata: no entityID")
	}
	for el := entity; el != nil; el = el.Parent() { // what holds for the list holds for its members
		if err := p.readLifetime(el); err != nil {
			return nil, err
		}
	}
	roles := slices.DeleteFunc(children(entity, nsMetadata, "IDPSSODescriptor"), func(el *etree.Element) bool {
		protocols, _ := attr(el, "protocolSupportEnumeration")
		return !slices.Contains(strings.Fields(protocols), nsProtocol)
	})
	if len(roles) != 1 {
		return nil, fmt.Errorf("metadata: %q has %d roles of a SAML 2.0 identity provider, and must have one", p.entityID, len(roles))
	}
	if err := p.readLifetime(roles[0]); err != nil {
		return nil, err
	}
	if err := p.readRole(roles[0]); err != nil {
		return nil, err
	}
	return p, nil
}

// findEntity returns the EntityDescriptor of an identity provider.
func findEntity(root *etree.Element, entityID string) (*etree.Element, error) {
	var found []*etree.Element
	var collect func(el *etree.Element)
	collect = func(el *etree.Element) {
		switch {
		case is(el, nsMetadata, "EntitiesDescriptor"):
			for _, c := range el.ChildElements() {
				collect(c)
			}
		case is(el, nsMetadata, "EntityDescriptor"):
			if id, _ := attr(el, "entityID"); entityID == "" && len(children(el, nsMetadata, "IDPSSODescriptor")) > 0 || entityID != "" && id == entityID {
				found = append(found, el)
			}
		}
	}
	collect(root)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && entityID == "":
		return nil, fmt.Errorf("metadata: %d identity providers: Config.IDPEntityID says which", len(found))
	case entityID != "":
		return nil, fmt.Errorf("metadata: not one entity %q", entityID)
	}
	return nil, errors.New("metadata: no identity provider")
}

func (p *identityProvider) readLifetime(el *etree.Element) error {
	if raw, ok := attr(el, "validUntil"); ok {
		until, err := parseTime(raw)
		if err != nil {
			return fmt.Errorf("metadata: validUntil: %w", err)
		}
		if p.validUntil.IsZero() || until.Before(p.validUntil) {
			p.validUntil = until
		}
	}
	if raw, ok := attr(el, "cacheDuration"); ok {
		var d saml.Duration
		if err := d.UnmarshalText([]byte(raw)); err != nil {
			return fmt.Errorf("metadata: cacheDuration %.40q", raw)
		}
		if p.cacheFor == 0 || time.Duration(d) < p.cacheFor {
			p.cacheFor = max(time.Duration(d), time.Second)
		}
	}
	return nil
}

func (p *identityProvider) readRole(role *etree.Element) error {
	wants, _ := attr(role, "WantAuthnRequestsSigned")
	p.wantsSigned = wants == "true" || wants == "1"
	for _, descriptor := range children(role, nsMetadata, "KeyDescriptor") {
		if use, ok := attr(descriptor, "use"); ok && use != "signing" {
			continue
		}
		if err := p.readKeys(descriptor); err != nil {
			return err
		}
	}
	if len(p.certificates) == 0 || len(p.certificates) > maxCertificates {
		return fmt.Errorf("metadata: %d signing certificates", len(p.certificates))
	}
	// Endpoints go into redirects and forms of ours.
	for _, e := range []struct {
		tag, binding, attribute string
		to                      *string
	}{
		{"SingleSignOnService", saml.HTTPRedirectBinding, "Location", &p.ssoRedirect},
		{"SingleSignOnService", saml.HTTPPostBinding, "Location", &p.ssoPost},
		{"SingleLogoutService", saml.HTTPRedirectBinding, "Location", &p.sloRedirect},
		{"SingleLogoutService", saml.HTTPRedirectBinding, "ResponseLocation", &p.sloResponse},
	} {
		for _, service := range children(role, nsMetadata, e.tag) {
			if binding, _ := attr(service, "Binding"); binding != e.binding || *e.to != "" {
				continue
			}
			location, _ := attr(service, e.attribute)
			if location == "" && e.attribute == "ResponseLocation" {
				continue
			}
			if err := checkURL(location); err != nil {
				return fmt.Errorf("metadata: %s: %w", e.tag, err)
			}
			*e.to = location
		}
	}
	if p.ssoRedirect == "" && p.ssoPost == "" {
		return errors.New("metadata: no SingleSignOnService by redirect or POST")
	}
	return nil
}

func (p *identityProvider) readKeys(descriptor *etree.Element) error {
	for _, info := range children(descriptor, nsDSig, "KeyInfo") {
		for _, data := range children(info, nsDSig, "X509Data") {
			for _, el := range children(data, nsDSig, "X509Certificate") {
				raw, err := decodeBase64(el)
				if err != nil {
					return fmt.Errorf("metadata: %w", err)
				}
				cert, err := x509.ParseCertificate(raw)
				if err != nil {
					return fmt.Errorf("metadata: signing certificate: %w", err)
				}
				if err := checkKey(cert); err != nil {
					return fmt.Errorf("metadata: signing certificate: %w", err)
				}
				if !slices.ContainsFunc(p.certificates, cert.Equal) {
					p.certificates = append(p.certificates, cert)
				}
			}
		}
	}
	return nil
}

func checkKey(cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return fmt.Errorf("an RSA key of %d bits, and %d are required", key.N.BitLen(), minRSABits)
		}
	case *ecdsa.PublicKey:
	default:
		return fmt.Errorf("a key of type %T", key)
	}
	return nil
}

// checkURL takes https, and http on loopback.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Fragment != "" {
		return errors.New("the address is not a URL without user and fragment")
	}
	if _, err := authprovider.ParseOrigin(u.Scheme + "://" + u.Host); err != nil {
		return fmt.Errorf("the address %.200q must be https, or http on loopback", raw)
	}
	return nil
}

// parseTime reads a time of SAML (core section 1.3.3): with a time zone, since one without could be any.
func parseTime(raw string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is not a time with a time zone", raw)
	}
	return t, nil
}

func certificateText(cert *x509.Certificate) string {
	return base64.StdEncoding.EncodeToString(cert.Raw)
}
