package openshift

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

// Profile is what OpenShift says about a user.
type Profile struct {
	// UID is that of the User object. It never goes to another one; a user who was deleted and comes back has a new one.
	UID string
	// Username is the name of the User object, by which the cluster's role bindings know the user.
	Username string
	// FullName may be empty, and comes from the identity provider.
	FullName string
	// Identities are the names of the user's identities, such as "ldap:cn=jane".
	Identities []string

	raw json.RawMessage
}

// ParseProfile returns the profile in an answer of GET /apis/user.openshift.io/v1/users/~, for the unit tests of sign-in resolvers.
func ParseProfile(user []byte) (Profile, error) {
	var u userAnswer
	if err := jose.UnmarshalStrict(user, &u); err != nil {
		return Profile{}, fmt.Errorf("openshift: user: %w", err)
	}
	return u.profile(user), nil
}

// Claims decodes the whole answer of GET /apis/user.openshift.io/v1/users/~ into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("openshift", p.raw, v) }

// userAnswer is that of GET /apis/user.openshift.io/v1/users/~.
type userAnswer struct {
	Metadata struct {
		Name string `json:"name"`
		UID  string `json:"uid"`
	} `json:"metadata"`
	FullName   string   `json:"fullName"`
	Identities []string `json:"identities"`
}

func (u userAnswer) profile(raw []byte) Profile {
	return Profile{UID: u.Metadata.UID, Username: u.Metadata.Name, FullName: u.FullName, Identities: u.Identities, raw: raw}
}

// profileReader reads profiles from one API server.
type profileReader struct{ api string }

// read implements [oauth2provider.ProfileFunc].
func (r profileReader) read(ctx context.Context, api *oauth2provider.API) (person oauth2provider.Person[Profile], err error) {
	answer, err := api.Get(ctx, r.api+"/apis/user.openshift.io/v1/users/~")
	if err != nil {
		return person, err
	}
	var user userAnswer
	if err := answer.JSON(&user); err != nil {
		return person, err
	}
	p := user.profile(answer.Body)
	return oauth2provider.Person[Profile]{Subject: p.UID, Profile: p.defaultProfile(), FullProfile: p}, nil
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (p Profile) defaultProfile() authprovider.Profile {
	if p.FullName != "" {
		return authprovider.Profile{DisplayName: p.FullName}
	}
	return authprovider.Profile{DisplayName: p.Username}
}
