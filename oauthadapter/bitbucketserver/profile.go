package bitbucketserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Profile is what Bitbucket says about a person. ID identifies the person for good, within one Bitbucket; everything else can change.
type Profile struct {
	// ID is the number of the account, in decimal.
	ID       string
	Username string
	Slug     string
	Name     string
	// AvatarURL is on the same Bitbucket, or on an avatar service.
	AvatarURL string

	// Email comes from the directory that Bitbucket is connected to, and Bitbucket does not say whether anybody verified it: EmailVerified
	// is always unknown.
	Email         string
	EmailVerified authprovider.EmailVerification

	raw json.RawMessage
}

// ParseProfile returns the profile in an answer of GET /rest/api/latest/users/{name}, for the unit tests of sign-in resolvers. AvatarURL
// is as it is there.
func ParseProfile(user []byte) (Profile, error) {
	var u userAnswer
	if err := jose.UnmarshalStrict(user, &u); err != nil {
		return Profile{}, fmt.Errorf("bitbucketserver: user: %w", err)
	}
	return u.profile(user), nil
}

// Claims decodes the whole answer of GET /rest/api/latest/users/{name} into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("bitbucketserver", p.raw, v) }

// userAnswer is that of GET /rest/api/latest/users/{name}.
type userAnswer struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Slug        string `json:"slug"`
	DisplayName string `json:"displayName"`
	Email       string `json:"emailAddress"`
	AvatarURL   string `json:"avatarUrl"` // as a path, unless an avatar service is set up
	Active      *bool  `json:"active"`
}

func (u userAnswer) profile(raw []byte) Profile {
	p := Profile{Username: u.Name, Slug: u.Slug, Name: u.DisplayName, AvatarURL: u.AvatarURL, Email: u.Email, raw: raw}
	if u.ID > 0 {
		p.ID = strconv.FormatInt(u.ID, 10)
	}
	return p
}

// profileReader reads profiles from one Bitbucket.
type profileReader struct{ base string }

// read implements [oauth2provider.ProfileFunc]. The REST API has no "me": another page tells the name that it takes.
func (r profileReader) read(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
	who, err := api.Get(ctx, r.base+"/plugins/servlet/applinks/whoami")
	if err != nil {
		return person, err
	}
	// The header holds the name too, in some versions escaped: who is called "j%61ne" must not become "jane".
	name := strings.TrimSpace(string(who.Body))
	if name == "" {
		name = who.Header.Get("X-Ausername")
	}
	if strings.Trim(name, ".") == "" { // "..", as a part of a path, is another resource
		return person, &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "user_unknown", Err: errors.New("bitbucketserver: the access token is nobody's")}
	}
	answer, err := api.Get(ctx, r.base+"/rest/api/latest/users/"+url.PathEscape(name)+"?avatarSize=256")
	if err != nil {
		return person, err
	}
	var user userAnswer
	if err := answer.JSON(&user); err != nil {
		return person, err
	}
	if !strings.EqualFold(user.Name, name) { // the token opens other people's profiles too
		return person, &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "user_mismatch", Err: errors.New("bitbucketserver: the profile is another person's")}
	}
	if user.Active != nil && !*user.Active {
		return person, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "user_inactive", Err: errors.New("bitbucketserver: the account is not active")}
	}
	p := user.profile(answer.Body)
	p.AvatarURL = r.absolute(p.AvatarURL)
	return oauth2provider.Person[Profile]{Subject: p.ID, Profile: p.defaultProfile(), FullProfile: p}, nil
}

// absolute returns an address of the REST API as the app needs it; it is empty if the app must not load it.
func (r profileReader) absolute(address string) string {
	base, err := url.Parse(r.base)
	if err != nil || address == "" {
		return ""
	}
	u, err := base.Parse(address)
	if err != nil || oauthclient.CheckURL(u.String()) != nil {
		return ""
	}
	return u.String()
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (p Profile) defaultProfile() authprovider.Profile {
	out := authprovider.Profile{DisplayName: p.Name, Picture: p.AvatarURL, Email: p.Email, EmailVerification: p.EmailVerified}
	if out.DisplayName == "" {
		out.DisplayName = p.Username
	}
	return out
}
