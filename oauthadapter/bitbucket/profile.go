package bitbucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Profile is what Bitbucket says about a person. UUID identifies the person for good; everything else can change.
type Profile struct {
	// UUID is the account's, in braces.
	UUID string
	// AccountID is that of the Atlassian account.
	AccountID  string
	Username   string
	Nickname   string
	Name       string
	AvatarURL  string
	ProfileURL string

	// Email is the primary address. It is empty if the consumer may not read addresses.
	Email         string
	EmailVerified authprovider.EmailVerification

	raw json.RawMessage
}

// ParseProfile returns the profile in an answer of GET /2.0/user, for the unit tests of sign-in resolvers. There is
// no address in it: a test sets Email and EmailVerified itself.
func ParseProfile(user []byte) (Profile, error) {
	var u userAnswer
	if err := jose.UnmarshalStrict(user, &u); err != nil {
		return Profile{}, fmt.Errorf("bitbucket: user: %w", err)
	}
	return u.profile(user), nil
}

// Claims decodes the whole answer of GET /2.0/user into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("bitbucket", p.raw, v) }

type link struct {
	Href string `json:"href"`
}

// userAnswer is that of GET /2.0/user.
type userAnswer struct {
	UUID        string `json:"uuid"`
	AccountID   string `json:"account_id"`
	Username    string `json:"username"`
	Nickname    string `json:"nickname"`
	DisplayName string `json:"display_name"`
	Links       struct {
		Avatar link `json:"avatar"`
		HTML   link `json:"html"`
	} `json:"links"`
}

func (u userAnswer) profile(raw []byte) Profile {
	return Profile{UUID: u.UUID, AccountID: u.AccountID, Username: u.Username, Nickname: u.Nickname, Name: u.DisplayName,
		AvatarURL: u.Links.Avatar.Href, ProfileURL: u.Links.HTML.Href, raw: raw}
}

// profileReader reads profiles from the REST API.
type profileReader struct{ logger *slog.Logger }

// read implements [oauth2provider.ProfileFunc].
func (r profileReader) read(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
	answer, err := api.Get(ctx, apiURL+"/user")
	if err != nil {
		return person, err
	}
	var user userAnswer
	if err := answer.JSON(&user); err != nil {
		return person, err
	}
	p := user.profile(answer.Body)
	if p.Email, p.EmailVerified, err = r.email(ctx, api, p); err != nil {
		return person, err
	}
	return oauth2provider.Person[Profile]{Subject: p.UUID, Profile: p.defaultProfile(), FullProfile: p}, nil
}

// email returns the primary address, or none if the consumer lacks the scope email.
func (r profileReader) email(ctx context.Context, api *oauth2provider.API, p Profile) (string, authprovider.EmailVerification, error) {
	var list struct {
		Values []struct {
			Email     string `json:"email"`
			Primary   bool   `json:"is_primary"`
			Confirmed bool   `json:"is_confirmed"`
		} `json:"values"`
	}
	err := api.GetJSON(ctx, apiURL+"/user/emails", &list)
	var refusal *oauthadapter.ProviderError
	if errors.As(err, &refusal) && !errors.Is(err, authprovider.ErrUnavailable) && (refusal.Status == http.StatusForbidden || refusal.Status == http.StatusNotFound) {
		r.logger.LogAttrs(ctx, slog.LevelDebug, "bitbucket: e-mail addresses may not be read", slog.String("uuid", p.UUID), slog.Any("error", err))
		return "", authprovider.EmailVerificationUnknown, nil
	}
	if err != nil {
		return "", authprovider.EmailVerificationUnknown, err
	}
	for _, e := range list.Values {
		switch {
		case !e.Primary:
		case e.Confirmed:
			return e.Email, authprovider.EmailVerified, nil
		default:
			return e.Email, authprovider.EmailUnverified, nil
		}
	}
	return "", authprovider.EmailVerificationUnknown, nil
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
