package cfaccess_test

import (
	"context"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/proxyauth"
)

func TestAuthenticateAPerson(t *testing.T) {
	for name, send := range map[string]func(token string) *http.Request{
		"header":               func(token string) *http.Request { return request(header, token) },
		"cookie":               func(token string) *http.Request { return request("Cookie", "a=b; "+cookie+"="+token) },
		"header before cookie": func(token string) *http.Request { return request(header, token, "Cookie", cookie+"=rubbish") },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			got, err := e.authenticator().Authenticate(t.Context(), send(e.token(e.person(nil))))
			require.NoError(t, err)
			now := e.clock.Now()
			require.Equal(t, issuer, got.Issuer)
			require.Equal(t, subject, got.Subject)
			require.Equal(t, audience, got.Audience)
			require.Equal(t, email, got.Email)
			require.Equal(t, "US", got.Country)
			require.True(t, now.Equal(got.IssuedAt))
			require.True(t, now.Add(time.Hour).Equal(got.ExpiresAt))
			require.Nil(t, got.ServiceToken)

			var c struct {
				Nonce  string `json:"identity_nonce"`
				Custom struct {
					Department string `json:"department"`
				} `json:"custom"`
			}
			require.NoError(t, got.Claims(&c))
			require.Equal(t, "6ei69kawdKzMIAPF", c.Nonce)
			require.Equal(t, "finance", c.Custom.Department)

			id := got.Identity
			require.Equal(t, "00u1a2b3", id.ID)
			require.Equal(t, subject, id.UserUUID)
			require.Equal(t, "Jane Doe", id.Name)
			require.Equal(t, email, id.Email)
			require.Equal(t, []cfaccess.Group{{ID: "g-1", Name: "Finance-Team", Email: "finance@example.com"}, {ID: "42", Name: "Staff"}}, id.Groups)
			require.Equal(t, cfaccess.IDP{ID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", Type: "azureAD"}, id.IDP)
			var more struct {
				AMR []string `json:"amr"`
				Geo struct {
					Country string `json:"country"`
				} `json:"geo"`
			}
			require.NoError(t, id.Claims(&more))
			require.Equal(t, []string{"pwd", "mfa"}, more.AMR)
			require.Equal(t, "US", more.Geo.Country)
			require.Empty(t, e.foreignCalls())
		})
	}
}

func TestHeaderAndCookieCanHaveOtherNames(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator(func(c *cfaccess.Config) { c.Header, c.Cookie = "x-edge-token", "Edge" })
	token := e.token(e.person(nil))
	for _, r := range []*http.Request{request("X-Edge-Token", token), request("Cookie", "Edge="+token)} {
		got, err := a.Authenticate(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, subject, got.Subject)
	}
	for _, r := range []*http.Request{request(header, token), request("Cookie", cookie+"="+token)} {
		_, err := a.Authenticate(t.Context(), r)
		require.ErrorIs(t, err, proxyauth.ErrMissing)
	}
	require.Contains(t, a.CredentialHeaders(), "x-edge-token")
}

func TestAudienceIsTheOneOfOurs(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator(func(c *cfaccess.Config) { c.Audience = []string{"one", "two"} })
	got, err := a.Authenticate(t.Context(), request(header, e.token(e.person(claims{"aud": []string{"of another", "two"}}))))
	require.NoError(t, err)
	require.Equal(t, "two", got.Audience)
}

func TestTeamDomain(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator(func(c *cfaccess.Config) { c.TeamName, c.TeamDomain = "", teamHost })
	_, err := a.Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.NoError(t, err)

	a = e.authenticator(func(c *cfaccess.Config) { c.TeamName, c.TeamDomain = "", "login.acme.com" })
	_, err = a.Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	_, err = a.Authenticate(t.Context(), request(header, e.token(e.person(claims{"iss": "https://login.acme.com"}))))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.Equal(t, []string{"https://login.acme.com/cdn-cgi/access/certs"}, e.foreignCalls())
}

func TestRefreshSignsIn(t *testing.T) {
	e := newEdge(t)
	p := newPortal(e, e.config())
	token := e.token(e.person(nil))
	res := p.do(request(header, token))
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Empty(t, res.Header.Values("Set-Cookie"))
	body := decode[struct {
		Profile           authprovider.Profile
		ProviderInfo      map[string]any
		BackstageIdentity authprovider.BackstageIdentity
	}](t, res)
	require.Equal(t, authprovider.Profile{Email: email, DisplayName: "Jane Doe"}, body.Profile)
	require.Equal(t, map[string]any{"expiresInSeconds": 3600.0}, body.ProviderInfo)
	require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
	p.requireSilent("", token)
}

