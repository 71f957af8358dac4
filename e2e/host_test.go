package e2e

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// site is a web server under http://localhost, which knows its origin before it serves.
type site struct {
	server *httptest.Server
	origin string
}

func newSite(t *testing.T) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s := &site{server: httptest.NewUnstartedServer(nil), origin: "http://localhost:" + port}
	require.NoError(t, s.server.Listener.Close())
	s.server.Listener = listener
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) serve(handler http.Handler) {
	s.server.Config.Handler = handler
	s.server.Start()
}

// callback is the redirect URI of the provider "demo" on this site.
func (s *site) callback() string { return s.origin + "/api/auth/demo/handler/frame" }

// hostConfig is how a host of our own differs from the quickstart.
type hostConfig struct {
	provider       oidcprovider.Config
	allowedOrigins []string
	users          []authprovider.User
	logger         *slog.Logger
}

// serveHost serves the library and the quickstart's page on a site.
func serveHost(t *testing.T, s *site, c hostConfig) {
	t.Helper()
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: s.origin + "/api/auth"})
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL:        s.origin + "/api/auth",
		AllowedOrigins: c.allowedOrigins,
		Issuer:         issuer,
		Users:          memcatalog.New(c.users...),
		Logger:         c.logger,
		Providers: map[string]authprovider.ProviderFactory{
			"demo": oidcprovider.Provider(c.provider, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /api/hello", issuer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := tokenissuer.UserFromContext(r.Context()) // the middleware lets nobody through without
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"message":"Hello `+token.Subject+`"}`)
	})))
	mux.Handle("/", http.FileServerFS(os.DirFS("../examples/quickstart/web")))
	s.serve(mux)
}

// startHost is a host with an identity provider beside it, whose only user is Nora.
func startHost(t *testing.T, allowedOrigins ...string) *site {
	t.Helper()
	host, provider := newSite(t), newSite(t)
	verified := true
	idp, err := fakeidp.New(fakeidp.Config{
		Issuer: provider.origin,
		People: []fakeidp.Person{
			{Subject: nora, Name: "Nora Lind", Email: "nora@example.com", EmailVerified: &verified},
			{Subject: stranger, Name: "Max Stranger", Email: "max@elsewhere.example", EmailVerified: &verified},
		},
		Clients: []fakeidp.Client{{ID: "host", Secret: "secret", RedirectURIs: []string{host.callback()}}},
	})
	require.NoError(t, err)
	provider.serve(idp)
	serveHost(t, host, hostConfig{
		provider:       oidcprovider.Config{Issuer: provider.origin, ClientID: "host", ClientSecret: "secret"},
		allowedOrigins: allowedOrigins,
		users:          []authprovider.User{{Ref: "user:default/nora", Email: "nora@example.com"}},
	})
	return host
}
