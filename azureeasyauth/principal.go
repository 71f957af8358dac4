package azureeasyauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// principalRule is what X-MS-CLIENT-PRINCIPAL must fit, besides the trust anchor.
type principalRule struct{ tenantID, clientID string }

// The default mapping of the platform gives some claims the names that they have in WS-Federation; others, or all where it is off, keep
// those of the token.
const (
	claimObjectID   = "http://schemas.microsoft.com/identity/claims/objectidentifier"
	claimTenantID   = "http://schemas.microsoft.com/identity/claims/tenantid"
	claimEmail      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
	claimIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	claimRole       = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
)

// clientPrincipal is what of the header is read here.
type clientPrincipal struct {
	AuthType string `json:"auth_typ"`
	Claims   []struct {
		Type  string `json:"typ"`
		Value string `json:"val"`
	} `json:"claims"`

	text []byte
}

// parsePrincipal reads the header's value strictly. Errors hold nothing of it.
func parsePrincipal(value string) (*clientPrincipal, error) {
	// Strict, so that a principal has one spelling; the line breaks that it would skip all the same are in no header.
	text, err := base64.StdEncoding.Strict().DecodeString(value)
	if err != nil {
		return nil, errors.New("not base64")
	}
	p := clientPrincipal{text: text}
	if err := jose.UnmarshalStrict(text, &p); err != nil {
		return nil, errors.New("not the JSON of a client principal")
	}
	if p.AuthType != "aad" {
		return nil, errors.New("auth_typ is not aad") // Easy Auth can sign people in with GitHub or Facebook too
	}
	return &p, nil
}

// one returns the value of a claim that has one, under any of its names. Twice is an error, even with the same value: which of two readers
// takes which cannot be known.
func (p *clientPrincipal) one(names ...string) (string, error) {
	found, value := false, ""
	for _, name := range names {
		for _, c := range p.Claims {
			if c.Type != name {
				continue
			}
			if found {
				return "", fmt.Errorf("claim %s is there twice", names[0])
			}
			found, value = true, c.Value
		}
	}
	return value, nil
}

// all returns the values of a claim that may have several.
func (p *clientPrincipal) all(names ...string) []string {
	var values []string
	for _, name := range names {
		for _, c := range p.Claims {
			if c.Type == name {
				values = append(values, c.Value)
			}
		}
	}
	return values
}

// groupsOmitted is what [Result].GroupsOmitted says; _claim_names is JSON in a text here.
func (p *clientPrincipal) groupsOmitted() bool {
	return p.all("hasgroups") != nil || slices.ContainsFunc(p.all("_claim_names"), func(names string) bool {
		return strings.Contains(names, `"groups"`)
	})
}

// authenticate reads the principal of a request that has passed the trust anchor.
func (rule principalRule) authenticate(r *http.Request) (Result, error) {
	value, err := proxyauth.HeaderValue(r, principalHeader)
	if err != nil {
		return Result{}, err
	}
	p, err := parsePrincipal(value)
	if err != nil {
		return Result{}, invalidPrincipal(err)
	}
	result := Result{Groups: p.all("groups"), Roles: p.all("roles", claimRole), GroupsOmitted: p.groupsOmitted(), principal: p.text}
	var identifier, audience, edov, kind string
	for _, claim := range [...]struct {
		value *string
		names []string
	}{
		{&result.ObjectID, []string{claimObjectID, "oid"}},
		{&result.TenantID, []string{claimTenantID, "tid"}},
		{&result.Name, []string{"name"}},
		{&result.PreferredUsername, []string{"preferred_username"}},
		{&result.Email, []string{claimEmail, "email"}},
		{&edov, []string{"xms_edov"}},
		{&identifier, []string{claimIdentifier, "sub"}},
		{&audience, []string{"aud"}},
		{&kind, []string{"idtyp"}},
	} {
		if *claim.value, err = p.one(claim.names...); err != nil {
			return Result{}, invalidPrincipal(err)
		}
	}
	switch {
	case result.TenantID != rule.tenantID:
		return Result{}, proxyauth.Refuse("tenant_mismatch",
			fmt.Errorf("azureeasyauth: the client principal is of tenant %.64q", result.TenantID))
	case !isGUID(result.ObjectID):
		return Result{}, errNoObjectID
	case kind == "app":
		return Result{}, invalidPrincipal(errors.New("an application, not a person"))
	case rule.clientID != "" && audience != "" && audience != rule.clientID && audience != "api://"+rule.clientID:
		return Result{}, invalidPrincipal(errors.New("made for another application"))
	}
	if err := checkCompanions(r, result.ObjectID, identifier); err != nil {
		return Result{}, err
	}
	if result.Email != "" && edov != "" {
		result.EmailVerified = domainOwnerVerified(edov)
	}
	return result, nil
}

// checkCompanions refuses a request whose other headers of the platform are not of the same sign-in: someone other than the platform had a
// hand in them. Without them nothing is missing.
func checkCompanions(r *http.Request, ids ...string) error {
	idp, err := optionalHeader(r, principalIDPHeader)
	if err != nil {
		return err
	}
	if idp != "" && idp != "aad" {
		return invalidPrincipal(fmt.Errorf("header %s is not aad", principalIDPHeader))
	}
	id, err := optionalHeader(r, principalIDHeader)
	if err != nil {
		return err
	}
	for _, own := range ids {
		if id == "" || id == own {
			return nil
		}
	}
	return invalidPrincipal(fmt.Errorf("header %s is of somebody else", principalIDHeader))
}

// optionalHeader forgives a header that is absent, and no other fault.
func optionalHeader(r *http.Request, name string) (string, error) {
	value, err := proxyauth.HeaderValue(r, name)
	if errors.Is(err, proxyauth.ErrMissing) {
		return "", nil
	}
	return value, err
}

func invalidPrincipal(why error) error {
	return proxyauth.Refuse(proxytoken.CodeInvalid, fmt.Errorf("azureeasyauth: client principal: %w", why))
}
