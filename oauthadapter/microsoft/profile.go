package microsoft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// Profile is what Entra says about a person. ObjectID, in its tenant, identifies the person for good; administrators, and in part the person,
// can change the rest. Subject is for this application alone. Claims decodes the claims of the ID token.
//
// Email is the claim email or, without one, what Graph calls mail. EmailVerified is the optional claim xms_edov, which says whether the owner of
// the address's domain was verified: verified if it is true, and unverified if it is anything else. If it is absent, or the address is Graph's,
// that is unknown where one tenant signs in, and unverified where several do, since one can write the address of the other's people.
type Profile struct {
	oidcprovider.Profile
	// ObjectID is the person's object ID in the directory, oid: what Microsoft Graph calls id. A GUID.
	ObjectID string
	// TenantID is the ID of the tenant that the person signed in to, a GUID.
	TenantID string
	// UserPrincipalName is the name that the person signs in with, from Graph. It looks like an address and need not be one.
	UserPrincipalName string

	graph json.RawMessage
}

// Graph decodes Microsoft Graph's answer about the person into v, by exact name. It fails if Graph was not asked: see Config.SkipProfile, and
// access tokens for other resources.
func (p Profile) Graph(v any) error {
	if p.graph == nil {
		return errors.New("microsoft: the profile has nothing from Graph")
	}
	if err := jose.UnmarshalStrict(p.graph, v); err != nil {
		return fmt.Errorf("microsoft: Graph: %w", err)
	}
	return nil
}

// ParseProfile returns the profile of a person with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies nothing.
// It is that of a sign-in with one tenant, without Graph.
func ParseProfile(claims []byte) (Profile, error) {
	in, err := oidcprovider.ParseProfile(claims)
	if err != nil {
		return Profile{}, err
	}
	c, err := readClaims(in)
	if err != nil {
		return Profile{}, err
	}
	return newProfile(in, c, graphUser{}, false), nil
}

var errNoIdentifier = &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "object_id_missing",
	Err: errors.New("microsoft: the ID token lacks oid or tid")}

type entraClaims struct {
	ObjectID string          `json:"oid"`
	TenantID string          `json:"tid"`
	Edov     json.RawMessage `json:"xms_edov"`
}

func readClaims(p oidcprovider.Profile) (entraClaims, error) {
	var c entraClaims
	if err := p.Claims(&c); err != nil {
		return entraClaims{}, &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "claims_invalid", Err: fmt.Errorf("microsoft: %w", err)}
	}
	return c, nil
}

func newProfile(in oidcprovider.Profile, c entraClaims, u graphUser, severalTenants bool) Profile {
	p := Profile{Profile: in, ObjectID: c.ObjectID, TenantID: c.TenantID, UserPrincipalName: u.UserPrincipalName, graph: u.raw}
	if u.DisplayName != "" {
		p.Name = u.DisplayName
	}
	p.EmailVerified = emailVerification(c.Edov, severalTenants)
	if p.Email == "" { // xms_edov is about the claim email
		p.Email, p.EmailVerified = u.Mail, emailVerification(nil, severalTenants)
	}
	if p.Email == "" {
		p.EmailVerified = authprovider.EmailVerificationUnknown
	}
	return p
}

// emailVerification reads xms_edov, which Entra writes as true or as "1". The claim email_verified is none of Entra's: only a mapping of the
// tenant's own could put it there.
func emailVerification(edov json.RawMessage, severalTenants bool) authprovider.EmailVerification {
	switch strings.ToLower(strings.Trim(string(edov), `"`)) {
	case "true", "1":
		return authprovider.EmailVerified
	case "", "null":
		if !severalTenants {
			return authprovider.EmailVerificationUnknown
		}
	}
	return authprovider.EmailUnverified
}

// profileReader makes profiles of what was verified.
type profileReader struct {
	severalTenants bool
	scopes         scopeRule
	graph          graph
}

// read implements [oidcprovider.ProfileFunc].
func (r profileReader) read(ctx context.Context, in oidcprovider.Result) (Profile, authprovider.Profile, error) {
	c, err := readClaims(in.FullProfile)
	if err != nil {
		return Profile{}, authprovider.Profile{}, err
	}
	if c.ObjectID == "" || c.TenantID == "" { // there was no ID token to look for them in
		return Profile{}, authprovider.Profile{}, errNoIdentifier
	}
	var u graphUser
	picture := ""
	if r.scopes.opensProfile(strings.Fields(in.Session.Scope)) {
		if u, err = r.graph.me(ctx, in.Session.AccessToken, c.ObjectID); err != nil {
			return Profile{}, authprovider.Profile{}, err
		}
		picture = r.graph.photo(ctx, in.Session.AccessToken)
	}
	p := newProfile(in.FullProfile, c, u, r.severalTenants)
	p.Picture = picture
	shown := authprovider.Profile{DisplayName: p.Name, Picture: picture}
	if shown.DisplayName == "" {
		shown.DisplayName = p.PreferredUsername
	}
	if p.EmailVerified != authprovider.EmailUnverified {
		shown.Email, shown.EmailVerification = p.Email, p.EmailVerified
	}
	return p, shown, nil
}
