package signin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/signin"
)

// folding is a catalog that finds annotations without regard to case, as Backstage's does.
type folding []authprovider.User

func (c folding) FindUsers(_ context.Context, q authprovider.UserQuery) (found []authprovider.User, err error) {
	for _, u := range c {
		for name, value := range q.Annotations {
			if strings.EqualFold(u.Annotations[name], value) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

type failing struct{ err error }

func (c failing) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return nil, c.err
}

func requireReason(t *testing.T, err error, class error, reason authprovider.Reason) {
	t.Helper()
	require.ErrorIs(t, err, class)
	passes := class != authprovider.ErrNotAllowed && class != authprovider.ErrAmbiguousUser
	require.Equal(t, passes, errors.Is(err, authprovider.ErrNoMatch), "a refusal must not let the next resolver try")
	var e *authprovider.ResolverError
	require.ErrorAs(t, err, &e)
	require.Equal(t, reason, e.Reason)
	require.Equal(t, "vendor.Resolver", e.Resolver)
	require.Less(t, len(err.Error()), 1500, "what a provider sends does not flood the log")
}

func TestByAnnotation(t *testing.T) {
	user := func(ref, id string) authprovider.User {
		return authprovider.User{Ref: ref, Annotations: map[string]string{"x/id": id}}
	}
	jane, joe := user("user:default/jane", "aB1"), user("user:default/joe", "Ab1")
	for _, tt := range []struct {
		name   string
		users  []authprovider.User
		value  string
		want   string
		class  error
		reason authprovider.Reason
	}{
		{"found", []authprovider.User{jane}, "aB1", "user:default/jane", nil, ""},
		{"another case is another person", []authprovider.User{joe}, "aB1", "", authprovider.ErrUserNotFound, signin.ReasonUserNotFound},
		{"nobody", nil, "aB1", "", authprovider.ErrUserNotFound, signin.ReasonUserNotFound},
		{"absent never matches absent", []authprovider.User{{Ref: "user:default/none"}, user("user:default/empty", "")}, "", "",
			authprovider.ErrNoMatch, signin.ReasonAnnotationValueMissing},
		{"a group", []authprovider.User{user("group:default/g", "aB1")}, "aB1", "", authprovider.ErrUserNotFound, signin.ReasonUserNotFound},
		{"NUL", []authprovider.User{user("user:default/nul", "a\x00")}, "a\x00", "", authprovider.ErrNotAllowed, signin.ReasonAnnotationValueMalformed},
		{"newline", []authprovider.User{user("user:default/nl", "a\n")}, "a\n", "", authprovider.ErrNotAllowed, signin.ReasonAnnotationValueMalformed},
		{"invisible", []authprovider.User{user("user:default/zw", "a\u200b")}, "a\u200b", "", authprovider.ErrNotAllowed, signin.ReasonAnnotationValueMalformed},
		{"invalid UTF-8", nil, "a\xff", "", authprovider.ErrNotAllowed, signin.ReasonAnnotationValueMalformed},
		{"long", nil, strings.Repeat("a", 513), "", authprovider.ErrNotAllowed, signin.ReasonAnnotationValueMalformed},
		{"longest", nil, strings.Repeat("a", 512), "", authprovider.ErrUserNotFound, signin.ReasonUserNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: folding(tt.users)})
			id, err := signin.ByAnnotation(t.Context(), rc, "vendor.Resolver", "x/id", tt.value)
			if tt.class != nil {
				requireReason(t, err, tt.class, tt.reason)
				require.Nil(t, id)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, id.UserRef)
		})
	}
	t.Run("two", func(t *testing.T) {
		rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: folding{jane, user("user:default/twin", "aB1")}})
		_, err := signin.ByAnnotation(t.Context(), rc, "vendor.Resolver", "x/id", "aB1")
		requireReason(t, err, authprovider.ErrAmbiguousUser, signin.ReasonUserAmbiguous)
	})
}

