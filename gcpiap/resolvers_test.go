package gcpiap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/gcpiap"
)

func TestResolvers(t *testing.T) {
	users := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"google.com/user-id": "1", "google.com/email": "jane@example.com"}},
		authprovider.User{Ref: "user:default/twin-a", Annotations: map[string]string{"google.com/user-id": "2"}},
		authprovider.User{Ref: "user:default/twin-b", Annotations: map[string]string{"google.com/user-id": "2"}},
		authprovider.User{Ref: "user:default/blank", Annotations: map[string]string{"google.com/user-id": "", "google.com/email": ""}},
		authprovider.User{Ref: "user:default/bare"},
	)
	byID, byEmail := gcpiap.IDMatchingUserEntityAnnotation, gcpiap.EmailMatchingUserEntityAnnotation
	for name, row := range map[string]struct {
		resolve authprovider.SignInResolver[gcpiap.Result]
		claims  string
		want    string
		err     error
	}{
		"ID":                        {byID, `{"sub":"accounts.google.com:1"}`, "user:default/jane", nil},
		"unknown ID":                {byID, `{"sub":"accounts.google.com:9"}`, "", authprovider.ErrNoMatch},
		"ID of two":                 {byID, `{"sub":"accounts.google.com:2"}`, "", authprovider.ErrConflict},
		"same ID, external":         {byID, `{"sub":"securetoken.google.com/p:1"}`, "", authprovider.ErrNoMatch},
		"same ID, workforce":        {byID, `{"sub":"sts.google.com:1"}`, "", authprovider.ErrNoMatch},
		"same ID, name in between":  {byID, `{"sub":"securetoken.google.com/accounts.google.com:1"}`, "", authprovider.ErrNoMatch},
		"same ID, longer provider":  {byID, `{"sub":"accounts.google.com.evil.example:1"}`, "", authprovider.ErrNoMatch},
		"same ID, behind another":   {byID, `{"sub":"accounts.google.com:x:1"}`, "", authprovider.ErrNoMatch},
		"address":                   {byEmail, `{"sub":"accounts.google.com:9","email":"jane@example.com"}`, "user:default/jane", nil},
		"address with prefix":       {byEmail, `{"sub":"accounts.google.com:9","email":"accounts.google.com:jane@example.com"}`, "user:default/jane", nil},
		"no address":                {byEmail, `{"sub":"accounts.google.com:9"}`, "", authprovider.ErrNoMatch},
		"empty address":             {byEmail, `{"sub":"accounts.google.com:9","email":""}`, "", authprovider.ErrNoMatch},
		"external address, checked": {byEmail, `{"sub":"securetoken.google.com/p:1","gcip":{"email":"jane@example.com","email_verified":true}}`, "user:default/jane", nil},
		"external address, claimed": {byEmail, `{"sub":"securetoken.google.com/p:1","gcip":{"email":"jane@example.com","email_verified":false}}`, "", authprovider.ErrNoMatch},
		"external, checked another": {byEmail, `{"sub":"securetoken.google.com/p:1","email":"securetoken.google.com/p:jane@example.com","gcip":{"email":"joe@example.com","email_verified":true}}`, "", authprovider.ErrNoMatch},
		"external, not said":        {byEmail, `{"sub":"securetoken.google.com/p:1","email":"securetoken.google.com/p:jane@example.com"}`, "", authprovider.ErrNoMatch},
		"workforce address":         {byEmail, `{"sub":"sts.google.com:1","email":"jane@example.com"}`, "", authprovider.ErrNoMatch},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := gcpiap.ParseResult([]byte(row.claims))
			require.NoError(t, err)
			id, err := row.resolve(t.Context(), gcpiap.SignInInfo{Result: result}, users)
			if row.err != nil {
				require.ErrorIs(t, err, row.err)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, id.UserRef)
		})
	}
	for _, resolve := range []authprovider.SignInResolver[gcpiap.Result]{byID, byEmail} {
		_, err := resolve(t.Context(), gcpiap.SignInInfo{}, users)
		require.ErrorIs(t, err, authprovider.ErrNoMatch)
	}
}
