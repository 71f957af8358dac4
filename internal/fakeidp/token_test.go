package fakeidp_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
)

func TestHappyFlow(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			r := newRig(t, func(c *fakeidp.Config) { c.Algorithm = algorithm })
			ctx := oidc.ClientContext(t.Context(), r.browser)
			provider, err := oidc.NewProvider(ctx, r.Issuer())
			require.NoError(t, err)
			require.Equal(t, r.URL(fakeidp.Authorize), provider.Endpoint().AuthURL)
			require.Equal(t, r.URL(fakeidp.Token), provider.Endpoint().TokenURL)

			got := r.signIn()
			require.Equal(t, "Bearer", got.TokenType)
			require.Equal(t, "3600", string(got.ExpiresIn))
			require.Equal(t, "openid profile email", *got.Scope)
			require.NotEmpty(t, got.RefreshToken)

			token, err := provider.Verifier(&oidc.Config{ClientID: "app", Now: r.clock.Now}).Verify(ctx, got.IDToken)
			require.NoError(t, err)
			require.Equal(t, "jane-1", token.Subject)
			require.Equal(t, "n-1", token.Nonce)
			require.True(t, token.Expiry.Equal(r.clock.Now().Add(time.Hour)))
			require.NoError(t, token.VerifyAccessToken(got.AccessToken))
			claims, _ := claimsOf(t, got.IDToken)
			require.Equal(t, "Jane <Doe>", claims["name"])
			require.Equal(t, true, claims["email_verified"])
			require.Equal(t, "stage", claims["department"])
			require.NotContains(t, claims, "azp")
			require.EqualValues(t, r.clock.Now().Unix(), claims["auth_time"])

			r.clock.Advance(time.Hour)
			status, _ := r.userinfo(got.AccessToken)
			require.Equal(t, http.StatusUnauthorized, status, "an access token expires")
		})
	}
}

func TestRedeemCodeRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		query  []string
		form   []string
		wait   time.Duration
		status int
		want   string
	}{
		"PKCE mismatch":         {form: []string{"code_verifier", verifier + "x"}, want: "invalid_grant"},
		"PKCE missing":          {form: []string{"code_verifier", ""}, want: "invalid_grant"},
		"PKCE stripped":         {query: []string{"code_challenge", "", "code_challenge_method", ""}, want: "invalid_grant"},
		"redirect_uri mismatch": {form: []string{"redirect_uri", callback + "&x=1"}, want: "invalid_grant"},
		"redirect_uri missing":  {form: []string{"redirect_uri", ""}, want: "invalid_grant"},
		"unknown code":          {form: []string{"code", "x"}, want: "invalid_grant"},
		"another client":        {form: []string{"client_id", "other", "client_secret", "other secret"}, want: "invalid_grant"},
		"late":                  {wait: time.Minute, want: "invalid_grant"},
		"wrong secret":          {form: []string{"client_secret", "guess"}, status: 401, want: "invalid_client"},
		"no secret":             {form: []string{"client_secret", ""}, status: 401, want: "invalid_client"},
		"unknown client":        {form: []string{"client_id", "nobody"}, status: 401, want: "invalid_client"},
		"grant type":            {form: []string{"grant_type", "password"}, want: "unsupported_grant_type"},
		"no grant type":         {form: []string{"grant_type", ""}, want: "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			code := r.choose(query(test.query...), "jane-1")
			r.clock.Advance(test.wait)
			status, got := r.token(codeForm(code, test.form...))
			require.Equal(t, test.want, got.Error)
			require.Equal(t, max(test.status, http.StatusBadRequest), status)
			require.Empty(t, got.AccessToken)
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	r := newRig(t)
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	}
	form := func() url.Values { return codeForm(r.choose(query(), "jane-1"), "client_id", "", "client_secret", "") }

	status, _ := r.token(form(), "Authorization", basic("app", "s3cret&+ %"))
	require.Equal(t, http.StatusOK, status)
	require.NotEmpty(t, r.Last(fakeidp.Token).Header.Get("Authorization"))

	res, _ := r.post(r.URL(fakeidp.Token), form(), "Authorization", basic("app", "guess"))
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Contains(t, res.Header.Get("WWW-Authenticate"), "Basic")

	status, got := r.token(with(form(), "client_secret", "s3cret&+ %"), "Authorization", basic("app", "s3cret&+ %"))
	require.Equal(t, http.StatusBadRequest, status, "two ways at once")
	require.Equal(t, "invalid_request", got.Error)

	twice := form()
	twice.Add("grant_type", "authorization_code")
	_, got = r.token(twice, "Authorization", basic("app", "s3cret&+ %"))
	require.Equal(t, "invalid_request", got.Error)

	q := query("client_id", "public", "redirect_uri", "http://127.0.0.1:7000/cb", "login_hint", "jane")
	res, _ = r.get(r.URL(fakeidp.Authorize) + "?" + q.Encode())
	location, err := res.Location()
	require.NoError(t, err)
	public := codeForm(location.Query().Get("code"), "client_id", "public", "redirect_uri", "http://127.0.0.1:7000/cb", "client_secret", "")
	status, got = r.token(public)
	require.Equal(t, http.StatusOK, status, got.Error)
}

