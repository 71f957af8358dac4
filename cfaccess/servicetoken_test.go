package cfaccess_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
)

func serviceTokens(subjects ...string) func(*cfaccess.Config) {
	return func(c *cfaccess.Config) {
		for i, s := range subjects {
			id := clientID
			if i > 0 {
				id = string(rune('a'+i)) + ".access"
			}
			c.ServiceTokens = append(c.ServiceTokens, cfaccess.ServiceToken{ClientID: id, Subject: s})
		}
	}
}

func TestAuthenticateAServiceToken(t *testing.T) {
	for name, change := range map[string]claims{
		"sub empty":                    nil,
		"sub absent":                   {"sub": nil},
		"an address in it":             {"email": email},
		"nbf and country, as a person": {"nbf": 0, "country": "US"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			a := e.authenticator(serviceTokens("user:default/ci-bot", "other@example.com"))
			got, err := a.Authenticate(t.Context(), request(header, e.token(e.service(change))))
			require.NoError(t, err)
			require.Equal(t, &cfaccess.ServiceToken{ClientID: clientID, Subject: "user:default/ci-bot"}, got.ServiceToken)
			require.Empty(t, got.Subject)
			require.Empty(t, got.Email)
			require.Nil(t, got.Identity)
			require.Zero(t, e.calls(identityURL), "there is no person to ask about")
		})
	}
}

// A list of service tokens must never match a person: not by a sub that is a Client ID, and not by a common_name beside a sub, which Access
// writes for people with a client certificate.
func TestAPersonIsNoServiceToken(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator(serviceTokens("user:default/ci-bot"), func(c *cfaccess.Config) { c.SkipIdentity = true })
	for _, change := range []claims{{"sub": clientID}, {"common_name": clientID}} {
		got, err := a.Authenticate(t.Context(), request(header, e.token(e.person(change))))
		require.NoError(t, err)
		require.Nil(t, got.ServiceToken)
		require.NotEmpty(t, got.Subject)
	}
}

// And a service token is none that merely resembles one.
func TestServiceTokensAreComparedExactly(t *testing.T) {
	e := newEdge(t)
	c := e.config()
	serviceTokens("user:default/ci-bot")(&c)
	p := newPortal(e, c)
	for _, id := range []string{"E367826F93B8D71185E03FE518AFF3B4.access", clientID + " ", clientID[1:], "user:default/ci-bot"} {
		token := e.token(e.service(claims{"common_name": id}))
		p.requireRefused(request(header, token), "service_token_unknown", token)
	}
}

func TestServiceTokensSignIn(t *testing.T) {
	for name, test := range map[string]struct {
		subject string
		profile authprovider.Profile
	}{
		"by reference": {"user:default/ci-bot", authprovider.Profile{DisplayName: "user:default/ci-bot"}},
		"by address":   {"bot@example.com", authprovider.Profile{DisplayName: "bot@example.com", Email: "bot@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			c := e.config()
			serviceTokens(test.subject)(&c)
			res := newPortal(e, c).do(request(header, e.token(e.service(nil))))
			require.Equal(t, http.StatusOK, res.StatusCode)
			body := decode[authprovider.ClientAuthResponse](t, res)
			require.Equal(t, "user:default/ci-bot", body.BackstageIdentity.Identity.UserEntityRef)
			require.Equal(t, test.profile, body.Profile)
		})
	}
}

func TestServiceTokenMatchingSubject(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/ci-bot", Email: "bot@example.com", MemberOf: []string{"group:default/bots"}},
		authprovider.User{Ref: "user:default/jane", Email: email})
	for name, test := range map[string]struct {
		result cfaccess.Result
		want   error
	}{
		"reference":          {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "user:default/ci-bot"}}, nil},
		"address":            {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "Bot@example.com"}}, nil},
		"a person":           {cfaccess.Result{Subject: "user:default/ci-bot", Email: "bot@example.com"}, authprovider.ErrNoMatch},
		"no subject":         {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{}}, authprovider.ErrNoMatch},
		"unknown reference":  {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "user:default/nobody"}}, authprovider.ErrUserNotFound},
		"unknown address":    {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "nobody@example.com"}}, authprovider.ErrUserNotFound},
		"another than it is": {cfaccess.Result{ServiceToken: &cfaccess.ServiceToken{Subject: "group:default/bots"}}, authprovider.ErrUserNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := cfaccess.ServiceTokenMatchingSubject(t.Context(), cfaccess.SignInInfo{Result: test.result}, rc)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "user:default/ci-bot", id.UserRef)
			require.Equal(t, []string{"user:default/ci-bot", "group:default/bots"}, id.OwnershipRefs)
		})
	}
}
