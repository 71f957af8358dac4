package samlauth_test

import (
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
	"example.com/stagedoor/tokenissuer"
)

const origin = "https://portal.example.com"

// rig is a portal with one SAML provider, its identity provider, and a browser.
type rig struct {
	*testing.T
	idp     *samlauthtest.Provider
	clock   *authprovidertest.Clock
	log     *authprovidertest.AuditLog
	browser *authprovidertest.Browser
	app     authprovidertest.App
}

// newRig makes a rig. change may change the configuration, which has no key until then.
func newRig(t *testing.T, change func(*samlauth.Config)) *rig {
	t.Helper()
	r := &rig{T: t, clock: authprovidertest.NewClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)), log: &authprovidertest.AuditLog{}}
	r.idp = samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{Now: r.clock.Now, Key: keys(t, 0).key, Certificate: keys(t, 0).certificate})
	c := samlauth.Config{IDPMetadataURL: r.idp.MetadataURL(), HTTPClient: r.idp.HTTPClient()}
	if change != nil {
		change(&c)
	}
	r.serve(samlauth.Provider(c, resolver.EmailMatchingUserEntityProfileEmail), "")
	r.idp.Trust(r.browser, r.app)
	return r
}

func (r *rig) serve(factory authprovider.ProviderFactory, env string) {
	r.Helper()
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: origin + "/api/auth", Now: r.clock.Now})
	require.NoError(r, err)
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: origin + "/api/auth", Secrets: [][]byte{[]byte("a secret of at least 32 bytes, for tests")}, Issuer: issuer, Now: r.clock.Now, Logger: r.log.Logger(),
		AllowedOrigins: []string{"https://app.example.com"},
		Users: authprovidertest.Users(r, authprovider.User{
			Ref: "user:default/jane", Email: "jane@example.com", Annotations: map[string]string{"example.com/saml": samlauthtest.Jane},
		}),
		Providers: map[string]authprovider.ProviderFactory{"sso": factory},
	})
	require.NoError(r, err)
	r.browser = authprovidertest.NewBrowser(r)
	r.browser.Now = r.clock.Now
	r.browser.Host(origin, handler)
	r.app = authprovidertest.App{Origin: origin, Provider: origin + "/api/auth/sso", Env: env}
}

type keyPair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

var made struct {
	once  sync.Once
	pairs [3]keyPair
}

// keys are made once: the identity provider's, ours, and a stranger's.
func keys(t testing.TB, i int) keyPair {
	t.Helper()
	made.once.Do(func() {
		for i := range made.pairs {
			made.pairs[i].key, made.pairs[i].certificate = samlauthtest.NewKeyPair(t, time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		}
	})
	return made.pairs[i]
}

// withKey gives the service provider a key.
func withKey(t testing.TB) func(*samlauth.Config) {
	ours := keys(t, 1)
	return func(c *samlauth.Config) { c.Key, c.Certificate = ours.key, ours.certificate }
}

func TestPopupSignIn(t *testing.T) {
	r := newRig(t, nil)
	o := r.idp.SignInPopup(r.browser, r.app)
	require.Empty(t, o.Code(), r.log.Text())
	require.Equal(t, "user:default/jane", o.Response.UserRef())
	require.Equal(t, origin, o.TargetOrigin)

	answer := r.browser.Refresh(r.app)
	require.True(t, answer.OK(), answer)
	require.Equal(t, "user:default/jane", answer.Session.UserRef())
	require.NotContains(t, string(answer.Body), samlauthtest.Jane, "the name ID is not the app's business")

	r.clock.Advance(12*time.Hour + time.Second)
	require.Equal(t, "session_missing", r.browser.Refresh(r.app).Code())
}

func TestEverythingSignedAndEncrypted(t *testing.T) {
	for _, binding := range []samlauth.Binding{samlauth.BindingRedirect, samlauth.BindingPost} {
		t.Run(string(binding), func(t *testing.T) {
			r := newRig(t, func(c *samlauth.Config) { withKey(t)(c); c.RequestBinding = binding })
			o := r.idp.SignInPopup(r.browser, r.app)
			require.Empty(t, o.Code(), r.log.Text())
			require.Equal(t, "user:default/jane", o.Response.UserRef())
		})
	}
}

func TestRedirectSignIn(t *testing.T) {
	r := newRig(t, nil)
	o := r.idp.SignInRedirect(r.browser, r.app, origin+"/welcome")
	require.Equal(t, origin+"/welcome", o.URL, r.log.Text())
	answer := r.browser.Refresh(r.app)
	require.Equal(t, "user:default/jane", answer.Session.UserRef())
	require.Equal(t, http.StatusOK, r.browser.Logout(r.app).Status)
	require.False(t, r.browser.Refresh(r.app).OK())
}

func TestEnvironments(t *testing.T) {
	r := newRig(t, nil)
	c := samlauth.Config{IDPMetadataURL: r.idp.MetadataURL(), HTTPClient: r.idp.HTTPClient()}
	r.serve(oauthadapter.MapConfig(map[string]samlauth.Config{"development": c, "production-with-a-long-name": c}, func(_ string, c samlauth.Config) authprovider.ProviderFactory {
		return samlauth.Provider(c, resolver.EmailMatchingUserEntityProfileEmail)
	}), "production-with-a-long-name")
	r.idp.Trust(r.browser, r.app)
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	require.LessOrEqual(t, len(samlauthtest.Form(hop).Get("RelayState")), 80, "SAML bindings 3.4.3")
	o := r.idp.Finish(r.browser, hop)
	require.Empty(t, o.Code(), r.log.Text())
	require.Equal(t, "user:default/jane", o.Response.UserRef())
	other := r.app
	other.Env = "development"
	require.False(t, r.browser.Refresh(other).OK(), "environments share no session")
}

func TestSingleLogout(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
	answer := r.browser.Logout(r.app)
	require.Equal(t, http.StatusOK, answer.Status)
	require.Contains(t, answer.LogoutURL, "/slo?SAMLRequest=")
	end := r.browser.Open(origin, answer.LogoutURL)
	require.Equal(t, origin+"/", end.URL, r.log.Text())
	require.Equal(t, 1, r.idp.Calls("/slo"))
}
