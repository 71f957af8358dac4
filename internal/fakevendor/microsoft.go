package fakevendor

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Microsoft is a tenant of Microsoft Entra ID with its Microsoft Graph, as learn.microsoft.com describes them. It answers under its own ID,
// its domain, "organizations" and "common". A person's ID within the tenant is that of ObjectID, or the claim "oid"; whether the address
// is verified is the claim "xms_edov". A Picture that is a data URL is the photo at Graph, and a claim "mail" the address there.
type Microsoft struct {
	// TenantID is the tenant's, a GUID. If empty, it is "aaaabbbb-0000-cccc-1111-dddd2222eeee".
	TenantID string
	// Domain is one of the tenant's. If empty, it is "contoso.com".
	Domain string
	// AuthorityHost is the host of the cloud, and GraphHost that of its Microsoft Graph. If empty, they are those of the public cloud.
	AuthorityHost, GraphHost string
}

// Tenant returns the ID of the tenant.
func (m Microsoft) Tenant() string { return cmp.Or(m.TenantID, "aaaabbbb-0000-cccc-1111-dddd2222eeee") }

// ObjectID returns the ID that the tenant gives the person with this subject.
func (m Microsoft) ObjectID(subject string) string {
	sum := sha256.Sum256([]byte(m.Tenant() + " " + subject))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Spec implements [Vendor].
func (m Microsoft) Spec(string) Spec {
	m.Domain = cmp.Or(m.Domain, "contoso.com")
	host := "https://" + cmp.Or(m.AuthorityHost, "login.microsoftonline.com")
	m.GraphHost = cmp.Or(m.GraphHost, "graph.microsoft.com")
	me := "https://" + m.GraphHost + "/v1.0/me"
	own := entraEndpoints(host, m.Tenant())
	s := Spec{
		Name:      "Microsoft",
		Issuer:    host + "/" + m.Tenant() + "/v2.0",
		Endpoints: own,
		Behavior:  fakeidp.Behavior{RefreshNeedsOfflineAccess: true, IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			RefreshByConsent: true, // one refresh token serves all resources
			Scope:            entraScopes,
			Claims:           m.claims,
			Metadata:         m.metadata(host),
			Denied:           map[string]string{"error_description": "AADSTS65004: User declined to consent to access the app.", "error_subcode": "cancel"},
			Refuse:           refuseAsEntra,
			RateLimit: func(h http.Header, _ time.Time) (int, any) {
				h.Set("Retry-After", "10")
				return http.StatusTooManyRequests, graphProblem(http.StatusTooManyRequests, "Please retry again later.")
			},
			Problem: graphProblem,
			Resources: map[string]fakeidp.Resource{
				me:                          m.graph(m.me),
				me + "/photos/96x96/$value": m.graph(photo),
			},
			Aliases: make(map[string]fakeidp.Endpoint),
		},
		OnDemand: "Mail.Read",
	}
	for _, name := range []string{m.Domain, "organizations", "common"} {
		for endpoint, address := range entraEndpoints(host, name) {
			s.Dialect.Aliases[address] = endpoint
		}
		s.Dialect.Aliases[host+"/"+name+"/v2.0/.well-known/openid-configuration"] = fakeidp.Discovery
	}
	own[fakeidp.UserInfo] = me
	return s
}

func entraEndpoints(host, tenant string) map[fakeidp.Endpoint]string {
	base := host + "/" + tenant
	return map[fakeidp.Endpoint]string{
		fakeidp.Authorize:  base + "/oauth2/v2.0/authorize",
		fakeidp.Token:      base + "/oauth2/v2.0/token",
		fakeidp.JWKS:       base + "/discovery/v2.0/keys",
		fakeidp.EndSession: base + "/oauth2/v2.0/logout",
	}
}

// metadata is that of the tenant, or what all tenants share, with a placeholder in the issuer.
func (m Microsoft) metadata(host string) func(*http.Request, map[string]any) {
	return func(r *http.Request, members map[string]any) {
		delete(members, "revocation_endpoint")
		members["userinfo_endpoint"] = "https://" + m.GraphHost + "/oidc/userinfo"
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if name != "organizations" && name != "common" {
			return
		}
		members["issuer"] = host + "/{tenantid}/v2.0"
		endpoints := entraEndpoints(host, name)
		members["authorization_endpoint"], members["token_endpoint"] = endpoints[fakeidp.Authorize], endpoints[fakeidp.Token]
		members["jwks_uri"], members["end_session_endpoint"] = endpoints[fakeidp.JWKS], endpoints[fakeidp.EndSession]
	}
}

func (m Microsoft) claims(p fakeidp.Person, _ []string, claims map[string]any) {
	delete(claims, "email_verified")
	delete(claims, "picture")
	if name, ok := claims["preferred_username"].(string); ok && !strings.Contains(name, "@") {
		claims["preferred_username"] = name + "@" + m.Domain
	}
	claims["oid"], claims["tid"], claims["ver"] = m.ObjectID(p.Subject), m.Tenant(), "2.0"
	if p.EmailVerified != nil && claims["email"] != nil {
		claims["xms_edov"] = *p.EmailVerified
	}
}

// entraScopes names the scopes of the access token's one resource, that of the first, or those of the sign-in.
func entraScopes(scopes []string) string {
	signIn := []string{"openid", "profile", "email", "offline_access"}
	out := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(signIn, s) })
	if len(out) == 0 || !strings.Contains(out[0], "/") {
		out = append(out, "openid", "profile", "email")
	}
	return strings.Join(out, " ")
}

