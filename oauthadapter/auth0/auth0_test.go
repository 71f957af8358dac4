package auth0_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/auth0"
)

const (
	secret = "marker-client-secret/+ "

	domain = "acme.eu.auth0.com"
	org    = "org_9ybsU1dN2dKfDkBi"
)

func newAuth0(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewAuth0(t, authprovidertest.Auth0Vendor{}, authprovidertest.VendorConfig{People: people, ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) auth0.Config {
	return auth0.Config{Domain: domain, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c auth0.Config) *auth0.Authenticator {
	t.Helper()
	a, err := auth0.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	v := newAuth0(t)
	c := config(v)
	ofHost := c
	ofHost.HTTPClient, ofHost.Now = nil, nil
	authprovidertest.TestVendor(t, authprovidertest.VendorTest[auth0.Profile]{
		Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
		Provider: func(signIn ...authprovider.SignInResolver[auth0.Result]) authprovider.ProviderFactory {
			return auth0.Provider(ofHost, signIn...)
		},
	})
	require.Zero(t, v.Calls(authprovidertest.UserInfo), "its limit is low, and the ID token has it all")
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*auth0.Config)
		want   string
	}{
		"no client":                 {func(c *auth0.Config) { c.ClientID = "" }, "auth0: Config.ClientID is required"},
		"no secret":                 {func(c *auth0.Config) { c.ClientSecret = "" }, "auth0: Config.ClientSecret is required"},
		"no domain":                 {func(c *auth0.Config) { c.Domain = "" }, "auth0: Config.Domain is required"},
		"URL for domain":            {func(c *auth0.Config) { c.Domain = "https://" + domain }, "auth0: Config.Domain"},
		"path":                      {func(c *auth0.Config) { c.Domain = domain + "/x" }, "auth0: Config.Domain"},
		"user":                      {func(c *auth0.Config) { c.Domain = "evil@" + domain }, "auth0: Config.Domain"},
		"upper case":                {func(c *auth0.Config) { c.Domain = "Acme.eu.auth0.com" }, "auth0: Config.Domain"},
		"scope without connection":  {func(c *auth0.Config) { c.ConnectionScope = "repo" }, "auth0: Config.ConnectionScope"},
		"organization":              {func(c *auth0.Config) { c.Organization = "Acme" }, "auth0: Config.Organization"},
		"organization ID, no rest":  {func(c *auth0.Config) { c.Organization = "org_!" }, "auth0: Config.Organization"},
		"organization, white space": {func(c *auth0.Config) { c.Organization = " acme" }, "auth0: Config.Organization"},
	} {
		t.Run(name, func(t *testing.T) {
			c := auth0.Config{Domain: domain, ClientID: "id", ClientSecret: secret}
			tt.change(&c)
			_, err := auth0.New(c)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestAuthorizationRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*auth0.Config)
		query  url.Values
		want   url.Values // nil: the start is refused
	}{
		"default": {func(*auth0.Config) {}, nil, url.Values{}},
		"everything": {func(c *auth0.Config) {
			c.Audience, c.Connection, c.ConnectionScope, c.Organization, c.Prompt = "https://api.acme.example", "github", "repo gist", org, "login"
		}, nil, url.Values{"audience": {"https://api.acme.example"}, "connection": {"github"}, "connection_scope": {"repo gist"}, "organization": {org}, "prompt": {"login"}}},
		"unknown parameters": {func(*auth0.Config) {}, url.Values{"connection": {"evil"}, "audience": {"evil"}, "ext": {"evil"}}, url.Values{}},
		"hints": {func(*auth0.Config) {}, url.Values{"screen_hint": {"signup"}, "login_hint": {"jane+x@example.com"}},
			url.Values{"screen_hint": {"signup"}, "login_hint": {"jane+x@example.com"}}},
		"empty ones": {func(*auth0.Config) {}, url.Values{"screen_hint": {""}, "login_hint": {""}, "invitation": {""}, "organization": {""}}, url.Values{}},
		"invitation": {func(c *auth0.Config) { c.Organization = org },
			url.Values{"organization": {org}, "invitation": {"1o4EUD-x_Y"}, "organization_name": {"acme"}}, url.Values{"organization": {org}, "invitation": {"1o4EUD-x_Y"}}},
		"another organization":               {func(c *auth0.Config) { c.Organization = org }, url.Values{"organization": {"org_evil"}}, nil},
		"organization twice":                 {func(c *auth0.Config) { c.Organization = org }, url.Values{"organization": {org, "org_evil"}}, nil},
		"organization that is not asked":     {func(*auth0.Config) {}, url.Values{"organization": {org}}, nil},
		"invitation without organization":    {func(*auth0.Config) {}, url.Values{"invitation": {"1o4EUD"}}, nil},
		"malformed invitation":               {func(c *auth0.Config) { c.Organization = org }, url.Values{"invitation": {"a&b"}}, nil},
		"unknown screen":                     {func(*auth0.Config) {}, url.Values{"screen_hint": {"evil"}}, nil},
		"login hint with a control":          {func(*auth0.Config) {}, url.Values{"login_hint": {"jane\n"}}, nil},
		"login hint of no text":              {func(*auth0.Config) {}, url.Values{"login_hint": {"\xff"}}, nil},
		"login hint that reads backwards":    {func(*auth0.Config) {}, url.Values{"login_hint": {"\u202ejane"}}, nil},
		"login hint that is longer than one": {func(*auth0.Config) {}, url.Values{"login_hint": {strings.Repeat("x", 321)}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := newAuth0(t)
			c := config(v)
			tt.change(&c)
			a := newAuthenticator(t, c)
			if tt.want == nil {
				_, _, err := authprovidertest.AuthorizationRequest(t, a, tt.query)
				require.ErrorIs(t, err, authprovider.ErrInput)
				require.NotContains(t, err.Error(), "evil")
				return
			}
			address, q, err := authprovidertest.AuthorizationRequest(t, a, tt.query, a.RequiredScopes()...)
			require.NoError(t, err)
			require.Equal(t, "https://"+domain+"/authorize", address)
			for name, value := range map[string]string{
				"client_id": authprovidertest.DefaultClientID, "scope": "openid profile email offline_access",
			} {
				tt.want.Set(name, value)
			}
			require.Equal(t, tt.want, q)
		})
	}
}

// The organization counts in the ID token, at every sign-in and refresh, whatever the request asked for.
func TestOrganization(t *testing.T) {
	for name, tt := range map[string]struct {
		configured string
		claims     map[string]any
		refused    bool
	}{
		"none wanted":            {"", nil, false},
		"none wanted, one there": {"", map[string]any{"org_id": "org_other"}, false},
		"ID":                     {org, map[string]any{"org_id": org}, false},
		"ID and name":            {org, map[string]any{"org_id": org, "org_name": "acme"}, false},
		"another ID":             {org, map[string]any{"org_id": "org_other"}, true},
		"ID in another case":     {org, map[string]any{"org_id": strings.ToLower(org)}, true},
		"ID in the name":         {org, map[string]any{"org_id": "org_other", "org_name": org}, true},
		"no ID":                  {org, nil, true},
		"empty ID":               {org, map[string]any{"org_id": ""}, true},
		"name":                   {"acme", map[string]any{"org_id": org, "org_name": "acme"}, false},
		"another name":           {"acme", map[string]any{"org_id": org, "org_name": "acme2"}, true},
		"name in the ID":         {"acme", map[string]any{"org_id": "acme"}, true},
		"no name":                {"acme", map[string]any{"org_id": org}, true},
	} {
		t.Run(name, func(t *testing.T) {
			jane := authprovidertest.Person{Subject: authprovidertest.Jane, Email: "jane@example.com", EmailVerified: new(true), Claims: tt.claims}
			v := newAuth0(t, jane)
			c := config(v)
			c.Organization = tt.configured
			a := newAuthenticator(t, c)
			result, err := authprovidertest.SignInAt(t, v, a)
			if tt.refused {
				require.ErrorIs(t, err, authprovider.ErrNotAllowed)
				require.Nil(t, result)
				return
			}
			require.NoError(t, err)
			jane.Claims = map[string]any{"org_id": "org_other", "org_name": "other"}
			v.SetPerson(jane)
			_, err = a.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
			require.Equal(t, tt.configured == "", err == nil)
			if err != nil {
				require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
			}
		})
	}
	v := newAuth0(t, authprovidertest.Person{Subject: authprovidertest.Jane, Claims: map[string]any{"org_id": []string{org}}})
	c := config(v)
	c.Organization = org
	_, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
	require.Error(t, err, "a list is no organization")
}

func TestSignOut(t *testing.T) {
	v := newAuth0(t)
	c := config(v)
	for _, federated := range []bool{false, true} {
		c.FederatedLogout = federated
		a := newAuthenticator(t, c)
		for _, returnURL := range []string{"", "https://portal.example.com/?a=b&federated=x#c"} {
			raw, err := a.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{ReturnURL: returnURL})
			require.NoError(t, err)
			u, err := url.Parse(raw)
			require.NoError(t, err)
			require.Equal(t, "https://"+domain+"/v2/logout", u.Scheme+"://"+u.Host+u.Path)
			require.Empty(t, u.Fragment)
			want := url.Values{"client_id": {authprovidertest.DefaultClientID}}
			if federated {
				want.Set("federated", "")
			}
			if returnURL != "" {
				want.Set("returnTo", returnURL)
			}
			require.Equal(t, want, u.Query())
		}
	}
	require.Zero(t, v.Calls(authprovidertest.Discovery), "it works while Auth0 cannot be reached")

	a := newAuthenticator(t, c)
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	require.Equal(t, secret, v.Last(authprovidertest.Token).Form.Get("client_secret"))
	require.NoError(t, a.Revoke(t.Context(), oauthadapter.Session{AccessToken: result.Session.AccessToken}))
	require.Zero(t, v.Calls(authprovidertest.Revoke))
	require.NoError(t, a.Revoke(t.Context(), result.Session))
	require.Equal(t, string(result.Session.RefreshToken), v.Last(authprovidertest.Revoke).Form.Get("token"))
}

func TestProfile(t *testing.T) {
	v := newAuth0(t, authprovidertest.Person{
		Subject: authprovidertest.Jane, Name: "Jane Doe", Picture: "https://s.gravatar.com/avatar/jane.png", Email: "jane@example.com", EmailVerified: new(true),
		Claims: map[string]any{"nickname": "jane", "org_id": org, "org_name": "acme", "https://acme.example/roles": []string{"admin"}},
	})
	result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	p := result.FullProfile
	require.Equal(t, []string{authprovidertest.Jane, "jane", org, "acme"}, []string{p.Subject, p.Nickname, p.OrganizationID, p.OrganizationName})
	require.Equal(t, authprovider.Profile{Email: "jane@example.com", EmailVerification: authprovider.EmailVerified, DisplayName: "Jane Doe",
		Picture: "https://s.gravatar.com/avatar/jane.png"}, result.Profile)
	var claims struct {
		Roles []string `json:"https://acme.example/roles"`
	}
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, []string{"admin"}, claims.Roles)
	for _, claims := range []string{`[]`, `null`, `{"org_id":1}`, `{"Org_ID":"org_x"}`, `{"org_id":"a","org_id":"b"}`} {
		_, err := auth0.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}

// Whatever somebody writes into a link, nothing reaches Auth0 but the four parameters, once each and checked.
func FuzzStartQuery(f *testing.F) {
	f.Add("screen_hint=signup&login_hint=jane@example.com")
	f.Add("organization=" + org + "&invitation=1o4EUD-x_Y")
	f.Add("organization=a&organization=b&state=x&prompt=none&redirect_uri=https://evil.example")
	a, err := auth0.New(auth0.Config{Domain: domain, ClientID: "id", ClientSecret: "secret", Organization: org, HTTPClient: newAuth0(f).Client()})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		_, sent, err := authprovidertest.AuthorizationRequest(t, a, q)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrInput)
			return
		}
		for name, want := range map[string]string{"scope": "openid profile email offline_access", "organization": org, "client_id": "id"} {
			require.Equal(t, []string{want}, sent[name])
			delete(sent, name)
		}
		for name, values := range sent {
			require.Contains(t, []string{"invitation", "screen_hint", "login_hint"}, name)
			require.Equal(t, q[name], values)
		}
	})
}
