package signin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/signin"
)

// obliging is a catalog that has whomever it is asked for.
type obliging struct{}

func (obliging) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	u := authprovider.User{Ref: q.Ref, Annotations: q.Annotations}
	if u.Ref == "" {
		u.Ref = "user:default/found"
	}
	return []authprovider.User{u}, nil
}

// FuzzSaid: where the catalog has everybody, a name is the name of a user of the default namespace and never a reference, a value is printable
// text, and what is not is refused.
func FuzzSaid(f *testing.F) {
	for _, said := range []string{
		"jane", "JANE", "", ".", "..", "admins/root", "user:default/jane", "a b", "a\x00", "\u212aim", "a\u200b", "\xff", "jane@acme.example",
	} {
		f.Add(said)
	}
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: obliging{}})
	f.Fuzz(func(t *testing.T, said string) {
		if id, err := signin.ByName(t.Context(), rc, "vendor.Resolver", said); err == nil {
			require.Equal(t, "user:default/"+strings.ToLower(said), id.UserRef)
			require.Equal(t, 1, strings.Count(id.UserRef, ":"))
			require.Equal(t, 1, strings.Count(id.UserRef, "/"))
			require.NotEmpty(t, strings.Trim(said, "."))
		} else {
			requireDecided(t, said, err)
		}
		if _, err := signin.ByAnnotation(t.Context(), rc, "vendor.Resolver", "x/id", said); err == nil {
			require.NotEmpty(t, said)
			require.False(t, strings.ContainsAny(said, "\x00\r\n\t\x7f\u200b\ufeff\u202e"))
			require.Equal(t, said, strings.ToValidUTF8(said, "?"))
		} else {
			requireDecided(t, said, err)
		}
	})
}

// requireDecided: nothing said is no word about anybody, and anything else that is not a name or an ID is a refusal.
func requireDecided(t *testing.T, said string, err error) {
	var e *authprovider.ResolverError
	require.ErrorAs(t, err, &e)
	if said == "" {
		require.ErrorIs(t, err, authprovider.ErrNoMatch)
		return
	}
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	require.NotErrorIs(t, err, authprovider.ErrNoMatch)
}
