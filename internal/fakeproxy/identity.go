package fakeproxy

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// identity answers get-identity of Cloudflare Access: what the identity provider said about the person of the token, which stands in the cookie.
func (e *Edge) identity(r *http.Request) (status int, answer any) {
	found := r.CookiesNamed(accessCookie)
	if len(found) != 1 {
		return http.StatusBadRequest, map[string]string{"err": "no app token set"}
	}
	subject, ok := e.subject(found[0].Value)
	for _, p := range e.people {
		claims := e.Claims(p)
		if !ok || claims["sub"] != subject {
			continue
		}
		groups := []map[string]string{}
		for _, name := range p.Groups {
			groups = append(groups, map[string]string{"id": uuid(name), "name": name, "email": name + "@example.com"})
		}
		return http.StatusOK, map[string]any{
			"id": p.Subject, "name": p.Name, "email": p.Email, "groups": groups, "user_uuid": subject,
			"idp": map[string]string{"id": uuid("idp"), "type": "oidc"}, "geo": map[string]string{"country": "US"},
			"account_id": "699d98642c564d2e855e9661899b7252", "ip": "198.51.100.1", "auth_status": "NONE",
			"is_warp": false, "is_gateway": false, "version": 2, "device_sessions": map[string]any{},
			"iat": e.now().Unix(), "amr": []string{"pwd"},
		}
	}
	return http.StatusForbidden, map[string]string{"err": "not allowed"}
}

// subject reads who a token of ours is about: one whose signature we make ourselves when we sign its text again.
func (e *Edge) subject(token string) (string, bool) {
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return "", false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		return "", false
	}
	verified := false
	for _, key := range e.publishedKeys() {
		verified = verified || key.verifies(token[:cut], signature)
	}
	_, text, _ := strings.Cut(token[:cut], ".")
	payload, err := base64.RawURLEncoding.DecodeString(text)
	if !verified || err != nil {
		return "", false
	}
	var claims struct {
		Sub string `json:"sub"`
		Exp int64  `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp < e.now().Unix() {
		return "", false
	}
	return claims.Sub, true
}
