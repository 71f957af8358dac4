package microsoft_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/vendortest"
	"example.com/stagedoor/oauthadapter/microsoft"
)

const (
	contoso  = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	fabrikam = "bbbbcccc-1111-dddd-2222-eeee3333ffff"
	personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
	janeID   = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"
	joeID    = "11bb11bb-cc22-dd33-ee44-55ff55ff55ff"

	publicCloud = "login.microsoftonline.com"
	publicGraph = "graph.microsoft.com"
	foreign     = "api://00001111-aaaa-2222-bbbb-3333cccc4444/Files.Read"
)

// jane is a person of a tenant; changed claims replace hers, and nil ones are left out.
func jane(tenant string, changed map[string]any) fakeidp.Person {
	claims := map[string]any{"oid": janeID, "tid": tenant, "ver": "2.0", "email": "jane@contoso.com", "xms_edov": true}
	for name, value := range changed {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return fakeidp.Person{Subject: vendortest.Jane, Name: "Jane Doe", PreferredUsername: "jane@contoso.onmicrosoft.com", Claims: claims}
}

func joe(tenant string) fakeidp.Person {
	return fakeidp.Person{Subject: vendortest.Joe, Name: "Joe Bloggs", Claims: map[string]any{"oid": joeID, "tid": tenant, "email": "joe@contoso.com", "xms_edov": false}}
}

// entra is a tenant of Entra ID and the Graph of its cloud.
type entra struct {
	*vendortest.Vendor
	cloud, tenant string

	mu      sync.Mutex
	answers map[string]func(w http.ResponseWriter) // of Graph, by path
	calls   []string                               // of Graph, by host and path
	bearer  string                                 // of the last one
	scope   string                                 // of the last token request
	granted string                                 // what the answer says, if it is not what was asked for
	graph   *httptest.Server
}

func newEntra(t testing.TB, cloud, tenant string, people ...fakeidp.Person) *entra {
	t.Helper()
	if people == nil {
		people = []fakeidp.Person{jane(tenant, nil), joe(tenant)}
	}
	e := &entra{cloud: cloud, tenant: tenant, answers: map[string]func(http.ResponseWriter){}}
	base := "https://" + cloud + "/" + tenant
	e.Vendor = vendortest.New(t, vendortest.Config{
		Issuer: base + "/v2.0",
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize:  base + "/oauth2/v2.0/authorize",
			fakeidp.Token:      base + "/oauth2/v2.0/token",
			fakeidp.JWKS:       base + "/discovery/v2.0/keys",
			fakeidp.UserInfo:   "https://graph.microsoft.com/oidc/userinfo",
			fakeidp.EndSession: base + "/oauth2/v2.0/logout",
		},
		People: people,
		Before: e.before,
	})
	e.Set(func(b *fakeidp.Behavior) { b.RefreshNeedsOfflineAccess = true })
	e.graph = httptest.NewServer(http.HandlerFunc(e.serveGraph))
	t.Cleanup(e.graph.Close)
	return e
}

// before makes the token answer's scope Entra's: that of the access token's one resource. A refresh token is for all of them.
func (e *entra) before(v *vendortest.Vendor, endpoint fakeidp.Endpoint, _ http.ResponseWriter, r *http.Request) bool {
	switch endpoint {
	case fakeidp.Authorize:
		scope := entraScope(r.URL.Query().Get("scope"))
		if e.granted != "" {
			scope = e.granted
		}
		v.Set(func(b *fakeidp.Behavior) { b.Scope = scope })
	case fakeidp.Token:
		if r.ParseForm() != nil {
			return false
		}
		scope := r.PostForm.Get("scope")
		e.mu.Lock()
		e.scope = scope
		e.mu.Unlock()
		if scope != "" {
			r.PostForm.Del("scope")
			v.Set(func(b *fakeidp.Behavior) { b.Scope = entraScope(scope) })
		}
	}
	return false
}

func entraScope(asked string) string {
	signIn := []string{"openid", "profile", "email", "offline_access"}
	scopes := slices.DeleteFunc(strings.Fields(asked), func(s string) bool { return slices.Contains(signIn, s) })
	if len(scopes) == 0 || !strings.Contains(scopes[0], "/") {
		scopes = append(scopes, "openid", "profile", "email")
	}
	return strings.Join(scopes, " ")
}

