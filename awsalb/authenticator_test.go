package awsalb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/proxyauth"
)

func TestAuthenticate(t *testing.T) {
	g := newRig(t)
	r := g.refresh(g.token(object{"given_name": "Jane", "family_name": "Doe", "preferred_username": "jane", "groups": []string{"ops"}}))
	r.Header.Set(accessTokenHeader, "opaque-access-token")
	r.Header.Set(identityHeader, "joe") // nobody signed it
	got, err := g.authenticator.Authenticate(t.Context(), r)
	require.NoError(t, err)

	var claims struct {
		Groups []string `json:"groups"`
	}
	require.NoError(t, got.Claims(&claims))
	require.Equal(t, []string{"ops"}, claims.Groups)
	require.True(t, got.ExpiresAt.Equal(g.clock.Now().Add(2*time.Minute)))
	require.Equal(t, "opaque-access-token", string(got.AccessToken))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", got, got, got), "opaque-access-token")
	require.Equal(t, awsalb.Result{
		Issuer: idp, Subject: "jane-1", Signer: signer, ClientID: client, Name: "Jane", GivenName: "Jane", FamilyName: "Doe", PreferredUsername: "jane",
		Picture: "https://example.com/j.png", Email: marker, EmailVerified: authprovider.EmailVerified,
	}, outline(got))
}

func outline(r awsalb.Result) awsalb.Result {
	return awsalb.Result{
		Issuer: r.Issuer, Subject: r.Subject, Signer: r.Signer, ClientID: r.ClientID, Name: r.Name, GivenName: r.GivenName, FamilyName: r.FamilyName,
		PreferredUsername: r.PreferredUsername, Picture: r.Picture, Email: r.Email, EmailVerified: r.EmailVerified,
	}
}

// The access token is passed on and never read: not one that says something else about the person, nor one that is no JWT.
func TestAccessTokenIsNotRead(t *testing.T) {
	g := newRig(t)
	token := g.token(object{"email": nil, "name": nil, "picture": nil, "email_verified": nil})
	plain, err := g.authenticator.Authenticate(t.Context(), g.refresh(token))
	require.NoError(t, err)
	require.Empty(t, plain.AccessToken)
	require.Equal(t, awsalb.Result{Issuer: idp, Subject: "jane-1", Signer: signer, ClientID: client}, outline(plain))
	for _, accessToken := range []string{g.token(object{"sub": "joe", "email": "joe@example.com", "name": "Joe"}), "opaque", "a.b.c", strings.Repeat("x", 16<<10)} {
		r := g.refresh(token)
		r.Header.Set(accessTokenHeader, accessToken)
		r.Header.Set(identityHeader, "joe")
		got, err := g.authenticator.Authenticate(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, outline(plain), outline(got))
		require.Equal(t, g.authenticator.Describe(plain), g.authenticator.Describe(got))
		require.Equal(t, accessToken, string(got.AccessToken))
	}
}

func TestEmailVerification(t *testing.T) {
	g := newRig(t)
	for claim, want := range map[any]authprovider.EmailVerification{
		true: authprovider.EmailVerified, "true": authprovider.EmailVerified, nil: authprovider.EmailVerificationUnknown,
		false: authprovider.EmailUnverified, "false": authprovider.EmailUnverified, "TRUE": authprovider.EmailUnverified, 1: authprovider.EmailUnverified,
	} {
		got, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.token(object{"email_verified": claim})))
		require.NoError(t, err)
		require.Equal(t, want, got.EmailVerified, "%v", claim)
	}
}

// Header and claims each say when the token ends; the earlier counts. Clocks may differ by a minute.
func TestTimesAtTheEdge(t *testing.T) {
	g := newRig(t)
	at := func(seconds int64) int64 { return g.clock.Now().Unix() + seconds }
	for name, row := range map[string]struct{ header, claims, want int64 }{
		"header earlier":          {60, 120, 60},
		"claims earlier":          {120, 60, 60},
		"expired within the skew": {-59, -59, -59},
	} {
		got, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.sign(g.header(object{"exp": at(row.header)}), g.claims(object{"exp": at(row.claims)}))))
		require.NoError(t, err, name)
		require.Equal(t, at(row.want), got.ExpiresAt.Unix(), name)
	}
	narrow := newRig(t, func(c *awsalb.Config) { c.Leeway = time.Second })
	narrow.refused(narrow.refresh(narrow.from(object{"exp": at(-1)})), expired)
}

func TestSignerAndClientOptions(t *testing.T) {
	second := strings.Replace(signer, "portal", "portal-2", 1)
	g := newRig(t, func(c *awsalb.Config) { c.Signer, c.ClientID = []string{signer, second}, "" })
	for _, header := range []object{nil, {"signer": second}, {"client": "other"}, {"client": nil}, {"iss": nil}, {"typ": nil}} {
		_, err := g.authenticator.Authenticate(t.Context(), g.refresh(g.from(header)))
		require.NoError(t, err, "%v", header)
	}
	g.refused(g.refresh(g.from(object{"signer": strangersALB})), stranger)

	open := newRig(t, func(c *awsalb.Config) { c.Signer, c.DangerouslyAllowAnySigner = []string{}, true })
	for _, header := range []object{nil, {"signer": strangersALB}, {"signer": nil}} {
		_, err := open.authenticator.Authenticate(t.Context(), open.refresh(open.from(header)))
		require.NoError(t, err, "%v", header)
	}
	open.refused(open.refresh(open.from(object{"client": "other"})), "client_unknown")
}

