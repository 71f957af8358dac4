package resolver_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"github.com/stretchr/testify/require"
)

// account is the result of a provider that gives IDs and user names.
type account struct{ ID, Login string }

type accountInfo = authprovider.SignInInfo[account]

func login(a account) string { return a.Login }
func id(a account) string    { return a.ID }

func accounts() *authprovider.ResolverContext {
	ids := func(id string) map[string]string { return map[string]string{"x/id": id} }
	return authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Annotations: ids("aB1"), MemberOf: []string{"group:default/dev"}},
		authprovider.User{Ref: "user:other/root", Annotations: ids("0")},
		authprovider.User{Ref: "user:default/twin", Annotations: ids("2")},
		authprovider.User{Ref: "user:default/Twin", Annotations: ids("2")},
		authprovider.User{Ref: "user:default/blank", Annotations: ids("")},
		authprovider.User{Ref: "group:default/team", Annotations: ids("3")},
	)})
}

func TestUsernameMatchingUserEntityName(t *testing.T) {
	ours := resolver.EmailOptions{AllowedDomains: acme}
	verifiedOnly := resolver.EmailOptions{RequireVerifiedEmail: true}
	dangerous := resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}
	both := resolver.EmailOptions{AllowedDomains: acme, DangerouslyAllowSignInWithoutUserInCatalog: true}
	malformed := refused(resolver.ReasonNameMalformed)
	tests := []struct {
		name    string
		options resolver.EmailOptions
		login   string
		profile authprovider.Profile
		want    outcome
	}{
		{"found", resolver.EmailOptions{}, "jane", email(""), signedIn("user:default/jane")},
		{"in another case", resolver.EmailOptions{}, "JANE", email(""), signedIn("user:default/jane")},
		{"unknown", resolver.EmailOptions{}, "joe", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"of another namespace", resolver.EmailOptions{}, "root", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"a group's name", resolver.EmailOptions{}, "team", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"two", resolver.EmailOptions{}, "twin", email(""), ambiguous()},
		{"none", resolver.EmailOptions{}, "", email("jane@acme.example"), passedOn(resolver.ReasonUsernameMissing)},
		{"none, without a user", dangerous, "", email(""), passedOn(resolver.ReasonUsernameMissing)},

		{"namespace", resolver.EmailOptions{}, "other/root", email(""), malformed},
		{"reference", resolver.EmailOptions{}, "user:other/root", email(""), malformed},
		{"group", resolver.EmailOptions{}, "group:team", email(""), malformed},
		{"space", resolver.EmailOptions{}, "ja ne", email(""), malformed},
		{"space behind", resolver.EmailOptions{}, "jane ", email(""), malformed},
		{"NUL", resolver.EmailOptions{}, "jane\x00", email(""), malformed},
		{"Kelvin sign", resolver.EmailOptions{}, "\u212aim", email(""), malformed},
		{"Cyrillic a", resolver.EmailOptions{}, "j\u0430ne", email(""), malformed},
		{"zero width space", resolver.EmailOptions{}, "jane\u200b", email(""), malformed},
		{"dots", resolver.EmailOptions{}, "..", email(""), malformed},
		{"long", resolver.EmailOptions{}, strings.Repeat("a", 254), email(""), malformed},
		{"malformed, without a user", dangerous, "a/b", email(""), malformed},

		{"without a user", dangerous, "Joe", email(""), signedIn("user:default/joe")},
		{"without a user, but two", dangerous, "twin", email(""), ambiguous()},
		{"without a user, but there", dangerous, "jane", email(""), signedIn("user:default/jane")},

		{"our domain", ours, "jane", email("j@acme.example"), signedIn("user:default/jane")},
		{"another domain", ours, "jane", email("jane@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"another domain, unknown", both, "joe", email("joe@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"our domain, unknown", both, "joe", email("x@acme.example"), signedIn("user:default/joe")},
		{"no address where one is needed", ours, "jane", email(""), passedOn(resolver.ReasonEmailMissing)},
		{"no address, without a user", both, "joe", email(""), passedOn(resolver.ReasonEmailMissing)},
		{"malformed address", ours, "jane", email("jane@evil.example@acme.example"), refused(resolver.ReasonEmailMalformed)},
		{"unverified address", ours, "jane", unverified("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"address nobody speaks about", resolver.EmailOptions{}, "jane", unverified("@"), signedIn("user:default/jane")},
		{"verified", verifiedOnly, "jane", verified("jane@evil.example"), signedIn("user:default/jane")},
		{"not known to be verified", verifiedOnly, "jane", email("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"nothing to verify", verifiedOnly, "jane", email(""), passedOn(resolver.ReasonEmailMissing)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resolve := resolver.UsernameMatchingUserEntityNameWith(login, tt.options)
			id, err := resolve(t.Context(), accountInfo{Profile: tt.profile, Result: account{Login: tt.login, ID: "unused"}}, accounts())
			tt.want.require(t, id, err)
		})
	}
	id, err := resolver.UsernameMatchingUserEntityName(login)(t.Context(), accountInfo{Result: account{Login: "jane"}}, accounts())
	require.NoError(t, err)
	require.Equal(t, user("user:default/jane", "user:default/jane", "group:default/dev"), id)
}

func TestAnnotationMatching(t *testing.T) {
	ours := resolver.EmailOptions{AllowedDomains: acme}
	verifiedOnly := resolver.EmailOptions{RequireVerifiedEmail: true}
	dangerous := resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}
	malformed := refused(resolver.ReasonAnnotationValueMalformed)
	tests := []struct {
		name    string
		options resolver.EmailOptions
		id      string
		profile authprovider.Profile
		want    outcome
	}{
		{"found", resolver.EmailOptions{}, "aB1", email(""), signedIn("user:default/jane")},
		{"in another case", resolver.EmailOptions{}, "ab1", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"of another namespace", resolver.EmailOptions{}, "0", email(""), signedIn("user:other/root")},
		{"unknown", resolver.EmailOptions{}, "9", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"a group's", resolver.EmailOptions{}, "3", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"two", resolver.EmailOptions{}, "2", email(""), ambiguous()},
		{"none", resolver.EmailOptions{}, "", email(""), passedOn(resolver.ReasonAnnotationValueMissing)},
		{"none, without a user", dangerous, "", email(""), passedOn(resolver.ReasonAnnotationValueMissing)},
		{"a space", resolver.EmailOptions{}, " ", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"space behind", resolver.EmailOptions{}, "aB1 ", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"wildcard", resolver.EmailOptions{}, "%", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"a word of another alphabet", resolver.EmailOptions{}, "\u0416\u0430\u043d\u043d\u0430", email(""), passedOn(resolver.ReasonUserNotFound)},
		{"newline", resolver.EmailOptions{}, "aB1\n", email(""), malformed},
		{"NUL", resolver.EmailOptions{}, "aB1\x00", email(""), malformed},
		{"zero width space", resolver.EmailOptions{}, "aB1\u200b", email(""), malformed},
		{"right to left", resolver.EmailOptions{}, "\u202eaB1", email(""), malformed},
		{"invalid UTF-8", resolver.EmailOptions{}, "aB1\xff", email(""), malformed},
		{"long", resolver.EmailOptions{}, strings.Repeat("a", 513), email(""), malformed},

		{"without a user", dangerous, "ID-9", email(""), signedIn("user:default/id-9")},
		{"without a user, but two", dangerous, "2", email(""), ambiguous()},
		{"without a user, by the name of another", dangerous, "JANE", email(""), refused(resolver.ReasonNameTaken)},
		{"without a user, by the name of two", dangerous, "twin", email(""), refused(resolver.ReasonNameTaken)},
		{"without a user, no name", dangerous, "https://x", email(""), refused(resolver.ReasonNameMalformed)},
		{"without a user, a reference", dangerous, "user:other/root", email(""), refused(resolver.ReasonNameMalformed)},

		{"our domain", ours, "aB1", email("j@acme.example"), signedIn("user:default/jane")},
		{"another domain", ours, "aB1", email("jane@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"no address where one is needed", ours, "aB1", email(""), passedOn(resolver.ReasonEmailMissing)},
		{"unverified address", ours, "aB1", unverified("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"verified", verifiedOnly, "aB1", verified("jane@evil.example"), signedIn("user:default/jane")},
		{"not known to be verified", verifiedOnly, "aB1", email("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"address nobody speaks about", resolver.EmailOptions{}, "aB1", unverified("@"), signedIn("user:default/jane")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resolve := resolver.AnnotationMatchingWith("x/id", id, tt.options)
			id, err := resolve(t.Context(), accountInfo{Profile: tt.profile, Result: account{Login: "unused", ID: tt.id}}, accounts())
			tt.want.require(t, id, err)
		})
	}
	id, err := resolver.AnnotationMatching("x/id", id)(t.Context(), accountInfo{Result: account{ID: "aB1"}}, accounts())
	require.NoError(t, err)
	require.Equal(t, user("user:default/jane", "user:default/jane", "group:default/dev"), id)
}

// Whom the catalog does not have by address is not somebody whom it has by name, and a catalog that fails in between has not said no.
func TestWithoutUserByTheNameOfAnother(t *testing.T) {
	address := verified("jane@acme.example")
	resolve := resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true})
	outage := errors.New("connection refused")
	for _, tt := range []struct {
		name  string
		users authprovider.UserCatalog
		want  outcome
	}{
		{"nobody of the name", memcatalog.New(), signedIn("user:default/jane@acme.example")},
		{"a group of the name", memcatalog.New(authprovider.User{Ref: "group:default/jane@acme.example"}), signedIn("user:default/jane@acme.example")},
		{"a user of the name", memcatalog.New(authprovider.User{Ref: "user:default/Jane@acme.example", Email: "admin@acme.example"}), refused(resolver.ReasonNameTaken)},
		{"a failure", catalogFunc(func(q authprovider.UserQuery) ([]authprovider.User, error) {
			if q.Ref != "" {
				return nil, outage
			}
			return nil, nil
		}), endedWith(outage)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolve(t.Context(), info{Profile: address}, authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: tt.users}))
			tt.want.require(t, id, err)
		})
	}
}

func TestBadMatchingOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		resolve authprovider.SignInResolver[account]
		want    string
	}{
		"name by nothing":         {resolver.UsernameMatchingUserEntityName[account](nil), "resolver: UsernameMatchingUserEntityName: the function is nil"},
		"name, plus tag":          {resolver.UsernameMatchingUserEntityNameWith(login, resolver.EmailOptions{StripPlusTag: true}), "EmailOptions.StripPlusTag"},
		"name, any domain":        {resolver.UsernameMatchingUserEntityNameWith(login, resolver.EmailOptions{DangerouslyAllowAnyDomain: true}), "EmailOptions.DangerouslyAllowAnyDomain"},
		"name, no domain":         {resolver.UsernameMatchingUserEntityNameWith(login, resolver.EmailOptions{AllowedDomains: []string{"@acme.example"}}), "is not a domain"},
		"annotation of nothing":   {resolver.AnnotationMatching[account]("x/id", nil), "resolver: AnnotationMatching: the function is nil"},
		"annotation without name": {resolver.AnnotationMatching("", id), "the annotation is empty"},
		"annotation, plus tag":    {resolver.AnnotationMatchingWith("x/id", id, resolver.EmailOptions{StripPlusTag: true}), "EmailOptions.StripPlusTag"},
		"annotation, no domain":   {resolver.AnnotationMatchingWith("x/id", id, resolver.EmailOptions{AllowedDomains: []string{}}), "AllowedDomains is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := authprovider.ResolveSignIn(context.Background(), accountInfo{Result: account{Login: "jane", ID: "aB1"}}, accounts(), tt.resolve)
			require.ErrorContains(t, err, tt.want)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
			require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
		})
	}
}
