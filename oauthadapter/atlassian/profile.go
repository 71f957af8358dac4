package atlassian

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Profile is what Atlassian says about a person. AccountID identifies the person for good; everything else can change.
type Profile struct {
	AccountID string
	Name      string
	// Nickname is the person's own choice, and not unique: Atlassian has no user names.
	Nickname  string
	AvatarURL string

	Email string
	// EmailVerified is email_verified if Atlassian sends it, and unknown otherwise.
	EmailVerified authprovider.EmailVerification

	raw json.RawMessage
}

// ParseProfile returns the profile in an answer of GET /me, for the unit tests of sign-in resolvers.
func ParseProfile(user []byte) (Profile, error) {
	var u userAnswer
	if err := jose.UnmarshalStrict(user, &u); err != nil {
		return Profile{}, fmt.Errorf("atlassian: user: %w", err)
	}
	return u.profile(user), nil
}

// Claims decodes the whole answer of GET /me into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("atlassian", p.raw, v) }

// userAnswer is that of GET /me.
type userAnswer struct {
	AccountID     string `json:"account_id"`
	Name          string `json:"name"`
	Nickname      string `json:"nickname"`
	Picture       string `json:"picture"`
	Email         string `json:"email"`
	EmailVerified *bool  `json:"email_verified"`
	Status        string `json:"account_status"`
}

func (u userAnswer) profile(raw []byte) Profile {
	p := Profile{AccountID: u.AccountID, Name: u.Name, Nickname: u.Nickname, AvatarURL: u.Picture, Email: u.Email, raw: raw}
	switch {
	case u.EmailVerified == nil || u.Email == "":
	case *u.EmailVerified:
		p.EmailVerified = authprovider.EmailVerified
	default:
		p.EmailVerified = authprovider.EmailUnverified
	}
	return p
}

// read implements [oauth2provider.ProfileFunc].
func read(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
	answer, err := api.Get(ctx, profileURL)
	if err != nil {
		return person, err
	}
	var user userAnswer
	if err := answer.JSON(&user); err != nil {
		return person, err
	}
	if user.Status != "" && user.Status != "active" {
		return person, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "user_inactive", Err: fmt.Errorf("atlassian: the account is %.64q", user.Status)}
	}
	p := user.profile(answer.Body)
	return oauth2provider.Person[Profile]{Subject: p.AccountID, Profile: p.defaultProfile(), FullProfile: p}, nil
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (p Profile) defaultProfile() authprovider.Profile {
	out := authprovider.Profile{DisplayName: p.Name, Picture: p.AvatarURL}
	if out.DisplayName == "" {
		out.DisplayName = p.Nickname
	}
	if p.EmailVerified != authprovider.EmailUnverified { // anybody can claim an address that nobody checked
		out.Email, out.EmailVerification = p.Email, p.EmailVerified
	}
	return out
}
