package fakeproxy

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Access is Cloudflare Access in front of one application.
type Access struct {
	// TeamName is the name in https://{TeamName}.cloudflareaccess.com, the issuer. Required.
	TeamName string
	// Audience is the application's AUD tag. Required.
	Audience string
}

const (
	accessHeader = "Cf-Access-Jwt-Assertion"
	accessCookie = "CF_Authorization"
	accessEmail  = "Cf-Access-Authenticated-User-Email"
)

// Issuer returns the team's domain.
func (v Access) Issuer() string { return "https://" + v.TeamName + ".cloudflareaccess.com" }

func (v Access) check() error {
	switch {
	case v.TeamName == "":
		return errors.New("fakeproxy: Access.TeamName is required")
	case v.Audience == "":
		return errors.New("fakeproxy: Access.Audience is required")
	}
	return nil
}

func (v Access) wire() wire {
	return wire{
		algorithm: algRS256,
		lifetime:  24 * time.Hour,
		session:   accessCookie,
		endpoints: map[Endpoint]string{
			JWKS:     v.Issuer() + "/cdn-cgi/access/certs",
			Identity: v.Issuer() + "/cdn-cgi/access/get-identity",
		},
	}
}

func (v Access) claims(p Person, t times) map[string]any {
	claims := map[string]any{
		"sub":            uuid(p.Subject),
		"email":          p.Email,
		"identity_nonce": "6ei69kawdKzMIAPF",
		"country":        "US",
	}
	maps.Copy(claims, p.Claims)
	maps.Copy(claims, v.protocol(t))
	return claims
}

func (v Access) protocol(t times) map[string]any {
	return map[string]any{
		"aud": []string{v.Audience}, "iss": v.Issuer(), "type": "app",
		"iat": t.issued.Unix(), "nbf": t.issued.Unix(), "exp": t.expires.Unix(),
	}
}

// ServiceClaims are the payload of a service token's request: there is no person, and sub is empty.
func (v Access) ServiceClaims(clientID string, issued, expires time.Time) map[string]any {
	claims := v.protocol(times{issued, expires})
	delete(claims, "nbf")
	maps.Copy(claims, map[string]any{"sub": "", "common_name": clientID})
	return claims
}

func (v Access) decorate(h http.Header, p Person, token string) error {
	h.Set(accessHeader, token)
	setText(h, accessEmail, p.Email)
	setCookie(h, accessCookie, token)
	return nil
}

func (v Access) owns(name string) bool { return strings.HasPrefix(name, "Cf-Access-") }

func (v Access) signsOut(r *http.Request) bool { return r.URL.Path == "/cdn-cgi/access/logout" }
