package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// KeycloakVendor says which realm a fake is: RealmURL ("https://sso.example.com/realms/acme" if empty). Roles are the claims "realm_access" and
// "resource_access".
type KeycloakVendor = fakevendor.Keycloak

// NewKeycloak makes a fake of Keycloak.
func NewKeycloak(t testing.TB, v KeycloakVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
