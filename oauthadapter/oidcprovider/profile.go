package oidcprovider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// Profile is what the provider says about a person (OpenID Connect Core section 5.1). Issuer and Subject together identify the person
// for good; everything else can change, and most of it the person can choose. Claims that are absent or of another type than the
// standard's are empty.
type Profile struct {
	Issuer  string
	Subject string

	Name              string
	GivenName         string
	FamilyName        string
	PreferredUsername string
	Picture           string

	Email string
	// EmailVerified is email_verified, from the same place as Email: true and "true" are verified, null and an absent claim are
	// unknown, and anything else is unverified.
	EmailVerified authprovider.EmailVerification

	claims claimSet
}

// ParseProfile returns the profile of a person with these claims, a JSON object, for the unit tests of sign-in resolvers: it verifies
// nothing. Issuer and Subject are the claims iss and sub.
func ParseProfile(claims []byte) (Profile, error) {
	var set claimSet
	if err := jose.UnmarshalStrict(claims, &set); err != nil {
		return Profile{}, fmt.Errorf("oidcprovider: claims: %w", err)
	}
	if set == nil { // null
		return Profile{}, errors.New("oidcprovider: claims: not an object")
	}
	return set.profile(set.text("iss")), nil
}

// Claims decodes all claims into v, by exact name. They are those of the ID token and, where it lacks them, those of the userinfo
// answer; email and email_verified always come from the same one, and the claims of the protocol, such as aud, from the ID token alone.
func (p Profile) Claims(v any) error {
	if p.claims == nil {
		return errors.New("oidcprovider: the profile has no claims")
	}
	merged, err := json.Marshal(p.claims)
	if err != nil {
		return fmt.Errorf("oidcprovider: claims: %w", err)
	}
	if err := jose.UnmarshalStrict(merged, v); err != nil {
		return fmt.Errorf("oidcprovider: claims: %w", err)
	}
	return nil
}

// claimSet holds the members of objects that were read strictly, so that nothing is left to be strict about in their values.
type claimSet map[string]json.RawMessage

// text returns a claim, or "" if it is not a text.
func (c claimSet) text(name string) string {
	text, _ := jose.Text(c[name])
	return text
}

func (c claimSet) emailVerification() authprovider.EmailVerification {
	switch string(c["email_verified"]) {
	case "", "null":
		return authprovider.EmailVerificationUnknown
	case "true", `"true"`:
		return authprovider.EmailVerified
	}
	return authprovider.EmailUnverified
}

func (c claimSet) profile(issuer string) Profile {
	p := Profile{
		Issuer:            issuer,
		Subject:           c.text("sub"),
		Name:              c.text("name"),
		GivenName:         c.text("given_name"),
		FamilyName:        c.text("family_name"),
		PreferredUsername: c.text("preferred_username"),
		Picture:           c.text("picture"),
		Email:             c.text("email"),
		claims:            c,
	}
	if p.Email != "" {
		p.EmailVerified = c.emailVerification()
	}
	return p
}

// readUserInfo reads the userinfo endpoint. Its sub must be subject: access tokens can be swapped (section 5.3.2).
func (a *Authenticator) readUserInfo(ctx context.Context, m *metadata, accessToken authprovider.Secret, subject string) (claimSet, error) {
	var claims claimSet
	if err := a.oauth.GetJSON(ctx, "userinfo", m.UserInfoEndpoint, accessToken, &claims); err != nil {
		return nil, err
	}
	if got := claims.text("sub"); got == "" || len(got) > maxSubject || (subject != "" && got != subject) {
		return nil, refuse("userinfo_subject_mismatch", fmt.Errorf("%w: userinfo", ErrSubject))
	}
	return claims, nil
}

// newProfile merges the claims of ID token and userinfo answer; one of the two may be missing.
func (a *Authenticator) newProfile(idToken *jose.Token, userinfo claimSet) Profile {
	claims := make(claimSet)
	if idToken != nil {
		maps.Insert(claims, idToken.All())
	}
	hasEmail := claims.text("email") != ""
	if !hasEmail {
		// Whether one address is verified says nothing about another.
		delete(claims, "email")
		delete(claims, "email_verified")
	}
	for name, value := range userinfo {
		_, taken := claims[name]
		if taken || isProtocolClaim(name) || (name == "email_verified" && hasEmail) {
			continue
		}
		claims[name] = value
	}
	issuer := string(a.issuer)
	if idToken != nil {
		issuer = idToken.Claims().Issuer
	}
	return claims.profile(issuer)
}

// isProtocolClaim lists the claims that only an ID token can make (OpenID Connect Core section 2, RFC 7519 section 4.1).
func isProtocolClaim(name string) bool {
	switch name {
	case "iss", "aud", "exp", "nbf", "iat", "jti", "nonce", "azp", "at_hash", "c_hash", "acr", "amr", "auth_time", "sid":
		return true
	}
	return false
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (a *Authenticator) defaultProfile(p Profile) authprovider.Profile {
	out := authprovider.Profile{DisplayName: p.Name, Picture: p.Picture}
	if out.DisplayName == "" {
		out.DisplayName = p.PreferredUsername
	}
	// Anybody can claim an address that nobody checked.
	if p.EmailVerified == authprovider.EmailVerified || (p.EmailVerified == authprovider.EmailVerificationUnknown && !a.requireVerifiedEmail) {
		out.Email, out.EmailVerification = p.Email, p.EmailVerified
	}
	return out
}
