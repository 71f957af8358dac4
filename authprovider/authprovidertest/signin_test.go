package authprovidertest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
)

const (
	baseURL   = "https://portal.example.com/api/auth"
	appOrigin = "https://portal.example.com"
)

// vendor is a small OAuthHandlers without an OpenID library: it trusts userinfo.
type vendor struct {
	idp    *authprovidertest.Provider
	client *http.Client
}

type vendorProfile struct {
	Sub   string `json:"sub"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (v vendor) Start(_ context.Context, r oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	q := url.Values{"response_type": {"code"}, "client_id": {v.idp.ClientID()}, "redirect_uri": {r.CallbackURL}, "state": {r.State}, "nonce": {r.Nonce},
		"scope": {strings.Join(r.Scopes, " ")}, "code_challenge": {r.CodeChallenge}, "code_challenge_method": {"S256"}}
	return oauthadapter.StartResponse{URL: v.idp.URL(authprovidertest.Authorize) + "?" + q.Encode(), Issuer: v.idp.Issuer(), IssuerRequired: true}, nil
}

func (v vendor) Authenticate(ctx context.Context, r oauthadapter.CallbackRequest) (*oauthadapter.Result[vendorProfile], error) {
	return v.redeem(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {r.Code}, "redirect_uri": {r.CallbackURL}, "code_verifier": {r.CodeVerifier}})
}

func (v vendor) Refresh(ctx context.Context, r oauthadapter.RefreshRequest) (*oauthadapter.Result[vendorProfile], error) {
	return v.redeem(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(r.Session.RefreshToken)}})
}

func (v vendor) Revoke(ctx context.Context, s oauthadapter.Session) error {
	return v.post(ctx, authprovidertest.Revoke, url.Values{"token": {string(s.RefreshToken)}}, nil)
}

func (v vendor) redeem(ctx context.Context, form url.Values) (*oauthadapter.Result[vendorProfile], error) {
	var token struct {
		AccessToken  authprovider.Secret `json:"access_token"`
		RefreshToken authprovider.Secret `json:"refresh_token"`
		IDToken      authprovider.Secret `json:"id_token"`
		Scope        string              `json:"scope"`
		ExpiresIn    int64               `json:"expires_in"`
	}
	if err := v.post(ctx, authprovidertest.Token, form, &token); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.idp.URL(authprovidertest.UserInfo), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
	var profile vendorProfile
	if err := v.do(req, "userinfo", &profile); err != nil {
		return nil, err
	}
	return &oauthadapter.Result[vendorProfile]{
		Profile:     authprovider.Profile{Email: profile.Email, DisplayName: profile.Name},
		FullProfile: profile,
		Session: oauthadapter.Session{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, IDToken: token.IDToken, Scope: token.Scope,
			ExpiresAt: time.Now().Add(time.Duration(token.ExpiresIn) * time.Second), Subject: profile.Sub},
	}, nil
}

func (v vendor) post(ctx context.Context, e authprovidertest.Endpoint, form url.Values, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.idp.URL(e), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(v.idp.ClientID(), v.idp.ClientSecret())
	return v.do(req, string(e), answer)
}

func (v vendor) do(req *http.Request, endpoint string, answer any) error {
	resp, err := v.client.Do(req)
	if err != nil {
		return &authprovider.Error{Kind: authprovider.ErrUnavailable, Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var failure struct{ Error string }
		_ = json.NewDecoder(resp.Body).Decode(&failure)
		return &oauthadapter.ProviderError{Endpoint: endpoint, Status: resp.StatusCode, Code: failure.Error}
	}
	if answer == nil {
		return nil
	}
	const enough = 12 << 20 // careless, but it ends
	return json.NewDecoder(io.LimitReader(resp.Body, enough)).Decode(answer)
}

// byEmail is a typed resolver as a host writes it.
func byEmail(ctx context.Context, in authprovider.SignInInfo[*oauthadapter.Result[vendorProfile]], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: in.Result.FullProfile.Email})
}

type portal struct {
	idp     *authprovidertest.Provider
	browser *authprovidertest.Browser
	issuer  *authprovidertest.Issuer
	app     authprovidertest.App
}

func newPortal(t *testing.T, change ...func(*authprovider.Config)) *portal {
	t.Helper()
	p := &portal{
		idp:     authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{}),
		browser: authprovidertest.NewBrowser(t),
		issuer:  &authprovidertest.Issuer{},
		app:     authprovidertest.App{Origin: appOrigin, Provider: baseURL + "/idp"},
	}
	p.idp.AllowRedirect(baseURL + "/idp/handler/frame")
	c := authprovider.Config{
		BaseURL:   baseURL,
		Secrets:   [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Issuer:    p.issuer,
		Users:     authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/ops"}}),
		Providers: map[string]authprovider.ProviderFactory{"idp": oauthadapter.Provider(vendor{p.idp, p.idp.HTTPClient()}, oauthadapter.Options[vendorProfile]{}, byEmail)},
	}
	for _, f := range change {
		f(&c)
	}
	h, err := authprovider.New(c)
	require.NoError(t, err)
	p.browser.Host(appOrigin, h)
	return p
}

func TestSignInPopup(t *testing.T) {
	p := newPortal(t)
	m := p.browser.SignInPopup(p.app, "openid", "profile", "email")
	require.Empty(t, m.Undelivered)
	require.Nil(t, m.Error)
	require.Equal(t, "user:default/jane", m.Response.UserRef())
	require.Equal(t, "jane@example.com", m.Response.Profile.Email)
	require.Equal(t, "openid profile email", m.Response.ProviderInfo.Scope)
	require.Len(t, p.issuer.Issued(), 1)

	a := p.browser.Refresh(p.app)
	require.True(t, a.OK(), "%+v", a)
	require.Equal(t, "user:default/jane", a.Session.UserRef())
	require.NotEqual(t, m.Response.ProviderInfo.AccessToken, a.Session.ProviderInfo.AccessToken)

	require.True(t, p.browser.Logout(p.app).OK())
	require.Equal(t, 1, p.idp.Calls(authprovidertest.Revoke))
	require.Equal(t, "session_missing", p.browser.Refresh(p.app).Code())
}

func TestSignInRedirect(t *testing.T) {
	p := newPortal(t)
	l := p.browser.SignInRedirect(p.app, appOrigin+"/catalog?x=1#part", "openid", "email")
	require.Equal(t, authprovidertest.Landing{URL: appOrigin + "/catalog?x=1#part", Status: http.StatusNotFound}, l)
	require.Equal(t, "user:default/jane", p.browser.Refresh(p.app).Session.UserRef())
}

func TestSignInRedirectInTwoSteps(t *testing.T) {
	p := newPortal(t)
	callback := p.browser.BeginRedirect(p.app, appOrigin+"/catalog", "openid", "email")
	require.True(t, strings.HasPrefix(callback, baseURL+"/idp/handler/frame?"), callback)
	require.Zero(t, p.idp.Calls(authprovidertest.Token))

	// A browser that did not begin it is sent nowhere.
	l := p.browser.Other().FinishRedirect(p.app, callback)
	require.Equal(t, "cookie_missing", l.Code)

	l = p.browser.FinishRedirect(p.app, callback)
	require.Equal(t, authprovidertest.Landing{URL: appOrigin + "/catalog", Status: http.StatusNotFound}, l)
	require.Equal(t, "user:default/jane", p.browser.Refresh(p.app).Session.UserRef())
}