func TestCodeReuseRevokesItsTokens(t *testing.T) {
	r := newRig(t)
	code := r.choose(query(), "jane-1")
	_, first := r.token(codeForm(code))
	status, _ := r.userinfo(first.AccessToken)
	require.Equal(t, http.StatusOK, status)
	_, second := r.token(codeForm(code))
	require.Equal(t, "invalid_grant", second.Error)
	status, _ = r.userinfo(first.AccessToken)
	require.Equal(t, http.StatusUnauthorized, status)
	_, refreshed := r.token(refreshForm(first.RefreshToken))
	require.Equal(t, "invalid_grant", refreshed.Error)
}

func TestRefresh(t *testing.T) {
	refresh := func(r *rig, token string, pairs ...string) tokens {
		_, got := r.token(refreshForm(token, pairs...))
		return got
	}
	t.Run("rotation revokes the family on reuse", func(t *testing.T) {
		r := newRig(t)
		first := r.signIn()
		second := refresh(r, first.RefreshToken)
		require.NotEmpty(t, second.RefreshToken)
		require.NotEqual(t, first.RefreshToken, second.RefreshToken)
		claims, _ := claimsOf(t, second.IDToken)
		require.Equal(t, "jane-1", claims["sub"])
		require.NotContains(t, claims, "nonce")
		require.Equal(t, "invalid_grant", refresh(r, first.RefreshToken).Error)
		require.Equal(t, "invalid_grant", refresh(r, second.RefreshToken).Error)
		status, _ := r.userinfo(second.AccessToken)
		require.Equal(t, http.StatusUnauthorized, status)
	})
	t.Run("reuse tolerated", func(t *testing.T) {
		r := newRig(t, func(c *fakeidp.Config) { c.Behavior.TolerateReuse = true })
		first := r.signIn()
		second := refresh(r, first.RefreshToken)
		require.Equal(t, "invalid_grant", refresh(r, first.RefreshToken).Error)
		require.Empty(t, refresh(r, second.RefreshToken).Error)
	})
	t.Run("kept", func(t *testing.T) {
		r := newRig(t, func(c *fakeidp.Config) { c.Behavior.KeepRefreshToken = true })
		first := r.signIn()
		for range 3 {
			got := refresh(r, first.RefreshToken)
			require.Empty(t, got.Error)
			require.Empty(t, got.RefreshToken)
			require.NotEmpty(t, got.AccessToken)
		}
	})
	t.Run("not given at refresh", func(t *testing.T) {
		r := newRig(t)
		first := r.signIn()
		r.Set(func(b *fakeidp.Behavior) { b.NoRefreshToken = true })
		require.Empty(t, refresh(r, first.RefreshToken).RefreshToken)
		require.Empty(t, refresh(r, first.RefreshToken).Error, "a token without a successor is not spent")
		require.Empty(t, r.signIn().RefreshToken)
	})
	t.Run("offline access", func(t *testing.T) {
		r := newRig(t, func(c *fakeidp.Config) { c.Behavior.RefreshNeedsOfflineAccess = true })
		require.Empty(t, r.signIn().RefreshToken)
		require.NotEmpty(t, r.signIn("scope", "openid offline_access").RefreshToken)
	})
	t.Run("scope", func(t *testing.T) {
		r := newRig(t)
		first := r.signIn()
		require.Equal(t, "invalid_scope", refresh(r, first.RefreshToken, "scope", "openid admin").Error)
		narrow := refresh(r, first.RefreshToken, "scope", "openid email")
		require.Equal(t, "openid email", *narrow.Scope)
		_, claims := r.userinfo(narrow.AccessToken)
		require.NotContains(t, claims, "name")
		require.Equal(t, "openid profile email", *refresh(r, narrow.RefreshToken).Scope, "the grant is as wide as before")
	})
	t.Run("refusals", func(t *testing.T) {
		r := newRig(t)
		first := r.signIn()
		require.Equal(t, "invalid_grant", refresh(r, "x").Error)
		require.Equal(t, "invalid_grant", refresh(r, first.RefreshToken, "client_id", "other", "client_secret", "other secret").Error)
		require.Equal(t, "invalid_client", refresh(r, first.RefreshToken, "client_secret", "x").Error)
		r.RemovePerson("jane-1")
		require.Equal(t, "invalid_grant", refresh(r, first.RefreshToken).Error)
	})
	t.Run("a changed person", func(t *testing.T) {
		r := newRig(t)
		first := r.signIn()
		require.NoError(t, r.PutPerson(fakeidp.Person{Subject: "jane-1", Name: "Jane Roe"}))
		claims, _ := claimsOf(t, refresh(r, first.RefreshToken).IDToken)
		require.Equal(t, "Jane Roe", claims["name"])
		require.NotContains(t, claims, "email")
	})
}