func TestByEmailAnnotation(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"x/email": "jane@example.com"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"x/email": ""}})
	sign := func(email string, verification authprovider.EmailVerification) error {
		id, err := signin.ByEmailAnnotation(t.Context(), rc, "vendor.Resolver", "x/email", email, verification)
		require.Equal(t, err == nil, id != nil)
		return err
	}
	for _, v := range []authprovider.EmailVerification{authprovider.EmailVerified, authprovider.EmailVerificationUnknown} {
		require.NoError(t, sign("jane@example.com", v))
		requireReason(t, sign("", v), authprovider.ErrNoMatch, signin.ReasonEmailMissing)
		requireReason(t, sign("joe@example.com", v), authprovider.ErrUserNotFound, signin.ReasonUserNotFound)
		requireReason(t, sign("jane@example.com\x00", v), authprovider.ErrNotAllowed, signin.ReasonEmailMalformed)
	}
	requireReason(t, sign("jane@example.com", authprovider.EmailUnverified), authprovider.ErrNotAllowed, signin.ReasonEmailUnverified)
	requireReason(t, sign("", authprovider.EmailUnverified), authprovider.ErrNoMatch, signin.ReasonEmailMissing)
}

func TestByName(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:admins/root"},
		authprovider.User{Ref: "user:default/.."})
	id, err := signin.ByName(t.Context(), rc, "vendor.Resolver", "Jane")
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
	for name, want := range map[string]struct {
		class  error
		reason authprovider.Reason
	}{
		"":                 {authprovider.ErrNoMatch, signin.ReasonUsernameMissing},
		"joe":              {authprovider.ErrUserNotFound, signin.ReasonUserNotFound},
		"user:admins/root": {authprovider.ErrNotAllowed, signin.ReasonNameMalformed},
		"admins/root":      {authprovider.ErrNotAllowed, signin.ReasonNameMalformed},
		"..":               {authprovider.ErrNotAllowed, signin.ReasonNameMalformed},
		".":                {authprovider.ErrNotAllowed, signin.ReasonNameMalformed},
	} {
		id, err := signin.ByName(t.Context(), rc, "vendor.Resolver", name)
		requireReason(t, err, want.class, want.reason)
		require.Nil(t, id)
	}
}

// A failure is no refusal, has no reason, and lets no other resolver try.
func TestFailures(t *testing.T) {
	outage := errors.New("connection refused")
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: failing{outage}})
	jane := authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"x/id": "1"}}
	owns := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: folding{jane},
		Ownership: func(context.Context, authprovider.User) ([]string, error) { return nil, outage }})
	failures := map[string]error{}
	_, failures["annotation"] = signin.ByAnnotation(t.Context(), rc, "vendor.Resolver", "x/id", "1")
	_, failures["address"] = signin.ByEmailAnnotation(t.Context(), rc, "vendor.Resolver", "x/id", "jane@example.com", authprovider.EmailVerified)
	_, failures["name"] = signin.ByName(t.Context(), rc, "vendor.Resolver", "jane")
	_, failures["ownership"] = signin.ByAnnotation(t.Context(), owns, "vendor.Resolver", "x/id", "1")
	for name, err := range failures {
		require.ErrorIs(t, err, outage, name)
		require.ErrorContains(t, err, "vendor.Resolver", name)
	}
	_, failures["no annotation"] = signin.ByAnnotation(t.Context(), owns, "vendor.Resolver", "", "1")
	for name, err := range failures {
		var e *authprovider.ResolverError
		require.NotErrorAs(t, err, &e, name)
		require.NotErrorIs(t, err, authprovider.ErrNoMatch, name)
		require.NotErrorIs(t, err, authprovider.ErrInput, name)
		require.NotErrorIs(t, err, authprovider.ErrNotAllowed, name)
	}
}

// Who is unknown and who is refused are told the same.
func TestOnePublicAnswer(t *testing.T) {
	rc := authprovidertest.ResolverContext(t)
	for _, name := range []string{"", "joe", "admins/root", ".."} {
		_, err := signin.ByName(t.Context(), rc, "vendor.Resolver", name)
		var public *authprovider.Error
		if errors.As(err, &public) {
			require.Equal(t, authprovider.ErrNotAllowed, public.Kind)
			require.Empty(t, public.Code)
			require.Empty(t, public.Message)
		}
	}
	_, err := signin.ByEmailAnnotation(t.Context(), rc, "vendor.Resolver", "x/email", "jane@example.com", authprovider.EmailUnverified)
	require.EqualError(t, err, `resolver: vendor.Resolver: email_unverified: "jane@example.com": authprovider: not allowed`)
}
