package azureeasyauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Result is what Easy Auth vouches for. TenantID and ObjectID together identify the person for good; administrators, and in part the
// person, can change the rest.
type Result struct {
	// ObjectID is the person's object ID in the directory, oid: what Microsoft Graph calls id.
	ObjectID string
	TenantID string
	// ExpiresAt is when the ID token ends. A client principal does not end: the platform vouches for each request.
	ExpiresAt time.Time

	Name              string
	PreferredUsername string
	Email             string
	// EmailVerified is the optional claim xms_edov, which says whether the owner of the address's domain was verified: EmailVerified if it
	// is true, EmailUnverified if it is anything else, and unknown if it is absent.
	EmailVerified authprovider.EmailVerification
	// Groups are the object IDs of the person's groups, and Roles the app roles. Neither is to be modified.
	Groups []string
	Roles  []string
	// GroupsOmitted is set if the person is in more groups than fit into a token, and Groups therefore says nothing: a resolver that keeps the
	// members of a group out must refuse then.
	GroupsOmitted bool

	// AccessToken is X-MS-TOKEN-AAD-ACCESS-TOKEN as it came, for calls to Microsoft Graph; nothing in it is verified. It is empty if there
	// is none.
	AccessToken authprovider.Secret

	token     *jose.Token
	principal []byte
}

func tokenResult(t *jose.Token) Result {
	r := Result{ExpiresAt: t.Claims().Expiry, token: t}
	r.ObjectID, _ = t.String("oid")
	r.TenantID, _ = t.String("tid")
	r.Name, _ = t.String("name")
	r.PreferredUsername, _ = t.String("preferred_username")
	r.Email, _ = t.String("email")
	if edov, ok := t.Raw("xms_edov"); ok && string(edov) != "null" && r.Email != "" {
		r.EmailVerified = domainOwnerVerified(strings.Trim(string(edov), `"`))
	}
	r.Groups = texts(t, "groups")
	r.Roles = texts(t, "roles")
	r.GroupsOmitted = t.Has("hasgroups") || namesGroups(t)
	return r
}

// domainOwnerVerified reads xms_edov, which Entra writes as true or as "1".
func domainOwnerVerified(edov string) authprovider.EmailVerification {
	if edov == "1" || strings.EqualFold(edov, "true") {
		return authprovider.EmailVerified
	}
	return authprovider.EmailUnverified
}

// texts reads a claim that is a list of texts. Of anything else there is nothing.
func texts(t *jose.Token, name string) []string {
	var list []string
	if raw, ok := t.Raw(name); !ok || raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// namesGroups reports whether the groups are said to be found elsewhere (OpenID Connect Core section 5.6.2).
func namesGroups(t *jose.Token) bool {
	var names map[string]json.RawMessage
	raw, ok := t.Raw("_claim_names")
	if !ok || json.Unmarshal(raw, &names) != nil {
		return false
	}
	_, ok = names["groups"]
	return ok
}

// ParseResult returns what an ID token with these claims, a JSON object, would say, for the unit tests of sign-in resolvers: it verifies
// nothing.
func ParseResult(claims []byte) (Result, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return Result{}, fmt.Errorf("azureeasyauth: claims: %w", err)
	}
	return tokenResult(t), nil
}

// Claims decodes all claims of the ID token into v, or, with Config.ClientPrincipal, the principal's JSON: an object whose member
// "claims" is a list of objects with "typ" and "val". A member that matches a field only without regard to case is an error.
func (r Result) Claims(v any) error {
	var err error
	switch {
	case r.token != nil:
		err = r.token.DecodeAll(v)
	case r.principal != nil:
		err = jose.UnmarshalStrict(r.principal, v)
	default:
		err = errors.New("there are none")
	}
	if err != nil {
		return fmt.Errorf("azureeasyauth: claims: %w", err)
	}
	return nil
}