func (e *entra) serveGraph(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.calls = append(e.calls, r.Header.Get("X-Host")+r.URL.Path)
	e.bearer = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	answer := e.answers[r.URL.Path]
	e.mu.Unlock()
	if answer == nil { // Graph's real answer
		write(http.StatusNotFound, "application/json", `{"error":{"code":"ImageNotFound","message":"Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown.","innerError":{"date":"2026-01-02T03:04:05","request-id":"00aa11bb"}}}`)(w)
		return
	}
	answer(w)
}

func write(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const (
	mePath    = "/v1.0/me"
	photoPath = "/v1.0/me/photos/96x96/$value"
	meAnswer  = `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/$entity","businessPhones":[],"displayName":"Jane D. (Contoso)","givenName":"Jane",
		"jobTitle":"Engineer","mail":"jane.mail@contoso.com","userPrincipalName":"jane@contoso.onmicrosoft.com","id":"` + janeID + `"}`
)

func (e *entra) answer(path string, answer func(http.ResponseWriter)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers[path] = answer
}

func (e *entra) graphCalls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// RoundTrip sends requests to where they belong; those to "organizations" and "common" get the metadata that tenants share.
func (e *entra) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if strings.Contains(r.URL.Host, "graph") {
		u, err := url.Parse(e.graph.URL)
		if err != nil {
			return nil, err
		}
		r.Header.Set("X-Host", r.URL.Host)
		r.URL.Scheme, r.URL.Host = u.Scheme, u.Host
		return http.DefaultTransport.RoundTrip(r)
	}
	for _, shared := range []string{"organizations", "common", "contoso.com"} {
		if r.URL.Path == "/"+shared+"/v2.0/.well-known/openid-configuration" {
			r.URL.Path = "/" + e.tenant + "/v2.0/.well-known/openid-configuration"
		}
	}
	return e.Vendor.HTTPClient().Transport.RoundTrip(r)
}

func (e *entra) config() microsoft.Config {
	return microsoft.Config{TenantID: e.tenant, AuthorityHost: e.cloud, ClientID: vendortest.ClientID, ClientSecret: vendortest.ClientSecret,
		HTTPClient: &http.Client{Transport: e}, Now: e.Clock.Now}
}

// sharesMetadata makes the metadata that of several tenants.
func (e *entra) sharesMetadata() {
	e.Set(func(b *fakeidp.Behavior) { b.DiscoveryIssuer = "https://" + e.cloud + "/{tenantid}/v2.0" })
}

func newAuthenticator(t testing.TB, c microsoft.Config) *microsoft.Authenticator {
	t.Helper()
	a, err := microsoft.New(c)
	require.NoError(t, err)
	return a
}

// signIn asks for further scopes, as the app does: before those that are required.
func signIn(t *testing.T, e *entra, a *microsoft.Authenticator, scopes ...string) (microsoft.Result, error) {
	t.Helper()
	req, verifier := vendortest.StartRequest(nil, append(scopes, a.RequiredScopes()...)...)
	start, err := a.Start(t.Context(), req)
	if err != nil {
		return nil, err
	}
	params := e.SignIn(t, start.URL)
	require.NotEmpty(t, params.Get("code"), "%v", params)
	return a.Authenticate(t.Context(), callback(req, verifier, params))
}

// refusing answers every token request as Entra does when a policy wants the person back.
type refusing struct{ next http.RoundTripper }

func (f refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/token") {
		return f.next.RoundTrip(r)
	}
	w := httptest.NewRecorder()
	write(400, "application/json; charset=utf-8", `{"error":"interaction_required","error_description":"AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication. Trace ID: 0000aaaa","error_codes":[50076],"timestamp":"2026-01-02 03:04:05Z","trace_id":"0000aaaa-11bb-cccc-dd22-eeeeee333333","correlation_id":"aaaa0000-bb11-2222-33cc-444444dddddd","error_uri":"https://login.microsoftonline.com/error?code=50076","suberror":"basic_action"}`)(w)
	return w.Result(), nil
}
