package oauthadapter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
)

// Claims of the result are what resolver.RequireClaim goes by.
var _ resolver.Claimer = oidcprovider.Result(nil)

func TestClaims(t *testing.T) {
	profile, err := oidcprovider.ParseProfile([]byte(`{"sub":"1","department":"ops"}`))
	require.NoError(t, err)
	var claims struct {
		Department string `json:"department"`
	}
	require.NoError(t, (&oauthadapter.Result[oidcprovider.Profile]{FullProfile: profile}).Claims(&claims))
	require.Equal(t, "ops", claims.Department)

	require.EqualError(t, (&oauthadapter.Result[string]{FullProfile: "jane"}).Claims(&claims), "oauthadapter: a profile of type string has no claims")
}
