package github_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

func TestConfig(t *testing.T) {
	good := github.Config{ClientID: "id", ClientSecret: "secret-marker"}
	for want, change := range map[string]func(*github.Config){
		"Config.ClientID is required":                        func(c *github.Config) { c.ClientID = "" },
		"Config.ClientSecret is required":                    func(c *github.Config) { c.ClientSecret = "" },
		`Config.EnterpriseURL "http://ghe.example.com" must`: func(c *github.Config) { c.EnterpriseURL = "http://ghe.example.com" },
		`Config.EnterpriseURL "ghe.example.com" must`:        func(c *github.Config) { c.EnterpriseURL = "ghe.example.com" },
		`Config.EnterpriseURL "https://ghe.example.com?x"`:   func(c *github.Config) { c.EnterpriseURL = "https://ghe.example.com?x" },
	} {
		c := good
		change(&c)
		a, err := github.New(c)
		require.ErrorContains(t, err, "github: "+want)
		require.Nil(t, a)
	}
}

func TestParseProfile(t *testing.T) {
	p, err := github.ParseProfile([]byte(`{"login":"octocat","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ==","name":"The Octocat","email":"public@example.com","hireable":null}`))
	require.NoError(t, err)
	require.Equal(t, "583231", p.ID)
	require.Equal(t, "public@example.com", p.Email)
	require.Equal(t, authprovider.EmailVerificationUnknown, p.EmailVerified)
	for _, bad := range []string{``, `[]`, `{"id":1,"id":2}`, `{"id":"1"}`, `{"Id":1}`, `{"id":1.5}`} {
		_, err := github.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "github: user: ", bad)
	}
	require.Error(t, github.Profile{}.Claims(new(any)))
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/octocat", Annotations: map[string]string{"github.com/user-id": "MDQ6VXNlcjU4MzIzMQ=="}},
		authprovider.User{Ref: "user:default/mona", Annotations: map[string]string{"ghe.example.com/user-id": "MDQ6VXNlcjU4MzIzMQ=="}},
		authprovider.User{Ref: "user:admins/root"})
	enterprise := github.UserIDMatchingUserEntityAnnotationWith("ghe.example.com/user-id")
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[github.Result]
		profile github.Profile
		want    string
		err     error
	}{
		{"ID", github.UserIDMatchingUserEntityAnnotation, github.Profile{NodeID: "MDQ6VXNlcjU4MzIzMQ==", Username: "mona"}, "user:default/octocat", nil},
		{"ID of another GitHub", enterprise, github.Profile{NodeID: "MDQ6VXNlcjU4MzIzMQ=="}, "user:default/mona", nil},
		{"ID in another case", github.UserIDMatchingUserEntityAnnotation, github.Profile{NodeID: "mdq6vxnlcju4mzizmq=="}, "", authprovider.ErrUserNotFound},
		{"no ID", github.UserIDMatchingUserEntityAnnotation, github.Profile{Username: "octocat"}, "", authprovider.ErrNoMatch},
		{"name", github.UsernameMatchingUserEntityName, github.Profile{Username: "Octocat"}, "user:default/octocat", nil},
		{"no name", github.UsernameMatchingUserEntityName, github.Profile{Name: "octocat"}, "", authprovider.ErrNoMatch},
		{"a reference", github.UsernameMatchingUserEntityName, github.Profile{Username: "user:admins/root"}, "", authprovider.ErrInput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := tt.resolve(t.Context(), github.SignInInfo{Result: &oauthadapter.Result[github.Profile]{FullProfile: tt.profile}}, rc)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, id.UserRef)
		})
	}
}
