package gate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/examples/custom-provider/gate"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver/memcatalog"
)

const secret = "32-characters-of-a-random-secret"

var config = gate.Config{
	Trust: proxyauth.TrustConfig{
		Peers:        []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")},
		SecretHeader: "X-Gate-Secret",
		Secrets:      []authprovider.Secret{secret},
	},
	SignOutPath: "/gate/sign-out",
}

// vouch is the gateway: it makes a request what it sends on for Jane.
func vouch(r *http.Request) {
	r.RemoteAddr = "10.1.2.3:51234"
	r.Header.Set("X-Gate-Secret", secret)
	r.Header.Set("X-Gate-User", "jane")
	r.Header.Set("X-Gate-Name", "Jane Doe")
	r.Header.Set("X-Gate-Groups", "ops, on-call")
}

func TestConformance(t *testing.T) {
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[gate.Result]{
		New: func(t testing.TB) proxyauth.Authenticator[gate.Result] {
			a, err := gate.New(config)
			require.NoError(t, err)
			return a
		},
		Header: "X-Gate-User", Also: []string{"X-Gate-Name", "X-Gate-Groups"}, Vouch: vouch, Secrets: []string{secret},
	})
}

func TestRoutes(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider:    gate.Provider(config, gate.UserMatchingName),
		Config:      authprovider.Config{Users: memcatalog.New(authprovider.User{Ref: "user:default/jane"})},
		Unsupported: []string{"start", "handler/frame"},
		Secrets:     []string{secret},
		Edge: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				vouch(r)
				next.ServeHTTP(w, r)
			})
		},
	})
}

// TestTrust: without the anchor, whoever reaches the port is whoever they say.
func TestTrust(t *testing.T) {
	a, err := gate.New(config)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   error
	}{
		"through the gateway": {func(*http.Request) {}, nil},
		"another peer":        {func(r *http.Request) { r.RemoteAddr = "10.1.3.3:51234" }, authprovider.ErrAuthentication},
		"forwarded for":       {func(r *http.Request) { r.RemoteAddr = "10.1.3.3:1"; r.Header.Set("X-Forwarded-For", "10.1.2.3") }, authprovider.ErrAuthentication},
		"no secret":           {func(r *http.Request) { r.Header.Del("X-Gate-Secret") }, authprovider.ErrAuthentication},
		"wrong secret":        {func(r *http.Request) { r.Header.Set("X-Gate-Secret", "guess") }, authprovider.ErrAuthentication},
		"nobody":              {func(r *http.Request) { r.Header.Del("X-Gate-User") }, authprovider.ErrAuthentication},
		"two names":           {func(r *http.Request) { r.Header.Add("X-Gate-Name", "Joe") }, authprovider.ErrAuthentication},
		"no name":             {func(r *http.Request) { r.Header.Del("X-Gate-Name") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, "https://portal.example.com/", nil)
			require.NoError(t, err)
			vouch(r)
			c.change(r)
			result, err := a.Authenticate(t.Context(), r)
			require.ErrorIs(t, err, c.want)
			if c.want == nil {
				require.Equal(t, "jane", result.User)
				require.Equal(t, []string{"ops", "on-call"}, result.Groups)
			}
		})
	}
}

func TestResolver(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane"})
	for name, c := range map[string]struct {
		result gate.Result
		want   error
	}{
		"a user":        {gate.Result{User: "jane"}, nil},
		"a contractor":  {gate.Result{User: "jane", Groups: []string{"contractors"}}, authprovider.ErrNotAllowed},
		"a stranger":    {gate.Result{User: "joe"}, authprovider.ErrUserNotFound},
		"not a name":    {gate.Result{User: "default/jane"}, authprovider.ErrNotAllowed},
		"no name":       {gate.Result{}, authprovider.ErrNotAllowed},
		"a reference":   {gate.Result{User: "user:default/jane"}, authprovider.ErrNotAllowed},
		"not printable": {gate.Result{User: "jane\x00"}, authprovider.ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gate.UserMatchingName(t.Context(), gate.SignInInfo{Result: c.result}, rc)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestResolversSeeNoHeaderOfTheGateway: one that reads X-Gate-User itself would believe it without the anchor on the day that it is used elsewhere.
func TestResolversSeeNoHeaderOfTheGateway(t *testing.T) {
	var seen http.Header
	spy := func(_ context.Context, in gate.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		seen = in.Header
		return nil, authprovider.ErrNotAllowed
	}
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: authprovidertest.ConformanceBaseURL, InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"under-test": gate.Provider(config, spy)},
	})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, authprovidertest.ConformanceProvider+"/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	vouch(r)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Equal(t, http.Header{"X-Requested-With": {"XMLHttpRequest"}}, seen)
}

func TestTransform(t *testing.T) {
	p, err := gate.NameWithGroups(t.Context(), gate.Result{User: "jane", Name: "Jane Doe", Groups: []string{"ops", "on-call"}}, nil)
	require.NoError(t, err)
	require.Equal(t, "Jane Doe (ops, on-call)", p.DisplayName)
}

func TestConfig(t *testing.T) {
	_, err := gate.New(gate.Config{})
	require.ErrorContains(t, err, "gate: Config.Trust: ")
	_, err = gate.New(gate.Config{Trust: config.Trust, SignOutPath: "gate/sign-out"})
	require.ErrorContains(t, err, "Config.SignOutPath")
}
