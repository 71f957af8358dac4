package proxytoken

import (
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// EmailVerification reads email_verified as it is written in the wild: true and "true" are verified, null and an absent claim are
// unknown, and anything else is unverified. Without an address there is nothing to know.
func EmailVerification(t *jose.Token) authprovider.EmailVerification {
	email, _ := t.String("email")
	raw, _ := t.Raw("email_verified")
	switch {
	case email == "", len(raw) == 0, string(raw) == "null":
		return authprovider.EmailVerificationUnknown
	case string(raw) == "true", string(raw) == `"true"`:
		return authprovider.EmailVerified
	}
	return authprovider.EmailUnverified
}
