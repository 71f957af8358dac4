package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/tokenissuer"
	"github.com/stretchr/testify/require"
)

// always is a resolver that gives the same answer to everybody.
func always(id *authprovider.Identity, err error) authprovider.SignInResolver[*result] {
	return func(context.Context, info, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return id, err
	}
}

func user(ref string, owns ...string) *authprovider.Identity {
	return &authprovider.Identity{UserRef: ref, OwnershipRefs: owns}
}

func TestFirstMatch(t *testing.T) {
	jane := always(user("user:default/jane"), nil)
	unreached := always(user("user:default/unreached"), nil)
	pass := always(nil, authprovider.ErrUserNotFound)
	outage := errors.New("connection refused")
	first := resolver.FirstMatch[*result]
	// A resolver that calls ResolveSignIn itself refuses whom none of its own knows.
	closed := func(ctx context.Context, in info, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return authprovider.ResolveSignIn(ctx, in, rc, pass, pass)
	}
	tests := []struct {
		name    string
		resolve authprovider.SignInResolver[*result]
		want    outcome
	}{
		{"first", first(jane, unreached), signedIn("user:default/jane")},
		{"second", first(pass, jane, unreached), signedIn("user:default/jane")},
		{"none", first(), endedWith(authprovider.ErrNoMatch)},
		{"all pass", first(pass, pass), endedWith(authprovider.ErrNoMatch)},
		{"all pass within, then match", first(first(pass, first()), jane), signedIn("user:default/jane")},
		{"refusal", first(pass, always(nil, authprovider.ErrNotAllowed), unreached), endedWith(authprovider.ErrNotAllowed)},
		{"refusal within", first(first(always(nil, authprovider.ErrNotAllowed)), unreached), endedWith(authprovider.ErrNotAllowed)},
		{"a refusal that looks like all passed", first(closed), endedWith(authprovider.ErrNotAllowed)},
		{"a refusal that is not the next one's", first(closed, unreached), endedWith(authprovider.ErrNotAllowed)},
		{"authentication", first(always(nil, authprovider.ErrAuthentication), unreached), endedWith(authprovider.ErrAuthentication)},
		{"ambiguous", first(always(nil, authprovider.ErrAmbiguousUser), unreached), endedWith(authprovider.ErrConflict)},
		{"outage", first(always(nil, outage), unreached), endedWith(outage)},
		{"cancelled", first(always(nil, context.Canceled), unreached), endedWith(context.Canceled)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := tt.resolve(t.Context(), info{}, nil)
			tt.want.require(t, id, err)
		})
	}

	failures := map[string]authprovider.SignInResolver[*result]{
		"panic": func(context.Context, info, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			panic("boom")
		},
		"neither of both":          always(nil, nil),
		"an identity without ref":  always(user(""), nil),
		"an identity without kind": always(user("jane"), nil),
	}
	for name, resolve := range failures {
		t.Run(name, func(t *testing.T) {
			id, err := first(resolve, unreached)(t.Context(), info{}, nil)
			require.Nil(t, id)
			require.Error(t, err)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
		})
	}

	t.Run("says who passed", func(t *testing.T) {
		byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
		_, err := first(resolver.WhenDomain("evil.example", byEmail), byEmail)(t.Context(), info{Profile: email("joe@acme.example")}, directory())
		require.ErrorContains(t, err, `resolver: FirstMatch 1 > WhenDomain "evil.example": domain_not_allowed: "acme.example"`)
		require.ErrorContains(t, err, `resolver: FirstMatch 2 > EmailMatchingUserEntityProfileEmail: user_not_found: "joe@acme.example"`)
	})
	t.Run("its list is its own", func(t *testing.T) {
		list := []authprovider.SignInResolver[*result]{jane}
		resolve := first(list...)
		list[0] = unreached
		id, err := resolve(t.Context(), info{}, nil)
		require.NoError(t, err)
		require.Equal(t, "user:default/jane", id.UserRef)
	})
	t.Run("concurrent", func(t *testing.T) {
		resolve := first(pass, pass, pass, pass, pass) // a copy of five has room for a sixth, which two sign-ins must not share
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := resolve(context.Background(), info{}, nil)
				if !errors.Is(err, authprovider.ErrNoMatch) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
	})
}

