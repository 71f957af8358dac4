package auth0

import (
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what Auth0 says about a user. Subject is the user's ID, such as "auth0|507f1f77bcf86cd799439020" or "google-oauth2|1181338584865818",
// which never goes to another one; one person has several, one for each connection, unless their accounts are linked. Claims decodes all of
// it, also those that Actions add.
type Profile struct {
	oidcprovider.Profile
	// Nickname is the user name, or what stands before the '@' of the address: no identity.
	Nickname string
	// OrganizationID and OrganizationName are those of the organization that the user signed in to; empty if there was none. Auth0 sends
	// the name only if the tenant allows names.
	OrganizationID   string
	OrganizationName string
}

// ParseProfile returns the profile of a user with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies nothing.
func ParseProfile(claims []byte) (Profile, error) {
	p, err := oidcprovider.ParseProfile(claims)
	if err != nil {
		return Profile{}, err
	}
	return newProfile(p)
}

func newProfile(p oidcprovider.Profile) (Profile, error) {
	var claims struct {
		Nickname         string `json:"nickname"`
		OrganizationID   string `json:"org_id"`
		OrganizationName string `json:"org_name"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	return Profile{Profile: p, Nickname: claims.Nickname, OrganizationID: claims.OrganizationID, OrganizationName: claims.OrganizationName}, nil
}
