package google_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/google"
)

func TestEmailVerified(t *testing.T) {
	for claims, want := range map[string]authprovider.EmailVerification{
		`{"email":"jane@example.com","email_verified":true,"hd":"example.com"}`:  authprovider.EmailVerified,
		`{"email":"jane@gmail.com","email_verified":true}`:                       authprovider.EmailVerified,
		`{"email":"Jane@Gmail.com","email_verified":true}`:                       authprovider.EmailVerified,
		`{"email":"jane@example.com","email_verified":true}`:                     authprovider.EmailVerificationUnknown,
		`{"email":"jane@example.com","email_verified":true,"hd":""}`:             authprovider.EmailVerificationUnknown,
		`{"email":"jane@example.com","email_verified":true,"hd":1}`:              authprovider.EmailVerificationUnknown,
		`{"email":"jane@notgmail.com","email_verified":true}`:                    authprovider.EmailVerificationUnknown,
		`{"email":"jane@example.com","email_verified":false,"hd":"example.com"}`: authprovider.EmailUnverified,
		`{"email":"jane@example.com","hd":"example.com"}`:                        authprovider.EmailVerificationUnknown,
		`{"hd":"example.com","email_verified":true}`:                             authprovider.EmailVerificationUnknown,
	} {
		p, err := google.ParseProfile([]byte(claims))
		require.NoError(t, err)
		require.Equal(t, want, p.EmailVerified, claims)
	}
	for _, claims := range []string{`[]`, `null`, `{"hd":"a","hd":"b"}`, `{"HD":"a"}`} {
		_, err := google.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"google.com/user-id": "118133858486581853996"}},
		authprovider.User{Ref: "user:default/by-email", Annotations: map[string]string{"google.com/email": "jane@example.com"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"google.com/user-id": "", "google.com/email": ""}})
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[google.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", google.UserIDMatchingUserEntityAnnotation, `{"sub":"118133858486581853996"}`, "user:default/by-id", nil},
		{"another ID", google.UserIDMatchingUserEntityAnnotation, `{"sub":"1"}`, "", authprovider.ErrUserNotFound},
		{"no ID", google.UserIDMatchingUserEntityAnnotation, `{}`, "", authprovider.ErrNoMatch},
		{"address", google.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com","email_verified":true,"hd":"example.com"}`, "user:default/by-email", nil},
		{"address that Google is no authority on", google.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com","email_verified":true}`, "", authprovider.ErrNoMatch},
		{"unverified", google.EmailMatchingUserEntityAnnotation, `{"email":"jane@example.com","email_verified":false,"hd":"example.com"}`, "", authprovider.ErrNoMatch},
		{"no address", google.EmailMatchingUserEntityAnnotation, `{"hd":"example.com"}`, "", authprovider.ErrNoMatch},
		{"another address", google.EmailMatchingUserEntityAnnotation, `{"email":"joe@example.com","email_verified":true,"hd":"example.com"}`, "", authprovider.ErrUserNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := google.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), google.SignInInfo{Result: &oauthadapter.Result[google.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
}
