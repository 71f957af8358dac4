package fakevendor

import (
	"maps"
	"net/http"
	"strings"

	"example.com/stagedoor/internal/fakeidp"
)

// VMwareCloud is VMware Cloud services with an OAuth app of an organization, as developer.broadcom.com describes it. All claims are in the ID token,
// whatever scopes are asked for; a person has "given_name" and "family_name" and no "name". It does not say whether an address is verified.
type VMwareCloud struct {
	// OrganizationID is the organization that everybody chooses, but for people with a claim "context_name".
	OrganizationID string
}

// Spec implements [Vendor].
func (v VMwareCloud) Spec(string) Spec {
	const console = "https://console.cloud.vmware.com"
	return Spec{
		Name:   "VMware Cloud",
		Issuer: "https://gaz.csp-vidm-prod.com",
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: console + "/csp/gateway/discovery",
			fakeidp.Token:     console + "/csp/gateway/am/api/auth/token",
			fakeidp.JWKS:      console + "/csp/gateway/am/api/auth/token-public-key",
			fakeidp.UserInfo:  console + "/csp/gateway/am/api/userinfo",
		},
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true, RefreshNeedsOfflineAccess: true, TokenType: "bearer"},
		Dialect: fakeidp.Dialect{
			Aliases: map[string]fakeidp.Endpoint{console + "/csp/gateway/am/api/.well-known/openid-configuration": fakeidp.Discovery},
			Claims: func(p fakeidp.Person, _ []string, claims map[string]any) {
				given, family, _ := strings.Cut(p.Name, " ")
				clear(claims)
				maps.Copy(claims, map[string]any{
					"given_name": given, "family_name": family, "email": p.Email, "context_name": v.OrganizationID, "acct": p.Email, "username": login(p),
				})
				maps.Copy(claims, p.Claims)
			},
			Denied: map[string]string{"error_description": "User denied the request"},
		},
		SilentOnEmail: true,
		Wrap: func(s *fakeidp.Server) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, _, basic := r.BasicAuth(); r.Method == http.MethodPost && !basic { // of a client without a secret, too
					fakeidp.WriteJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "Basic authentication is required"})
					return
				}
				s.ServeHTTP(w, r)
			})
		},
	}
}
