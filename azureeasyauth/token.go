package azureeasyauth

import (
	"errors"
	"fmt"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

// tokenRule is what an ID token must fit besides issuer, audience and times.
type tokenRule struct{ tenantID, clientID, issuer string }

func (rule tokenRule) check(t *jose.Token) error {
	// A v1 token has another issuer and other claims. It is common enough to be worth a reason of its own.
	if ver, _ := t.String("ver"); ver != "2.0" {
		return proxyauth.Refuse("token_version", fmt.Errorf("azureeasyauth: the ID token is of version %.16q, not 2.0: "+
			"the issuer URL in the authentication settings of the app must be %s", ver, rule.issuer))
	}
	if tid, _ := t.String("tid"); tid != rule.tenantID {
		return proxyauth.Refuse("tenant_mismatch", fmt.Errorf("azureeasyauth: the ID token is of tenant %.64q", tid))
	}
	// An access token for this application has its client ID in aud as well, whichever client asked for it and on behalf of whomever, or of
	// nobody: these claims are those that set it apart. Both are of type JWT.
	for _, name := range [...]string{"scp", "azpacr", "appidacr"} {
		if t.Has(name) {
			return proxyauth.Refuse("id_token_required", fmt.Errorf("azureeasyauth: not an ID token: claim %s", name))
		}
	}
	// OpenID Connect Core section 3.1.3.7, steps 3 to 5. Entra writes one audience and no azp.
	if azp, _ := t.String("azp"); t.Has("azp") && azp != rule.clientID || len(t.Claims().Audiences) != 1 {
		return proxyauth.Refuse("id_token_required", errors.New("azureeasyauth: not an ID token for this application alone"))
	}
	if t.Claims().Subject == "" {
		return proxyauth.Refuse("subject_missing", errors.New("azureeasyauth: the ID token has no subject"))
	}
	if oid, _ := t.String("oid"); !isGUID(oid) {
		return errNoObjectID
	}
	return nil
}

var errNoObjectID = proxyauth.Refuse("object_id_missing", errors.New("azureeasyauth: there is no object ID, a GUID"))
