package oidcprovider_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// inAcme admits the people of one organization.
func inAcme(p oidcprovider.Profile) error {
	var claims struct {
		Org string `json:"org"`
	}
	if err := p.Claims(&claims); err != nil {
		return err
	}
	if claims.Org != "acme" {
		return fmt.Errorf("org %q: %w", claims.Org, authprovider.ErrNotAllowed)
	}
	return nil
}

func TestCheckIDToken(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.config.CheckIDToken = inAcme
	s.userinfo = `{"sub":"u-jane","org":"acme"}`
	result, err := s.signIn()
	require.Nil(t, result)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed, "the claim counts in the ID token alone")
	require.Zero(t, s.userinfos.Load())

	s.claims["org"] = "acme"
	result, err = s.signIn()
	require.NoError(t, err)
	good := result.Session

	// A refused token that also fails another check is refused for that: the hook sees verified claims alone.
	s.claims["org"], s.claims["aud"] = "other", "another-client"
	_, err = s.signIn()
	require.ErrorIs(t, err, oidcprovider.ErrIDToken)
	require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
	s.claims["aud"] = "portal"

	// Who has left is signed out by the refresh that says so.
	_, err = s.refresh(good)
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	s.claims["org"] = "acme"

	broken := errors.New("our own defect")
	s.config.CheckIDToken = func(oidcprovider.Profile) error { return broken }
	_, err = s.signIn()
	require.ErrorIs(t, err, broken)
}

// A refresh without ID token is checked by the one before it.
func TestCheckIDTokenOfTheSession(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.config.CheckIDToken = inAcme
	s.userinfo = `{"sub":"u-jane","org":"other"}`
	s.claims["org"] = "acme"
	result, err := s.signIn()
	require.NoError(t, err)
	session := result.Session
	s.claims["org"] = "other"
	result, err = s.signIn()
	require.Nil(t, result)
	require.Error(t, err)
	s.config.CheckIDToken = nil
	result, err = s.signIn()
	require.NoError(t, err)
	outsider := result.Session
	s.config.CheckIDToken = inAcme
	s.claims["org"], s.claims["sub"] = "acme", "u-joe"
	s.userinfo = `{"sub":"u-joe"}`
	result, err = s.signIn()
	require.NoError(t, err)
	joe := result.Session
	s.userinfo = `{"sub":"u-jane","org":"other"}`

	s.claims["sub"], s.claims["iss"] = "u-jane", "https://id.example.com/other"
	foreign := authprovider.Secret(s.idToken())

	s.rawToken = "-"
	s.advance(2 * time.Hour) // longer than the token is good
	for _, refreshToken := range []authprovider.Secret{session.RefreshToken, ""} {
		session.RefreshToken = refreshToken
		result, err = s.refresh(session)
		require.NoError(t, err)
		require.Equal(t, session.IDToken, result.Session.IDToken)
		for name, idToken := range map[string]authprovider.Secret{"none": "", "no token": "x", "of an outsider": outsider.IDToken, "of somebody else": joe.IDToken,
			"of another issuer": foreign} {
			other := session
			other.IDToken = idToken
			_, err = s.refresh(other)
			require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, name)
		}
	}
}

func TestAuthParamsFrom(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.config.Prompt = "login"
	s.config.AuthParams = map[string]string{"hd": "example.com"}
	s.config.AuthParamsFrom = func(q url.Values) (map[string]string, error) {
		if q.Has("bad") {
			return nil, fmt.Errorf("bad: %w", authprovider.ErrInput)
		}
		return map[string]string{"login_hint": q.Get("login_hint"), "prompt": "consent", "state": "evil", "nonce": "evil", "redirect_uri": "evil"}, nil
	}
	a := s.authenticator()
	start := func(q url.Values) (url.Values, error) {
		req := startRequest(a)
		req.Query = q
		res, err := a.Start(context.Background(), req)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(res.URL)
		require.NoError(t, err)
		return u.Query(), nil
	}
	for range 2 { // one request leaves nothing for the next
		q, err := start(url.Values{"login_hint": {"jane"}, "hd": {"evil.example"}})
		require.NoError(t, err)
		require.Equal(t, []string{"jane"}, q["login_hint"])
		require.Equal(t, []string{"example.com"}, q["hd"])
		require.Equal(t, []string{"consent"}, q["prompt"])
		require.Equal(t, []string{"the-state"}, q["state"])
		require.Equal(t, []string{nonce}, q["nonce"])
		require.Equal(t, []string{callbackURL}, q["redirect_uri"])
		q, err = start(nil)
		require.NoError(t, err)
		require.Empty(t, q.Get("login_hint"))
	}
	discoveries := s.discoveries.Load()
	_, err := start(url.Values{"bad": {""}})
	require.ErrorIs(t, err, authprovider.ErrInput)
	require.Equal(t, discoveries, s.discoveries.Load())
}