func TestRevoke(t *testing.T) {
	r := newRig(t)
	revoke := func(token string, pairs ...string) int {
		form := with(url.Values{"token": {token}, "client_id": {"app"}, "client_secret": {"s3cret&+ %"}}, pairs...)
		res, _ := r.post(r.URL(fakeidp.Revoke), form)
		return res.StatusCode
	}
	first := r.signIn()
	require.Equal(t, http.StatusBadRequest, revoke(first.AccessToken, "client_id", "other", "client_secret", "other secret"))
	require.Equal(t, http.StatusBadRequest, revoke(first.RefreshToken, "client_id", "other", "client_secret", "other secret"))
	require.Equal(t, http.StatusUnauthorized, revoke(first.RefreshToken, "client_secret", "x"))
	require.Equal(t, http.StatusBadRequest, revoke(""))
	require.Equal(t, http.StatusOK, revoke("unknown"))
	status, _ := r.userinfo(first.AccessToken)
	require.Equal(t, http.StatusOK, status)

	require.Equal(t, http.StatusOK, revoke(first.AccessToken))
	status, _ = r.userinfo(first.AccessToken)
	require.Equal(t, http.StatusUnauthorized, status)
	_, second := r.token(refreshForm(first.RefreshToken))
	require.Empty(t, second.Error, "an access token is revoked alone")

	require.Equal(t, http.StatusOK, revoke(second.RefreshToken))
	status, _ = r.userinfo(second.AccessToken)
	require.Equal(t, http.StatusUnauthorized, status, "a refresh token takes its family along")
	_, third := r.token(refreshForm(second.RefreshToken))
	require.Equal(t, "invalid_grant", third.Error)
}

func TestUserInfoByScope(t *testing.T) {
	for scope, want := range map[string]map[string]any{
		"openid":        {"sub": "jane-1"},
		"openid email":  {"sub": "jane-1", "email": "jane@example.com", "email_verified": true},
		"openid groups": {"sub": "jane-1", "groups": []any{"ops"}},
		"read:repo":     {"sub": "jane-1"},
	} {
		t.Run(scope, func(t *testing.T) {
			r := newRig(t)
			got := r.signIn("scope", scope)
			status, claims := r.userinfo(got.AccessToken)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, want, claims)
			require.Equal(t, scope == "read:repo", got.IDToken == "", "an ID token comes with openid alone")
		})
	}
	r := newRig(t)
	_, claims := r.userinfo(r.signIn().AccessToken)
	require.Equal(t, "jane", claims["preferred_username"])
	require.Equal(t, "https://img.example.com/jane.png", claims["picture"])
	require.Equal(t, "jane-1", claims["sub"], "claims of a person do not replace it")
	status, _ := r.userinfo("x")
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestKeyRotation(t *testing.T) {
	r := newRig(t)
	verify := func(token string) error {
		ctx := oidc.ClientContext(context.Background(), r.browser)
		keys := oidc.NewRemoteKeySet(ctx, r.URL(fakeidp.JWKS)) // a new one caches nothing
		_, err := oidc.NewVerifier(r.Issuer(), keys, &oidc.Config{ClientID: "app", Now: r.clock.Now, SupportedSigningAlgs: []string{"ES256"}}).Verify(ctx, token)
		return err
	}
	before := r.signIn().IDToken
	require.NoError(t, r.RotateKey())
	after := r.signIn().IDToken
	require.NoError(t, verify(before))
	require.NoError(t, verify(after))
	r.DropOldKeys()
	require.Error(t, verify(before))
	require.NoError(t, verify(after))
}
