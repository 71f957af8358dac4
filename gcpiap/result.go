package gcpiap

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
)

// GoogleAccounts is the identity provider of Google accounts, of people and of services.
const GoogleAccounts = "accounts.google.com"

// Result is what a verified assertion says. Subject identifies the person for good; addresses may pass on to others.
type Result struct {
	// Subject is sub as it stands there: identity provider, colon, user ID.
	Subject string
	// IdentityProvider is the part of Subject before the first colon: [GoogleAccounts], or "securetoken.google.com/PROJECT" with "/TENANT" or
	// without for external identities of Identity Platform, or "sts.google.com" for workforce pools.
	IdentityProvider string
	// UserID is the rest of Subject. Two providers may have the same.
	UserID string

	// Email is the address without the identity provider in front; empty if there is none.
	Email string
	// EmailVerified is verified for Google accounts, what Identity Platform says for its external identities, and unknown for all others.
	// Google checked the address when the account was made; only where HostedDomain is set does its domain stand for it today.
	EmailVerified authprovider.EmailVerification
	// Name and Picture are those of external identities of Identity Platform; Google accounts have none here.
	Name    string
	Picture string

	// HostedDomain is the Workspace or Cloud Identity domain of a Google account (hd); empty for all others.
	HostedDomain string
	// AccessLevels are the full names of the access levels that the request satisfies, such as "accessPolicies/1/accessLevels/corp". Not
	// to be modified.
	AccessLevels []string
	// DeviceID is that of a managed device; usually empty.
	DeviceID string

	Audience  string
	IssuedAt  time.Time
	ExpiresAt time.Time

	token *jose.Token
}

// ParseResult returns what an assertion with these claims, a JSON object, would say, for the unit tests of sign-in resolvers: it
// verifies nothing.
func ParseResult(claims []byte) (Result, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return Result{}, fmt.Errorf("gcpiap: claims: %w", err)
	}
	return newResult(t)
}

// Claims decodes all claims into v, by exact name: a member that matches a field only without regard to case is an error.
func (r Result) Claims(v any) error {
	if r.token == nil {
		return errors.New("gcpiap: the result has no claims")
	}
	if err := r.token.DecodeAll(v); err != nil {
		return fmt.Errorf("gcpiap: claims: %w", err)
	}
	return nil
}

func newResult(t *jose.Token) (Result, error) {
	claims := t.Claims()
	r := Result{Subject: claims.Subject, IssuedAt: claims.IssuedAt, ExpiresAt: claims.Expiry, token: t}
	if len(claims.Audiences) > 0 {
		r.Audience = claims.Audiences[0]
	}
	r.HostedDomain, _ = t.String("hd")
	var err error
	if r.IdentityProvider, r.UserID, err = splitNamespace(r.Subject); err != nil {
		return Result{}, fmt.Errorf("gcpiap: sub: %w", err)
	}
	if err = r.readEmail(t); err != nil {
		return Result{}, fmt.Errorf("gcpiap: email: %w", err)
	}
	if err = r.readExternal(t); err != nil {
		return Result{}, fmt.Errorf("gcpiap: gcip: %w", err)
	}
	if t.Has("google") {
		var google struct {
			AccessLevels []string `json:"access_levels"`
			DeviceID     string   `json:"device_id"`
		}
		if err := t.Decode("google", &google); err != nil {
			return Result{}, fmt.Errorf("gcpiap: %w", err)
		}
		r.AccessLevels, r.DeviceID = google.AccessLevels, google.DeviceID
	}
	return r, nil
}

var errNamespace = errors.New("not of the form <identity provider>:<value>")

// splitNamespace takes "accounts.google.com:118133858486581853996" apart, at the first colon, so that no user ID that holds one can choose
// its provider. A value without a provider could be of any.
func splitNamespace(s string) (namespace, value string, err error) {
	namespace, value, ok := strings.Cut(s, ":")
	if !ok || namespace == "" || value == "" {
		return "", "", errNamespace
	}
	return namespace, value, nil
}

// readEmail takes the identity provider off the address. IAP writes it for external identities, and leaves it out for Google accounts.
func (r *Result) readEmail(t *jose.Token) error {
	email, _ := t.String("email")
	if rest, ok := strings.CutPrefix(email, r.IdentityProvider+":"); ok {
		email = rest
	} else if namespace, _, ok := strings.Cut(email, ":"); ok && strings.IndexByte(namespace, '@') < 0 {
		// An address that one provider vouches for is none of another's person.
		return errors.New("of another identity provider than sub")
	}
	r.Email = email
	if email != "" && r.IdentityProvider == GoogleAccounts {
		r.EmailVerified = authprovider.EmailVerified
	}
	return nil
}

// readExternal reads gcip, in which Identity Platform describes its user: an object, or a text that holds one.
func (r *Result) readExternal(t *jose.Token) error {
	raw, ok := t.Raw("gcip")
	if !ok {
		return nil
	}
	if r.IdentityProvider == GoogleAccounts {
		return errors.New("an external identity under the name of a Google account")
	}
	if text, ok := t.String("gcip"); ok {
		raw = []byte(text)
	}
	user, err := jose.ParseClaims(raw)
	if err != nil {
		return err
	}
	r.Name, _ = user.String("name")
	r.Picture, _ = user.String("picture")
	// gcip.email_verified speaks of gcip.email.
	if email, ok := user.String("email"); ok {
		r.Email, r.EmailVerified = email, proxytoken.EmailVerification(user)
	}
	return nil
}
