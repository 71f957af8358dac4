package authprovidertest_test

import "testing"

func TestExamples(t *testing.T) {
	t.Run("resolver", testBySubject)
	t.Run("sign-in", testSignIn)
	t.Run("proxy", testAdmins)
	t.Run("vendor", testMembersOfOps)
}
