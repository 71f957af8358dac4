package authprovidertest_test

import (
	"testing"
	"time"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/proxyauth"
)

func TestJWTConforms(t *testing.T) {
	clock := authprovidertest.NewClock(time.Time{})
	edge := authprovidertest.NewSignedHeaderEdge(t, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{Now: clock.Now})
	authprovidertest.TestAuthenticator(t, authprovidertest.AuthenticatorConfig[proxyauth.JWTResult]{
		New: func(t testing.TB) proxyauth.Authenticator[proxyauth.JWTResult] {
			c := jwtConfig(edge)
			c.Now, c.Cookie = clock.Now, conformanceCookie
			return newAuthenticator(t, c)
		},
		Header: edge.Header, Cookie: conformanceCookie, Edge: edge.Edge, Clock: clock,
	})
}
