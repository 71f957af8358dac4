package vmwarecloud

import (
	"strings"

	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what VMware says about a person. Subject is the person's ID, such as "vmwareid:b3b84405-...", which never goes to another one; there is
// usually no Name, but GivenName and FamilyName. Claims decodes all of it.
type Profile struct {
	oidcprovider.Profile
	// OrganizationID is the claim context_name: the long ID of the organization that the person has chosen, Config.OrganizationID.
	OrganizationID string
}

// ParseProfile returns the profile of a person with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies nothing.
func ParseProfile(claims []byte) (Profile, error) {
	p, err := oidcprovider.ParseProfile(claims)
	if err != nil {
		return Profile{}, err
	}
	return newProfile(p)
}

func newProfile(p oidcprovider.Profile) (Profile, error) {
	var claims struct {
		ContextName string `json:"context_name"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	return Profile{Profile: p, OrganizationID: claims.ContextName}, nil
}

func (p Profile) fullName() string { return strings.TrimSpace(p.GivenName + " " + p.FamilyName) }