func TestDomainCombinators(t *testing.T) {
	inner := always(user("user:default/jane"), nil)
	passing := always(nil, authprovider.ErrUserNotFound)
	tests := []struct {
		name    string
		profile authprovider.Profile
		inner   authprovider.SignInResolver[*result]
		require outcome // of RequireDomain
		when    outcome // of WhenDomain
	}{
		{"ours", email("joe@acme.example"), inner, signedIn("user:default/jane"), signedIn("user:default/jane")},
		{"case", email("joe@ACME.EXAMPLE"), inner, signedIn("user:default/jane"), signedIn("user:default/jane")},
		{"another", email("joe@evil.example"), inner, refused(resolver.ReasonDomainNotAllowed), passedOn(resolver.ReasonDomainNotAllowed)},
		{"subdomain", email("joe@x.acme.example"), inner, refused(resolver.ReasonDomainNotAllowed), passedOn(resolver.ReasonDomainNotAllowed)},
		{"suffix", email("joe@evilacme.example"), inner, refused(resolver.ReasonDomainNotAllowed), passedOn(resolver.ReasonDomainNotAllowed)},
		{"unverified", unverified("joe@acme.example"), inner, refused(resolver.ReasonEmailUnverified), passedOn(resolver.ReasonEmailUnverified)},
		{"missing", email(""), inner, refused(resolver.ReasonEmailMissing), passedOn(resolver.ReasonEmailMissing)},
		{"inner passes", email("joe@acme.example"), passing, endedWith(authprovider.ErrNoMatch), endedWith(authprovider.ErrNoMatch)},
		{"inner refuses", email("joe@acme.example"), always(nil, authprovider.ErrNotAllowed), endedWith(authprovider.ErrNotAllowed), endedWith(authprovider.ErrNotAllowed)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolver.RequireDomain("Acme.example", tt.inner)(t.Context(), info{Profile: tt.profile}, nil)
			tt.require.require(t, id, err)
			id, err = resolver.WhenDomain("Acme.example", tt.inner)(t.Context(), info{Profile: tt.profile}, nil)
			tt.when.require(t, id, err)
		})
	}
}

func TestWithOwnership(t *testing.T) {
	outage := errors.New("connection refused")
	jane := user("user:default/jane", "user:default/jane", "group:default/dev")
	tests := []struct {
		name    string
		inner   authprovider.SignInResolver[*result]
		add     []string
		addErr  error
		want    []string
		wantErr error
	}{
		{name: "adds", inner: always(jane, nil), add: []string{"group:default/admins"},
			want: []string{"user:default/jane", "group:default/dev", "group:default/admins"}},
		{name: "adds nothing", inner: always(jane, nil), want: []string{"user:default/jane", "group:default/dev"}},
		{name: "each once, in one spelling", inner: always(jane, nil), add: []string{"Group:Default/DEV", "group:ops", "group:default/ops"},
			want: []string{"user:default/jane", "group:default/dev", "group:default/ops"}},
		{name: "no ownership means the user", inner: always(user("user:default/jane"), nil), add: []string{"group:default/admins"},
			want: []string{"user:default/jane", "group:default/admins"}},
		{name: "inner passes", inner: always(nil, authprovider.ErrUserNotFound), wantErr: authprovider.ErrNoMatch},
		{name: "inner refuses", inner: always(nil, authprovider.ErrNotAllowed), wantErr: authprovider.ErrNotAllowed},
		{name: "refuses", inner: always(jane, nil), addErr: authprovider.ErrNotAllowed, wantErr: authprovider.ErrNotAllowed},
		{name: "refuses because nobody was found", inner: always(jane, nil),
			addErr: &authprovider.Error{Kind: authprovider.ErrNotAllowed, Err: authprovider.ErrUserNotFound}, wantErr: authprovider.ErrNotAllowed},
		{name: "fails", inner: always(jane, nil), addErr: fmt.Errorf("groups: %w", outage), wantErr: outage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resolve := resolver.WithOwnership(tt.inner, func(_ context.Context, _ info, id authprovider.Identity) ([]string, error) {
				require.Equal(t, "user:default/jane", id.UserRef)
				return tt.add, tt.addErr
			})
			id, err := resolve(t.Context(), info{}, nil)
			if tt.wantErr != nil {
				require.Nil(t, id)
				require.ErrorIs(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, id.OwnershipRefs)
		})
	}
	require.Equal(t, user("user:default/jane", "user:default/jane", "group:default/dev"), jane, "the inner resolver's identity is left alone")

	// None of these is the person's doing, and none lets a laxer resolver have a person whom inner has recognised.
	failures := map[string]struct {
		inner authprovider.SignInResolver[*result]
		add   []string
		err   error
	}{
		"careless not found":  {inner: always(jane, nil), err: authprovider.ErrUserNotFound},
		"no reference":        {inner: always(jane, nil), add: []string{"admins"}},
		"a claim as it comes": {inner: always(jane, nil), add: []string{"group:default/a/b"}},
		"neither of both":     {inner: always(nil, nil)},
	}
	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			id, err := resolver.WithOwnership(tt.inner, func(context.Context, info, authprovider.Identity) ([]string, error) {
				return tt.add, tt.err
			})(t.Context(), info{}, nil)
			require.Nil(t, id)
			require.Error(t, err)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
			require.NotErrorIs(t, err, authprovider.ErrInput)
		})
	}

	t.Run("20,000 groups", func(t *testing.T) {
		refs := make([]string, 20_000)
		for i := range refs {
			refs[i] = fmt.Sprintf("group:default/g%d", i)
		}
		id, err := resolver.WithOwnership(always(user("user:default/jane"), nil), func(context.Context, info, authprovider.Identity) ([]string, error) {
			return append(refs, refs...), nil
		})(t.Context(), info{}, nil)
		require.NoError(t, err)
		require.Len(t, id.OwnershipRefs, 20_001)
	})
}

