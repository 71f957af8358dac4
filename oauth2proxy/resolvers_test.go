package oauth2proxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/resolver/memcatalog"
)

func TestResolvers(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", MemberOf: []string{"group:default/staff"}},
		authprovider.User{Ref: "user:other/admin"},
	)})
	user := func(name string) oauth2proxy.Result { return oauth2proxy.Result{User: name} }
	preferred := func(name string) oauth2proxy.Result { return oauth2proxy.Result{PreferredUsername: name} }
	for _, resolver := range []struct {
		name    string
		resolve authprovider.SignInResolver[oauth2proxy.Result]
		result  func(string) oauth2proxy.Result
		other   func(string) oauth2proxy.Result
	}{
		{"user", oauth2proxy.ForwardedUserMatchingUserEntityName, user, preferred},
		{"preferred username", oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName, preferred, user},
	} {
		t.Run(resolver.name, func(t *testing.T) {
			id, err := resolver.resolve(context.Background(), oauth2proxy.SignInInfo{Result: resolver.result("Jane")}, rc)
			require.NoError(t, err)
			require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/staff"}}, id)

			for name, want := range map[string]error{
				"":                       authprovider.ErrNoMatch, // absent never matches absent
				"joe":                    authprovider.ErrUserNotFound,
				"other/admin":            authprovider.ErrNotAllowed,
				"user:other/admin":       authprovider.ErrNotAllowed,
				"group:default/staff":    authprovider.ErrNotAllowed,
				"user:default/jane":      authprovider.ErrNotAllowed,
				"jane doe":               authprovider.ErrNotAllowed,
				strings.Repeat("a", 254): authprovider.ErrNotAllowed,
				"jane\u212a":             authprovider.ErrNotAllowed, // a Kelvin sign, which folds to k
			} {
				_, err := resolver.resolve(context.Background(), oauth2proxy.SignInInfo{Result: resolver.result(name)}, rc)
				require.ErrorIs(t, err, want, name)
			}
			_, err = resolver.resolve(context.Background(), oauth2proxy.SignInInfo{Result: resolver.other("jane")}, rc)
			require.ErrorIs(t, err, authprovider.ErrNoMatch)
			require.NotErrorIs(t, err, authprovider.ErrUserNotFound)
		})
	}
}

func TestParseResult(t *testing.T) {
	for text, want := range map[string][]string{
		`{"groups":["a","b"]}`: {"a", "b"},
		`{"groups":"a,b"}`:     {"a,b"},
		`{"groups":[]}`:        {},
		`{"groups":null}`:      nil,
		`{"groups":["a",1]}`:   nil,
		`{"groups":{"a":1}}`:   nil,
		`{"groups":5}`:         nil,
		`{}`:                   nil,
	} {
		result, err := oauth2proxy.ParseResult([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, result.Groups, text)
	}
	for _, text := range []string{``, `[]`, `null`, `{"sub":"a","sub":"b"}`, `{"Sub":"a"}`, `{"sub":1}`} {
		_, err := oauth2proxy.ParseResult([]byte(text))
		require.Error(t, err, text)
	}
	result, err := oauth2proxy.ParseResult([]byte(`{"Team":"x"}`))
	require.NoError(t, err)
	require.Error(t, result.Claims(&struct {
		Team string `json:"team"`
	}{}), "names have a case")
}

// Nobody signs in by an address that the provider says nobody checked.
func TestEmailVerification(t *testing.T) {
	for text, want := range map[string]authprovider.EmailVerification{
		`{"email":"e","email_verified":true}`:    authprovider.EmailVerified,
		`{"email":"e","email_verified":"true"}`:  authprovider.EmailVerified,
		`{"email":"e","email_verified":false}`:   authprovider.EmailUnverified,
		`{"email":"e","email_verified":"false"}`: authprovider.EmailUnverified,
		`{"email":"e"}`:                          authprovider.EmailVerificationUnknown,
		`{"email_verified":true}`:                authprovider.EmailVerificationUnknown,
	} {
		result, err := oauth2proxy.ParseResult([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, result.EmailVerified, text)
	}
}

func TestGroupsClaim(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.GroupsClaim = "cognito:groups"
	result, err := g.authenticator(c).Authenticate(context.Background(), bearing(g.token(map[string]any{"cognito:groups": []string{"x"}})))
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, result.Groups)
}

func TestResultDoesNotShowItsToken(t *testing.T) {
	g := newRig(t)
	result, err := g.authenticator(g.config()).Authenticate(context.Background(), bearing(g.token(map[string]any{"custom": "hidden-claim"})))
	require.NoError(t, err)
	shown, err := json.Marshal(result)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v", result, result)+string(shown), "hidden-claim")
}

// Whatever the headers hold, a request without the proxy's secret is nobody, and a list of groups holds neither commas nor nothing.
func FuzzPlainHeaders(f *testing.F) {
	f.Add("jane", "jane@example.com", "jane", "staff, admins")
	f.Add("", ",", "a/b", ",,")
	a, err := oauth2proxy.New(oauth2proxy.Config{HeaderStyle: oauth2proxy.AuthRequestHeaders, Trust: trustSecret()})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, user, email, preferred, groups string) {
		r := request(map[string]string{"X-Auth-Request-User": user, "X-Auth-Request-Email": email, "X-Auth-Request-Preferred-Username": preferred, "X-Auth-Request-Groups": groups})
		_, err := a.Authenticate(context.Background(), r)
		require.ErrorIs(t, err, authprovider.ErrAuthentication)
		r.Header.Set("X-Proxy-Secret", secret)
		result, err := a.Authenticate(context.Background(), r)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			require.Zero(t, result)
			return
		}
		require.Equal(t, user, result.User)
		require.NotEmpty(t, user)
		require.Equal(t, email, result.Email)
		for _, group := range result.Groups {
			require.NotEmpty(t, strings.TrimSpace(group))
			require.NotContains(t, group, ",")
		}
	})
}
