package pinniped_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/oauthadapter/pinniped"
)

const (
	secret = "marker-client-secret/+ "

	domain       = "https://pinniped.example.com/acme"
	tokenAddress = domain + "/oauth2/token"
)

func newSupervisor(t testing.TB, people ...authprovidertest.Person) *authprovidertest.Vendor {
	return authprovidertest.NewPinniped(t, authprovidertest.PinnipedVendor{FederationDomain: domain},
		authprovidertest.VendorConfig{People: people, ClientID: "client.oauth.pinniped.dev-portal", ClientSecret: secret})
}

func config(v *authprovidertest.Vendor) pinniped.Config {
	return pinniped.Config{FederationDomain: domain, ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
}

func newAuthenticator(t testing.TB, c pinniped.Config) *pinniped.Authenticator {
	t.Helper()
	a, err := pinniped.New(c)
	require.NoError(t, err)
	return a
}

func TestVendor(t *testing.T) {
	for name, audiences := range map[string][]string{"identity alone": nil, "with clusters": {"cluster-1"}} {
		t.Run(name, func(t *testing.T) {
			v := newSupervisor(t)
			c := config(v)
			c.Audiences, c.ReadGroups = audiences, audiences != nil
			ofHost := c
			ofHost.HTTPClient, ofHost.Now = nil, nil
			authprovidertest.TestVendor(t, authprovidertest.VendorTest[pinniped.Profile]{
				Vendor: v, Handlers: newAuthenticator(t, c), Config: c,
				Provider: func(signIn ...authprovider.SignInResolver[pinniped.Result]) authprovider.ProviderFactory {
					return pinniped.Provider(ofHost, signIn...)
				},
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*pinniped.Config){
		"FederationDomain is required":                func(c *pinniped.Config) { c.FederationDomain = "" },
		`FederationDomain "http://a.example" must`:    func(c *pinniped.Config) { c.FederationDomain = "http://a.example" },
		`FederationDomain "https://a.example?b"`:      func(c *pinniped.Config) { c.FederationDomain = "https://a.example?b" },
		"ClientID is required":                        func(c *pinniped.Config) { c.ClientID = "" },
		"ClientSecret is required":                    func(c *pinniped.Config) { c.ClientSecret = "" },
		`Audiences: "" is no cluster's`:               func(c *pinniped.Config) { c.Audiences = []string{"cluster-1", ""} },
		`Audiences: "pinniped-cli" is`:                func(c *pinniped.Config) { c.Audiences = []string{"pinniped-cli"} },
		`Audiences: "client.oauth.pinniped.dev-x" is`: func(c *pinniped.Config) { c.Audiences = []string{"client.oauth.pinniped.dev-x"} },
	} {
		c := pinniped.Config{FederationDomain: domain, ClientID: "portal", ClientSecret: secret}
		change(&c)
		_, err := pinniped.New(c)
		require.ErrorContains(t, err, "pinniped: Config."+want)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	v := newSupervisor(t)
	for scope, change := range map[string]func(*pinniped.Config){
		"openid offline_access username":                                  func(*pinniped.Config) {},
		"openid offline_access username groups":                           func(c *pinniped.Config) { c.ReadGroups, c.IDPName = true, "Corp LDAP" },
		"openid offline_access username pinniped:request-audience":        func(c *pinniped.Config) { c.Audiences = []string{"a"} },
		"openid offline_access username groups pinniped:request-audience": func(c *pinniped.Config) { c.Audiences, c.ReadGroups = []string{"a"}, true },
	} {
		c := config(v)
		c.FederationDomain = domain + "/"
		change(&c)
		address, q, err := authprovidertest.AuthorizationRequest(t, newAuthenticator(t, c), url.Values{"pinniped_idp_name": {"evil"}, "audience": {"evil"}})
		require.NoError(t, err)
		require.Equal(t, domain+"/oauth2/authorize", address)
		want := url.Values{"client_id": {v.ClientID()}, "scope": {scope}}
		if c.IDPName != "" {
			want.Set("pinniped_idp_name", c.IDPName)
		}
		require.Equal(t, want, q)
	}
}

func TestProfile(t *testing.T) {
	v := newSupervisor(t, authprovidertest.Person{Subject: "https://ldap.example.com?base=ou&sub=amFuZQ", Name: "jane", Email: "jane@example.com", Groups: []string{"ops", "devs"}})
	for _, groups := range [][]string{nil, {"ops", "devs"}} {
		c := config(v)
		c.ReadGroups = groups != nil
		result, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, c))
		require.NoError(t, err)
		require.Equal(t, "https://ldap.example.com?base=ou&sub=amFuZQ", result.Session.Subject)
		require.Equal(t, "jane", result.FullProfile.Username)
		require.Equal(t, groups, result.FullProfile.Groups)
		require.Equal(t, authprovider.Profile{DisplayName: "jane"}, result.Profile)
	}
}

// Pinniped signs with ES256 alone.
func TestAlgorithm(t *testing.T) {
	for algorithm, want := range map[string]error{"ES256": nil, "RS256": oidcprovider.ErrIDToken} {
		idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{Algorithm: algorithm, RedirectURLs: []string{authprovidertest.ConformanceCallback}})
		a := newAuthenticator(t, pinniped.Config{FederationDomain: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret(), HTTPClient: idp.HTTPClient()})
		start, err := a.Start(t.Context(), oauthadapter.StartRequest{State: "state", Nonce: "nonce", CallbackURL: authprovidertest.ConformanceCallback,
			CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Scopes: a.RequiredScopes()}) // RFC 7636 appendix B
		require.NoError(t, err)
		res, err := idp.HTTPClient().Get(start.URL)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		callback, err := res.Location()
		require.NoError(t, err)
		_, err = a.Authenticate(t.Context(), oauthadapter.CallbackRequest{Code: callback.Query().Get("code"), Nonce: "nonce",
			CodeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", CallbackURL: authprovidertest.ConformanceCallback})
		require.ErrorIs(t, err, want, algorithm)
	}
}

func TestExchangeForCluster(t *testing.T) {
	v := newSupervisor(t)
	c := config(v)
	c.Audiences = []string{"cluster-1", "cluster-2"}
	a := newAuthenticator(t, c)
	c.Audiences[0] = "changed later"
	result, err := authprovidertest.SignInAt(t, v, a)
	require.NoError(t, err)
	for _, audience := range []string{"cluster-1", "cluster-2"} {
		token, err := a.ExchangeForCluster(t.Context(), result.Session, audience)
		require.NoError(t, err)
		require.Equal(t, "cluster-token-for-"+audience, string(token))
	}

	before := len(v.Requests())
	for _, audience := range []string{"", "cluster-3", "Cluster-1", "cluster-1 cluster-2", v.ClientID(), "pinniped-cli"} {
		token, err := a.ExchangeForCluster(t.Context(), result.Session, audience)
		require.ErrorIs(t, err, pinniped.ErrAudience, audience)
		require.ErrorIs(t, err, authprovider.ErrInput)
		require.Empty(t, token)
	}
	_, err = a.ExchangeForCluster(t.Context(), oauthadapter.Session{RefreshToken: "x"}, "cluster-1")
	require.ErrorContains(t, err, "pinniped: Session.AccessToken is required")
	require.Len(t, v.Requests(), before, "Pinniped is not asked for what is not on the list")

	// A session that was not given the scope, or has ended.
	identityOnly, err := authprovidertest.SignInAt(t, v, newAuthenticator(t, config(v)))
	require.NoError(t, err)
	_, err = a.ExchangeForCluster(t.Context(), identityOnly.Session, "cluster-1")
	require.Equal(t, "access_denied", refused(t, err).Code)
	v.Withdraw(authprovidertest.Jane)
	_, err = a.ExchangeForCluster(t.Context(), result.Session, "cluster-1")
	require.Equal(t, "request_unauthorized", refused(t, err).Code)
	require.NotContains(t, err.Error(), string(result.Session.AccessToken))
	v.ReplaceSecret("another secret")
	_, err = a.ExchangeForCluster(t.Context(), result.Session, "cluster-1")
	require.Equal(t, "invalid_client", refused(t, err).Code)
	require.NotContains(t, err.Error(), "marker")
}

func refused(t *testing.T, err error) *oauthadapter.ProviderError {
	t.Helper()
	var answer *oauthadapter.ProviderError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "token", answer.Endpoint)
	return answer
}

// An answer that is none is an outage.
func TestExchangeFailures(t *testing.T) {
	const jwt = `"issued_token_type":"urn:ietf:params:oauth:token-type:jwt"`
	for name, tt := range map[string]struct {
		status int
		body   string
	}{
		"outage":       {503, `{}`},
		"rate limit":   {429, `{}`},
		"no JSON":      {200, `<html>`},
		"twins":        {200, `{"access_token":"a","access_token":"b",` + jwt + `}`},
		"no token":     {200, `{` + jwt + `}`},
		"another type": {200, `{"access_token":"a","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`},
		"no type":      {200, `{"access_token":"a"}`},
	} {
		t.Run(name, func(t *testing.T) {
			v := newSupervisor(t)
			c := config(v)
			c.Audiences = []string{"cluster-1"}
			a := newAuthenticator(t, c)
			result, err := authprovidertest.SignInAt(t, v, a)
			require.NoError(t, err)
			v.Handle(tokenAddress, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			token, err := a.ExchangeForCluster(t.Context(), result.Session, "cluster-1")
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Empty(t, token)
		})
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"pinniped.example.com/user-id": "https://ldap.example.com?sub=amFuZQ"}},
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"})
	byID := pinniped.UserIDMatchingUserEntityAnnotationWith("pinniped.example.com/user-id")
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[pinniped.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", byID, `{"sub":"https://ldap.example.com?sub=amFuZQ","username":"joe"}`, "user:default/by-id", nil},
		{"another ID", byID, `{"sub":"https://ldap.example.com?sub=AMFUZQ"}`, "", authprovider.ErrUserNotFound},
		{"no ID", byID, `{"username":"jane"}`, "", authprovider.ErrNoMatch},
		{"name", pinniped.UsernameMatchingUserEntityName, `{"username":"jane"}`, "user:default/jane", nil},
		{"no name", pinniped.UsernameMatchingUserEntityName, `{"preferred_username":"jane"}`, "", authprovider.ErrNoMatch},
		{"a reference for a name", pinniped.UsernameMatchingUserEntityName, `{"username":"user:admins/root"}`, "", authprovider.ErrNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := pinniped.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), pinniped.SignInInfo{Result: &oauthadapter.Result[pinniped.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
	for _, claims := range []string{`[]`, `null`, `{"username":7}`, `{"groups":"ops"}`} {
		_, err := pinniped.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
