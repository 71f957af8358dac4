package fakevendor

import (
	"net/http"
	"strconv"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Okta is an authorization server of an Okta organization, as developer.okta.com describes it.
type Okta struct {
	// OrgURL is the organization's address. If empty, it is "https://acme.okta.com".
	OrgURL string
	// AuthServerID is the ID of a custom authorization server, such as "default". If empty, it is the organization's own.
	AuthServerID string
}

// Spec implements [Vendor].
func (o Okta) Spec(string) Spec {
	issuer := base(o.OrgURL, "https://acme.okta.com")
	endpoints := issuer + "/oauth2/v1"
	if o.AuthServerID != "" {
		issuer += "/oauth2/" + o.AuthServerID
		endpoints = issuer + "/v1"
	}
	return Spec{
		Name:   "Okta",
		Issuer: issuer,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize:  endpoints + "/authorize",
			fakeidp.Token:      endpoints + "/token",
			fakeidp.JWKS:       endpoints + "/keys",
			fakeidp.UserInfo:   endpoints + "/userinfo",
			fakeidp.Revoke:     endpoints + "/revoke",
			fakeidp.EndSession: endpoints + "/logout",
		},
		Behavior: fakeidp.Behavior{RefreshNeedsOfflineAccess: true, KeepRefreshToken: true, IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			Denied: map[string]string{"error_description": "User is not assigned to the client application."},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "The authorization code is invalid or has expired."},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "The refresh token is invalid or expired."},
				client:       said{http.StatusUnauthorized, "invalid_client", "The client secret supplied for a confidential client is invalid."},
			}.refuse,
			RateLimit: func(h http.Header, now time.Time) (int, any) {
				h.Set("X-Rate-Limit-Limit", "600")
				h.Set("X-Rate-Limit-Remaining", "0")
				h.Set("X-Rate-Limit-Reset", strconv.FormatInt(now.Add(time.Minute).Unix(), 10))
				return http.StatusTooManyRequests, map[string]any{"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit due to too many requests.",
					"errorLink": "E0000047", "errorId": "oaeHfmOAx1iRLa0H10DeMz5fQ", "errorCauses": []any{}}
			},
		},
		OnDemand: "groups",
	}
}
