package authprovidertest

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/internal/fakeproxy"
)

// AccessProxy says which application of Cloudflare Access an [AccessEdge] is in front of: TeamName ("acme" if empty) and Audience
// ("access-aud-tag" if empty). Its Issuer method returns the team's domain.
type AccessProxy = fakeproxy.Access

// AccessEdge is Cloudflare Access. Its TeamName and Audience are for the authenticator's configuration.
type AccessEdge struct {
	*Edge
	AccessProxy
}

// NewAccessEdge makes a fake of Cloudflare Access.
func NewAccessEdge(t testing.TB, p AccessProxy, c EdgeConfig) *AccessEdge {
	t.Helper()
	p.TeamName, p.Audience = cmp.Or(p.TeamName, "acme"), cmp.Or(p.Audience, "access-aud-tag")
	return &AccessEdge{newEdge(t, p, c), p}
}

// ServiceToken returns the token that Access makes for a program that has a service token with this client ID.
func (e *AccessEdge) ServiceToken(clientID string) string {
	e.t.Helper()
	now := e.proxy.Now()
	return e.SignClaims(e.ServiceClaims(clientID, now, now.Add(time.Hour)))
}

// IAPProxy says which backend an [IAPEdge] is in front of: Audience ("/projects/123456789/global/backendServices/987654321" if empty).
type IAPProxy = fakeproxy.IAP

// IAPEdge is Google's Identity-Aware Proxy. Its Audience is for the authenticator's configuration. People's subjects have
// "accounts.google.com:" in front, as Google's have.
type IAPEdge struct {
	*Edge
	IAPProxy
}

// NewIAPEdge makes a fake of Google's Identity-Aware Proxy.
func NewIAPEdge(t testing.TB, p IAPProxy, c EdgeConfig) *IAPEdge {
	t.Helper()
	p.Audience = cmp.Or(p.Audience, "/projects/123456789/global/backendServices/987654321")
	return &IAPEdge{newEdge(t, p, c), p}
}

// OAuth2Proxy says how oauth2-proxy is set up: Issuer ("https://idp.example.com" if empty) and ClientID ([DefaultClientID] if empty) of the
// identity provider behind it; AuthRequest, X-Auth-Request headers in place of X-Forwarded ones; HeadersAlone, no ID token; and
// SecretHeader and Secret, by which the application knows the proxy.
type OAuth2Proxy = fakeproxy.OAuth2Proxy

// OAuth2ProxyEdge is oauth2-proxy. Its fields are for the authenticator's configuration.
type OAuth2ProxyEdge struct {
	*Edge
	OAuth2Proxy
}

// NewOAuth2ProxyEdge makes a fake of oauth2-proxy.
func NewOAuth2ProxyEdge(t testing.TB, p OAuth2Proxy, c EdgeConfig) *OAuth2ProxyEdge {
	t.Helper()
	p.Issuer, p.ClientID = cmp.Or(p.Issuer, "https://idp.example.com"), cmp.Or(p.ClientID, DefaultClientID)
	return &OAuth2ProxyEdge{newEdge(t, p, c), p}
}

// ALBProxy says which load balancer an [ALBEdge] is: Region ("eu-west-1" if empty), Signer (an ARN of that region if empty), Issuer
// ("https://idp.example.com" if empty), ClientID ([DefaultClientID] if empty), and Cookie, the name of its session cookies.
type ALBProxy = fakeproxy.ALB

// ALBEdge is an Application Load Balancer of AWS. Its fields are for the authenticator's configuration.
type ALBEdge struct {
	*Edge
	ALBProxy
}

// NewALBEdge makes a fake of an Application Load Balancer.
func NewALBEdge(t testing.TB, p ALBProxy, c EdgeConfig) *ALBEdge {
	t.Helper()
	p.Region, p.Issuer, p.ClientID = cmp.Or(p.Region, "eu-west-1"), cmp.Or(p.Issuer, "https://idp.example.com"), cmp.Or(p.ClientID, DefaultClientID)
	partition := "aws"
	switch {
	case strings.HasPrefix(p.Region, "us-gov-"):
		partition = "aws-us-gov"
	case strings.HasPrefix(p.Region, "cn-"):
		partition = "aws-cn"
	}
	p.Signer = cmp.Or(p.Signer, "arn:"+partition+":elasticloadbalancing:"+p.Region+":123456789012:loadbalancer/app/portal/50dc6c495c0c9188")
	return &ALBEdge{newEdge(t, p, c), p}
}

// EasyAuthProxy says which application an [EasyAuthEdge] is in front of: Tenant and ClientID (UUIDs of the fake's if empty), Version1, ID
// tokens in Entra's old form, and ContainerApps, no ID token.
type EasyAuthProxy = fakeproxy.EasyAuth

// EasyAuthEdge is the authentication of Azure App Service. Its Tenant and ClientID are for the authenticator's configuration.
type EasyAuthEdge struct {
	*Edge
	EasyAuthProxy
}

// NewEasyAuthEdge makes a fake of the authentication of Azure App Service.
func NewEasyAuthEdge(t testing.TB, p EasyAuthProxy, c EdgeConfig) *EasyAuthEdge {
	t.Helper()
	p.Tenant = cmp.Or(p.Tenant, "3b0e1c5a-9d7f-4a52-8f0e-6c1d2e3f4a5b")
	p.ClientID = cmp.Or(p.ClientID, "7c9e6679-7425-40de-944b-e07fc1f90ae7")
	return &EasyAuthEdge{newEdge(t, p, c), p}
}

// ObjectID returns a person's ID at Entra: the oid claim.
func (e *EasyAuthEdge) ObjectID(subject string) string {
	e.t.Helper()
	return e.EasyAuthProxy.ObjectID(e.person(subject))
}

// SignedHeader says what a [SignedHeaderEdge] signs: Header ("X-Jwt-Assertion" if empty), Issuer ("https://proxy.example.com" if empty),
// JWKSURL (the issuer's "/jwks" if empty), Audience ("portal" if empty) and Algorithm, "ES256" (if empty) or "RS256".
type SignedHeader = fakeproxy.SignedHeader

// SignedHeaderEdge is any proxy that forwards a signed token in a header, such as Pomerium. Its fields are for the
// authenticator's configuration. A person's Claims are further claims of the token.
type SignedHeaderEdge struct {
	*Edge
	SignedHeader
}

// NewSignedHeaderEdge makes a fake of a proxy that forwards a signed token.
func NewSignedHeaderEdge(t testing.TB, p SignedHeader, c EdgeConfig) *SignedHeaderEdge {
	t.Helper()
	p.Header, p.Issuer = cmp.Or(p.Header, "X-Jwt-Assertion"), cmp.Or(p.Issuer, "https://proxy.example.com")
	p.JWKSURL, p.Audience = cmp.Or(p.JWKSURL, p.Issuer+"/jwks"), cmp.Or(p.Audience, "portal")
	return &SignedHeaderEdge{newEdge(t, p, c), p}
}
