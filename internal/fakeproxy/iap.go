package fakeproxy

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// IAP is Google's Identity-Aware Proxy in front of one backend.
type IAP struct {
	// Audience is that of signed headers, such as "/projects/123456789/global/backendServices/987654321". Required.
	Audience string
}

const (
	iapHeader = "X-Goog-Iap-Jwt-Assertion"
	iapEmail  = "X-Goog-Authenticated-User-Email"
	iapID     = "X-Goog-Authenticated-User-Id"
	iapPrefix = "accounts.google.com:"
)

// Issuer returns the iss of the tokens.
func (v IAP) Issuer() string { return "https://cloud.google.com/iap" }

func (v IAP) check() error {
	if v.Audience == "" {
		return errors.New("fakeproxy: IAP.Audience is required")
	}
	return nil
}

func (v IAP) wire() wire {
	return wire{
		algorithm: algES256,
		lifetime:  10 * time.Minute,
		session:   "GCP_IAP_UID",
		endpoints: map[Endpoint]string{
			JWKS:   "https://www.gstatic.com/iap/verify/public_key-jwk",
			PEMMap: "https://www.gstatic.com/iap/verify/public_key",
		},
	}
}

func (v IAP) claims(p Person, t times) map[string]any {
	claims := map[string]any{
		"sub":             iapPrefix + p.Subject,
		"identity_source": "GOOGLE",
		"google":          map[string]any{"access_levels": []string{"accessPolicies/123456789/accessLevels/corp_device"}},
	}
	if p.Email != "" {
		_, domain, _ := strings.Cut(p.Email, "@")
		claims["email"], claims["hd"] = p.Email, domain
	}
	maps.Copy(claims, p.Claims)
	maps.Copy(claims, map[string]any{
		"iss": v.Issuer(), "aud": v.Audience, "azp": v.Audience, "iat": t.issued.Unix(), "exp": t.expires.Unix(),
	})
	return claims
}

func (v IAP) decorate(h http.Header, p Person, token string) error {
	h.Set(iapHeader, token)
	h.Set(iapID, iapPrefix+p.Subject)
	h.Del(iapEmail)
	if p.Email != "" {
		h.Set(iapEmail, iapPrefix+p.Email)
	}
	return nil
}

func (v IAP) owns(name string) bool { return strings.HasPrefix(name, "X-Goog-") }

func (v IAP) signsOut(r *http.Request) bool {
	return r.URL.Query().Get("gcp-iap-mode") == "CLEAR_LOGIN_COOKIE" || r.URL.Path == "/_gcp_iap/clear_login_cookie"
}
