package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauth2proxy"
)

// TestPolicy is a table: what the identity provider says of somebody, and what the policy makes of it. No server, no token, no mock:
// a rule is a function, ParseResult makes its argument of claims, and ResolverContext has a few users.
func TestPolicy(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example", MemberOf: []string{"group:default/ops"}},
		authprovider.User{Ref: "user:default/twin", Email: "twin@acme.example"},
		authprovider.User{Ref: "user:default/twin2", Email: "twin@acme.example"},
		authprovider.User{Ref: "user:contractors/nora", Email: "nora@studio.example", MemberOf: []string{"group:default/ops"},
			Annotations: map[string]string{contractorID: "c-17"}},
	)
	owns := func(refs ...string) []string { return refs }
	for _, tt := range []struct {
		name   string
		claims string
		user   string   // or
		err    error    // why there is none
		owns   []string // of the user
		access string
	}{
		{"employee", `{"sub": "1", "email": "jane@acme.example", "email_verified": true}`,
			"user:default/jane", nil, owns("user:default/jane", "group:default/ops"), "employee"},
		{"employee in the contractors' group", `{"sub": "1", "email": "jane@acme.example", "email_verified": true, "groups": ["portal-contractors"]}`,
			"user:default/jane", nil, owns("user:default/jane", "group:default/ops"), "employee"},
		{"employee, unverified", `{"sub": "1", "email": "jane@acme.example", "email_verified": false}`, "", authprovider.ErrNotAllowed, nil, ""},
		{"employee, not said", `{"sub": "1", "email": "jane@acme.example"}`, "", authprovider.ErrNotAllowed, nil, ""},
		{"employee whom the catalog does not know", `{"sub": "1", "email": "joe@acme.example", "email_verified": true}`,
			"", authprovider.ErrNotAllowed, nil, ""},
		{"employees of one address", `{"sub": "1", "email": "twin@acme.example", "email_verified": true}`, "", authprovider.ErrAmbiguousUser, nil, ""},
		{"another company", `{"sub": "1", "email": "jane@evil.example", "email_verified": true}`, "", authprovider.ErrNotAllowed, nil, ""},
		{"two at signs", `{"sub": "1", "email": "jane@evil.example@acme.example", "email_verified": true}`, "", authprovider.ErrNotAllowed, nil, ""},

		{"contractor", `{"sub": "c-17", "groups": ["studio", "portal-contractors"]}`,
			"user:contractors/nora", nil, owns("user:contractors/nora"), "contractor"},
		{"contractor who left the group", `{"sub": "c-17", "email": "nora@studio.example", "email_verified": true, "groups": ["studio"]}`,
			"", authprovider.ErrNotAllowed, nil, ""},
		{"contractor without groups", `{"sub": "c-17"}`, "", authprovider.ErrNotAllowed, nil, ""},
		{"contractor by address alone", `{"sub": "c-99", "email": "nora@studio.example", "groups": ["portal-contractors"]}`,
			"", authprovider.ErrNotAllowed, nil, ""},
		{"a group that merely looks like it", `{"sub": "c-17", "groups": ["Portal-Contractors", "portal-contractors "]}`,
			"", authprovider.ErrNotAllowed, nil, ""},
		{"nobody at all", `{}`, "", authprovider.ErrNotAllowed, nil, ""},

		{"denied employee", `{"sub": "x-1", "email": "jane@acme.example", "email_verified": true}`, "", authprovider.ErrNotAllowed, nil, ""},
		{"denied contractor", `{"sub": "x-1", "groups": ["portal-contractors"]}`, "", authprovider.ErrNotAllowed, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			result, err := oauth2proxy.ParseResult([]byte(tt.claims))
			require.NoError(t, err)
			in := oauth2proxy.SignInInfo{Result: result, Profile: authprovider.Profile{Email: result.Email, EmailVerification: result.EmailVerified}}
			id, err := authprovider.ResolveSignIn(t.Context(), in, rc, policy([]string{"x-1"})...)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, &authprovider.Identity{UserRef: tt.user, OwnershipRefs: tt.owns, Claims: map[string]any{accessClaim: tt.access}}, id)
		})
	}
}

