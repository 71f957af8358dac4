package gitea

import (
	"context"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what Gitea says about a user. Subject is the number of the account, in decimal, which never goes to another one of that instance;
// PreferredUsername is the user name. EmailVerified is at most unknown unless Config.ConfirmsEmail is set. Claims decodes all of it, unchanged.
type Profile struct {
	oidcprovider.Profile
	// Groups are the user's organizations, such as "acme", and teams, such as "acme:owners". Names can be renamed and taken over.
	Groups []string
}

// ParseProfile returns the profile of a user with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies nothing.
// EmailVerified is what the claims say.
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

// profileMaker makes the profiles of one instance.
type profileMaker struct{ confirmsEmail bool }

// profile implements [oidcprovider.ProfileFunc].
func (m profileMaker) profile(_ context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	p, err := newProfile(in.FullProfile)
	if err != nil {
		return Profile{}, authprovider.Profile{}, err
	}
	shown := in.Profile
	if !m.confirmsEmail && p.EmailVerified == authprovider.EmailVerified {
		p.EmailVerified = authprovider.EmailVerificationUnknown
		shown.EmailVerification = p.EmailVerified
	}
	return p, shown, nil
}
