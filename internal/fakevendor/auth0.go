package fakevendor

import (
	"net/http"
	"strconv"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Auth0 is an Auth0 tenant, as auth0.com/docs describes it. The organization of a person is the claims "org_id" and "org_name".
type Auth0 struct {
	// Domain is the tenant's, or a custom one. If empty, it is "acme.eu.auth0.com".
	Domain string
}

// Spec implements [Vendor].
func (a Auth0) Spec(string) Spec {
	web := "https://" + base(a.Domain, "acme.eu.auth0.com")
	return Spec{
		Name:   "Auth0",
		Issuer: web + "/",
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: web + "/authorize",
			fakeidp.Token:     web + "/oauth/token",
			fakeidp.JWKS:      web + "/.well-known/jwks.json",
			fakeidp.UserInfo:  web + "/userinfo",
			fakeidp.Revoke:    web + "/oauth/revoke",
		},
		Lifetime: 24 * time.Hour,
		Behavior: fakeidp.Behavior{RefreshNeedsOfflineAccess: true, IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			Claims: func(p fakeidp.Person, _ []string, claims map[string]any) {
				if p.PreferredUsername != "" {
					claims["nickname"] = p.PreferredUsername
				}
			},
			Denied: map[string]string{"error_description": "User did not authorize the request"},
			Refuse: refusals{
				code:         said{http.StatusForbidden, "invalid_grant", "Invalid authorization code"},
				refreshToken: said{http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token."},
				client:       said{http.StatusUnauthorized, "access_denied", "Unauthorized"},
			}.refuse,
			RateLimit: func(h http.Header, now time.Time) (int, any) {
				h.Set("X-RateLimit-Limit", "10")
				h.Set("X-RateLimit-Remaining", "0")
				h.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(time.Minute).Unix(), 10))
				return http.StatusTooManyRequests, map[string]any{"error": "too_many_requests", "error_description": "Global limit has been reached"}
			},
		},
		OnDemand: "phone",
	}
}
