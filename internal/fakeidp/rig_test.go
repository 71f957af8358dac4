package fakeidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
)

const (
	callback  = "https://app.example.com/callback?tenant=1"
	loggedOut = "https://app.example.com/bye"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// rig is a provider on a real server, and a browser that keeps cookies and follows no redirect.
type rig struct {
	*fakeidp.Server
	t       *testing.T
	clock   *authprovidertest.Clock
	browser *http.Client
}

func newRig(t *testing.T, change ...func(*fakeidp.Config)) *rig {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	yes, no := true, false
	c := authprovidertest.NewClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	config := fakeidp.Config{
		Issuer: "http://" + server.Listener.Addr().String() + "/tenant/one",
		People: []fakeidp.Person{
			{
				Subject: "jane-1", Name: "Jane <Doe>", PreferredUsername: "jane", Picture: "https://img.example.com/jane.png",
				Email: "jane@example.com", EmailVerified: &yes, Groups: []string{"ops"},
				Claims: map[string]any{"department": "stage", "aud": "evil", "azp": "evil", "nonce": "evil", "sub": "evil"},
			},
			{Subject: "omar-2", Name: "Omar", Email: "omar@example.com", EmailVerified: &no},
		},
		Clients: []fakeidp.Client{
			{ID: "app", Secret: "s3cret&+ %", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{loggedOut}},
			{ID: "other", Secret: "other secret", RedirectURIs: []string{callback}},
			{ID: "public", RedirectURIs: []string{"http://127.0.0.1:7000/cb"}},
		},
		Now: c.Now,
	}
	for _, f := range change {
		f(&config)
	}
	idp, err := fakeidp.New(config)
	require.NoError(t, err)
	server.Config.Handler = idp
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{
		Transport:     server.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &rig{Server: idp, t: t, clock: c, browser: browser}
}

// query is an authorization request; pairs of name and value replace or, with "", remove its parameters.
func query(pairs ...string) url.Values {
	digest := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"st&te"}, "nonce": {"n-1"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])},
	}
	return with(q, pairs...)
}

func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func (r *rig) get(target string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, target, nil)
	require.NoError(r.t, err)
	return r.do(req)
}

func (r *rig) post(target string, form url.Values, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.do(req)
}

func (r *rig) do(req *http.Request) (*http.Response, string) {
	r.t.Helper()
	res, err := r.browser.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return res, string(body)
}

// authorize sends a request and returns the answer that the client would receive.
func (r *rig) authorize(q url.Values) url.Values {
	r.t.Helper()
	res, body := r.get(r.URL(fakeidp.Authorize) + "?" + q.Encode())
	return r.answer(res, body)
}

func (r *rig) answer(res *http.Response, body string) url.Values {
	r.t.Helper()
	require.Equal(r.t, http.StatusSeeOther, res.StatusCode, body)
	location, err := res.Location()
	require.NoError(r.t, err)
	require.Equal(r.t, "app.example.com", location.Host)
	answer := location.Query()
	require.Equal(r.t, "1", answer.Get("tenant"), "the query of the redirect URI is kept")
	require.Equal(r.t, "st&te", answer.Get("state"))
	return answer
}

// choose answers the page with a person.
func (r *rig) choose(q url.Values, person string) string {
	r.t.Helper()
	answer := r.answer(r.post(r.URL(fakeidp.Authorize)+"?"+q.Encode(), url.Values{"person": {person}}))
	require.NotEmpty(r.t, answer.Get("code"), answer)
	return answer.Get("code")
}

// code is the form that redeems a code of query().
func codeForm(code string, pairs ...string) url.Values {
	return with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {"app"}, "client_secret": {"s3cret&+ %"},
	}, pairs...)
}

func refreshForm(token string, pairs ...string) url.Values {
	return with(url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"app"}, "client_secret": {"s3cret&+ %"},
	}, pairs...)
}

type tokens struct {
	AccessToken  string          `json:"access_token"`
	TokenType    string          `json:"token_type"`
	ExpiresIn    json.RawMessage `json:"expires_in"`
	RefreshToken string          `json:"refresh_token"`
	Scope        *string         `json:"scope"`
	IDToken      string          `json:"id_token"`
	Error        string          `json:"error"`
}

// token posts a form to the token endpoint.
func (r *rig) token(form url.Values, header ...string) (int, tokens) {
	r.t.Helper()
	res, body := r.post(r.URL(fakeidp.Token), form, header...)
	require.Equal(r.t, "no-store", res.Header.Get("Cache-Control"))
	var got tokens
	require.NoError(r.t, json.Unmarshal([]byte(body), &got), body)
	return res.StatusCode, got
}

// signIn runs the whole flow for Jane.
func (r *rig) signIn(pairs ...string) tokens {
	r.t.Helper()
	status, got := r.token(codeForm(r.choose(query(pairs...), "jane-1")))
	require.Equal(r.t, http.StatusOK, status, got.Error)
	return got
}

func (r *rig) userinfo(accessToken string) (int, map[string]any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.URL(fakeidp.UserInfo), nil)
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer "+accessToken)
	res, body := r.do(req)
	var claims map[string]any
	require.NoError(r.t, json.Unmarshal([]byte(body), &claims), body)
	return res.StatusCode, claims
}

func (r *rig) json(target string) (int, map[string]any) {
	r.t.Helper()
	res, body := r.get(target)
	var v map[string]any
	_ = json.Unmarshal([]byte(body), &v)
	return res.StatusCode, v
}

// claimsOf reads the claims of a token without verifying it.
func claimsOf(t *testing.T, token string) (claims map[string]any, payload string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims, string(raw)
}
