package proxyauth_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// discard is a ResponseWriter that costs nothing, so that what is counted is ours.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkRefresh is a whole sign-in behind a proxy. Its floor is what the hardware asks for: one signature to verify, and two to
// make, since a user token carries its identity proof.
func BenchmarkRefresh(b *testing.B) {
	now := time.Unix(nowSeconds, 0)
	key := newKey(b, jose.ES256).(*ecdsa.PrivateKey)
	token := forge(key, goodHeader, claims())
	// Both run beside the same heap: a process that signs people in holds a catalog, and what the garbage collector does with it is in both.
	// One sign-in goes before, which fetches the keys and makes the catalog's index.
	net := &network{hosts: map[string]http.HandlerFunc{"proxy.example.com": serveKeys(b, jose.PublicKey{KeyID: "k1", Key: key.Public()})}}
	clock := func() time.Time { return now }
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base, Now: clock})
	require.NoError(b, err)
	users := make([]authprovider.User, 1000)
	for i := range users {
		users[i] = authprovider.User{Ref: fmt.Sprintf("user:default/u%d", i), Email: fmt.Sprintf("u%d@example.com", i)}
	}
	h, err := authprovider.New(authprovider.Config{
		BaseURL: base, Secrets: [][]byte{make([]byte, 32)}, Issuer: issuer, Users: memcatalog.New(append(users, jane)...), HTTPClient: &http.Client{Transport: net}, Now: clock,
		Providers: map[string]authprovider.ProviderFactory{"proxy": proxyauth.JWTProvider(proxyauth.JWTConfig{
			Header: tokenHeader, Issuer: issuerURL, JWKSURL: keysURL, Audiences: []string{"portal"},
		}, resolver.EmailMatchingUserEntityProfileEmail)},
	})
	require.NoError(b, err)
	b.Cleanup(func() { runtime.KeepAlive(h) })
	r := httptest.NewRequest(http.MethodGet, provider+"/refresh", nil)
	r.Header = script(tokenHeader, token, "User-Agent", "Mozilla/5.0", "Accept", "*/*", "Accept-Language", "en", "Cookie", "a=b", "X-Forwarded-For", "192.0.2.1", "Referer", portal+"/")
	refresh := func(b *testing.B) {
		w := &discard{header: make(http.Header)}
		h.ServeHTTP(w, r)
		if w.status != 0 { // an answer that is a success says none
			b.Fatal(w.status)
		}
	}
	refresh(b)
	b.Run("floor", func(b *testing.B) {
		signed := []byte(token[:strings.LastIndexByte(token, '.')])
		sum := sha256.Sum256(signed)
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(signed)
			if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
				b.Fatal("bad signature")
			}
			for range 2 {
				if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			refresh(b)
		}
	})
}
