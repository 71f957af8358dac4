package fakevendor

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// OpenShift is a cluster with an OAuthClient, as docs.redhat.com describes it. A person's Subject makes the UID of the User object;
// PreferredUsername is its name, or Subject if there is none; Groups are groups.
type OpenShift struct {
	// OAuthURL and APIURL are the addresses of OAuth server and API server. If empty, "https://oauth-openshift.apps.example.com" and
	// "https://api.example.com:6443".
	OAuthURL, APIURL string
}

const (
	openShiftPrefix = "sha256~"
	openShiftGrant  = "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked " +
		"or was issued to another client."
)

// Spec implements [Vendor].
func (o OpenShift) Spec(clientID string) Spec {
	pages, api := base(o.OAuthURL, "https://oauth-openshift.apps.example.com"), base(o.APIURL, "https://api.example.com:6443")
	tokens := api + "/apis/oauth.openshift.io/v1/oauthaccesstokens"
	return Spec{
		Name:   "OpenShift",
		Issuer: pages,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/oauth/authorize",
			fakeidp.Token:     pages + "/oauth/token",
			fakeidp.UserInfo:  api + "/apis/user.openshift.io/v1/users/~",
			fakeidp.Revoke:    tokens,
		},
		Lifetime: 24 * time.Hour,
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit, NoRefreshToken: true},
		Subject:  func(p fakeidp.Person) string { return uuid(p.Subject) },
		OnDemand: "user:list-projects",
		Wrap:     func(s *fakeidp.Server) http.Handler { return openShift{s, path(tokens)} },
		Dialect: fakeidp.Dialect{
			PlainOAuth: true,
			TokenMembers: func(members map[string]any) {
				members["access_token"] = openShiftPrefix + fmt.Sprint(members["access_token"])
			},
			Denied: map[string]string{"error_description": "The resource owner or authorization server denied the request."},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", openShiftGrant},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", openShiftGrant},
				client:       said{http.StatusBadRequest, "unauthorized_client", "The client is not authorized to request a token using this method."},
			}.refuse,
			Problem:   kubernetesStatus,
			Resources: map[string]fakeidp.Resource{api + "/apis/user.openshift.io/v1/users/~": openShiftUser},
			Handlers: map[string]func(*fakeidp.Server, http.ResponseWriter, *http.Request){
				tokens: deleteOpenShiftToken(clientID), // not RFC 7009
			},
		},
	}
}

// kubernetesStatus is what an API server says of anything but success.
func kubernetesStatus(status int, message string) any {
	reason := strings.ReplaceAll(http.StatusText(status), " ", "")
	if status == http.StatusUnauthorized {
		message = "Unauthorized"
	}
	return map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "message": message, "reason": reason, "code": status}
}

func openShiftUser(c fakeidp.Call) (int, any) {
	if !slices.Contains(c.Scopes, "user:full") && !slices.Contains(c.Scopes, "user:info") {
		return http.StatusForbidden, `users.user.openshift.io "~" is forbidden: scopes prevent this action`
	}
	p := c.Person
	return 0, merged(map[string]any{
		"kind": "User", "apiVersion": "user.openshift.io/v1",
		"metadata": map[string]any{"name": login(p), "uid": uuid(p.Subject), "resourceVersion": "1", "creationTimestamp": "2026-01-02T03:04:05Z"},
		"fullName": p.Name, "identities": []string{"ldap:" + p.Subject}, "groups": append([]string{"system:authenticated", "system:authenticated:oauth"}, p.Groups...),
	}, p)
}

// openShift has names of tokens in its paths, and tokens that begin alike.
type openShift struct {
	next   http.Handler
	tokens string // a path
}

func (o openShift) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.Clone(r.Context())
	token, prefixed := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "+openShiftPrefix)
	if prefixed {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if name, ok := strings.CutPrefix(r.URL.Path, o.tokens+"/"); ok {
		r.URL.Path, r.URL.RawQuery = o.tokens, "name="+name
	}
	o.next.ServeHTTP(w, r)
}

// deleteOpenShiftToken is DELETE /apis/oauth.openshift.io/v1/oauthaccesstokens/{name}, for the token that asks for it.
func deleteOpenShiftToken(clientID string) func(*fakeidp.Server, http.ResponseWriter, *http.Request) {
	return func(s *fakeidp.Server, w http.ResponseWriter, r *http.Request) {
		token, name := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.URL.Query().Get("name")
		sum := sha256.Sum256([]byte(token))
		switch scopes, valid := s.AccessTokenScopes(token); {
		case r.Method != http.MethodDelete:
			fakeidp.WriteJSON(w, http.StatusMethodNotAllowed, kubernetesStatus(http.StatusMethodNotAllowed, ""))
		case !valid:
			fakeidp.WriteJSON(w, http.StatusUnauthorized, kubernetesStatus(http.StatusUnauthorized, ""))
		case !slices.Contains(scopes, "user:full"):
			message := `oauthaccesstokens.oauth.openshift.io "` + name + `" is forbidden: scopes prevent this action`
			fakeidp.WriteJSON(w, http.StatusForbidden, kubernetesStatus(http.StatusForbidden, message))
		case name != openShiftPrefix+base64.RawURLEncoding.EncodeToString(sum[:]):
			message := `oauthaccesstokens.oauth.openshift.io "` + name + `" not found`
			fakeidp.WriteJSON(w, http.StatusNotFound, kubernetesStatus(http.StatusNotFound, message))
		default:
			s.RevokeAccessToken(fakeidp.Client{ID: clientID}, token)
			fakeidp.WriteJSON(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Success"})
		}
	}
}
