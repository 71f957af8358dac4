package builtin

import (
	"net/netip"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// trustSection is a proxyauth.TrustConfig.
type trustSection struct {
	Peers        []netip.Prefix        `key:"peers" doc:"The networks that the proxy connects from, such as 10.0.0.0/24."`
	SecretHeader string                `key:"secretHeader" doc:"The header in which the proxy sends one of the secrets."`
	Secrets      []authprovider.Secret `key:"secrets" doc:"At least 32 characters each; two are for rotation."`
}

func (s *trustSection) config() *proxyauth.TrustConfig {
	return &proxyauth.TrustConfig{Peers: s.Peers, SecretHeader: s.SecretHeader, Secrets: s.Secrets}
}
