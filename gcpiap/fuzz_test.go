package gcpiap_test

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
)

// Whatever an assertion says, its parts are those of sub and nobody else's, and an address is believed of two sources only.
func FuzzParseResult(f *testing.F) {
	for _, s := range []string{
		`{"sub":"accounts.google.com:1","email":"jane@example.com","hd":"example.com","google":{"access_levels":["a"]}}`,
		`{"sub":"securetoken.google.com/p/t:1","email":"securetoken.google.com/p/t:j@x","gcip":{"email":"j@x","email_verified":true}}`,
		`{"sub":"securetoken.google.com/p:1","gcip":"{\"email\":\"j@x\",\"email_verified\":\"true\"}"}`,
		`{"sub":"sts.google.com:a:b","email":"a:b@c"}`,
		`{"sub":":","email":":"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, claims []byte) {
		r, err := gcpiap.ParseResult(claims)
		if err != nil {
			require.Zero(t, r)
			return
		}
		require.Equal(t, r.Subject, r.IdentityProvider+":"+r.UserID)
		require.NotContains(t, r.IdentityProvider, ":")
		require.NotEmpty(t, r.IdentityProvider)
		require.NotEmpty(t, r.UserID)
		if r.EmailVerified != authprovider.EmailVerificationUnknown {
			require.NotEmpty(t, r.Email)
			var all map[string]any
			require.NoError(t, r.Claims(&all))
			require.Equal(t, r.IdentityProvider != gcpiap.GoogleAccounts, all["gcip"] != nil)
		}
	})
}

// An audience that is taken is one clean path of visible characters.
func FuzzAudience(f *testing.F) {
	f.Add(audience)
	f.Add("/projects/1/apps/example.com:p")
	f.Add("/projects/1/locations/r/services/s")
	f.Fuzz(func(t *testing.T, aud string) {
		if _, err := gcpiap.New(gcpiap.Config{Audience: []string{aud}}); err != nil {
			require.ErrorContains(t, err, "gcpiap: Config.Audience")
			return
		}
		require.Equal(t, aud, path.Clean(aud))
		require.True(t, strings.HasPrefix(aud, "/projects/"))
		require.Empty(t, strings.Trim(aud, "/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:.-"))
	})
}
