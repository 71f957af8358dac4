package oauthclient_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/oauthclient"
)

func TestSignInByEmailAnnotation(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"x/email": "jane@example.com"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"x/email": ""}})
	for verification, want := range map[authprovider.EmailVerification]error{
		authprovider.EmailVerified: nil, authprovider.EmailVerificationUnknown: nil, authprovider.EmailUnverified: authprovider.ErrNotAllowed,
	} {
		id, err := oauthclient.SignInByEmailAnnotation(t.Context(), rc, "x/email", "jane@example.com", verification)
		require.ErrorIs(t, err, want)
		require.Equal(t, want == nil, id != nil)
		_, err = oauthclient.SignInByEmailAnnotation(t.Context(), rc, "x/email", "", verification)
		require.ErrorIs(t, err, authprovider.ErrNoMatch)
	}
}
