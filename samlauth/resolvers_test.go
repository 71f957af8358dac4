package samlauth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/samlauth"
)

// resolverFunc is a resolver that needs nothing but the sign-in.
func resolverFunc(f func(samlauth.SignInInfo) (string, error)) authprovider.SignInResolver[samlauth.Result] {
	return func(_ context.Context, in samlauth.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		ref, err := f(in)
		if err != nil {
			return nil, err
		}
		return &authprovider.Identity{UserRef: ref}, nil
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/saml": "jane-1", "example.com/oid": "42"}},
		authprovider.User{Ref: "user:default/nobody", Annotations: map[string]string{"example.com/saml": ""}})
	profile := func(id samlauth.NameID, attributes ...samlauth.Attribute) samlauth.Profile {
		return samlauth.Profile{NameID: id, Attributes: attributes}
	}
	persistent := samlauth.NameID{Value: "jane-1", Format: samlauth.NameIDPersistent}
	oid := samlauth.Attribute{Name: "urn:example:oid", FriendlyName: "oid", Values: []string{"42"}}
	for _, c := range []struct {
		name     string
		resolver authprovider.SignInResolver[samlauth.Result]
		profile  samlauth.Profile
		want     error
	}{
		{"name ID", samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml"), profile(persistent), nil},
		{"name ID of nobody", samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml"), profile(samlauth.NameID{Value: "x"}), authprovider.ErrNoMatch},
		{"transient name ID", samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml"), profile(samlauth.NameID{Value: "jane-1", Format: samlauth.NameIDTransient}), authprovider.ErrNoMatch},
		{"attribute by its name", samlauth.AttributeMatchingUserEntityAnnotation("urn:example:oid", "example.com/oid"), profile(persistent, oid), nil},
		{"attribute by its friendly name", samlauth.AttributeMatchingUserEntityAnnotation("oid", "example.com/oid"), profile(persistent, oid), nil},
		{"friendly name of two", samlauth.AttributeMatchingUserEntityAnnotation("oid", "example.com/oid"),
			profile(persistent, oid, samlauth.Attribute{Name: "urn:example:other", FriendlyName: "oid", Values: []string{"42"}}), authprovider.ErrNoMatch},
		{"a friendly name that is another's full name", samlauth.AttributeMatchingUserEntityAnnotation("oid", "example.com/oid"),
			profile(persistent, oid, samlauth.Attribute{Name: "oid", Values: []string{"7"}}), authprovider.ErrNoMatch},
		{"two values", samlauth.AttributeMatchingUserEntityAnnotation("oid", "example.com/oid"),
			profile(persistent, samlauth.Attribute{Name: "oid", Values: []string{"42", "42"}}), authprovider.ErrNoMatch},
		{"no attribute", samlauth.AttributeMatchingUserEntityAnnotation("oid", "example.com/saml"), profile(persistent), authprovider.ErrNoMatch},
		{"attribute as a user name", samlauth.AttributeMatchingUserEntityName("uid"), profile(persistent, samlauth.Attribute{Name: "uid", Values: []string{"jane"}}), nil},
		{"attribute as a reference", samlauth.AttributeMatchingUserEntityName("uid"), profile(persistent, samlauth.Attribute{Name: "uid", Values: []string{"user:default/jane"}}), authprovider.ErrNotAllowed},
		{"no attribute as a user name", samlauth.AttributeMatchingUserEntityName("uid"), profile(persistent), authprovider.ErrNoMatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := c.resolver(t.Context(), samlauth.SignInInfo{Result: &oauthadapter.Result[samlauth.Profile]{FullProfile: c.profile}}, rc)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "user:default/jane", id.UserRef)
		})
	}
	_, err := samlauth.NameIDMatchingUserEntityAnnotation("")(t.Context(), samlauth.SignInInfo{Result: &oauthadapter.Result[samlauth.Profile]{FullProfile: profile(persistent)}}, rc)
	require.Error(t, err)
	require.NotErrorIs(t, err, authprovider.ErrNoMatch)
}
