package oidcprovider

import (
	"regexp"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// tenantPlaceholder is how Microsoft Entra ID writes the issuer of applications that people of several tenants use.
const tenantPlaceholder = "{tenantid}"

var tenantID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// issuerRule says which iss an ID token may have: one, or that of its own tenant.
type issuerRule string

func (r issuerRule) perTenant() bool { return strings.Contains(string(r), tenantPlaceholder) }

// allows reports whether the token names the issuer that it must come from. Where tenants share metadata and keys, that is the one with the
// token's own tid in it, so that a check of tid is a check of iss.
func (r issuerRule) allows(t *jose.Token) bool {
	iss := t.Claims().Issuer
	if !r.perTenant() {
		return iss == string(r)
	}
	tid, _ := t.String("tid")
	return tenantID.MatchString(tid) && iss == strings.Replace(string(r), tenantPlaceholder, tid, 1)
}

// allowsKey reports whether a key may have signed the token. Keys that tenants share say which issuer each is for, one tenant's or everybody's:
// else one that is for the accounts of a single tenant could sign for all.
func (r issuerRule) allowsKey(key jose.PublicKey, t *jose.Token) bool {
	if !r.perTenant() || key.Issuer == "" {
		return true
	}
	tid, _ := t.String("tid")
	return strings.Replace(key.Issuer, tenantPlaceholder, tid, 1) == t.Claims().Issuer
}

// parameter is what an iss parameter on the callback must be equal to, or "" if it cannot be known before.
func (r issuerRule) parameter() string {
	if r.perTenant() {
		return ""
	}
	return string(r)
}
