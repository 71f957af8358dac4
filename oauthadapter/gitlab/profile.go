package gitlab

import (
	"net/url"

	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what GitLab says about a user. Subject is the user's numeric ID, which never goes to another one; it is unique in the instance,
// Issuer. EmailVerified says whether GitLab checked the address. Claims decodes all of it.
type Profile struct {
	oidcprovider.Profile
	// Username is the name that the user signs in with. It can change, and go to another user then.
	Username string
	// ProfileURL is the user's page.
	ProfileURL string
	// Groups are the full paths of the groups that the user is a member of, by way of their parents too.
	Groups []string
	// DirectGroups are those that the user is a direct member of.
	DirectGroups []string
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
		Nickname     string   `json:"nickname"`
		ProfileURL   string   `json:"profile"`
		Groups       []string `json:"groups"`
		DirectGroups []string `json:"groups_direct"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	out := Profile{Profile: p, Username: p.PreferredUsername, ProfileURL: claims.ProfileURL, Groups: claims.Groups, DirectGroups: claims.DirectGroups}
	if out.Username == "" { // older instances
		out.Username = claims.Nickname
	}
	return out, nil
}

// host is that of the instance.
func (p Profile) host() string {
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return ""
	}
	return u.Host
}
