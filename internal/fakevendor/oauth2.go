package fakevendor

import (
	"net/http"
	"strconv"

	"example.com/stagedoor/internal/fakeidp"
)

// OAuth2 is a plain OAuth 2.0 provider that follows the specifications (RFC 6749, 6750, 7009 and 7636), with an API of its own. It has
// /oauth/authorize, /oauth/token, /oauth/revoke and /api/me, which answers
//
//	{"id": 7, "login": "jane", "full_name": "Jane Doe", "avatar": "https://...", "contact": {"email": "jane@example.com", "verified": true}}
//
// A person's Subject is the number, or makes one; PreferredUsername is the login.
type OAuth2 struct {
	// BaseURL is its address. If empty, "https://acme.example".
	BaseURL string
	// NoRefreshToken has sessions live as long as their access tokens, which have no end.
	NoRefreshToken bool
	// NoRevocation has no revocation endpoint.
	NoRevocation bool
}

// Spec implements [Vendor].
func (o OAuth2) Spec(string) Spec {
	pages := base(o.BaseURL, "https://acme.example")
	s := Spec{
		Name:   "OAuth 2.0",
		Issuer: pages,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/oauth/authorize",
			fakeidp.Token:     pages + "/oauth/token",
			fakeidp.UserInfo:  pages + "/api/me",
			fakeidp.Revoke:    pages + "/oauth/revoke",
		},
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit},
		Subject:  func(p fakeidp.Person) string { return strconv.FormatInt(number(p.Subject), 10) },
		OnDemand: "write:things",
		Dialect: fakeidp.Dialect{
			PlainOAuth: true,
			Problem:    func(status int, _ string) any { return map[string]any{"message": http.StatusText(status)} },
			Resources: map[string]fakeidp.Resource{pages + "/api/me": func(c fakeidp.Call) (int, any) {
				p := c.Person
				contact := map[string]any{"email": orNull(p.Email)}
				if p.EmailVerified != nil {
					contact["verified"] = *p.EmailVerified
				}
				return 0, merged(map[string]any{
					"id": number(p.Subject), "login": p.PreferredUsername, "full_name": p.Name, "avatar": orNull(p.Picture), "contact": contact,
				}, p)
			}},
		},
	}
	if o.NoRefreshToken {
		s.Behavior.NoRefreshToken, s.Behavior.ExpiresIn = true, fakeidp.Omit
	}
	if o.NoRevocation {
		delete(s.Endpoints, fakeidp.Revoke)
	}
	return s
}
