package samlauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

func TestSessionEndsWhenTheIdentityProviderSays(t *testing.T) {
	r := newRig(t, nil)
	r.idp.Set(func(b *samlauthtest.Behavior) { b.SessionLasts = time.Hour })
	o := r.idp.SignInPopup(r.browser, r.app)
	require.Empty(t, o.Code(), r.log.Text())
	require.EqualValues(t, 3600, *o.Response.ProviderInfo.ExpiresInSeconds)
	r.clock.Advance(59 * time.Minute)
	require.True(t, r.browser.Refresh(r.app).OK())
	r.clock.Advance(time.Minute)
	require.Equal(t, "session_ended", r.browser.Refresh(r.app).Code())
	require.Equal(t, "session_missing", r.browser.Refresh(r.app).Code(), "its cookie is gone")
}

// A session that is refreshed all the time ends all the same: nobody else asks whether the person may still sign in.
func TestSessionEndsAfterItsDuration(t *testing.T) {
	r := newRig(t, func(c *samlauth.Config) { c.Options.SessionDuration = 3 * time.Hour })
	r.idp.Set(func(b *samlauthtest.Behavior) { b.SessionLasts = 100 * time.Hour })
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	for range 2 {
		r.clock.Advance(time.Hour)
		require.True(t, r.browser.Refresh(r.app).OK())
	}
	r.clock.Advance(time.Hour)
	require.Equal(t, "session_missing", r.browser.Refresh(r.app).Code())
}

// The resolver decides again with every refresh, by all that the assertion said; the identity provider is not asked.
func TestRefreshRunsTheResolver(t *testing.T) {
	r := newRig(t, nil)
	var seen []samlauth.Profile
	allowed := true
	r.serve(samlauth.Provider(samlauth.Config{IDPMetadataURL: r.idp.MetadataURL(), HTTPClient: r.idp.HTTPClient()}, resolverFunc(func(in samlauth.SignInInfo) (string, error) {
		seen = append(seen, in.Result.FullProfile)
		if !allowed {
			return "", authprovider.ErrNotAllowed
		}
		return "user:default/jane", nil
	})), "")
	r.idp.Trust(r.browser, r.app)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
	require.True(t, r.browser.Refresh(r.app).OK())
	require.Len(t, seen, 2)
	require.Equal(t, seen[0], seen[1])
	require.Equal(t, samlauthtest.Jane, seen[0].NameID.Value)
	require.Equal(t, samlauth.NameIDPersistent, seen[0].NameID.Format)
	require.Equal(t, r.idp.EntityID(), seen[0].Issuer)
	require.Equal(t, []string{"ops"}, seen[0].Values("eduPersonAffiliation"), "by its friendly name")
	require.Equal(t, []string{"ops"}, seen[0].Values("urn:oid:1.3.6.1.4.1.5923.1.1.1.1"), "by its full name")
	require.Equal(t, "session-jane-1", seen[0].SessionIndex)
	require.Equal(t, r.clock.Now(), seen[0].AuthnInstant)
	require.Equal(t, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", seen[0].AuthnContext)
	calls := r.idp.Calls("/sso")
	allowed = false
	require.Equal(t, "sign_in_refused", r.browser.Refresh(r.app).Code())
	require.Equal(t, calls, r.idp.Calls("/sso"))
}

func TestAttributesThatAreKept(t *testing.T) {
	many := samlauthtest.Person{NameID: samlauthtest.Jane, Email: "jane@example.com", Attributes: map[string][]string{"urn:example:groups": strings.Fields(strings.Repeat("a-group-with-a-long-name ", 400))}}
	r := newRig(t, nil)
	r.idp.SetPerson(many)
	require.Equal(t, "internal_error", r.idp.SignInPopup(r.browser, r.app).Code())
	require.Contains(t, r.log.Text(), "name the attributes to keep in Config.Attributes")

	r = newRig(t, func(c *samlauth.Config) { c.Attributes = []string{"mail", "urn:oid:0.9.2342.19200300.100.1.1"} })
	r.idp.SetPerson(many)
	o := r.idp.SignInPopup(r.browser, r.app)
	require.Empty(t, o.Code(), r.log.Text())
	require.Equal(t, "jane@example.com", o.Response.Profile.Email)
}

// A session of one identity provider is none of another that the provider is configured with later.
func TestSessionBelongsToItsIdentityProvider(t *testing.T) {
	r := newRig(t, nil)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	before := r.browser
	other := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{Now: r.clock.Now})
	r.serve(samlauth.Provider(samlauth.Config{IDPMetadata: other.Metadata()}), "")
	for _, c := range before.Cookies(r.app.Provider + "/refresh") {
		r.browser.SetCookie(r.app.Provider+"/refresh", c.Name+"="+c.Value+"; Secure; Path="+map[bool]string{true: "/", false: "/api/auth/sso"}[strings.HasPrefix(c.Name, "__Host-")])
	}
	require.Equal(t, "session_ended", r.browser.Refresh(r.app).Code(), r.log.Text())
}

