package fakevendor

import (
	"net/http"
	"time"

	"example.com/stagedoor/internal/fakeidp"
)

// Keycloak is a realm of a Keycloak server, as www.keycloak.org describes it. Roles are the claims "realm_access" and "resource_access".
type Keycloak struct {
	// RealmURL is the realm's address. If empty, it is "https://sso.example.com/realms/acme".
	RealmURL string
}

// Spec implements [Vendor].
func (k Keycloak) Spec(string) Spec {
	realm := base(k.RealmURL, "https://sso.example.com/realms/acme")
	endpoints := realm + "/protocol/openid-connect"
	return Spec{
		Name:   "Keycloak",
		Issuer: realm,
		Endpoints: map[fakeidp.Endpoint]string{
			fakeidp.Authorize:  endpoints + "/auth",
			fakeidp.Token:      endpoints + "/token",
			fakeidp.JWKS:       endpoints + "/certs",
			fakeidp.UserInfo:   endpoints + "/userinfo",
			fakeidp.Revoke:     endpoints + "/revoke",
			fakeidp.EndSession: endpoints + "/logout",
		},
		Lifetime: 5 * time.Minute,
		Behavior: fakeidp.Behavior{AuthorizedParty: true}, // it names itself in its answer
		Dialect: fakeidp.Dialect{
			Refuse: refusals{
				code:         said{http.StatusBadRequest, "invalid_grant", "Code not valid"},
				refreshToken: said{http.StatusBadRequest, "invalid_grant", "Session not active"},
				client:       said{http.StatusUnauthorized, "unauthorized_client", "Invalid client or Invalid client credentials"},
			}.refuse,
		},
		OnDemand: "groups",
	}
}