// The person learns nothing about who exists and which rule decided.
func TestUnknownAndRefusedAreOneClass(t *testing.T) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{AllowedDomains: acme})
	for _, address := range []string{"joe@acme.example", "jane@evil.example", "jane@@acme.example", ""} {
		_, err := authprovider.ResolveSignIn(t.Context(), info{Profile: email(address)}, directory(), byEmail)
		require.ErrorIs(t, err, authprovider.ErrNotAllowed)
		var public *authprovider.Error
		require.NotErrorAs(t, err, &public, "a code or message of its own would tell one from the other")
	}
}

func TestRequireGroup(t *testing.T) {
	tests := []struct {
		name  string
		group string
		inner authprovider.SignInResolver[*result]
		want  outcome
	}{
		{"in it", "group:default/dev", always(user("user:default/jane", "user:default/jane", "group:default/dev"), nil), signedIn("user:default/jane")},
		{"in another spelling", "Group:DEV", always(user("user:default/jane", "GROUP:default/Dev"), nil), signedIn("user:default/jane")},
		{"in another", "group:default/dev", always(user("user:default/jane", "group:default/ops"), nil), refused(resolver.ReasonGroupMissing)},
		{"of another namespace", "group:default/dev", always(user("user:default/jane", "group:other/dev"), nil), refused(resolver.ReasonGroupMissing)},
		{"of another kind", "group:default/dev", always(user("user:default/jane", "user:default/dev"), nil), refused(resolver.ReasonGroupMissing)},
		{"a longer name", "group:default/dev", always(user("user:default/jane", "group:default/dev2"), nil), refused(resolver.ReasonGroupMissing)},
		{"in none", "group:default/dev", always(user("user:default/jane"), nil), refused(resolver.ReasonGroupMissing)},
		{"in what is no reference", "group:default/dev", always(user("user:default/jane", "dev", "", "group:default/dev/x"), nil), refused(resolver.ReasonGroupMissing)},
		{"a name like the group's", "group:default/dev", always(user("group:default/dev"), nil), refused(resolver.ReasonGroupMissing)},
		{"inner passes", "group:default/dev", always(nil, authprovider.ErrUserNotFound), endedWith(authprovider.ErrNoMatch)},
		{"inner refuses", "group:default/dev", always(nil, authprovider.ErrNotAllowed), endedWith(authprovider.ErrNotAllowed)},
		{"added inside", "group:default/admins", resolver.WithOwnership(always(user("user:default/jane"), nil),
			func(context.Context, info, authprovider.Identity) ([]string, error) {
				return []string{"group:default/admins"}, nil
			}), signedIn("user:default/jane")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolver.RequireGroup(tt.group, tt.inner)(t.Context(), info{}, nil)
			tt.want.require(t, id, err)
		})
	}
	t.Run("of the catalog", func(t *testing.T) {
		byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
		id, err := resolver.RequireGroup("group:default/dev", byEmail)(t.Context(), info{Profile: verified("jane@acme.example")}, directory())
		signedIn("user:default/jane").require(t, id, err)
		_, err = resolver.RequireGroup("group:default/ops", byEmail)(t.Context(), info{Profile: verified("jane@acme.example"), Result: &result{Groups: []string{"ops"}}}, directory())
		require.EqualError(t, err, `resolver: RequireGroup "group:default/ops": group_missing: "user:default/jane": authprovider: not allowed`)
	})
}

