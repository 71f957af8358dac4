package fakeproxy

import (
	"crypto/sha256"
	"fmt"
	"maps"
)

// Person is somebody whom the proxy signs in. Its fields are those of fakeidp's, so that one converts to the other.
type Person struct {
	// Subject tells people apart. Required, unique.
	Subject string

	Name              string
	PreferredUsername string
	Picture           string

	Email string

	// EmailVerified is the email_verified claim of vendors that have one. If nil, the claim is left out.
	EmailVerified *bool

	Groups []string

	// Claims are further claims of the token. They replace those that come from the fields above.
	Claims map[string]any
}

// openIDClaims are the claims of OpenID Connect Core section 5.1 that the person has.
func (p Person) openIDClaims() map[string]any {
	claims := map[string]any{"sub": p.Subject}
	for name, value := range map[string]string{
		"name": p.Name, "preferred_username": p.PreferredUsername, "picture": p.Picture, "email": p.Email,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if p.Email != "" && p.EmailVerified != nil {
		claims["email_verified"] = *p.EmailVerified
	}
	if len(p.Groups) > 0 {
		claims["groups"] = p.Groups
	}
	maps.Copy(claims, p.Claims)
	return claims
}

// uuid makes the same UUID of the same text, for vendors that number people so.
func uuid(text string) string {
	sum := sha256.Sum256([]byte(text))
	sum[6] = sum[6]&0x0f | 0x80 // version 8, of our own making (RFC 9562 section 5.8)
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
