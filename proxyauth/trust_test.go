package proxyauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

func networks(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

var (
	secret1 = authprovider.Secret(strings.Repeat("a1", 16))
	secret2 = authprovider.Secret(strings.Repeat("b2", 16))
)

// request is one from an address, with headers.
func request(remote string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, portal+"/", nil)
	r.RemoteAddr = remote
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
	}
	return r
}

func TestNewTrustAnchorRefuses(t *testing.T) {
	secrets := func(s ...authprovider.Secret) proxyauth.TrustConfig {
		return proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: s}
	}
	for _, row := range []struct {
		want string
		c    proxyauth.TrustConfig
	}{
		{"TrustConfig needs Peers or Secrets", proxyauth.TrustConfig{}},
		{"TrustConfig.SecretHeader and Secrets go together", proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Peers: networks("10.0.0.0/8")}},
		{"TrustConfig.SecretHeader and Secrets go together", proxyauth.TrustConfig{Secrets: []authprovider.Secret{secret1}}},
		{"TrustConfig needs Peers or Secrets", proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret"}},
		{"TrustConfig.Peers[0] is not a network", proxyauth.TrustConfig{Peers: []netip.Prefix{{}}}},
		{"TrustConfig.Peers[1] is not a network", proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.PrefixFrom(netip.MustParseAddr("10.0.0.1"), 33)}}},
		{"TrustConfig.Peers[0] 0.0.0.0/0 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("0.0.0.0/0")}},
		{"TrustConfig.Peers[0] 10.0.0.0/0 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("10.0.0.0/0")}},
		{"TrustConfig.Peers[0] ::/0 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("::/0")}},
		{"TrustConfig.Peers[1] 128.0.0.0/1 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("10.0.0.0/8", "128.0.0.0/1")}},
		{"TrustConfig.Peers[0] 2000::/3 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("2000::/3")}},
		{"TrustConfig.Peers[0] ::ffff:0.0.0.0/96 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("::ffff:0.0.0.0/96")}},
		{"TrustConfig.Peers[0] ::ffff:0.0.0.0/80 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("::ffff:0.0.0.0/80")}},
		{"TrustConfig.Peers[0] ::ffff:128.0.0.0/97 holds nearly everybody", proxyauth.TrustConfig{Peers: networks("::ffff:128.0.0.0/97")}},
		{`TrustConfig.SecretHeader "X_Secret"`, proxyauth.TrustConfig{SecretHeader: "X_Secret", Secrets: []authprovider.Secret{secret1}}},
		{`TrustConfig.SecretHeader "Cookie"`, proxyauth.TrustConfig{SecretHeader: "Cookie", Secrets: []authprovider.Secret{secret1}}},
		{"TrustConfig.Secrets[0] has 0 bytes", secrets("")},
		{"TrustConfig.Secrets[1] has 31 bytes", secrets(secret1, secret2[:31])},
		{"TrustConfig.Secrets[0] has a character", secrets(secret1 + ",")},
		{"TrustConfig.Secrets[0] has a character", secrets(secret1 + " ")},
		{"TrustConfig.Secrets[0] has a character", secrets(secret1 + "\n")},
		{"TrustConfig.Secrets[0] has a character", secrets(secret1 + "ä")},
		{"TrustConfig.Secrets[0] has a character", secrets(authprovider.Secret(strings.Repeat("x", 17<<10)))},
	} {
		t.Run(row.want, func(t *testing.T) {
			a, err := proxyauth.NewTrustAnchor(row.c)
			require.ErrorContains(t, err, "proxyauth: "+row.want)
			require.NotContains(t, err.Error(), string(secret1[:8]))
			require.Nil(t, a)
		})
	}
}

func TestTrustAnchor(t *testing.T) {
	peers := proxyauth.TrustConfig{Peers: networks("10.1.0.0/16", "192.0.2.7/32", "2001:db8::/48", "::ffff:198.51.100.0/120", "fe80::/10")}
	secrets := proxyauth.TrustConfig{SecretHeader: "x-proxy-secret", Secrets: []authprovider.Secret{secret1, secret2}}
	both := proxyauth.TrustConfig{Peers: peers.Peers, SecretHeader: secrets.SecretHeader, Secrets: secrets.Secrets}
	const from, header = "10.1.2.3:4567", "X-Proxy-Secret"
	good := string(secret1)
	for _, row := range []struct {
		name string
		c    proxyauth.TrustConfig
		r    *http.Request
		ok   bool
	}{
		{"peer", peers, request(from), true},
		{"peer, host alone", peers, request("192.0.2.7:1"), true},
		{"next to the host", peers, request("192.0.2.8:1"), false},
		{"peer outside", peers, request("10.2.2.3:4567"), false},
		{"peer mapped into IPv6", peers, request("[::ffff:10.1.2.3]:4567"), true},
		{"outside, mapped", peers, request("[::ffff:10.2.2.3]:4567"), false},
		{"network that was given mapped", peers, request("198.51.100.9:1"), true},
		{"outside of it", peers, request("198.51.101.9:1"), false},
		{"IPv6", peers, request("[2001:db8:0:1::1]:443"), true},
		{"IPv6 outside", peers, request("[2001:db9::1]:443"), false},
		{"link-local with a zone", peers, request("[fe80::1%eth0]:443"), true},
		{"IPv4 inside an IPv6 address that is not mapped", peers, request("[::10.1.2.3]:443"), false},
		{"Unix socket", peers, request("@"), false},
		{"no address", peers, request(""), false},
		{"no port, as a middleware writes it", peers, request("10.1.2.3"), false},
		{"a name", peers, request("localhost:80"), false},
		{"port out of range", peers, request("10.1.2.3:99999"), false},
		{"octal", peers, request("010.1.2.3:1"), false},
		{"list", peers, request("10.1.2.3:1, 10.1.2.3:2"), false},
		{"X-Forwarded-For does not lift", peers, request("203.0.113.1:1", "X-Forwarded-For", "10.1.2.3", "X-Real-Ip", "10.1.2.3", "Forwarded", "for=10.1.2.3", "True-Client-Ip", "10.1.2.3"), false},
		{"X-Forwarded-For does not bring down", peers, request(from, "X-Forwarded-For", "203.0.113.1"), true},

		{"first secret", secrets, request("203.0.113.1:1", header, good), true},
		{"second secret", secrets, request("@", header, string(secret2)), true},
		{"no secret", secrets, request(from), false},
		{"empty", secrets, request(from, header, ""), false},
		{"wrong", secrets, request(from, header, good[:31]+"x"), false},
		{"prefix", secrets, request(from, header, good[:31]), false},
		{"longer", secrets, request(from, header, good+"1"), false},
		{"in another case", secrets, request(from, header, strings.ToUpper(good)), false},
		{"with scheme", secrets, request(from, header, "Bearer "+good), false},
		{"both at once", secrets, request(from, header, good+","+string(secret2)), false},
		{"twice", secrets, request(from, header, good, header, good), false},
		{"twin", secrets, request(from, header, good, "X_Proxy_Secret", "x"), false},
		{"twin alone", secrets, request(from, "X_Proxy_Secret", good), false},
		{"named in Connection", secrets, request(from, header, good, "Connection", header), false},
		{"in another header", secrets, request(from, "X-Secret", good), false},
		{"as a cookie", secrets, request(from, "Cookie", header+"="+good), false},

		{"both", both, request(from, header, good), true},
		{"both, secret missing", both, request(from), false},
		{"both, peer outside", both, request("203.0.113.1:1", header, good), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, err := proxyauth.NewTrustAnchor(row.c)
			require.NoError(t, err)
			err = a.Check(row.r)
			if row.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			require.NotErrorIs(t, err, proxyauth.ErrMissing, "no reason to look at another source")
			var e *authprovider.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "proxy_untrusted", e.Code)
			require.Empty(t, e.Message)
			require.NotContains(t, err.Error(), good[:8])
		})
	}
}

func TestTrustAnchorThatWasNotMade(t *testing.T) {
	require.ErrorIs(t, new(proxyauth.TrustAnchor).Check(request("10.1.2.3:1")), authprovider.ErrAuthentication)
}

func TestTrustAnchorKeepsItsOwnCopy(t *testing.T) {
	c := proxyauth.TrustConfig{Peers: networks("10.0.0.0/8")}
	a, err := proxyauth.NewTrustAnchor(c)
	require.NoError(t, err)
	c.Peers[0] = netip.MustParsePrefix("203.0.113.0/24")
	require.NoError(t, a.Check(request("10.1.2.3:1")))
	require.Error(t, a.Check(request("203.0.113.1:1")))
	require.Empty(t, a.CredentialHeaders())
	a, err = proxyauth.NewTrustAnchor(proxyauth.TrustConfig{SecretHeader: "x-proxy-secret", Secrets: []authprovider.Secret{secret1}})
	require.NoError(t, err)
	require.Equal(t, []string{"X-Proxy-Secret"}, a.CredentialHeaders())
}

// FuzzTrustAnchor: whatever a request says, without a peer of the networks or a secret nothing passes.
func FuzzTrustAnchor(f *testing.F) {
	for _, remote := range []string{"10.1.2.3:1", "[::ffff:10.1.2.3]:1", "[fe80::1%eth0]:1", "@", "", "10.1.2.3", "203.0.113.1:1"} {
		f.Add(remote, "X-Proxy-Secret", string(secret1), "X-Forwarded-For", "10.1.2.3")
		f.Add(remote, "X_Proxy_Secret", string(secret2), "Connection", "X-Proxy-Secret")
	}
	network := netip.MustParsePrefix("10.1.0.0/16")
	peers, err := proxyauth.NewTrustAnchor(proxyauth.TrustConfig{Peers: []netip.Prefix{network}})
	require.NoError(f, err)
	secrets, err := proxyauth.NewTrustAnchor(proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{secret1, secret2}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, remote, name, value, name2, value2 string) {
		r := request(remote, name, value, name2, value2)
		if peers.Check(r) == nil {
			from, err := netip.ParseAddrPort(remote)
			require.NoError(t, err)
			require.True(t, network.Contains(from.Addr().Unmap()))
		}
		if secrets.Check(r) == nil {
			sent := r.Header["X-Proxy-Secret"]
			require.Len(t, sent, 1)
			require.Contains(t, []string{string(secret1), string(secret2)}, sent[0])
		}
	})
}
