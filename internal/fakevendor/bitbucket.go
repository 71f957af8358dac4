package fakevendor

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Bitbucket is Bitbucket Cloud with an OAuth consumer of a workspace, as developer.atlassian.com describes it. A person's Subject makes the UUID, or
// is it, braces included; PreferredUsername is the user name; Email is the primary address, for the scope email.
type Bitbucket struct{}

// Spec implements [Vendor].
func (Bitbucket) Spec(string) Spec {
	const pages, api = "https://bitbucket.org", "https://api.bitbucket.org/2.0"
	return Spec{
		Name:   "Bitbucket",
		Issuer: pages,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: pages + "/site/oauth2/authorize",
			fakeidp.Token:     pages + "/site/oauth2/access_token",
			fakeidp.UserInfo:  api + "/user",
		},
		Lifetime: 2 * time.Hour,
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit, TokenType: "bearer", KeepRefreshToken: true},
		Subject:  func(p fakeidp.Person) string { return braced(p.Subject) },
		Dialect: fakeidp.Dialect{
			PlainOAuth: true,
			// Its name for scope is its own. What a consumer may do is in its settings, so that there is nothing to ask for on demand.
			TokenMembers: func(members map[string]any) {
				members["scopes"], members["state"] = members["scope"], "authorization_code"
				delete(members, "scope")
			},
			Denied: map[string]string{"error_description": "The user denied access"},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "The specified code is not valid."},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "Invalid refresh_token"},
				client:       said{http.StatusUnauthorized, "invalid_client", "Client authentication failed"},
			}.refuse,
			Problem: func(status int, message string) any {
				if status == http.StatusUnauthorized {
					message = "Access token expired. Use your refresh token to obtain a new access token."
				}
				return map[string]any{"type": "error", "error": map[string]any{"message": message}}
			},
			Resources: map[string]fakeidp.Resource{
				api + "/user":        needs("account", bitbucketUser),
				api + "/user/emails": needs("email", bitbucketEmails),
			},
		},
	}
}

// needs refuses tokens without a scope.
func needs(scope string, answer fakeidp.Resource) fakeidp.Resource {
	return func(c fakeidp.Call) (int, any) {
		if !slices.Contains(c.Scopes, scope) {
			return http.StatusForbidden, "Your credentials lack one or more required privilege scopes."
		}
		return answer(c)
	}
}

func bitbucketUser(c fakeidp.Call) (int, any) {
	p := c.Person
	id := braced(p.Subject)
	return 0, merged(map[string]any{
		"type": "user", "uuid": id, "account_id": "557058:" + strings.Trim(id, "{}"), "username": p.PreferredUsername, "nickname": p.PreferredUsername,
		"display_name": p.Name, "account_status": "active", "created_on": "2014-01-01T00:00:00.000000+00:00",
		"links": map[string]any{"avatar": link(p.Picture), "html": link("https://bitbucket.org/" + id + "/")},
	}, p)
}

func bitbucketEmails(c fakeidp.Call) (int, any) {
	list := []any{}
	if c.Person.Email != "" {
		list = append(list, map[string]any{"type": "email", "email": c.Person.Email, "is_primary": true, "is_confirmed": verified(c.Person)})
	}
	return 0, map[string]any{"values": list, "pagelen": 10, "size": len(list), "page": 1}
}

func link(href string) map[string]any { return map[string]any{"href": href} }

// braced returns a UUID in braces.
func braced(subject string) string {
	if strings.HasPrefix(subject, "{") {
		return subject
	}
	return "{" + uuid(subject) + "}"
}

// uuid is the ID of somebody at a vendor that has UUIDs.
func uuid(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // RFC 9562 section 5.4
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
