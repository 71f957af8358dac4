package oauth2proxy

import (
	"errors"
	"fmt"
	"slices"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

// maxSubject is OpenID Connect Core's (section 2).
const maxSubject = 255

// idTokenRule is what an ID token must fit besides issuer, audience and times.
type idTokenRule struct{ audience []string }

// check refuses tokens of the issuer that are not ID tokens for oauth2-proxy. In Authorization, above all, anything may arrive that a
// client can get hold of; RFC 8725 section 3.12 wants it told apart by what it says.
func (rule idTokenRule) check(t *jose.Token) error {
	// RFC 9068 types access tokens as at+jwt, which the verifier refuses by the header. Those of Keycloak are of type JWT like ID
	// tokens, and say in a claim what they are: Bearer, Refresh, Logout; Cognito's do in another.
	for _, kind := range [...]struct{ claim, want string }{{"typ", "ID"}, {"token_use", "id"}} {
		if got, _ := t.String(kind.claim); t.Has(kind.claim) && got != kind.want {
			return notIDToken(fmt.Errorf("claim %s is %.32q, want %q", kind.claim, got, kind.want))
		}
	}
	// A security event, such as a logout token that is typed JWT (OpenID Connect Back-Channel Logout section 2.4), has our audience and a sub.
	if t.Has("events") {
		return notIDToken(errors.New("claim events"))
	}
	claims := t.Claims()
	if claims.Subject == "" || len(claims.Subject) > maxSubject {
		return proxyauth.Refuse("subject_missing", fmt.Errorf("oauth2proxy: sub of %d bytes, want 1 to %d", len(claims.Subject), maxSubject))
	}
	// OpenID Connect Core section 3.1.3.7, steps 3 to 5: a party that we do not know in aud may have got the token for itself, unless azp says
	// that it was made for us; and whatever azp says must be us.
	if t.Has("azp") {
		if azp, _ := t.String("azp"); !slices.Contains(rule.audience, azp) {
			return notIDToken(errors.New("azp is another client"))
		}
	} else if slices.ContainsFunc(claims.Audiences, func(aud string) bool { return !slices.Contains(rule.audience, aud) }) {
		return notIDToken(errors.New("further audiences without azp"))
	}
	return nil
}

func notIDToken(why error) error {
	return proxyauth.Refuse("id_token_required", fmt.Errorf("oauth2proxy: not an ID token for this application: %w", why))
}