const (
	tenants = "https://login.example.com/{tenantid}/v2.0"
	tenantA = "aaaaaaaa-1111-2222-3333-444444444444"
	tenantB = "bbbbbbbb-1111-2222-3333-444444444444"
)

func newTenants(t *testing.T) *scripted {
	t.Helper()
	s := newScripted(t, jose.ES256)
	s.metadata["issuer"] = tenants
	s.config.Issuer, s.config.DiscoveryURL = tenants, "https://login.example.com/realm"
	s.config.CheckIDToken = func(p oidcprovider.Profile) error {
		if p.Issuer == "https://login.example.com/"+tenantA+"/v2.0" || p.Issuer == "https://login.example.com/"+tenantB+"/v2.0" {
			return nil
		}
		return authprovider.ErrNotAllowed
	}
	s.claims["iss"], s.claims["tid"] = "https://login.example.com/"+tenantA+"/v2.0", tenantA
	return s
}

// The keys that tenants share say for whose tokens each is.
func TestKeyOfOneTenant(t *testing.T) {
	for _, tt := range []struct {
		name   string
		keyFor any
		want   error
	}{
		{"not said", nil, nil},
		{"everybody's", tenants, nil},
		{"this tenant's", "https://login.example.com/" + tenantA + "/v2.0", nil},
		{"another tenant's", "https://login.example.com/" + tenantB + "/v2.0", jose.ErrIssuer},
		{"another host's", "https://login.evil.example/{tenantid}/v2.0", jose.ErrIssuer},
		{"no text, which says nothing", 7, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTenants(t)
			s.keyFor = tt.keyFor
			result, err := s.signIn()
			require.ErrorIs(t, err, tt.want)
			require.Equal(t, tt.want == nil, result != nil)
		})
	}
	t.Run("a provider without tenants says nothing by it", func(t *testing.T) {
		s := newScripted(t, jose.ES256)
		s.keyFor = "https://elsewhere.example.com"
		_, err := s.signIn()
		require.NoError(t, err)
	})
}

// An issuer of several tenants: iss and tid belong together.
func TestIssuerPerTenant(t *testing.T) {
	for _, tt := range []struct {
		name     string
		iss, tid any
		want     error
	}{
		{"ours", "https://login.example.com/" + tenantA + "/v2.0", tenantA, nil},
		{"another that is allowed", "https://login.example.com/" + tenantB + "/v2.0", tenantB, nil},
		{"one that is not allowed", "https://login.example.com/cccccccc-1111-2222-3333-444444444444/v2.0", "cccccccc-1111-2222-3333-444444444444", authprovider.ErrNotAllowed},
		{"tid of another", "https://login.example.com/" + tenantA + "/v2.0", tenantB, jose.ErrIssuer},
		{"no tid", "https://login.example.com/" + tenantA + "/v2.0", nil, jose.ErrIssuer},
		{"tid is a list", "https://login.example.com/" + tenantA + "/v2.0", []string{tenantA}, jose.ErrIssuer},
		{"tid is no GUID", "https://login.example.com/common/v2.0", "common", jose.ErrIssuer},
		{"tid in upper case", "https://login.example.com/AAAAAAAA-1111-2222-3333-444444444444/v2.0", "AAAAAAAA-1111-2222-3333-444444444444", jose.ErrIssuer},
		{"tid is a path", "https://login.example.com/../" + tenantA + "/v2.0", "../" + tenantA, jose.ErrIssuer},
		{"the placeholder", tenants, "{tenantid}", jose.ErrIssuer},
		{"another host", "https://login.evil.example/" + tenantA + "/v2.0", tenantA, jose.ErrIssuer},
		{"another version", "https://login.example.com/" + tenantA + "/v1.0", tenantA, jose.ErrIssuer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTenants(t)
			s.claims["iss"], s.claims["tid"] = tt.iss, tt.tid
			result, err := s.signIn()
			require.ErrorIs(t, err, tt.want)
			if tt.want == nil {
				require.Equal(t, tt.iss, result.FullProfile.Issuer)
			}
		})
	}

	s := newTenants(t)
	start, err := s.authenticator().Start(context.Background(), startRequest(s.authenticator()))
	require.NoError(t, err)
	require.Empty(t, start.Issuer, "which tenant answers is not known before")
	result, err := s.signIn()
	require.NoError(t, err)
	s.claims["iss"], s.claims["tid"] = "https://login.example.com/"+tenantB+"/v2.0", tenantB
	_, err = s.refresh(result.Session)
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded, "the same sub in another tenant is somebody else")
	s.rawToken, s.userinfo = "-", `{"sub":"u-jane"}`
	refreshed, err := s.refresh(result.Session)
	require.NoError(t, err)
	require.Equal(t, "https://login.example.com/"+tenantA+"/v2.0", refreshed.FullProfile.Issuer)
}

