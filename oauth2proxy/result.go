package oauth2proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/proxytoken"
)

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Result is what oauth2-proxy vouches for. Where there is a verified ID token, all of it but Headers is the token's, and Issuer and Subject
// together identify the person for good. Where there are only headers, Issuer, Subject, ExpiresAt, Name and Picture are empty.
type Result struct {
	Issuer    string
	Subject   string
	ExpiresAt time.Time

	// User is sub, as oauth2-proxy itself has it by default, or X-Forwarded-User where there are only headers.
	User string
	// PreferredUsername is a name that the person can choose and change at many identity providers.
	PreferredUsername string
	Name              string
	Picture           string
	Email             string
	// EmailVerified is email_verified: true and "true" are verified, null and an absent claim are unknown, and anything else is unverified.
	// Headers do not say; there it is unknown.
	EmailVerified authprovider.EmailVerification
	// Groups are not to be modified.
	Groups []string

	// Headers are the plain headers, as far as Config.HeaderStyle says that they are read.
	Headers Headers

	token *jose.Token
}

func headerResult(h Headers) Result {
	return Result{User: h.User, PreferredUsername: h.PreferredUsername, Email: h.Email, Groups: h.Groups, Headers: h}
}

func tokenResult(t *jose.Token, groupsClaim string) Result {
	claims := t.Claims()
	r := Result{Issuer: claims.Issuer, Subject: claims.Subject, ExpiresAt: claims.Expiry, User: claims.Subject, token: t}
	r.PreferredUsername, _ = t.String("preferred_username")
	r.Name, _ = t.String("name")
	r.Picture, _ = t.String("picture")
	r.Email, _ = t.String("email")
	r.EmailVerified = proxytoken.EmailVerification(t)
	r.Groups = texts(t, groupsClaim)
	return r
}

// texts reads a claim that is a text or a list of texts. Of anything else there is nothing.
func texts(t *jose.Token, name string) []string {
	if one, ok := t.String(name); ok {
		return []string{one}
	}
	var list []string
	if raw, ok := t.Raw(name); !ok || raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// ParseResult returns what an ID token with these claims, a JSON object, would say, for the unit tests of sign-in resolvers: it verifies
// nothing. Groups are those of the claim "groups".
func ParseResult(claims []byte) (Result, error) {
	t, err := jose.ParseClaims(claims)
	if err != nil {
		return Result{}, fmt.Errorf("oauth2proxy: claims: %w", err)
	}
	return tokenResult(t, defaultGroupsClaim), nil
}

// Claims decodes all claims of the ID token into v, by exact name: a member that matches a field only without regard to case is an
// error. Without a token it is an error.
func (r Result) Claims(v any) error {
	if r.token == nil {
		return errors.New("oauth2proxy: the result has no claims, only headers")
	}
	if err := r.token.DecodeAll(v); err != nil {
		return fmt.Errorf("oauth2proxy: claims: %w", err)
	}
	return nil
}
