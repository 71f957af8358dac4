package fakevendor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// GitHub is github.com or a GitHub of one's own, as docs.github.com describes it. A person's Subject is the number of the account, or makes
// one; PreferredUsername is the login; Email is the private, primary address, and a claim "email" the public one. Groups are organizations,
// and, with a slash in them, teams: "acme", "acme/ops". The ID of whatever has a number for its name is that number.
type GitHub struct {
	// EnterpriseURL is the address of a GitHub of one's own. If empty, it is github.com.
	EnterpriseURL string
	// App is a GitHub App, whose tokens expire and are refreshed and which has permissions. If false, it is an OAuth App, with scopes.
	App bool
}

// ID returns the number, in decimal, of an organization, or of a team such as "acme/ops".
func (g GitHub) ID(name string) string { return strconv.FormatInt(number(name), 10) }

// Spec implements [Vendor].
func (g GitHub) Spec(clientID string) Spec {
	web := base(g.EnterpriseURL, "https://github.com")
	api := web + "/api/v3"
	if host, ok := strings.CutPrefix(web, "https://"); ok && (host == "github.com" || strings.HasSuffix(host, ".ghe.com")) {
		api = "https://api." + host
	}
	s := Spec{
		Name:   "GitHub",
		Issuer: web,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: web + "/login/oauth/authorize",
			fakeidp.Token:     web + "/login/oauth/access_token",
			fakeidp.UserInfo:  api + "/user",
			fakeidp.Revoke:    api + "/applications/" + clientID + "/token",
		},
		Lifetime: 100 * 365 * 24 * time.Hour,
		Behavior: fakeidp.Behavior{NoRefreshToken: true, ExpiresIn: fakeidp.Omit, TokenType: "bearer", IssuerParameter: fakeidp.Omit},
		Subject:  func(p fakeidp.Person) string { return strconv.FormatInt(number(p.Subject), 10) },
		OnDemand: "repo",
		Dialect: fakeidp.Dialect{
			PlainOAuth:  true,
			FormAnswers: true,
			Scope:       func(scopes []string) string { return strings.Join(scopes, ",") },
			Denied: map[string]string{
				"error_description": "The user has denied your application access.",
				"error_uri":         "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#access-denied",
			},
			Refuse:    refuseAsGitHub,
			RateLimit: limitAsGitHub,
			Problem: func(status int, message string) any {
				if status == http.StatusUnauthorized {
					message = "Bad credentials"
				}
				return map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
			},
			Resources: map[string]fakeidp.Resource{
				api + "/user":        g.resource(g.user(web, api)),
				api + "/user/emails": g.resource(emails, "user:email", "user"),
				api + "/user/orgs":   g.resource(paged(organizations), "read:org", "write:org", "admin:org", "user"),
				api + "/user/teams":  g.resource(paged(teams), "read:org", "write:org", "admin:org"),
			},
			Handlers: map[string]func(*fakeidp.Server, http.ResponseWriter, *http.Request){
				api + "/applications/" + clientID + "/token": deleteToken, // not RFC 7009
			},
		},
	}
	if g.App {
		s.Lifetime, s.OnDemand = 8*time.Hour, ""
		s.Behavior.NoRefreshToken, s.Behavior.ExpiresIn = false, ""
		s.Dialect.Scope = func([]string) string { return "" }
		s.Dialect.TokenMembers = func(members map[string]any) { members["scope"], members["refresh_token_expires_in"] = "", 15897600 }
	}
	return s
}

// refuseAsGitHub answers with a status of success.
func refuseAsGitHub(r *http.Request, why fakeidp.Refusal) (int, map[string]any) {
	members := map[string]any{"error": why.Code, "error_description": why.Description, "error_uri": "https://docs.github.com/apps/managing-oauth-apps"}
	switch grant := r.PostForm.Get("grant_type"); {
	case why.Code == "invalid_grant" && grant == "refresh_token":
		members["error"], members["error_description"] = "bad_refresh_token", "The refresh token passed is incorrect or expired."
	case why.Code == "invalid_grant" && strings.HasPrefix(why.Description, "redirect_uri"):
		members["error"], members["error_description"] = "redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application."
	case why.Code == "invalid_grant":
		members["error"], members["error_description"] = "bad_verification_code", "The code passed is incorrect or expired."
	case why.Code == "invalid_client":
		members["error"], members["error_description"] = "incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."
	}
	return http.StatusOK, members
}

