package authprovidertest_test

import (
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/resolver/catalogtest"
)

// What a resolver's unit test finds is what a catalog finds.
func TestUsers(t *testing.T) {
	catalogtest.TestUserCatalog(t, catalogtest.Rig{
		New: func(t testing.TB, users []authprovider.User) authprovider.UserCatalog {
			return authprovidertest.Users(t, users...)
		},
	})
}
