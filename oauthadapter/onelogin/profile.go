package onelogin

import (
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what OneLogin says about a user. Subject is the user's ID, which never goes to another one. PreferredUsername is the user name.
// Claims decodes all of it.
type Profile struct {
	oidcprovider.Profile
	// Groups are what the application's groups parameter is set to, if it asks for the scope "groups".
	Groups []string
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
		Groups []string `json:"groups"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	return Profile{Profile: p, Groups: claims.Groups}, nil
}
