package fakevendor

import (
	"net/http"
	"slices"

	"example.com/stagedoor/internal/fakeidp"
)

// Atlassian is Atlassian Cloud with an app of the developer console (OAuth 2.0, 3LO), as developer.atlassian.com describes it. A person's Subject
// is the account ID; PreferredUsername is the nickname. It does not say whether an address is verified.
type Atlassian struct{}

// Spec implements [Vendor].
func (Atlassian) Spec(string) Spec {
	const pages, profile = "https://auth.atlassian.com", "https://api.atlassian.com/me"
	return Spec{
		Name:   "Atlassian",
		Issuer: pages,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/authorize",
			fakeidp.Token:     pages + "/oauth/token",
			fakeidp.UserInfo:  profile,
		},
		Behavior:      fakeidp.Behavior{IssuerParameter: fakeidp.Omit, RefreshNeedsOfflineAccess: true},
		SilentOnEmail: true,
		OnDemand:      "read:jira-work",
		Dialect: fakeidp.Dialect{
			PlainOAuth: true,
			Denied:     map[string]string{"error_description": "User did not authorize the request"},
			Refuse: func(r *http.Request, why fakeidp.Refusal) (int, map[string]any) {
				if why.Description == "the refresh token was used before" {
					return http.StatusForbidden, map[string]any{"error": "unauthorized_client", "error_description": "refresh_token is invalid"}
				}
				return refusals{
					code:         said{http.StatusForbidden, "invalid_grant", "Invalid authorization code"},
					refreshToken: said{http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token."},
					client:       said{http.StatusUnauthorized, "access_denied", "Unauthorized"},
				}.refuse(r, why)
			},
			Problem: func(status int, message string) any {
				if status == http.StatusUnauthorized {
					message = "Unauthorized"
				}
				return map[string]any{"code": status, "message": message}
			},
			Resources: map[string]fakeidp.Resource{profile: func(c fakeidp.Call) (int, any) {
				if !slices.Contains(c.Scopes, "read:me") {
					return http.StatusForbidden, "The app is not allowed to access this resource"
				}
				p := c.Person
				return 0, merged(map[string]any{
					"account_type": "atlassian", "account_id": p.Subject, "email": p.Email, "name": p.Name, "picture": p.Picture, "account_status": "active",
					"nickname": p.PreferredUsername, "zoneinfo": "Europe/Berlin", "locale": "en-US", "extended_profile": map[string]any{"job_title": "Engineer"},
				}, p)
			}},
		},
	}
}
