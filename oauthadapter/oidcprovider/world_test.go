package oidcprovider_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

const (
	callbackURL  = "https://portal.example.com/api/auth/sso/handler/frame"
	appURL       = "https://portal.example.com/"
	clientSecret = "marker-secret with space/+"
	verifier     = "marker-verifier-0123456789-0123456789-0123456789"
	nonce        = "marker-nonce"
)

// world is a provider on a real server, on a clock of its own.
type world struct {
	t      *testing.T
	idp    *fakeidp.Server
	server *httptest.Server
	offset atomic.Int64
	config oidcprovider.Config
}

func (w *world) now() time.Time          { return time.Now().Add(time.Duration(w.offset.Load())) }
func (w *world) advance(d time.Duration) { w.offset.Add(int64(d)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, server: httptest.NewUnstartedServer(nil)}
	issuer := "http://" + w.server.Listener.Addr().String() + "/idp"
	yes := true
	idp, err := fakeidp.New(fakeidp.Config{
		Issuer: issuer,
		Now:    w.now,
		People: []fakeidp.Person{
			{Subject: "u-jane", Name: "Jane Doe", PreferredUsername: "jane", Picture: "https://img.example.com/jane.png", Email: "jane@example.com", EmailVerified: &yes},
			{Subject: "u-joe", PreferredUsername: "joe", Email: "joe@example.com"},
		},
		Clients: []fakeidp.Client{
			{ID: "portal", Secret: clientSecret, RedirectURIs: []string{callbackURL}, PostLogoutRedirectURIs: []string{appURL}},
			{ID: "public", RedirectURIs: []string{callbackURL}},
		},
		Behavior: fakeidp.Behavior{AutoApprove: "u-jane"},
	})
	require.NoError(t, err)
	w.idp = idp
	w.server.Config.Handler = idp
	w.server.Start()
	t.Cleanup(w.server.Close)
	w.config = oidcprovider.Config{Issuer: issuer, ClientID: "portal", ClientSecret: clientSecret, Now: w.now}
	return w
}

func (w *world) set(change func(*fakeidp.Behavior)) { w.idp.Set(change) }

func (w *world) authenticator() *oidcprovider.Authenticator {
	w.t.Helper()
	a, err := oidcprovider.New(w.config)
	require.NoError(w.t, err)
	return a
}

func startRequest(a *oidcprovider.Authenticator) oauthadapter.StartRequest {
	sum := sha256.Sum256([]byte(verifier))
	return oauthadapter.StartRequest{
		State: "the-state", Nonce: nonce, CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]),
		CallbackURL: callbackURL, Scopes: a.RequiredScopes(),
	}
}

// authorize goes to the provider and comes back with a code.
func (w *world) authorize(a *oidcprovider.Authenticator) oauthadapter.CallbackRequest {
	w.t.Helper()
	start, err := a.Start(context.Background(), startRequest(a))
	require.NoError(w.t, err)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(start.URL)
	require.NoError(w.t, err)
	defer res.Body.Close()
	require.Equal(w.t, http.StatusSeeOther, res.StatusCode)
	back, err := url.Parse(res.Header.Get("Location"))
	require.NoError(w.t, err)
	require.True(w.t, strings.HasPrefix(back.String(), callbackURL+"?"), back)
	q := back.Query()
	require.Equal(w.t, "the-state", q.Get("state"))
	require.Equal(w.t, start.Issuer, q.Get("iss"))
	require.NotEmpty(w.t, q.Get("code"))
	return oauthadapter.CallbackRequest{Code: q.Get("code"), CodeVerifier: verifier, Nonce: nonce, CallbackURL: callbackURL, Scopes: a.RequiredScopes(), Params: q}
}

func (w *world) signIn(a *oidcprovider.Authenticator) (oidcprovider.Result, error) {
	w.t.Helper()
	return a.Authenticate(context.Background(), w.authorize(a))
}

func (w *world) signedIn(a *oidcprovider.Authenticator) oidcprovider.Result {
	w.t.Helper()
	result, err := w.signIn(a)
	require.NoError(w.t, err)
	return result
}
