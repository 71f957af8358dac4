package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

const (
	portal  = "https://portal.example.com"
	refresh = "/api/auth/proxy/refresh"

	// proxyPeer is where the reverse proxy connects from, and nobody else: on Linux all of 127.0.0.0/8 is this machine.
	proxyPeer = "127.0.0.2"

	proxySecret = "an-e2e-secret-that-only-the-proxy-has"
)

// proxyRig is one application behind its proxy, on sockets: a browser speaks TLS to the proxy, which is a fake's sign-in in front of a
// [httputil.ReverseProxy]; that leads to the application on another port; and the application fetches keys over TLS from the vendor's own
// names.
type proxyRig struct {
	t       *testing.T
	proxied proxied
	edge    *fakeproxy.Edge
	browser *http.Client // behind the proxy whatever it asks for
	direct  string       // where the application listens
	log     *logBuffer

	mu      sync.Mutex
	elapsed time.Duration // guarded by mu
	strays  []string      // guarded by mu; hosts that the application asked and that are none of the vendor's
	seen    http.Header   // guarded by mu; what the last sign-in resolver was shown
}

func newProxyRig(t *testing.T, p proxied) *proxyRig {
	t.Helper()
	r := &proxyRig{t: t, proxied: p, log: &logBuffer{}}
	verified := true
	edge, err := fakeproxy.New(fakeproxy.Config{Vendor: p.vendor, Now: r.now, People: []fakeproxy.Person{
		{Subject: nora, Name: "Nora Lind", PreferredUsername: "nora", Email: "nora@example.com", EmailVerified: &verified, Groups: []string{"stage-managers"}},
		{Subject: sam, Name: "Sam Okafor", PreferredUsername: "sam", Email: "sam@example.com", EmailVerified: &verified},
		{Subject: stranger, Name: "Max Stranger", PreferredUsername: "max", Email: "max@elsewhere.example", EmailVerified: &verified},
	}})
	require.NoError(t, err)
	r.edge = edge

	endpoints := tlsServer(t, edge)
	app := httptest.NewServer(r.application(tlsClient(t, endpoints, r.isVendors)))
	t.Cleanup(app.Close)
	r.direct = app.URL
	target, err := url.Parse(app.URL)
	require.NoError(t, err)
	through := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(proxyPeer)}}).DialContext}
	t.Cleanup(through.CloseIdleConnections)
	front := tlsServer(t, edge.Protect(&httputil.ReverseProxy{Transport: through, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}))
	r.browser = tlsClient(t, front, func(host string) bool { return "https://"+host == portal })
	r.browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	t.Cleanup(r.requireCleanRecord)
	return r
}

// tlsServer keeps to itself which clients hung up.
func tlsServer(t *testing.T, handler http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// isVendors reports whether a host is one of the vendor's, and notes it if not.
func (r *proxyRig) isVendors(host string) bool {
	for _, endpoint := range []fakeproxy.Endpoint{fakeproxy.Discovery, fakeproxy.JWKS, fakeproxy.PEMByID, fakeproxy.Identity} {
		if strings.HasPrefix(r.edge.URL(endpoint), "https://"+host+"/") {
			return true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strays = append(r.strays, host)
	return false
}

// tlsClient finds every host that it may ask at one server.
func tlsClient(t *testing.T, at *httptest.Server, allowed func(host string) bool) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(at.Certificate())
	transport := &http.Transport{
		// The certificate of httptest.
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, _, _ := net.SplitHostPort(addr); !allowed(host) {
				return nil, errors.New("no such host")
			}
			return (&net.Dialer{}).DialContext(ctx, network, at.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// application is a host: the provider, and a route of its own behind the same authenticator.
func (r *proxyRig) application(vendor *http.Client) http.Handler {
	r.t.Helper()
	logger := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	factory, whoami, err := r.proxied.wire(host{rig: r, client: vendor, logger: logger})
	require.NoError(r.t, err)
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: portal + "/api/auth", Now: r.now})
	require.NoError(r.t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: portal + "/api/auth", AppURL: portal, Secrets: [][]byte{make([]byte, 32)}, Issuer: issuer,
		Users: memcatalog.New(
			authprovider.User{Ref: "user:default/nora", Email: "nora@example.com", MemberOf: []string{"group:default/stage-managers"}},
			authprovider.User{Ref: "user:default/sam", Email: "sam@example.com"},
		),
		Providers:  map[string]authprovider.ProviderFactory{"proxy": factory},
		HTTPClient: vendor, Now: r.now, Logger: logger,
	})
	require.NoError(r.t, err)
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /whoami", whoami)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the app") })
	return mux
}

