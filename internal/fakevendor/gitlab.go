package fakevendor

import (
	"net/http"
	"strconv"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// GitLab is gitlab.com or a GitLab of one's own, as docs.gitlab.com describes it. A person's PreferredUsername is the user name; Groups are
// in every answer.
type GitLab struct {
	// BaseURL is the address of a GitLab of one's own. If empty, it is gitlab.com.
	BaseURL string
}

// Spec implements [Vendor].
func (g GitLab) Spec(string) Spec {
	web := base(g.BaseURL, "https://gitlab.com")
	return Spec{
		Name:   "GitLab",
		Issuer: web,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: web + "/oauth/authorize",
			fakeidp.Token:     web + "/oauth/token",
			fakeidp.JWKS:      web + "/oauth/discovery/keys",
			fakeidp.UserInfo:  web + "/oauth/userinfo",
			fakeidp.Revoke:    web + "/oauth/revoke",
		},
		Lifetime: 2 * time.Hour,
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			Claims: func(p fakeidp.Person, _ []string, claims map[string]any) {
				if p.PreferredUsername != "" {
					claims["nickname"], claims["profile"] = p.PreferredUsername, web+"/"+p.PreferredUsername
				}
				if len(p.Groups) > 0 {
					claims["groups"], claims["groups_direct"] = p.Groups, p.Groups
				}
			},
			Denied: map[string]string{"error_description": "The resource owner or authorization server denied the request."},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", gitLabGrant},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", gitLabGrant},
				client: said{http.StatusUnauthorized, "invalid_client",
					"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."},
			}.refuse,
			RateLimit: func(h http.Header, now time.Time) (int, any) {
				h.Set("Retry-After", "30")
				h.Set("RateLimit-Remaining", "0")
				h.Set("RateLimit-Reset", strconv.FormatInt(now.Add(30*time.Second).Unix(), 10))
				return http.StatusTooManyRequests, "Retry later"
			},
		},
		OnDemand: "read_api",
	}
}

const gitLabGrant = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
