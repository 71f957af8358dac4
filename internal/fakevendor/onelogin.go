package fakevendor

import (
	"net/http"

	"example.com/stagedoor/internal/fakeidp"
)

// OneLogin is a OneLogin account, as developers.onelogin.com describes it. It sends the address without being asked for it, and does not say
// whether it is verified.
type OneLogin struct {
	// Subdomain is the account's. If empty, it is "acme".
	Subdomain string
}

// Issuer returns the issuer identifier, for the authenticator's configuration.
func (o OneLogin) Issuer() string {
	if o.Subdomain == "" {
		o.Subdomain = "acme"
	}
	return "https://" + o.Subdomain + ".onelogin.com/oidc/2"
}

// Spec implements [Vendor].
func (o OneLogin) Spec(string) Spec {
	issuer := o.Issuer()
	return Spec{
		Name:   "OneLogin",
		Issuer: issuer,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize: issuer + "/auth",
			fakeidp.Token:     issuer + "/token",
			fakeidp.JWKS:      issuer + "/certs",
			fakeidp.UserInfo:  issuer + "/me",
			fakeidp.Revoke:    issuer + "/token/revocation",
		},
		Behavior: fakeidp.Behavior{IssuerParameter: fakeidp.Omit, IssuerParameterUnadvertised: true},
		Dialect: fakeidp.Dialect{
			Claims: func(p fakeidp.Person, _ []string, claims map[string]any) {
				delete(claims, "email_verified")
				if p.Email != "" {
					claims["email"] = p.Email
				}
			},
			Denied: map[string]string{"error_description": "End-User aborted interaction"},
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "grant request is invalid"},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "grant request is invalid"},
				client:       said{http.StatusUnauthorized, "invalid_client", "client authentication failed"},
			}.refuse,
		},
		SilentOnEmail: true,
		OnDemand:      "groups",
	}
}