func TestDeny(t *testing.T) {
	unreached := always(user("user:default/unreached"), nil)
	_, err := resolver.Deny(t.Context(), info{}, nil)
	refused(resolver.ReasonDenied).require(t, nil, err)
	id, err := resolver.FirstMatch(resolver.WhenDomain("acme.example", resolver.Deny[*result]), unreached)(t.Context(), info{Profile: email("joe@acme.example")}, nil)
	refused(resolver.ReasonDenied).require(t, id, err)
	id, err = resolver.FirstMatch(resolver.WhenDomain("evil.example", resolver.Deny[*result]), unreached)(t.Context(), info{Profile: email("joe@acme.example")}, nil)
	signedIn("user:default/unreached").require(t, id, err)
}

func TestWithClaims(t *testing.T) {
	type claims = map[string]any
	add := func(inner authprovider.SignInResolver[*result], more claims, err error) authprovider.SignInResolver[*result] {
		return resolver.WithClaims(inner, func(_ context.Context, _ info, id authprovider.Identity) (map[string]any, error) {
			require.Equal(t, "user:default/jane", id.UserRef)
			return more, err
		})
	}
	jane := user("user:default/jane", "user:default/jane")
	tests := []struct {
		name    string
		resolve authprovider.SignInResolver[*result]
		want    claims
		wantErr error
	}{
		{"adds", add(always(jane, nil), claims{"team": "dev", "https://acme.example/level": 3}, nil), claims{"team": "dev", "https://acme.example/level": 3}, nil},
		{"adds nothing", add(always(jane, nil), nil, nil), nil, nil},
		{"adds to those that are there", add(add(always(jane, nil), claims{"a": 1}, nil), claims{"b": 2}, nil), claims{"a": 1, "b": 2}, nil},
		{"inner passes", add(always(nil, authprovider.ErrUserNotFound), claims{"a": 1}, nil), nil, authprovider.ErrNoMatch},
		{"inner refuses", add(always(nil, authprovider.ErrNotAllowed), claims{"a": 1}, nil), nil, authprovider.ErrNotAllowed},
		{"refuses", add(always(jane, nil), nil, fmt.Errorf("no: %w", authprovider.ErrNotAllowed)), nil, authprovider.ErrNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := tt.resolve(t.Context(), info{}, nil)
			if tt.wantErr != nil {
				require.Nil(t, id)
				require.ErrorIs(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, id.Claims)
			require.Equal(t, []string{"user:default/jane"}, id.OwnershipRefs)
		})
	}
	require.Nil(t, jane.Claims, "the inner resolver's identity is left alone")

	given := claims{"a": 1}
	id, err := add(always(&authprovider.Identity{UserRef: "user:default/jane", Claims: given}, nil), claims{"b": 2}, nil)(t.Context(), info{}, nil)
	require.NoError(t, err)
	require.Equal(t, claims{"a": 1, "b": 2}, id.Claims)
	require.Equal(t, claims{"a": 1}, given)

	// None of these is the person's doing, and none lets a laxer resolver have a person whom inner has recognised.
	for name, resolve := range map[string]authprovider.SignInResolver[*result]{
		"a failure":          add(always(jane, nil), nil, errors.New("connection refused")),
		"careless not found": add(always(jane, nil), nil, authprovider.ErrUserNotFound),
		"twice":              add(add(always(jane, nil), claims{"a": 1}, nil), claims{"a": 2}, nil),
		"neither of both":    add(always(nil, nil), claims{"a": 1}, nil),
		"no function":        resolver.WithClaims(always(jane, nil), nil),
		"no inner resolver":  add(nil, claims{"a": 1}, nil),
	} {
		id, err := authprovider.ResolveSignIn(t.Context(), info{}, nil, resolve, always(user("user:default/laxer"), nil))
		require.Nil(t, id, name)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, authprovider.ErrNotAllowed, name)
	}
}

// What the issuer writes itself, and what would be more than one claim, is refused before an issuer sees it: by the rule of ours.
func TestClaimNamesAreThoseOfTheIssuer(t *testing.T) {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth"})
	require.NoError(t, err)
	names := []string{"team", "https://acme.example/level", "a.b-c_d:e/f", "issuer", "subject", "x", strings.Repeat("a", 64),
		"", " ", "a b", "a\"b", "a\\b", "a\x00b", "a\nb", `x":0,"admin`, "t\u00e9am", "\u212aelvin", "e\u212ap", "a{b", "a$b", "a@b", "\xff", strings.Repeat("a", 65)}
	for _, reserved := range []string{"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "typ", "ent", "uip"} {
		names = append(names, reserved, strings.ToUpper(reserved), strings.ToUpper(reserved[:1])+reserved[1:])
	}
	for _, name := range names {
		_, ours := resolver.WithClaims(always(user("user:default/jane"), nil), func(context.Context, info, authprovider.Identity) (map[string]any, error) {
			return map[string]any{name: "x"}, nil
		})(t.Context(), info{}, nil)
		_, issuers := issuer.IssueToken(t.Context(), authprovider.TokenClaims{Subject: "user:default/jane", Ownership: []string{"user:default/jane"}, Claims: map[string]any{name: "x"}})
		require.Equal(t, issuers == nil, ours == nil, "%q: %v, %v", name, issuers, ours)
	}
}

