package keycloak

import (
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what Keycloak says about a user. Subject is the user's ID, which never goes to another one; PreferredUsername is the user name,
// in lower case. EmailVerified says whether Keycloak checked the address. Claims decodes all of it.
//
// The other fields are empty unless mappers of the client add them to the ID token or to userinfo, under their usual names.
type Profile struct {
	oidcprovider.Profile
	// Groups is the claim groups: full paths such as "/acme/ops", or names, as the mapper is set.
	Groups []string
	// RealmRoles is the claim realm_access.
	RealmRoles []string
	// ClientRoles is the claim resource_access, by the ID of the client that the roles are for.
	ClientRoles map[string][]string
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
	type access struct {
		Roles []string `json:"roles"`
	}
	var claims struct {
		Groups         []string          `json:"groups"`
		RealmAccess    access            `json:"realm_access"`
		ResourceAccess map[string]access `json:"resource_access"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	out := Profile{Profile: p, Groups: claims.Groups, RealmRoles: claims.RealmAccess.Roles}
	if len(claims.ResourceAccess) > 0 {
		out.ClientRoles = make(map[string][]string, len(claims.ResourceAccess))
		for client, access := range claims.ResourceAccess {
			out.ClientRoles[client] = access.Roles
		}
	}
	return out, nil
}