func refuseAsEntra(r *http.Request, why fakeidp.Refusal) (int, map[string]any) {
	status, code, number, words := why.Status, why.Code, 90000, why.Description
	members := map[string]any{}
	switch {
	case code == "invalid_grant" && r.PostForm.Get("grant_type") == "refresh_token":
		number, words = 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed."
	case code == "invalid_grant":
		number, words = 70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."
	case code == "invalid_client":
		status, number, words = http.StatusUnauthorized, 7000215, "Invalid client secret provided."
	case code == "consent_required":
		code, number, words = "invalid_grant", 65001, "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."
		members["suberror"] = "consent_required"
	case code == "interaction_required":
		number, words = 50076, "Due to a configuration change made by your administrator, you must use multi-factor authentication."
		members["suberror"] = "basic_action"
	}
	members["error"], members["error_codes"] = code, []int{number}
	members["error_description"] = fmt.Sprintf("AADSTS%d: %s Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333", number, words)
	members["timestamp"], members["trace_id"] = "2026-01-02 03:04:05Z", "0000aaaa-11bb-cccc-dd22-eeeeee333333"
	members["correlation_id"], members["error_uri"] = "aaaa0000-bb11-2222-33cc-444444dddddd", fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number)
	return status, members
}

func graphProblem(status int, message string) any {
	code := map[int]string{
		http.StatusUnauthorized: "InvalidAuthenticationToken", http.StatusForbidden: "Authorization_RequestDenied",
		http.StatusNotFound: "ImageNotFound", http.StatusTooManyRequests: "TooManyRequests",
	}[status]
	return map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]any{
		"date": "2026-01-02T03:04:05", "request-id": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"}}}
}

// graph needs a token that is for Microsoft Graph and may read the profile.
func (m Microsoft) graph(answer fakeidp.Resource) fakeidp.Resource {
	return func(c fakeidp.Call) (int, any) {
		reads := false
		for _, scope := range c.Scopes {
			name, ofGraph := strings.CutPrefix(scope, "https://"+m.GraphHost+"/")
			if !ofGraph && strings.Contains(scope, "/") {
				return http.StatusUnauthorized, "Access token validation failure. Invalid audience."
			}
			reads = reads || strings.HasPrefix(strings.ToLower(name), "user.read")
		}
		if !reads {
			return http.StatusForbidden, "Insufficient privileges to complete the operation."
		}
		return answer(c)
	}
}

func (m Microsoft) me(c fakeidp.Call) (int, any) {
	p := c.Person
	id, upn := any(m.ObjectID(p.Subject)), p.PreferredUsername
	if oid, ok := p.Claims["oid"]; ok {
		id = oid
	}
	if upn != "" && !strings.Contains(upn, "@") {
		upn += "@" + m.Domain
	}
	mail, ok := p.Claims["mail"]
	if !ok {
		mail = orNull(p.Email)
	}
	return 0, map[string]any{
		"@odata.context": "https://" + m.GraphHost + "/v1.0/$metadata#users/$entity", "businessPhones": []any{}, "displayName": p.Name, "givenName": nil,
		"jobTitle": p.Claims["jobTitle"], "mail": mail, "userPrincipalName": orNull(upn), "id": id,
	}
}

func photo(c fakeidp.Call) (int, any) {
	_, data, _ := strings.Cut(c.Person.Picture, ";base64,")
	picture, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(picture) == 0 {
		return http.StatusNotFound, "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown."
	}
	return 0, picture
}
