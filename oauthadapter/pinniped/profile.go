package pinniped

import "example.com/stagedoor/oauthadapter/oidcprovider"

// Profile is what Pinniped says about a person. Subject is the person's ID, and stays the same as long as the identity provider behind Pinniped
// does; there is neither a name nor an address. Claims decodes all of it.
type Profile struct {
	oidcprovider.Profile
	// Username is the user name in the clusters.
	Username string
	// Groups are the groups in the clusters, with Config.ReadGroups.
	Groups []string
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
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	return Profile{Profile: p, Username: claims.Username, Groups: claims.Groups}, nil
}
