package google

import (
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what Google says about an account. Subject is its ID, which never goes to another one. Claims decodes all of it.
//
// EmailVerified is [authprovider.EmailVerified] only where Google is the authority on the address: it gave the mailbox, or its domain is
// managed with Google. Other accounts had their address checked once, and keep it when its owner changes: there it is unknown.
type Profile struct {
	oidcprovider.Profile
	// HostedDomain is the Google Workspace or Cloud Identity domain that the account belongs to; empty for consumer accounts.
	HostedDomain string
}

// ParseProfile returns the profile of an account with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies nothing.
func ParseProfile(claims []byte) (Profile, error) {
	p, err := oidcprovider.ParseProfile(claims)
	if err != nil {
		return Profile{}, err
	}
	return newProfile(p)
}

func newProfile(p oidcprovider.Profile) (Profile, error) {
	var claims struct {
		HostedDomain any `json:"hd"`
	}
	if err := p.Claims(&claims); err != nil {
		return Profile{}, err
	}
	out := Profile{Profile: p}
	out.HostedDomain, _ = claims.HostedDomain.(string)
	if p.EmailVerified == authprovider.EmailVerified && out.HostedDomain == "" && !isGmail(p.Email) {
		out.EmailVerified = authprovider.EmailVerificationUnknown
	}
	return out, nil
}

func isGmail(address string) bool {
	return strings.HasSuffix(strings.ToLower(address), "@gmail.com")
}
