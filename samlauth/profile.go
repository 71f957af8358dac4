package samlauth

import (
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
)

// The name ID formats that say something (SAML core section 8.3).
const (
	NameIDPersistent   = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient    = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	NameIDEmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDUnspecified  = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// Profile is what a signed assertion says. It rests in the session's cookie, sealed, and the app never gets it.
type Profile struct {
	// NameID is the subject.
	NameID NameID `json:"n"`
	// Attributes are those of the assertion, or those of them that [Config.Attributes] names.
	Attributes []Attribute `json:"a,omitempty"`
	// Issuer is the identity provider's entity ID.
	Issuer string `json:"i"`
	// AssertionID is the ID of the assertion, for the log.
	AssertionID string `json:"d"`
	// SessionIndex names the session at the identity provider; it may be empty.
	SessionIndex string `json:"s,omitempty"`
	// AuthnInstant is when the person signed in there, and AuthnContext how: a URI such as
	// "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".
	AuthnInstant time.Time `json:"t"`
	AuthnContext string    `json:"c,omitempty"`
	// SessionNotOnOrAfter is when the session has to end; zero if the identity provider leaves that to us.
	SessionNotOnOrAfter time.Time `json:"e,omitzero"`
}

// NameID is the name of the subject.
type NameID struct {
	Value string `json:"v"`
	// Format says what kind of name it is: [NameIDPersistent] and the like, or something else, or nothing.
	Format          string `json:"f,omitempty"`
	NameQualifier   string `json:"q,omitempty"`
	SPNameQualifier string `json:"s,omitempty"`
}

// Attribute is one attribute of the subject.
type Attribute struct {
	// Name is the full name, often a URI.
	Name string `json:"n"`
	// FriendlyName is a name for people; it may be empty.
	FriendlyName string   `json:"f,omitempty"`
	Values       []string `json:"v,omitempty"`
}

// Values returns the values of the attribute with this full name or, if there is none, of the one with this friendly name. If several
// attributes share a friendly name it means none of them.
func (p Profile) Values(name string) []string {
	if name == "" {
		return nil
	}
	for _, a := range p.Attributes {
		if a.Name == name {
			return slices.Clone(a.Values)
		}
	}
	var found []Attribute
	for _, a := range p.Attributes {
		if a.FriendlyName == name {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return slices.Clone(found[0].Values)
}

// Value returns the value of an attribute by its full or friendly name. It is "" if there is none, or more than one: who takes the first of
// several takes what the identity provider happens to write first.
func (p Profile) Value(name string) string {
	if values := p.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// Where an e-mail address and a name are found by default: the names of LDAP's schema (SAML's X.500 profile), those of ADFS and Entra, and
// the plain ones.
var (
	emailNames = [...]string{"urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
		"mail", "email", "emailAddress", "Email"}
	displayNames = [...]string{"urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.microsoft.com/identity/claims/displayname",
		"displayName", "name", "urn:oid:2.5.4.3", "cn"}
)

// shown returns the profile that the app shows.
func (c Config) shown(p Profile) authprovider.Profile {
	var out authprovider.Profile
	if c.EmailAttribute != "" {
		out.Email = p.Value(c.EmailAttribute)
	} else {
		out.Email = first(p, emailNames[:])
		if out.Email == "" && p.NameID.Format == NameIDEmailAddress {
			out.Email = p.NameID.Value
		}
	}
	if out.Email != "" && c.EmailsVerified {
		out.EmailVerification = authprovider.EmailVerified
	}
	if c.NameAttribute != "" {
		out.DisplayName = p.Value(c.NameAttribute)
	} else {
		out.DisplayName = first(p, displayNames[:])
	}
	return out
}

func first(p Profile, names []string) string {
	for _, name := range names {
		if v := p.Value(name); v != "" {
			return v
		}
	}
	return ""
}