func limitAsGitHub(h http.Header, now time.Time) (int, any) {
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(10*time.Minute).Unix(), 10))
	return http.StatusForbidden, map[string]any{"message": "API rate limit exceeded for user ID 1.", "documentation_url": "https://docs.github.com/rest", "status": "403"}
}

// resource needs one of the scopes, if there are any, from the token of an OAuth App.
func (g GitHub) resource(answer fakeidp.Resource, scopes ...string) fakeidp.Resource {
	return func(c fakeidp.Call) (int, any) {
		if g.App {
			return answer(c)
		}
		c.Header.Set("X-OAuth-Scopes", strings.Join(c.Scopes, ", "))
		c.Header.Set("X-Accepted-OAuth-Scopes", strings.Join(scopes, ", "))
		if len(scopes) > 0 && !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) }) {
			if strings.HasSuffix(c.Request.URL.Path, "/emails") {
				return http.StatusNotFound, "Not Found"
			}
			return http.StatusForbidden, "You need at least read:org scope or user scope to list your organizations."
		}
		return answer(c)
	}
}

func (g GitHub) user(web, api string) fakeidp.Resource {
	return func(c fakeidp.Call) (int, any) {
		p := c.Person
		id, login := number(p.Subject), p.PreferredUsername
		if login == "" {
			login = p.Subject
		}
		return 0, merged(map[string]any{
			"login": login, "id": id, "node_id": fmt.Sprintf("U_%d", id), "avatar_url": p.Picture, "gravatar_id": "", "url": api + "/users/" + login,
			"html_url": web + "/" + login, "type": "User", "site_admin": false, "name": orNull(p.Name), "company": nil, "email": nil,
		}, p)
	}
}

func emails(c fakeidp.Call) (int, any) {
	list := []any{}
	if c.Person.Email != "" {
		list = append(list, map[string]any{"email": c.Person.Email, "primary": true, "verified": verified(c.Person), "visibility": "private"})
	}
	return 0, list
}

func organizations(p fakeidp.Person) (list []any) {
	var logins []string
	for _, group := range p.Groups {
		login, _, _ := strings.Cut(group, "/")
		if !slices.Contains(logins, login) {
			logins, list = append(logins, login), append(list, organization(login))
		}
	}
	return list
}

func organization(login string) map[string]any {
	return map[string]any{"login": login, "id": number(login), "node_id": fmt.Sprintf("O_%d", number(login)), "description": nil}
}

func teams(p fakeidp.Person) (list []any) {
	for _, group := range p.Groups {
		if org, slug, ok := strings.Cut(group, "/"); ok {
			list = append(list, map[string]any{"id": number(group), "name": slug, "slug": slug, "parent": nil, "organization": organization(org)})
		}
	}
	return list
}

// paged gives a list page by page, with a Link header to the next one.
func paged(all func(fakeidp.Person) []any) fakeidp.Resource {
	return func(c fakeidp.Call) (int, any) {
		q, list := c.Request.URL.Query(), all(c.Person)
		size, _ := strconv.Atoi(q.Get("per_page"))
		page, _ := strconv.Atoi(q.Get("page"))
		size, page = max(min(size, 100), 1), max(page, 1)
		from := min((page-1)*size, len(list))
		to := min(from+size, len(list))
		if to < len(list) {
			c.Header.Set("Link", fmt.Sprintf(`<https://%s%s?per_page=%d&page=%d>; rel="next"`, c.Request.Host, c.Request.URL.Path, size, page+1))
		}
		return 0, append([]any{}, list[from:to]...)
	}
}

// deleteToken is DELETE /applications/{client_id}/token.
func deleteToken(s *fakeidp.Server, w http.ResponseWriter, r *http.Request) {
	var body struct {
		AccessToken string `json:"access_token"`
	}
	id, secret, _ := r.BasicAuth() // as they are, and not form-encoded first
	client, ok := s.CheckedClient(id, secret)
	switch {
	case r.Method != http.MethodDelete || !ok:
		w.WriteHeader(http.StatusNotFound) // so that nobody learns which applications there are
	case json.NewDecoder(r.Body).Decode(&body) != nil || body.AccessToken == "":
		w.WriteHeader(http.StatusUnprocessableEntity)
	case !s.RevokeAccessToken(client, body.AccessToken):
		w.WriteHeader(http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