func TestIssuerPerTenantMisconfigured(t *testing.T) {
	for _, tt := range []struct {
		change func(*oidcprovider.Config)
		want   string
	}{
		{func(c *oidcprovider.Config) { c.CheckIDToken = nil }, "Config.CheckIDToken is required"},
		{func(c *oidcprovider.Config) { c.DiscoveryURL = "" }, "Config.DiscoveryURL is required"},
		{func(c *oidcprovider.Config) { c.Issuer = "https://{tenantid}.example.com/v2.0" }, "absolute URL"},
		{func(c *oidcprovider.Config) { c.Issuer = tenants + "/{tenantid}" }, "once"},
		{func(c *oidcprovider.Config) { c.DiscoveryURL = "http://login.example.com" }, "DiscoveryURL"},
		{func(c *oidcprovider.Config) { c.DiscoveryURL = "http://localhost" }, "must be https"},
		{func(c *oidcprovider.Config) { c.DiscoveryURL += "?a=b" }, "without query"},
	} {
		s := newTenants(t)
		tt.change(&s.config)
		_, err := oidcprovider.New(s.config)
		require.ErrorContains(t, err, tt.want)
	}
}

// Metadata may be elsewhere, but says what its issuer is.
func TestDiscoveryURL(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.config.DiscoveryURL, s.config.Issuer = scriptedIssuer, "https://id.example.com/other"
	_, err := s.signIn()
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	s.metadata["issuer"], s.claims["iss"] = "https://id.example.com/other", "https://id.example.com/other"
	_, err = s.signIn()
	require.NoError(t, err)
	s.claims["iss"] = scriptedIssuer
	_, err = s.signIn()
	require.ErrorIs(t, err, jose.ErrIssuer)
}

type login struct{ Name string }

// vendor is a package for another vendor.
func vendor(_ context.Context, in oidcprovider.Result) (login, authprovider.Profile, error) {
	name := in.FullProfile.PreferredUsername
	if name == "joe" {
		return login{}, authprovider.Profile{}, fmt.Errorf("joe has left: %w", authprovider.ErrNotAllowed)
	}
	shown := in.Profile
	shown.DisplayName = "@" + name
	return login{name}, shown, nil
}

func TestVendor(t *testing.T) {
	_, err := oidcprovider.NewVendor[login](oidcprovider.Config{}, nil)
	require.ErrorContains(t, err, "ProfileFunc is required")
	_, err = oidcprovider.NewVendor(oidcprovider.Config{}, vendor)
	require.ErrorContains(t, err, "Config.Issuer is required")

	w := newWorld(t)
	v, err := oidcprovider.NewVendor(w.config, vendor)
	require.NoError(t, err)
	result, err := v.Authenticate(t.Context(), w.authorize(v.Authenticator))
	require.NoError(t, err)
	require.Equal(t, login{"jane"}, result.FullProfile)
	require.Equal(t, "@jane", result.Profile.DisplayName)
	require.Equal(t, "u-jane", result.Session.Subject)
	refreshed, err := v.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
	require.NoError(t, err)
	require.Equal(t, login{"jane"}, refreshed.FullProfile)
	session := refreshed.Session

	// An outage after the tokens were renewed keeps the new ones, from below and from the vendor's own calls alike.
	w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = fakeidp.Unavailable })
	kept, err := v.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotEqual(t, session.RefreshToken, kept.Session.RefreshToken)
	w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = "" })
	down, err := oidcprovider.NewVendor(w.config, func(context.Context, oidcprovider.Result) (login, authprovider.Profile, error) {
		return login{}, authprovider.Profile{}, authprovider.ErrUnavailable
	})
	require.NoError(t, err)
	again, err := down.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: kept.Session})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, oauthadapter.ErrSessionEnded)
	require.NotEqual(t, kept.Session.RefreshToken, again.Session.RefreshToken)

	// Whom the vendor's package turns down leaves with nothing.
	yes := true
	require.NoError(t, w.idp.PutPerson(fakeidp.Person{Subject: "u-jane", PreferredUsername: "joe", Email: "jane@example.com", EmailVerified: &yes}))
	gone, err := v.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: again.Session})
	require.Nil(t, gone)
	require.ErrorIs(t, err, oauthadapter.ErrSessionEnded)
	result, err = v.Authenticate(t.Context(), w.authorize(v.Authenticator))
	require.Nil(t, result)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
}
