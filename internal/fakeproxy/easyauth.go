package fakeproxy

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// EasyAuth is the authentication of Azure App Service or Container Apps, with Microsoft Entra ID behind it.
type EasyAuth struct {
	// Tenant is the Entra tenant's ID, a UUID. Required.
	Tenant string
	// ClientID is the application's at Entra, and the aud of the ID tokens. Required.
	ClientID string
	// Version1 makes ID tokens in Entra's old form.
	Version1 bool
	// ContainerApps leaves the ID token out, as Container Apps without a token store do.
	ContainerApps bool
}

const (
	easyAuthPrincipal = "X-Ms-Client-Principal"
	easyAuthToken     = "X-Ms-Token-Aad-"
)

// Issuer returns the iss of the ID tokens.
func (v EasyAuth) Issuer() string {
	if v.Version1 {
		return "https://sts.windows.net/" + v.Tenant + "/"
	}
	return v.authority() + "/v2.0"
}

func (v EasyAuth) authority() string { return "https://login.microsoftonline.com/" + v.Tenant }

func (v EasyAuth) check() error {
	switch {
	case v.Tenant == "":
		return errors.New("fakeproxy: EasyAuth.Tenant is required")
	case v.ClientID == "":
		return errors.New("fakeproxy: EasyAuth.ClientID is required")
	}
	return nil
}

func (v EasyAuth) wire() wire {
	return wire{
		algorithm: algRS256,
		lifetime:  time.Hour,
		session:   "AppServiceAuthSession",
		endpoints: map[Endpoint]string{
			Discovery: v.authority() + "/v2.0" + discoveryPath,
			JWKS:      v.authority() + "/discovery/v2.0/keys",
		},
	}
}

// ObjectID is a person's object ID at Entra: the oid claim, and X-MS-CLIENT-PRINCIPAL-ID.
func (v EasyAuth) ObjectID(p Person) string {
	if oid, ok := p.Claims["oid"].(string); ok {
		return oid
	}
	return uuid(p.Subject)
}

func (v EasyAuth) claims(p Person, t times) map[string]any {
	claims := map[string]any{"sub": p.Subject, "oid": v.ObjectID(p), "tid": v.Tenant, "ver": "2.0", "rh": "0.AAAA", "uti": "dXRp"}
	if v.Version1 {
		claims["ver"] = "1.0"
	}
	for name, value := range map[string]string{"name": p.Name, "preferred_username": p.Email, "email": p.Email} {
		if value != "" {
			claims[name] = value
		}
	}
	if len(p.Groups) > 0 {
		claims["groups"] = p.Groups
	}
	maps.Copy(claims, p.Claims)
	maps.Copy(claims, map[string]any{
		"iss": v.Issuer(), "aud": v.ClientID, "iat": t.issued.Unix(), "nbf": t.issued.Unix(), "exp": t.expires.Unix(),
	})
	return claims
}

func (v EasyAuth) decorate(h http.Header, p Person, token string) error {
	principal, err := v.principal(p)
	if err != nil {
		return err
	}
	h.Set(easyAuthPrincipal, principal)
	h.Set(easyAuthPrincipal+"-Id", v.ObjectID(p))
	setText(h, easyAuthPrincipal+"-Name", p.Email)
	h.Set(easyAuthPrincipal+"-Idp", "aad")
	if !v.ContainerApps {
		h.Set(easyAuthToken+"Id-Token", token)
		h.Set(easyAuthToken+"Access-Token", "opaque-access-token-of-"+p.Subject)
	}
	return nil
}

// principal is the claims as they go through Azure's renaming, in base64.
func (v EasyAuth) principal(p Person) (string, error) {
	type claim struct {
		Typ string `json:"typ"`
		Val string `json:"val"`
	}
	claims := []claim{
		{"aud", v.ClientID},
		{"iss", v.Issuer()},
		{"http://schemas.microsoft.com/identity/claims/objectidentifier", v.ObjectID(p)},
		{"http://schemas.microsoft.com/identity/claims/tenantid", v.Tenant},
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", p.Subject},
	}
	for _, c := range []claim{
		{"name", p.Name}, {"preferred_username", p.Email}, {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", p.Email},
	} {
		if c.Val != "" {
			claims = append(claims, c)
		}
	}
	for _, group := range p.Groups {
		claims = append(claims, claim{"groups", group})
	}
	text, err := json.Marshal(map[string]any{
		"auth_typ": "aad",
		"claims":   claims,
		"name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
		"role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
	})
	if err != nil {
		return "", fmt.Errorf("client principal: %w", err)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}

func (v EasyAuth) owns(name string) bool {
	return strings.HasPrefix(name, easyAuthPrincipal) || strings.HasPrefix(name, "X-Ms-Token-")
}

func (v EasyAuth) signsOut(r *http.Request) bool { return r.URL.Path == "/.auth/logout" }
