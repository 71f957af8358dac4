package fakeproxy

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// OAuth2Proxy is oauth2-proxy with an OpenID Connect provider behind it, which the fake is too.
type OAuth2Proxy struct {
	// Issuer is the provider's URL. Required.
	Issuer string
	// ClientID is oauth2-proxy's at the provider, and the aud of the ID tokens. Required.
	ClientID string
	// AuthRequest sends X-Auth-Request-* as nginx's auth_request does, in place of X-Forwarded-*.
	AuthRequest bool
	// HeadersAlone leaves the ID token out.
	HeadersAlone bool
	// SecretHeader, if set, is a header in which Secret tells the application that a request came through the proxy.
	SecretHeader, Secret string
}

const (
	oauth2proxyToken       = "X-Oauth2-Proxy-Id-Token"
	oauth2proxyForwarded   = "X-Forwarded-"
	oauth2proxyAuthRequest = "X-Auth-Request-"
)

// identityHeaders are what follows either of the prefixes.
func identityHeaders() []string {
	return []string{"User", "Email", "Preferred-Username", "Groups", "Access-Token"}
}

func (v OAuth2Proxy) check() error {
	switch {
	case !strings.Contains(v.Issuer, "://"):
		return errors.New("fakeproxy: OAuth2Proxy.Issuer is required, and is a URL")
	case v.ClientID == "":
		return errors.New("fakeproxy: OAuth2Proxy.ClientID is required")
	case (v.SecretHeader == "") != (v.Secret == ""):
		return errors.New("fakeproxy: OAuth2Proxy.SecretHeader and Secret go together")
	}
	return nil
}

func (v OAuth2Proxy) wire() wire {
	return wire{
		algorithm: algRS256,
		lifetime:  time.Hour,
		session:   "_oauth2_proxy",
		endpoints: map[Endpoint]string{Discovery: v.Issuer + discoveryPath, JWKS: v.Issuer + "/jwks"},
	}
}

func (v OAuth2Proxy) claims(p Person, t times) map[string]any {
	claims := p.openIDClaims()
	maps.Copy(claims, map[string]any{"iss": v.Issuer, "aud": v.ClientID, "iat": t.issued.Unix(), "exp": t.expires.Unix()})
	return claims
}

func (v OAuth2Proxy) decorate(h http.Header, p Person, token string) error {
	prefix := oauth2proxyForwarded
	if v.AuthRequest {
		prefix = oauth2proxyAuthRequest
	}
	for name, value := range map[string]string{
		"User": p.Subject, "Email": p.Email, "Preferred-Username": p.PreferredUsername, "Groups": strings.Join(p.Groups, ","),
	} {
		setText(h, prefix+name, value)
	}
	if v.SecretHeader != "" {
		h.Set(v.SecretHeader, v.Secret)
	}
	if !v.HeadersAlone {
		// Authorization is --pass-authorization-header; the other is that again, as the line for the ingress renames it.
		h.Set("Authorization", "Bearer "+token)
		h.Set(oauth2proxyToken, "Bearer "+token)
	}
	return nil
}

func (v OAuth2Proxy) owns(name string) bool {
	for _, prefix := range [...]string{oauth2proxyForwarded, oauth2proxyAuthRequest} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && slices.Contains(identityHeaders(), rest) {
			return true
		}
	}
	return name == "Authorization" || name == oauth2proxyToken || v.SecretHeader != "" && name == http.CanonicalHeaderKey(v.SecretHeader)
}

func (v OAuth2Proxy) signsOut(r *http.Request) bool { return r.URL.Path == "/oauth2/sign_out" }
