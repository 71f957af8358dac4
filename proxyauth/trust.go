package proxyauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/proxytoken"
)

// TrustConfig says how a request shows that it came through the proxy, where the proxy's headers are not signed: by the address of
// the peer, by a secret that only the proxy knows, or, if both are set, by both. Without either, whoever reaches the port is whoever
// they say.
type TrustConfig struct {
	// Peers are the networks that the proxy connects from. What is compared is the socket's address, never a forwarded header; so a
	// middleware that overwrites http.Request.RemoteAddr from X-Forwarded-For must not stand in front. Networks wider than /8 of
	// IPv4 or /7 of IPv6 are refused: they are how "everybody" is spelled. A proxy on a Unix socket has no address: use Secrets.
	Peers []netip.Prefix
	// SecretHeader is the header in which the proxy sends one of Secrets, such as "X-Proxy-Secret". It must not be one that clients can make
	// the proxy pass on.
	SecretHeader string
	// Secrets are compared in constant time. Each has at least 32 characters of visible ASCII without comma; two are for rotation.
	Secrets []authprovider.Secret
}

// minTrustSecret is as long as what a person would paste from a random generator.
const minTrustSecret = 32

// TrustAnchor checks requests against a [TrustConfig]. It is immutable and safe for concurrent use.
type TrustAnchor struct {
	peers   []netip.Prefix
	header  string
	secrets [][sha256.Size]byte
}

// NewTrustAnchor checks c. Without Peers and Secrets it fails.
func NewTrustAnchor(c TrustConfig) (*TrustAnchor, error) {
	switch {
	case len(c.Peers) == 0 && len(c.Secrets) == 0:
		return nil, errors.New("proxyauth: TrustConfig needs Peers or Secrets: without them anybody who reaches the port can sign in as anybody")
	case (c.SecretHeader == "") != (len(c.Secrets) == 0):
		return nil, errors.New("proxyauth: TrustConfig.SecretHeader and Secrets go together")
	}
	a := &TrustAnchor{header: http.CanonicalHeaderKey(c.SecretHeader)}
	for i, p := range c.Peers {
		network, err := checkNetwork(p)
		if err != nil {
			return nil, fmt.Errorf("proxyauth: TrustConfig.Peers[%d] %w", i, err)
		}
		a.peers = append(a.peers, network)
	}
	if c.SecretHeader != "" {
		if err := proxytoken.CheckHeaderName(c.SecretHeader); err != nil {
			return nil, fmt.Errorf("proxyauth: TrustConfig.SecretHeader %w", err)
		}
	}
	for i, s := range c.Secrets {
		switch {
		case len(s) < minTrustSecret:
			return nil, fmt.Errorf("proxyauth: TrustConfig.Secrets[%d] has %d bytes, at least %d are required", i, len(s), minTrustSecret)
		case !isSendable(s):
			return nil, fmt.Errorf("proxyauth: TrustConfig.Secrets[%d] has a character that would not arrive: use letters and digits", i)
		}
		a.secrets = append(a.secrets, sha256.Sum256([]byte(s)))
	}
	return a, nil
}

// The widest networks that one operator has: 10.0.0.0/8 and fc00::/7. Wider ones are how "everybody" is spelled, if not as a
// whole, then in halves.
const (
	minBits4 = 8
	minBits6 = 7
)

func checkNetwork(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return p, errors.New("is not a network")
	}
	given, least := p, minBits6
	switch {
	case p.Addr().Is4():
		least = minBits4
	case p.Addr().Is4In6():
		// One that is wider than all of IPv4 has less than no bits then.
		p, least = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96), minBits4
	}
	if p.Bits() < least {
		return p, fmt.Errorf("%s holds nearly everybody", given)
	}
	return p, nil
}

// isSendable reports whether s arrives as it is and is one value.
func isSendable(s authprovider.Secret) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == ',' {
			return false
		}
	}
	return len(s) <= proxytoken.MaxValue
}

// Check refuses a request that did not come through the proxy, with an error that wraps [authprovider.ErrAuthentication]. The zero
// TrustAnchor refuses all.
func (a *TrustAnchor) Check(r *http.Request) error {
	if len(a.peers) == 0 && len(a.secrets) == 0 {
		return untrusted(errors.New("proxyauth: the TrustAnchor was not made by NewTrustAnchor"))
	}
	if len(a.peers) > 0 && !a.knownPeer(r.RemoteAddr) {
		return untrusted(errors.New("proxyauth: the peer is not in TrustConfig.Peers"))
	}
	if len(a.secrets) == 0 {
		return nil
	}
	value, err := proxytoken.Value(r, a.header)
	if err != nil {
		// Not ErrMissing: that the secret is not there is no reason to look at another source.
		return untrusted(fmt.Errorf("proxyauth: %v", err))
	}
	// Hashes have one length, so not even the secret's length shows in the time; every secret is compared.
	sum, match := sha256.Sum256([]byte(value)), 0
	for _, s := range a.secrets {
		match |= subtle.ConstantTimeCompare(sum[:], s[:])
	}
	if match != 1 {
		return untrusted(fmt.Errorf("proxyauth: header %s is not one of TrustConfig.Secrets", a.header))
	}
	return nil
}

func untrusted(cause error) error { return Refuse("proxy_untrusted", cause) }

// CredentialHeaders returns the header that holds the secret, if there is one.
func (a *TrustAnchor) CredentialHeaders() []string {
	if a.header == "" {
		return nil
	}
	return []string{a.header}
}

func (a *TrustAnchor) knownPeer(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false // a Unix socket, say
	}
	// A zone names an interface of ours and belongs to no network.
	addr := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(a.peers, func(p netip.Prefix) bool { return p.Contains(addr) })
}
