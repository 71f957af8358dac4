package oauth2provider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oauth2provider"
)

func TestParseProfile(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		fields oauth2provider.Fields
		want   oauth2provider.Profile
	}{
		"paths": {`{"data":{"id":"x","emails":[{"value":"a@x.example","ok":"true"}]}}`,
			oauth2provider.Fields{ID: "data.id", Email: "data.emails.0.value", EmailVerified: "data.emails.0.ok"},
			oauth2provider.Profile{ID: "x", Email: "a@x.example", EmailVerified: authprovider.EmailVerified}},
		"outside":           {`{"a":[1]}`, oauth2provider.Fields{ID: "a.1", Username: "a.-1", Name: "a.x", Email: "a.0.b", Picture: "b.c"}, oauth2provider.Profile{}},
		"unverified":        {`{"e":"a@x.example","v":false}`, oauth2provider.Fields{Email: "e", EmailVerified: "v"}, oauth2provider.Profile{Email: "a@x.example", EmailVerified: authprovider.EmailUnverified}},
		"odd verification":  {`{"e":"a@x.example","v":1}`, oauth2provider.Fields{Email: "e", EmailVerified: "v"}, oauth2provider.Profile{Email: "a@x.example", EmailVerified: authprovider.EmailUnverified}},
		"null verification": {`{"e":"a@x.example","v":null}`, oauth2provider.Fields{Email: "e", EmailVerified: "v"}, oauth2provider.Profile{Email: "a@x.example"}},
		"silence":           {`{"e":"a@x.example"}`, oauth2provider.Fields{Email: "e"}, oauth2provider.Profile{Email: "a@x.example"}},
		"verified nothing":  {`{"v":true}`, oauth2provider.Fields{Email: "e", EmailVerified: "v"}, oauth2provider.Profile{}},
		"exact names":       {`{"E":"a@x.example"}`, oauth2provider.Fields{Email: "e"}, oauth2provider.Profile{}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := oauth2provider.ParseProfile([]byte(tt.answer), tt.fields)
			require.NoError(t, err)
			var all any
			require.NoError(t, p.Claims(&all))
			want, err := oauth2provider.ParseProfile([]byte(tt.answer), oauth2provider.Fields{})
			require.NoError(t, err)
			want.ID, want.Email, want.EmailVerified = tt.want.ID, tt.want.Email, tt.want.EmailVerified
			require.Equal(t, want, p)
		})
	}
	for _, bad := range []string{"", "{", `{"a":1,"a":2}`, "{} {}"} {
		_, err := oauth2provider.ParseProfile([]byte(bad), oauth2provider.Fields{})
		require.ErrorContains(t, err, "oauth2provider: userinfo: ")
	}
	require.Error(t, oauth2provider.Profile{}.Claims(new(any)))
}

// An address that the provider says is not verified gets no further than FullProfile.
func TestUnverifiedEmail(t *testing.T) {
	v := newAcme(t)
	v.Handle(userAddress, says(200, `{"id":7,"login":"jane","contact":{"email":"boss@example.com","verified":false}}`))
	result, err := signIn(t, v, config(v))
	require.NoError(t, err)
	require.Equal(t, authprovider.Profile{DisplayName: "jane"}, result.Profile)
	require.Equal(t, "boss@example.com", result.FullProfile.Email)
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"acme.example/user-id": "aB"}})
	in := func(p oauth2provider.Profile) oauth2provider.SignInInfo {
		return oauth2provider.SignInInfo{Result: &oauthadapter.Result[oauth2provider.Profile]{FullProfile: p}}
	}
	byName, byID := oauth2provider.UsernameMatchingUserEntityName, oauth2provider.UserIDMatchingUserEntityAnnotationWith("acme.example/user-id")
	for _, tt := range []struct {
		resolve authprovider.SignInResolver[oauth2provider.Result]
		profile oauth2provider.Profile
		err     error
	}{
		{byName, oauth2provider.Profile{Username: "jane", ID: "other"}, nil},
		{byName, oauth2provider.Profile{ID: "aB", Name: "jane"}, authprovider.ErrNoMatch},
		{byID, oauth2provider.Profile{ID: "aB", Username: "other"}, nil},
		{byID, oauth2provider.Profile{ID: "ab"}, authprovider.ErrUserNotFound},
		{byID, oauth2provider.Profile{Username: "jane"}, authprovider.ErrNoMatch},
	} {
		id, err := tt.resolve(t.Context(), in(tt.profile), rc)
		if tt.err != nil {
			require.ErrorIs(t, err, tt.err)
			require.Nil(t, id)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "user:default/jane", id.UserRef)
	}
}

// FuzzProfile: whatever the answer and the paths are, there is no panic, and what was not in the answer is not in the profile.
func FuzzProfile(f *testing.F) {
	f.Add([]byte(`{"id":7,"a":{"b":["x"]}}`), "id", "a.b.0")
	f.Add([]byte(`[[]]`), "0.0", ".")
	f.Add([]byte(`null`), "", "..")
	f.Fuzz(func(t *testing.T, answer []byte, id, email string) {
		p, err := oauth2provider.ParseProfile(answer, oauth2provider.Fields{ID: id, Email: email})
		if err != nil {
			require.Zero(t, p)
			return
		}
		require.Equal(t, "", p.Username)
		if id == "" {
			require.Empty(t, p.ID)
		}
		if len(p.ID) > len(answer) || len(p.Email) > len(answer) {
			t.Fatalf("longer than the answer: %q %q", p.ID, p.Email)
		}
		require.Equal(t, authprovider.EmailVerificationUnknown, p.EmailVerified)
	})
}
