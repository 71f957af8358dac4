package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// OAuth2Vendor says which plain OAuth 2.0 provider a fake is: BaseURL ("https://acme.example" if empty), below which are /oauth/authorize,
// /oauth/token, /oauth/revoke and /api/me; NoRefreshToken, for sessions that live as long as their access tokens; NoRevocation. /api/me answers
//
//	{"id": 7, "login": "jane", "full_name": "Jane Doe", "avatar": "https://...", "contact": {"email": "jane@example.com", "verified": true}}
//
// A person's Subject is the number, or makes one; PreferredUsername is the login.
type OAuth2Vendor = fakevendor.OAuth2

// NewOAuth2 makes a fake of a plain OAuth 2.0 provider, for package oauth2provider and for whatever is built on it.
func NewOAuth2(t testing.TB, v OAuth2Vendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