// A resolver that logs its input leaks no credential, and finds no unsigned identity in it.
func TestResolversSeeNoProxyHeaders(t *testing.T) {
	e := newEdge(t)
	var got http.Header
	spy := func(_ context.Context, in cfaccess.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		got = in.Header
		return &authprovider.Identity{UserRef: "user:default/jane"}, nil
	}
	r := request(header, e.token(e.person(nil)), "Cookie", cookie+"=x", "Cf-Access-Token", "x", "Cf-Access-Client-Secret", "x", "Cf-Ray", "ray",
		"Cf-Access-Authenticated-User-Email", "joe@example.com")
	require.Equal(t, http.StatusOK, newPortal(e, e.config(), spy).do(r).StatusCode)
	require.Equal(t, http.Header{"X-Requested-With": {"XMLHttpRequest"}, "Cf-Ray": {"ray"}}, got)

	c := e.config()
	c.Header = "X-Edge-Token"
	r.Header.Set("X-Edge-Token", r.Header.Get(header))
	require.Equal(t, http.StatusOK, newPortal(e, c, spy).do(r).StatusCode)
	require.Equal(t, http.Header{"X-Requested-With": {"XMLHttpRequest"}, "Cf-Ray": {"ray"}}, got)
}

func TestLogoutTellsWhereTheSessionEnds(t *testing.T) {
	e := newEdge(t)
	r := httptest.NewRequest(http.MethodPost, baseURL+"/cfaccess/logout", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("Origin", "https://portal.example.com")
	res := newPortal(e, e.config()).do(r)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, map[string]string{"logoutUrl": "https://portal.example.com/cdn-cgi/access/logout"}, decode[map[string]string](t, res))
}

func TestDescribe(t *testing.T) {
	a := newEdge(t).authenticator()
	expires := time.Unix(1893499200, 0)
	for name, test := range map[string]struct {
		result cfaccess.Result
		want   authprovider.Profile
	}{
		"person": {
			cfaccess.Result{Subject: "s", Email: email, Identity: &cfaccess.Identity{Name: "Jane", Email: "other@example.com"}},
			authprovider.Profile{Email: email, DisplayName: "Jane", EmailVerification: authprovider.EmailVerified},
		},
		"person without identity": {cfaccess.Result{Subject: "s", Email: email}, authprovider.Profile{Email: email, EmailVerification: authprovider.EmailVerified}},
		"person without address":  {cfaccess.Result{Subject: "s"}, authprovider.Profile{}},
		"service token with an address": {
			cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "bot@example.com"}},
			authprovider.Profile{Email: "bot@example.com", DisplayName: "bot@example.com", EmailVerification: authprovider.EmailVerified},
		},
		"service token with a reference": {
			cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "user:default/ci-bot"}, Email: email},
			authprovider.Profile{DisplayName: "user:default/ci-bot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.result.ExpiresAt = expires
			require.Equal(t, proxyauth.Description{Profile: test.want, ExpiresAt: expires}, a.Describe(test.result))
		})
	}
}

func TestParseResult(t *testing.T) {
	e := newEdge(t)
	text := marshal(t, e.person(nil))
	got, err := cfaccess.ParseResult([]byte(text), []byte(janesIdentity))
	require.NoError(t, err)
	want, err := e.authenticator().Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.NoError(t, err)
	require.Equal(t, want.Subject, got.Subject)
	require.Equal(t, want.Audience, got.Audience)
	require.Equal(t, want.Email, got.Email)
	require.Equal(t, want.Identity.Groups, got.Identity.Groups)

	got, err = cfaccess.ParseResult([]byte(text), nil)
	require.NoError(t, err)
	require.Nil(t, got.Identity)
	require.Error(t, got.Identity.Claims(&struct{}{}))

	for _, bad := range [][2]string{{"[]", ""}, {`{"sub":1}`, ""}, {text, "[]"}, {text, "null"}, {text, `{"a":1,"a":2}`}} {
		_, err := cfaccess.ParseResult([]byte(bad[0]), []byte(bad[1]))
		require.Error(t, err, bad)
	}
	require.Error(t, cfaccess.Result{}.Claims(&struct{}{}))
}

func TestMiddleware(t *testing.T) {
	e := newEdge(t)
	var got cfaccess.Result
	h := proxyauth.Middleware(e.authenticator(), proxyauth.MiddlewareOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = proxyauth.FromContext[cfaccess.Result](r.Context())
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(header, e.token(e.person(nil))))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, subject, got.Subject)

	w = httptest.NewRecorder()
	h.ServeHTTP(w, request())
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

// New asks nobody, and a team that is down does not keep a host from starting.
func TestConstructionNeedsNoNetwork(t *testing.T) {
	e := newEdge(t)
	e.publish(map[string]*rsa.PrivateKey{})
	e.authenticator()
	newPortal(e, e.config())
	require.Empty(t, e.requests)
}
