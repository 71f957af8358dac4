package fakeproxy

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// SignedHeader is any proxy that forwards a signed token in a header: Pomerium, Istio, Envoy, Kong, Teleport and their like.
type SignedHeader struct {
	// Header is where the token is put. Required. It is "Bearer " and the token if it is Authorization.
	Header string
	// Issuer is the iss of the tokens. Required. If it is a URL, its OpenID Connect discovery is served.
	Issuer string
	// JWKSURL is where the keys are. If empty, it is Issuer, which is a URL then, and "/jwks".
	JWKSURL string
	// Audience is the aud of the tokens. Required.
	Audience string
	// Algorithm signs: "ES256" or "RS256". If empty, ES256.
	Algorithm string
}

const discoveryPath = "/.well-known/openid-configuration"

func (v SignedHeader) check() error {
	switch {
	case v.Header == "":
		return errors.New("fakeproxy: SignedHeader.Header is required")
	case v.Issuer == "":
		return errors.New("fakeproxy: SignedHeader.Issuer is required")
	case v.Audience == "":
		return errors.New("fakeproxy: SignedHeader.Audience is required")
	case v.JWKSURL == "" && !strings.Contains(v.Issuer, "://"):
		return errors.New("fakeproxy: SignedHeader.JWKSURL is required, since the issuer is not a URL")
	}
	return nil
}

func (v SignedHeader) wire() wire {
	w := wire{algorithm: v.Algorithm, lifetime: 5 * time.Minute, session: "_proxy", endpoints: map[Endpoint]string{JWKS: v.JWKSURL}}
	if w.algorithm == "" {
		w.algorithm = algES256
	}
	if v.JWKSURL == "" {
		w.endpoints[JWKS] = v.Issuer + "/jwks"
	}
	if strings.Contains(v.Issuer, "://") {
		w.endpoints[Discovery] = v.Issuer + discoveryPath
	}
	return w
}

func (v SignedHeader) claims(p Person, t times) map[string]any {
	claims := p.openIDClaims()
	maps.Copy(claims, map[string]any{"iss": v.Issuer, "aud": v.Audience, "iat": t.issued.Unix(), "exp": t.expires.Unix()})
	return claims
}

func (v SignedHeader) decorate(h http.Header, _ Person, token string) error {
	if http.CanonicalHeaderKey(v.Header) == "Authorization" {
		token = "Bearer " + token
	}
	h.Set(v.Header, token)
	return nil
}

func (v SignedHeader) owns(name string) bool { return name == http.CanonicalHeaderKey(v.Header) }

func (v SignedHeader) signsOut(r *http.Request) bool { return r.URL.Path == "/.proxy/sign_out" }