func (r *proxyRig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.elapsed)
}

// pass lets time go by, for the vendor and the application alike.
func (r *proxyRig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.elapsed += d
}

// requireCleanRecord: the application asked nobody but the vendor, and wrote no credential down.
func (r *proxyRig) requireCleanRecord() {
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(r.t, r.strays, "hosts that were asked")
	for _, secret := range []string{"eyJ", proxySecret, "access-token-of"} {
		require.NotContains(r.t, r.log.String(), secret)
	}
}

// proxyAnswer is an answer that was read to its end.
type proxyAnswer struct {
	status int
	header http.Header
	body   string
}

func (r *proxyRig) do(client *http.Client, method, url string, header http.Header, body string) proxyAnswer {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	require.NoError(r.t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := client.Do(request)
	require.NoError(r.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(r.t, err)
	return proxyAnswer{answer.StatusCode, answer.Header, string(text)}
}

// signIn chooses a person on the proxy's page, as a browser does.
func (r *proxyRig) signIn(subject string) {
	r.t.Helper()
	asked := r.do(r.browser, http.MethodGet, portal+"/", nil, "")
	require.Equal(r.t, http.StatusUnauthorized, asked.status)
	require.Contains(r.t, asked.body, "Choose who you are")
	answer := r.do(r.browser, http.MethodPost, portal+"/.fakeproxy/sign-in?to=%2F",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "person="+subject)
	require.Equal(r.t, "the app", answer.body)
}

// poll is what ProxiedSignInPage does, with more headers.
func (r *proxyRig) poll(header http.Header) proxyAnswer {
	r.t.Helper()
	return r.do(r.browser, http.MethodGet, portal+refresh, script(header), "")
}

// around asks the application itself.
func (r *proxyRig) around(path string, header http.Header) proxyAnswer {
	r.t.Helper()
	return r.do(http.DefaultClient, http.MethodGet, r.direct+path, script(header), "")
}

func script(header http.Header) http.Header {
	header = header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	header.Set("X-Requested-With", "XMLHttpRequest")
	return header
}

// vouched is what the proxy would send for a person: all of it, cookies too.
func (r *proxyRig) vouched(subject string) http.Header {
	r.t.Helper()
	person, ok := r.edge.Person(subject)
	require.True(r.t, ok)
	request := httptest.NewRequest(http.MethodGet, portal+"/", nil)
	require.NoError(r.t, r.edge.Decorate(request, person))
	return request.Header
}

// sign returns a token for a person under any header.
func (r *proxyRig) sign(header map[string]any, subject string) string {
	r.t.Helper()
	person, ok := r.edge.Person(subject)
	require.True(r.t, ok)
	return r.signClaims(header, r.edge.Claims(person))
}

func (r *proxyRig) signClaims(header, claims map[string]any) string {
	r.t.Helper()
	h, err := json.Marshal(header)
	require.NoError(r.t, err)
	payload, err := json.Marshal(claims)
	require.NoError(r.t, err)
	token, err := r.edge.Sign(h, payload)
	require.NoError(r.t, err)
	return token
}

func (a proxyAnswer) requireUser(t *testing.T, ref string) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.body)
	var body struct {
		BackstageIdentity struct {
			Identity struct {
				UserEntityRef string `json:"userEntityRef"`
			} `json:"identity"`
		} `json:"backstageIdentity"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body))
	require.Equal(t, ref, body.BackstageIdentity.Identity.UserEntityRef)
	require.Empty(t, a.header.Values("Set-Cookie"))
}

// requireRefused: by the application, with the public message and nothing else.
func (a proxyAnswer) requireRefused(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, a.status, a.body)
	a.requireError(t, "AuthenticationError")
}

func (a proxyAnswer) requireError(t *testing.T, name string) {
	t.Helper()
	var body struct {
		Error struct{ Name, Message string } `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body), a.body)
	require.Equal(t, name, body.Error.Name)
	require.Empty(t, a.header.Values("Set-Cookie"))
	for _, private := range []string{"eyJ", "sam", "nora", "user:default"} {
		require.NotContains(t, strings.ToLower(a.body), private)
	}
}
