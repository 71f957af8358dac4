package github

import (
	"encoding/json"
	"fmt"
	"strconv"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
)

// Profile is what GitHub says about a person. ID and NodeID identify the person for good, within one GitHub: another instance gives the same ones
// to other people. Everything else can change, and most of it the person can choose.
type Profile struct {
	// ID is the number of the account, in decimal.
	ID string
	// NodeID is the ID that the GraphQL API knows the account by. It is what Backstage's annotation github.com/user-id holds.
	NodeID string
	// Username is the login. Once it is given up, anybody can take it.
	Username   string
	Name       string
	AvatarURL  string
	ProfileURL string

	// Email is the primary address where GitHub lets the list be read, and the public one, if any, otherwise.
	Email string
	// EmailVerified is what the list says, and unknown without it.
	EmailVerified authprovider.EmailVerification

	// Organizations are those that the person is a member of, with Config.ReadOrganizations. An organization that restricts
	// third-party access and has not approved the app is missing.
	Organizations []Organization
	// Teams are those that the person is a member of, with Config.ReadTeams.
	Teams []Team

	raw json.RawMessage
}

// Organization is an organization on GitHub. ID is its number, in decimal; the login can be renamed and taken over.
type Organization struct {
	ID    string
	Login string
}

// Team is a team of an organization. ID is its number, in decimal; Slug is its name in URLs, which can be renamed.
type Team struct {
	ID           string
	Slug         string
	Organization Organization
}

// ParseProfile returns the profile in an answer of GET /user, for the unit tests of sign-in resolvers. The address in it is the public one;
// a test sets EmailVerified, Organizations and Teams itself.
func ParseProfile(user []byte) (Profile, error) {
	var u userAnswer
	if err := jose.UnmarshalStrict(user, &u); err != nil {
		return Profile{}, fmt.Errorf("github: user: %w", err)
	}
	return u.profile(user), nil
}

// Claims decodes the whole answer of GET /user into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("github", p.raw, v) }

// userAnswer is that of GET /user. What is not set is null.
type userAnswer struct {
	ID        int64  `json:"id"`
	NodeID    string `json:"node_id"`
	Login     string `json:"login"`
	Name      string `json:"name"`
	AvatarURL string `json:"avatar_url"`
	HTMLURL   string `json:"html_url"`
	Email     string `json:"email"`
}

func (u userAnswer) profile(raw []byte) Profile {
	return Profile{ID: decimal(u.ID), NodeID: u.NodeID, Username: u.Login, Name: u.Name, AvatarURL: u.AvatarURL, ProfileURL: u.HTMLURL, Email: u.Email, raw: raw}
}

// decimal writes an ID; nobody has one that is not positive.
func decimal(id int64) string {
	if id <= 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (p Profile) defaultProfile() authprovider.Profile {
	out := authprovider.Profile{DisplayName: p.Name, Picture: p.AvatarURL}
	if out.DisplayName == "" {
		out.DisplayName = p.Username
	}
	if p.EmailVerified != authprovider.EmailUnverified { // anybody can claim an address that nobody checked
		out.Email, out.EmailVerification = p.Email, p.EmailVerified
	}
	return out
}
