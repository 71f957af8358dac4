package fakevendor

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/internal/fakeidp"
)

// Pinniped is a federation domain of the Pinniped Supervisor with an OIDCClient, as pinniped.dev describes it. It knows one name of a person, the
// user name in the clusters: Person.Name, unless there is a claim "username". Groups are the groups there.
type Pinniped struct {
	// FederationDomain is its issuer. If empty, "https://pinniped.example.com/acme".
	FederationDomain string
}

// Spec implements [Vendor].
func (p Pinniped) Spec(string) Spec {
	domain := base(p.FederationDomain, "https://pinniped.example.com/acme")
	const grant = "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked " +
		"or was issued to another client."
	return Spec{
		Name:   "Pinniped",
		Issuer: domain,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: domain + "/oauth2/authorize",
			fakeidp.Token:     domain + "/oauth2/token",
			fakeidp.JWKS:      domain + "/jwks.json",
		},
		Behavior: fakeidp.Behavior{
			IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true, RefreshNeedsOfflineAccess: true, RequirePKCE: true, AuthorizedParty: true,
			TokenType: "bearer",
		},
		Dialect: fakeidp.Dialect{
			Claims: func(p fakeidp.Person, scopes []string, claims map[string]any) {
				clear(claims)
				if slices.Contains(scopes, "username") {
					claims["username"] = p.Name
				}
				if slices.Contains(scopes, "groups") && len(p.Groups) > 0 {
					claims["groups"] = p.Groups
				}
				maps.Copy(claims, p.Claims)
			},
			Denied: map[string]string{"error_description": "The resource owner or authorization server denied the request."},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", grant},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", grant},
				client: said{http.StatusUnauthorized, "invalid_client",
					"Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)."},
			}.refuse,
		},
		Wrap: func(s *fakeidp.Server) http.Handler { return pinniped{s, path(domain + "/oauth2/token")} },
	}
}

// pinniped exchanges tokens, too (RFC 8693).
type pinniped struct {
	*fakeidp.Server
	token string // a path
}

func (p pinniped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if r.URL.Path == p.token && r.ParseForm() == nil && r.PostForm.Get("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange" {
		status, answer := p.exchange(r)
		fakeidp.WriteJSON(w, status, answer)
		return
	}
	p.Server.ServeHTTP(w, r)
}

// exchange answers with a token that says no more than the audience that it is for.
func (p pinniped) exchange(r *http.Request) (int, map[string]any) {
	refuse := func(status int, code, words string) (int, map[string]any) {
		return status, map[string]any{"error": code, "error_description": words}
	}
	form := r.PostForm
	_, known := p.AuthenticatedClient(r)
	scopes, valid := p.AccessTokenScopes(form.Get("subject_token"))
	switch audience := form.Get("audience"); {
	case !known:
		return refuse(http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
	case audience == "":
		return refuse(http.StatusBadRequest, "invalid_request", "Missing 'audience' parameter.")
	case form.Get("subject_token_type") != "urn:ietf:params:oauth:token-type:access_token":
		return refuse(http.StatusBadRequest, "invalid_request", "Unsupported 'subject_token_type' parameter value.")
	case form.Get("requested_token_type") != "urn:ietf:params:oauth:token-type:jwt":
		return refuse(http.StatusBadRequest, "invalid_request", "Unsupported 'requested_token_type' parameter value.")
	case strings.Contains(audience, ".pinniped.dev") || audience == "pinniped-cli":
		return refuse(http.StatusBadRequest, "invalid_request", "requested audience cannot contain '.pinniped.dev'")
	case !valid:
		return refuse(http.StatusUnauthorized, "request_unauthorized", "The request could not be authorized. Invalid 'subject_token' parameter value.")
	case !slices.Contains(scopes, "pinniped:request-audience") || !slices.Contains(scopes, "username"):
		return refuse(http.StatusForbidden, "access_denied", "Missing the 'pinniped:request-audience' scope.")
	default:
		return http.StatusOK, map[string]any{
			"access_token": "cluster-token-for-" + audience, "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_type": "N_A", "expires_in": 120,
		}
	}
}
