package oidcprovider_test

import (
	"context"
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

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	result := w.signedIn(a)

	require.Equal(t, authprovider.Profile{
		Email: "jane@example.com", DisplayName: "Jane Doe", Picture: "https://img.example.com/jane.png", EmailVerification: authprovider.EmailVerified,
	}, result.Profile)
	p := result.FullProfile
	require.Equal(t, "u-jane", p.Subject)
	require.Equal(t, w.config.Issuer, p.Issuer)
	require.Equal(t, "jane", p.PreferredUsername)
	var claims struct {
		Audience string `json:"aud"`
		Name     string `json:"name"`
	}
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, "portal", claims.Audience)
	require.Equal(t, "Jane Doe", claims.Name)

	s := result.Session
	require.Equal(t, "u-jane", s.Subject)
	require.Equal(t, "openid profile email", s.Scope)
	require.Equal(t, "Bearer", s.TokenType)
	require.WithinDuration(t, w.now().Add(time.Hour), s.ExpiresAt, time.Minute)
	for _, secret := range []authprovider.Secret{s.AccessToken, s.RefreshToken, s.IDToken} {
		require.NotEmpty(t, string(secret))
	}
	require.Equal(t, 1, w.idp.Calls(fakeidp.Token))
	require.Equal(t, 1, w.idp.Calls(fakeidp.Discovery))
	require.Equal(t, 1, w.idp.Calls(fakeidp.UserInfo))
}

func TestStart(t *testing.T) {
	w := newWorld(t)
	w.config.Prompt = "select_account"
	w.config.AuthParams = map[string]string{"domain_hint": "example.com"}
	w.config.Scopes = []string{"offline_access"}
	a := w.authenticator()
	req := startRequest(a)
	req.Query = url.Values{"login_hint": {"mallory"}, "domain_hint": {"evil.example"}, "audience": {"x"}}
	start, err := a.Start(context.Background(), req)
	require.NoError(t, err)
	require.Equal(t, w.config.Issuer, start.Issuer)
	require.True(t, start.IssuerRequired)
	u, err := url.Parse(start.URL)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"client_id": {"portal"}, "response_type": {"code"}, "redirect_uri": {callbackURL}, "scope": {"openid offline_access"},
		"state": {"the-state"}, "nonce": {nonce}, "code_challenge": {req.CodeChallenge}, "code_challenge_method": {"S256"},
		"prompt": {"select_account"}, "domain_hint": {"example.com"},
	}, u.Query())

	w.set(func(b *fakeidp.Behavior) { b.IssuerParameterUnadvertised = true })
	start, err = w.authenticator().Start(context.Background(), req)
	require.NoError(t, err)
	require.False(t, start.IssuerRequired)
}

func TestClientAuthentication(t *testing.T) {
	for _, tt := range []struct {
		name, id, secret, method string
		basic, post              bool
	}{
		{"default", "portal", clientSecret, "", true, false},
		{"basic", "portal", clientSecret, "client_secret_basic", true, false},
		{"post", "portal", clientSecret, "client_secret_post", false, true},
		{"default without secret", "public", "", "", false, false},
		{"public", "public", "", "none", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.config.ClientID, w.config.ClientSecret, w.config.ClientAuthMethod = tt.id, tt.secret, tt.method
			a := w.authenticator()
			result := w.signedIn(a)
			check := func(e fakeidp.Endpoint) {
				r := w.idp.Last(e)
				require.Equal(t, tt.basic, r.Header.Get("Authorization") != "")
				require.Equal(t, tt.post, r.Form.Get("client_secret") == clientSecret)
				require.Equal(t, !tt.basic, r.Form.Get("client_id") == tt.id)
				require.Empty(t, r.Query)
			}
			check(fakeidp.Token)
			_, err := a.Refresh(context.Background(), oauthadapter.RefreshRequest{Session: result.Session})
			require.NoError(t, err)
			check(fakeidp.Token)
			require.NoError(t, a.Revoke(context.Background(), result.Session))
			check(fakeidp.Revoke)
			require.Equal(t, 2, w.idp.Calls(fakeidp.Token))
		})
	}
}

func TestWrongIDTokenIsRefused(t *testing.T) {
	for _, tt := range append([]idTokenFault{
		{fakeidp.MissingNonce, jose.ErrClaim},
		{fakeidp.NoIDToken, oidcprovider.ErrIDToken},
	}, idTokenFaults...) {
		t.Run(string(tt.fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.IDToken = tt.fault })
			result, err := w.signIn(w.authenticator())
			require.Nil(t, result)
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			require.ErrorIs(t, err, tt.want)
			require.NotErrorIs(t, err, authprovider.ErrUnavailable)
			require.Zero(t, w.idp.Calls(fakeidp.UserInfo), "an access token of an unknown person must not be used")
			requireNoSecrets(t, err, w)
		})
	}
}

// The ID token is another person's, so the userinfo answer does not fit.
func TestOtherSubject(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.IDToken = fakeidp.OtherSubject })
	_, err := w.signIn(w.authenticator())
	require.ErrorIs(t, err, oidcprovider.ErrSubject)
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
}

func TestUserInfoSubject(t *testing.T) {
	for _, subject := range []string{"u-joe", "U-JANE", fakeidp.Omit} {
		w := newWorld(t)
		w.set(func(b *fakeidp.Behavior) { b.UserInfoSubject = subject })
		_, err := w.signIn(w.authenticator())
		require.ErrorIs(t, err, oidcprovider.ErrSubject)
		require.ErrorIs(t, err, authprovider.ErrAuthentication)
	}
}

func TestAzpIsAccepted(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.AuthorizedParty = true })
	w.signedIn(w.authenticator())
}

func TestSkipUserInfo(t *testing.T) {
	w := newWorld(t)
	w.config.SkipUserInfo = true
	result := w.signedIn(w.authenticator())
	require.Equal(t, "jane@example.com", result.Profile.Email)
	require.Zero(t, w.idp.Calls(fakeidp.UserInfo))
}

func TestWithoutUserInfoEndpoint(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.NoUserInfo = true })
	require.Equal(t, "Jane Doe", w.signedIn(w.authenticator()).Profile.DisplayName)
}

func TestScopeOmitted(t *testing.T) {
	w := newWorld(t)
	w.set(func(b *fakeidp.Behavior) { b.Scope = fakeidp.Omit })
	require.Empty(t, w.signedIn(w.authenticator()).Session.Scope)
}
