package authprovidertest

import (
	"testing"

	"example.com/stagedoor/internal/fakevendor"
)

// PinnipedVendor says which federation domain a fake is: FederationDomain ("https://pinniped.example.com/acme" if empty). It knows one name of a
// person, the user name in the clusters: Person.Name, unless there is a claim "username". Groups are the groups there. The token for a
// cluster is "cluster-token-for-" and its audience.
type PinnipedVendor = fakevendor.Pinniped

// NewPinniped makes a fake of a Pinniped Supervisor.
func NewPinniped(t testing.TB, v PinnipedVendor, c VendorConfig) *Vendor {
	t.Helper()
	return newVendor(t, v, c)
}
