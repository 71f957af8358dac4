package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
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
		return authprovider.ResolveSignIn(ctx, in, rc, pass)
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
		{"a refusal that looks like all passed", first(closed, unreached), endedWith(authprovider.ErrNotAllowed)},
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