func TestRefreshAnswer(t *testing.T) {
	g := newRig(t)
	r := g.refresh(g.token(nil))
	r.Header.Set(accessTokenHeader, "opaque-access-token")
	w := g.do(r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var body struct {
		Profile           authprovider.Profile
		ProviderInfo      map[string]any
		BackstageIdentity struct {
			Identity struct{ UserEntityRef string }
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, authprovider.Profile{Email: marker, DisplayName: "Jane", Picture: "https://example.com/j.png"}, body.Profile)
	require.Equal(t, map[string]any{"expiresInSeconds": 120.0}, body.ProviderInfo, "what is left, and no token")
	require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
	require.Empty(t, w.Header().Values("Set-Cookie"))
	require.NotContains(t, g.log.String(), "opaque-access-token")
}

func TestDescribe(t *testing.T) {
	g := newRig(t)
	expires := g.clock.Now()
	for name, row := range map[string]struct {
		result awsalb.Result
		want   authprovider.Profile
	}{
		"all": {awsalb.Result{Name: "Jane D.", GivenName: "Jane", FamilyName: "Doe", PreferredUsername: "jd", Picture: "p", Email: "j@example.com", EmailVerified: authprovider.EmailVerified},
			authprovider.Profile{DisplayName: "Jane D.", Picture: "p", Email: "j@example.com", EmailVerification: authprovider.EmailVerified}},
		"no name":       {awsalb.Result{GivenName: "Jane", FamilyName: "Doe", PreferredUsername: "jd"}, authprovider.Profile{DisplayName: "Jane Doe"}},
		"one name":      {awsalb.Result{FamilyName: "Doe", PreferredUsername: "jd"}, authprovider.Profile{DisplayName: "Doe"}},
		"user name":     {awsalb.Result{PreferredUsername: "jd"}, authprovider.Profile{DisplayName: "jd"}},
		"not said":      {awsalb.Result{Email: "j@example.com"}, authprovider.Profile{Email: "j@example.com"}},
		"nobody checks": {awsalb.Result{Email: "j@example.com", EmailVerified: authprovider.EmailUnverified}, authprovider.Profile{}},
	} {
		row.result.ExpiresAt = expires
		require.Equal(t, proxyauth.Description{Profile: row.want, ExpiresAt: expires}, g.authenticator.Describe(row.result), name)
	}
}

func TestSignOut(t *testing.T) {
	logout := func(g *rig) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, base+"/alb/logout", nil)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		return g.do(r)
	}
	const attributes = "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None"
	w := logout(newRig(t))
	require.Equal(t, http.StatusOK, w.Code)
	require.Empty(t, w.Body.String())
	require.Equal(t, []string{
		"AWSELBAuthSessionCookie-0" + attributes, "AWSELBAuthSessionCookie-1" + attributes,
		"AWSELBAuthSessionCookie-2" + attributes, "AWSELBAuthSessionCookie-3" + attributes,
	}, w.Header().Values("Set-Cookie"))

	const url = "https://sso.example.com/logout?client_id=portal&logout_uri=https%3A%2F%2Fportal.example.com"
	w = logout(newRig(t, func(c *awsalb.Config) { c.SessionCookieName, c.LogoutURL = "Portal", url }))
	var body struct {
		LogoutURL string `json:"logoutUrl"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, url, body.LogoutURL)
	require.Equal(t, "Portal-3"+attributes, w.Header().Values("Set-Cookie")[3])

	// A foreign page signs nobody out.
	g := newRig(t)
	w = g.do(httptest.NewRequest(http.MethodPost, base+"/alb/logout", nil))
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Empty(t, w.Header().Values("Set-Cookie"))
}

// A resolver that logs its input leaks no credential, and finds no unsigned identity in it.
func TestResolversSeeNoProxyHeaders(t *testing.T) {
	g := newRig(t)
	r := g.refresh(g.token(nil))
	r.Header.Set(accessTokenHeader, "opaque-access-token")
	r.Header.Set(identityHeader, "joe")
	for _, name := range g.authenticator.CredentialHeaders() {
		r.Header.Del(name)
	}
	require.Equal(t, http.Header{"X-Requested-With": {"XMLHttpRequest"}}, r.Header)
}

func TestMiddleware(t *testing.T) {
	g := newRig(t)
	h := proxyauth.Middleware(g.authenticator, proxyauth.MiddlewareOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[awsalb.Result](r.Context())
		_, _ = w.Write([]byte(person.Subject))
	}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/report", nil)
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	w = httptest.NewRecorder()
	r.Header.Set(dataHeader, g.token(nil))
	h.ServeHTTP(w, r)
	require.Equal(t, "jane-1", w.Body.String())
}

func TestParseResult(t *testing.T) {
	got, err := awsalb.ParseResult([]byte(`{"sub":"jane-1","email":"jane@example.com","email_verified":"true","groups":["ops"]}`))
	require.NoError(t, err)
	require.Equal(t, awsalb.Result{Subject: "jane-1", Email: "jane@example.com", EmailVerified: authprovider.EmailVerified}, outline(got))
	_, err = awsalb.ParseResult([]byte(`[]`))
	require.Error(t, err)
	require.Error(t, awsalb.Result{}.Claims(&struct{}{}))
}