// A panic anywhere in a policy is one failed sign-in.
func TestPanics(t *testing.T) {
	boom := func(context.Context, info, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		panic("boom")
	}
	jane := always(user("user:default/jane", "group:default/dev"), nil)
	laxer := always(user("user:default/laxer"), nil)
	users := catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { panic("boom") })
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users})
	for name, resolve := range map[string]authprovider.SignInResolver[*result]{
		"FirstMatch":    resolver.FirstMatch(boom, laxer),
		"WhenDomain":    resolver.WhenDomain("acme.example", boom),
		"RequireDomain": resolver.RequireDomain("acme.example", boom),
		"RequireGroup":  resolver.RequireGroup("group:default/dev", boom),
		"WithOwnership": resolver.WithOwnership(boom, func(context.Context, info, authprovider.Identity) ([]string, error) { return nil, nil }),
		"WithClaims":    resolver.WithClaims(boom, func(context.Context, info, authprovider.Identity) (map[string]any, error) { return nil, nil }),
		"ownership":     resolver.WithOwnership(jane, func(context.Context, info, authprovider.Identity) ([]string, error) { panic("boom") }),
		"claims":        resolver.WithClaims(jane, func(context.Context, info, authprovider.Identity) (map[string]any, error) { panic("boom") }),
		"user name":     resolver.UsernameMatchingUserEntityName(func(*result) string { panic("boom") }),
		"annotation":    resolver.AnnotationMatching("x/id", func(*result) string { panic("boom") }),
		"no result":     resolver.AnnotationMatching("x/id", func(r *result) string { return r.Groups[0] }),
		"catalog":       resolver.EmailMatchingUserEntityProfileEmail[*result],
		"nested":        resolver.FirstMatch(resolver.WhenDomain("acme.example", resolver.RequireGroup("group:default/dev", boom)), laxer),
	} {
		t.Run(name, func(t *testing.T) {
			id, err := authprovider.ResolveSignIn(t.Context(), info{Profile: verified("jane@acme.example")}, rc, resolve, laxer)
			require.Nil(t, id)
			require.Error(t, err)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
			require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
		})
	}
}

// The log names every combinator on the way to the rule that decided.
func TestErrorNamesTheWay(t *testing.T) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	host := always(nil, fmt.Errorf("acme: not on call: %w", authprovider.ErrNotAllowed))
	noClaims := func(context.Context, info, authprovider.Identity) (map[string]any, error) { return nil, nil }
	resolve := resolver.FirstMatch(
		resolver.WhenDomain("evil.example", byEmail),
		resolver.FirstMatch(byEmail, resolver.RequireDomain("acme.example", resolver.RequireGroup("group:default/dev", resolver.WithClaims(host, noClaims)))),
	)
	_, err := resolve(t.Context(), info{Profile: email("joe@acme.example")}, directory())
	require.EqualError(t, err, `resolver: FirstMatch 2 > FirstMatch 2 > RequireDomain "acme.example" > RequireGroup "group:default/dev" > WithClaims > acme: not on call: authprovider: not allowed`)

	_, err = authprovider.ResolveSignIn(t.Context(), info{Profile: email("joe@acme.example")}, directory(), resolver.RequireGroup("group:default/dev", resolver.FirstMatch(byEmail, byEmail)))
	const unknown = `EmailMatchingUserEntityProfileEmail: user_not_found: "joe@acme.example": authprovider: user not found: authprovider: no match, try another`
	require.EqualError(t, err, `authprovider: no sign-in resolver matched: resolver: RequireGroup "group:default/dev" > (resolver: FirstMatch 1 > `+unknown+`; resolver: FirstMatch 2 > `+unknown+`)`)

	_, err = resolver.FirstMatch(byEmail, resolver.WhenDomain("evil.example", byEmail))(t.Context(), info{Profile: email("joe@acme.example")}, directory())
	passedOn(resolver.ReasonUserNotFound).require(t, nil, err)
}