func TestCookiesAreSafe(t *testing.T) {
	r := newRig(t, nil)
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	for _, h := range append(r.browser.Hops(), hop) {
		for _, line := range h.Header.Values("Set-Cookie") {
			if strings.Contains(line, "attempt") {
				require.Contains(t, line, "SameSite=Lax")
				require.Contains(t, line, "HttpOnly")
				require.Contains(t, line, "Secure")
			}
		}
	}
}

// The app may be on another site than the backend, whose cookies are SameSite=None then.
func TestAppOnAnotherSite(t *testing.T) {
	r := newRig(t, nil)
	r.app.Origin = "https://app.example.com"
	o := r.idp.SignInPopup(r.browser, r.app)
	require.Empty(t, o.Code(), r.log.Text())
	require.Equal(t, "https://app.example.com", o.TargetOrigin)
	require.True(t, r.browser.Refresh(r.app).OK())
}

func TestEmails(t *testing.T) {
	for name, c := range map[string]struct {
		config func(*samlauth.Config)
		person samlauthtest.Person
		email  string
		state  authprovider.EmailVerification
	}{
		"nothing is said of it":   {person: samlauthtest.Person{Email: "a@example.com"}, email: "a@example.com"},
		"of a company":            {config: func(c *samlauth.Config) { c.EmailsVerified = true }, person: samlauthtest.Person{Email: "a@example.com"}, email: "a@example.com", state: authprovider.EmailVerified},
		"none":                    {config: func(c *samlauth.Config) { c.EmailsVerified = true }, person: samlauthtest.Person{UserName: "a"}},
		"of Entra":                {person: samlauthtest.Person{Attributes: map[string][]string{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": {"b@example.com"}}}, email: "b@example.com"},
		"in the name ID":          {person: samlauthtest.Person{NameID: "c@example.com", NameIDFormat: samlauth.NameIDEmailAddress}, email: "c@example.com"},
		"in a name ID of no kind": {person: samlauthtest.Person{NameID: "c@example.com", NameIDFormat: samlauth.NameIDUnspecified}},
		"in the attribute that the host names": {config: func(c *samlauth.Config) { c.EmailAttribute = "urn:example:mail" },
			person: samlauthtest.Person{Email: "a@example.com", Attributes: map[string][]string{"urn:example:mail": {"d@example.com"}}}, email: "d@example.com"},
		"not in the attribute that the host names": {config: func(c *samlauth.Config) { c.EmailAttribute = "urn:example:mail" }, person: samlauthtest.Person{Email: "a@example.com"}},
		"two": {person: samlauthtest.Person{Attributes: map[string][]string{"mail": {"a@example.com", "b@example.com"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got authprovider.Profile
			r := newRig(t, nil)
			config := samlauth.Config{IDPMetadataURL: r.idp.MetadataURL(), HTTPClient: r.idp.HTTPClient()}
			if c.config != nil {
				c.config(&config)
			}
			r.serve(samlauth.Provider(config, resolverFunc(func(in samlauth.SignInInfo) (string, error) { got = in.Profile; return "user:default/jane", nil })), "")
			r.idp.Trust(r.browser, r.app)
			if c.person.NameID == "" {
				c.person.NameID = "x"
			}
			r.idp.SetPerson(c.person)
			r.idp.SignsIn(c.person.NameID)
			require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
			require.Equal(t, c.email, got.Email)
			require.Equal(t, c.state, got.EmailVerification)
		})
	}
}
