package fakevendor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Google is Google's OpenID Connect, as developers.google.com describes it. The hosted domain of a person is the claim "hd".
type Google struct{}

// Spec implements [Vendor].
func (Google) Spec(string) Spec {
	const revoke = "https://oauth2.googleapis.com/revoke"
	return Spec{
		Name:   "Google",
		Issuer: "https://accounts.google.com",
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: "https://accounts.google.com/o/oauth2/v2/auth",
			fakeidp.Token:     "https://oauth2.googleapis.com/token",
			fakeidp.JWKS:      "https://www.googleapis.com/oauth2/v3/certs",
			fakeidp.UserInfo:  "https://openidconnect.googleapis.com/v1/userinfo",
			fakeidp.Revoke:    revoke,
		},
		Behavior: fakeidp.Behavior{KeepRefreshToken: true, AuthorizedParty: true, IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			Offline: func(request url.Values) bool {
				return request.Get("access_type") == "offline" && slices.Contains(strings.Fields(request.Get("prompt")), "consent")
			},
			Scope: googleScopes,
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "Malformed auth code."},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked."},
				client:       said{http.StatusUnauthorized, "invalid_client", "The provided client secret is invalid."},
			}.refuse,
			RateLimit: func(http.Header, time.Time) (int, any) {
				return http.StatusTooManyRequests, map[string]any{"error": map[string]any{
					"code": http.StatusTooManyRequests, "message": "Resource has been exhausted (e.g. check quota).", "status": "RESOURCE_EXHAUSTED"}}
			},
			Handlers: map[string]func(*fakeidp.Server, http.ResponseWriter, *http.Request){revoke: revokeAtGoogle},
		},
		SilentOnRetry: true,
		OnDemand:      "https://www.googleapis.com/auth/drive.readonly",
	}
}

// googleScopes gives two scopes of OpenID Connect their long names.
func googleScopes(scopes []string) string {
	long := make([]string, len(scopes))
	for i, scope := range scopes {
		long[i] = scope
		if scope == "email" || scope == "profile" {
			long[i] = "https://www.googleapis.com/auth/userinfo." + scope
		}
	}
	return strings.Join(long, " ")
}

// revokeAtGoogle asks for no client: whoever has a token may end it, and the grant with it.
func revokeAtGoogle(s *fakeidp.Server, w http.ResponseWriter, r *http.Request) {
	status, body := http.StatusOK, map[string]string{}
	if r.Method != http.MethodPost || !s.RevokeGrant(r.Form.Get("token")) {
		status, body = http.StatusBadRequest, map[string]string{"error": "invalid_token", "error_description": "Token expired or revoked"}
	}
	fakeidp.WriteJSON(w, status, body)
}
