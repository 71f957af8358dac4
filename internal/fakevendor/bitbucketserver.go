package fakevendor

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// BitbucketServer is a Bitbucket Data Center with an incoming application link, as confluence.atlassian.com describes it. A person's Subject is the
// number of the account, or makes one; PreferredUsername is the user name, or Subject if there is none; a claim "active" can be false. It does not
// say whether an address is verified.
type BitbucketServer struct {
	// BaseURL is its address, with its context path if it has one. If empty, "https://bitbucket.example.com".
	BaseURL string
}

// Spec implements [Vendor].
func (b BitbucketServer) Spec(string) Spec {
	pages := base(b.BaseURL, "https://bitbucket.example.com")
	who, users := pages+"/plugins/servlet/applinks/whoami", pages+"/rest/api/latest/users"
	return Spec{
		Name:   "Bitbucket Data Center",
		Issuer: pages,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/rest/oauth2/latest/authorize",
			fakeidp.Token:     pages + "/rest/oauth2/latest/token",
			fakeidp.UserInfo:  users,
		},
		Lifetime:      2 * time.Hour,
		Behavior:      fakeidp.Behavior{IssuerParameter: fakeidp.Omit, TokenType: "bearer", Scope: fakeidp.Omit},
		Subject:       func(p fakeidp.Person) string { return strconv.FormatInt(number(p.Subject), 10) },
		SilentOnEmail: true,
		Wrap:          func(s *fakeidp.Server) http.Handler { return bitbucketServer{s, path(who), path(users) + "/"} },
		Dialect: fakeidp.Dialect{
			PlainOAuth: true,
			Denied:     map[string]string{"error_description": "The resource owner or authorization server denied the request"},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "The provided authorization code is invalid"},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "The provided refresh token is invalid"},
				client:       said{http.StatusUnauthorized, "invalid_client", "The provided client credentials are invalid"},
			}.refuse,
			Problem: func(status int, message string) any {
				if status == http.StatusUnauthorized {
					message = "Authentication failed. Please check your credentials and try again."
				}
				return map[string]any{"errors": []any{map[string]any{"context": nil, "message": message, "exceptionName": nil}}}
			},
			Resources: map[string]fakeidp.Resource{
				who:   func(c fakeidp.Call) (int, any) { return 0, login(c.Person) },
				users: bitbucketServerUser,
			},
		},
	}
}

func bitbucketServerUser(c fakeidp.Call) (int, any) {
	p, name := c.Person, c.Request.URL.Query().Get("name")
	if !strings.EqualFold(name, login(p)) { // the token opens other people's profiles too, but nobody needs them here
		return http.StatusNotFound, "User " + name + " does not exist."
	}
	return 0, merged(map[string]any{
		"name": login(p), "emailAddress": p.Email, "active": true, "displayName": p.Name, "id": number(p.Subject), "slug": strings.ToLower(login(p)),
		"type": "NORMAL", "links": map[string]any{}, "avatarUrl": p.Picture,
	}, p)
}

// login is the name that a person signs in with.
func login(p fakeidp.Person) string {
	if p.PreferredUsername == "" {
		return p.Subject
	}
	return p.PreferredUsername
}

// path returns that of an address.
func path(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

// bitbucketServer has people in its paths, and a page that is no JSON.
type bitbucketServer struct {
	next       http.Handler
	who, users string // paths
}

func (b bitbucketServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, isUser := strings.CutPrefix(r.URL.Path, b.users)
	switch {
	case r.URL.Path == b.who:
		b.serveWho(w, r)
	case isUser && strings.Count(r.URL.EscapedPath(), "/") == strings.Count(b.users, "/"):
		r = r.Clone(r.Context())
		q := r.URL.Query()
		q.Set("name", name)
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = strings.TrimSuffix(b.users, "/"), "", q.Encode()
		b.next.ServeHTTP(w, r)
	default:
		b.next.ServeHTTP(w, r)
	}
}

// serveWho says the name as a text.
func (b bitbucketServer) serveWho(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	b.next.ServeHTTP(answer, r)
	var name string
	if json.Unmarshal(answer.Body.Bytes(), &name) != nil {
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("X-AUSERNAME", url.PathEscape(name))
	_, _ = w.Write([]byte(name))
}