// A list is asked first, so that no rule behind it can let somebody on it in.
func TestDeniedIsFirst(t *testing.T) {
	_, err := policy([]string{"x-1"})[0](t.Context(), oauth2proxy.SignInInfo{Result: oauth2proxy.Result{Subject: "x-1"}}, nil)
	require.ErrorIs(t, err, authprovider.ErrNotAllowed)
	require.NotErrorIs(t, err, authprovider.ErrNoMatch)
}

type outage struct{}

func (outage) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return nil, errors.New("connection refused")
}

// An outage of the catalog is nobody's refusal, and lets no laxer rule have somebody.
func TestOutage(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: outage{}})
	for _, claims := range []string{
		`{"sub": "1", "email": "jane@acme.example", "email_verified": true}`, `{"sub": "c-17", "groups": ["portal-contractors"]}`,
	} {
		result, err := oauth2proxy.ParseResult([]byte(claims))
		require.NoError(t, err)
		in := oauth2proxy.SignInInfo{Result: result, Profile: authprovider.Profile{Email: result.Email, EmailVerification: result.EmailVerified}}
		_, err = authprovider.ResolveSignIn(t.Context(), in, rc, policy(nil)...)
		require.ErrorContains(t, err, "connection refused")
		require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
	}
}

// TestBehindTheProxy is the whole way, once: what the proxy sends for a person, through the provider, to the user token. It shows that
// the claims of the table above are those that arrive.
func TestBehindTheProxy(t *testing.T) {
	verified := true
	edge := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{}, authprovidertest.EdgeConfig{People: []authprovidertest.Person{
		{Subject: "1", Email: "jane@acme.example", EmailVerified: &verified},
		{Subject: "c-17", Email: "nora@studio.example", Groups: []string{"portal-contractors"}},
		{Subject: "c-18", Email: "ivan@studio.example", Groups: []string{"studio"}},
		{Subject: "x-1", Email: "jane@acme.example", EmailVerified: &verified},
	}})
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth", InsecureEphemeralSecret: true,
		Issuer: &authprovidertest.Issuer{}, Users: authprovidertest.Users(t, users...), HTTPClient: edge.Client(),
		Providers: map[string]authprovider.ProviderFactory{"oauth2Proxy": oauth2proxy.Provider(
			oauth2proxy.Config{Issuer: edge.Issuer, Audience: []string{edge.ClientID}}, policy([]string{"x-1"})...)},
	})
	require.NoError(t, err)
	refusals := make(map[string]bool)
	for subject, user := range map[string]string{"1": "user:default/jane", "c-17": "user:contractors/nora", "c-18": "", "x-1": ""} {
		r := httptest.NewRequest("GET", "https://portal.example.com/api/auth/oauth2Proxy/refresh", nil)
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		edge.Vouch(r, subject)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if user == "" {
			require.Equal(t, 403, w.Code, subject)
			refusals[w.Body.String()] = true
			continue
		}
		require.Equal(t, 200, w.Code, "%s: %s", subject, w.Body)
		require.Contains(t, w.Body.String(), `"userEntityRef":"`+user+`"`)
	}
	require.Len(t, refusals, 1, "who is unknown and who is denied are told the same")
}

func TestTable(t *testing.T) {
	var out strings.Builder
	require.NoError(t, decide(t.Context(), &out))
	want := `WHO                        RULE, OR REASONS                   SIGNED IN AS           OWNS THROUGH
7f3a jane@acme.example     employee                           user:default/jane      user:default/jane group:default/ops
91c0 bob@acme.example      email_unverified, claim_missing    refused                -
2b44 jane@evil.example     domain_not_allowed, claim_missing  refused                -
c-17 nora@studio.example   contractor                         user:contractors/nora  user:contractors/nora
c-18 ivan@studio.example   domain_not_allowed, claim_differs  refused                -
c-09 mallory@acme.example  denied                             refused                -
`
	require.Equal(t, want, out.String())
}
