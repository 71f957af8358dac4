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

// result stands for a provider's result type.
type result struct{ Groups []string }

type info = authprovider.SignInInfo[*result]

var acme = []string{"acme.example"}

func directory() *authprovider.ResolverContext {
	return authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Email: "Jane@acme.example", MemberOf: []string{"group:default/dev"}},
		authprovider.User{Ref: "user:default/nomail"},
		authprovider.User{Ref: "user:default/odd", Email: "odd@@acme.example"},
		authprovider.User{Ref: "user:default/twin", Email: "twin@acme.example"},
		authprovider.User{Ref: "user:other/twin", Email: "twin@acme.example"},
		authprovider.User{Ref: "user:default/double"},
		authprovider.User{Ref: "user:default/double"},
		authprovider.User{Ref: "group:default/team", Email: "team@acme.example"},
		authprovider.User{Ref: "user:default/kim", Email: "\u212aim@acme.example"}, // Kelvin sign
	)})
}

type failingCatalog struct{ err error }

func (c failingCatalog) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return nil, c.err
}

func email(address string) authprovider.Profile { return authprovider.Profile{Email: address} }

// outcome is what a sign-in came to: a user, or a class of error and the rule that decided.
type outcome struct {
	user    string
	wantErr error
	reason  resolver.Reason
}

func (want outcome) require(t *testing.T, id *authprovider.Identity, err error) {
	t.Helper()
	if want.wantErr == nil {
		require.NoError(t, err)
		require.Equal(t, want.user, id.UserRef)
		return
	}
	require.Nil(t, id)
	require.ErrorIs(t, err, want.wantErr)
	if want.wantErr != authprovider.ErrNoMatch {
		require.NotErrorIs(t, err, authprovider.ErrNoMatch, "a refusal must not let the next resolver try")
	}
	var e *resolver.Error
	if want.reason == "" {
		if !errors.Is(err, authprovider.ErrAmbiguousUser) { // that one has a reason, or comes from a resolver of the test
			require.NotErrorAs(t, err, &e)
		}
		return
	}
	require.ErrorAs(t, err, &e)
	require.Equal(t, want.reason, e.Reason)
}

func signedIn(ref string) outcome { return outcome{user: ref} }
func refused(r resolver.Reason) outcome {
	return outcome{wantErr: authprovider.ErrNotAllowed, reason: r}
}
func passedOn(r resolver.Reason) outcome { return outcome{wantErr: authprovider.ErrNoMatch, reason: r} }
func endedWith(err error) outcome        { return outcome{wantErr: err} }
func ambiguous() outcome {
	return outcome{wantErr: authprovider.ErrAmbiguousUser, reason: resolver.ReasonUserAmbiguous}
}
func verified(address string) authprovider.Profile {
	return authprovider.Profile{Email: address, EmailVerification: authprovider.EmailVerified}
}
func unverified(address string) authprovider.Profile {
	return authprovider.Profile{Email: address, EmailVerification: authprovider.EmailUnverified}
}

// malformed are addresses that two readers may split in two ways, or that are none.
var malformed = map[string]string{
	"two at signs":                   "jane@evil.example@acme.example",
	"two at signs, ours first":       "jane@acme.example@evil.example",
	"at signs in a row":              "jane@@acme.example",
	"no at sign":                     "jane",
	"at sign alone":                  "@",
	"no local part":                  "@acme.example",
	"no domain":                      "jane@",
	"a space":                        " ",
	"space in front":                 " jane@acme.example",
	"space behind":                   "jane@acme.example ",
	"space within":                   "ja ne@acme.example",
	"tab":                            "jane\t@acme.example",
	"newline and a header":           "jane@acme.example\r\nBcc: x@evil.example",
	"NUL":                            "jane\x00@acme.example",
	"DEL":                            "jane\x7f@acme.example",
	"invalid UTF-8":                  "jane\xff@acme.example",
	"Cyrillic a":                     "j\u0430ne@acme.example",
	"Cyrillic a in the domain":       "jane@\u0430cme.example",
	"full-width at sign":             "jane\uff20acme.example",
	"ideographic full stop":          "jane@acme\u3002example",
	"zero width space":               "jane\u200b@acme.example",
	"quoted local part":              `"jane"@acme.example`,
	"at sign in a quoted local part": `"jane@evil.example"@acme.example`,
	"comment":                        "jane(x)@acme.example",
	"display name":                   "Jane <jane@acme.example>",
	"two addresses":                  "jane@acme.example,bob@acme.example",
	"backslash":                      `jane\@acme.example`,
	"a reference":                    "user:default/jane@acme.example",
	"percent-encoded at sign":        "jane%40acme.example",
	"local part is a dot":            ".@acme.example",
	"local part is two dots":         "..@acme.example",
	"dot in front":                   ".jane@acme.example",
	"dot before the at sign":         "jane.@acme.example",
	"two dots":                       "jane..doe@acme.example",
	"domain ends in a dot":           "jane@acme.example.",
	"domain begins with a dot":       "jane@.acme.example",
	"empty label":                    "jane@acme..example",
	"label begins with a hyphen":     "jane@-acme.example",
	"label ends in a hyphen":         "jane@acme-.example",
	"underscore in the domain":       "jane@ac_me.example",
	"port":                           "jane@acme.example:25",
	"path":                           "jane@acme.example/x",
	"address literal":                "jane@[192.0.2.1]",
	"long local part":                strings.Repeat("j", 65) + "@acme.example",
	"long label":                     "jane@" + strings.Repeat("a", 64) + ".example",
	"long address":                   "jane@" + strings.Repeat("a.", 130) + "example",
	"255 bytes":                      strings.Repeat("j", 64) + "@" + strings.Repeat("a.", 91) + "example1",
	"a megabyte":                     strings.Repeat("j", 1<<20) + "@acme.example",
}

func TestMalformedAddressIsRefusedByEveryRule(t *testing.T) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	open := resolver.EmailOptions{
		StripPlusTag: true, DangerouslyAllowAnyDomain: true, DangerouslyAllowSignInWithoutUserInCatalog: true,
	}
	closed := resolver.EmailOptions{AllowedDomains: acme, RequireVerifiedEmail: true}
	resolvers := map[string]authprovider.SignInResolver[*result]{
		"email":             byEmail,
		"email open":        resolver.EmailMatchingUserEntityProfileEmailWith[*result](open),
		"email closed":      resolver.EmailMatchingUserEntityProfileEmailWith[*result](closed),
		"local part":        resolver.EmailLocalPartMatchingUserEntityName[*result],
		"local part open":   resolver.EmailLocalPartMatchingUserEntityNameWith[*result](open),
		"local part closed": resolver.EmailLocalPartMatchingUserEntityNameWith[*result](closed),
		"RequireDomain":     resolver.RequireDomain("acme.example", byEmail),
	}
	rc := directory()
	for name, resolve := range resolvers {
		for what, address := range malformed {
			t.Run(name+"/"+what, func(t *testing.T) {
				id, err := resolve(t.Context(), info{Profile: verified(address)}, rc)
				refused(resolver.ReasonEmailMalformed).require(t, id, err)
				require.Less(t, len(err.Error()), 1500, "what a provider sends does not flood the log")
			})
		}
	}
	for what, address := range malformed {
		t.Run("WhenDomain/"+what, func(t *testing.T) {
			id, err := resolver.WhenDomain("acme.example", byEmail)(t.Context(), info{Profile: verified(address)}, rc)
			passedOn(resolver.ReasonEmailMalformed).require(t, id, err)
		})
	}
}

func TestEmailMatchingUserEntityProfileEmail(t *testing.T) {
	tests := []struct {
		name    string
		options resolver.EmailOptions
		profile authprovider.Profile
		want    outcome
	}{
		{"known", resolver.EmailOptions{}, email("jane@acme.example"), signedIn("user:default/jane")},
		{"case of the address", resolver.EmailOptions{}, email("JANE@ACME.EXAMPLE"), signedIn("user:default/jane")},
		{"missing", resolver.EmailOptions{}, email(""), passedOn(resolver.ReasonEmailMissing)},
		{"missing, and must be verified", resolver.EmailOptions{RequireVerifiedEmail: true}, unverified(""), passedOn(resolver.ReasonEmailMissing)},
		{"unknown", resolver.EmailOptions{}, email("joe@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"a group's address", resolver.EmailOptions{}, email("team@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"look-alike in the catalog", resolver.EmailOptions{}, email("kim@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"two users", resolver.EmailOptions{}, email("twin@acme.example"), ambiguous()},

		{"verified", resolver.EmailOptions{}, verified("jane@acme.example"), signedIn("user:default/jane")},
		{"unverified", resolver.EmailOptions{}, unverified("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"verified, as it must be", resolver.EmailOptions{RequireVerifiedEmail: true}, verified("jane@acme.example"), signedIn("user:default/jane")},
		{"silence, and must be verified", resolver.EmailOptions{RequireVerifiedEmail: true}, email("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"unverified, and must be verified", resolver.EmailOptions{RequireVerifiedEmail: true}, unverified("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"a value of verification that we do not know", resolver.EmailOptions{RequireVerifiedEmail: true},
			authprovider.Profile{Email: "jane@acme.example", EmailVerification: 7}, refused(resolver.ReasonEmailUnverified)},

		{"allowed domain", resolver.EmailOptions{AllowedDomains: []string{"evil.example", "ACME.example"}}, email("jane@Acme.Example"), signedIn("user:default/jane")},
		{"another domain", resolver.EmailOptions{AllowedDomains: []string{"evil.example"}}, email("jane@acme.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"subdomain", resolver.EmailOptions{AllowedDomains: acme}, email("jane@x.acme.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"longer domain", resolver.EmailOptions{AllowedDomains: acme}, email("jane@evilacme.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"parent domain", resolver.EmailOptions{AllowedDomains: acme}, email("jane@example"), refused(resolver.ReasonDomainNotAllowed)},
		{"our domain in front of another", resolver.EmailOptions{AllowedDomains: acme}, email("jane@acme.example.evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"another domain, unknown user", resolver.EmailOptions{AllowedDomains: acme}, email("joe@evil.example"), refused(resolver.ReasonDomainNotAllowed)},

		{"tag is kept", resolver.EmailOptions{}, email("jane+x@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"tag is stripped", resolver.EmailOptions{StripPlusTag: true}, email("jane+x+y@acme.example"), signedIn("user:default/jane")},
		{"tag alone", resolver.EmailOptions{StripPlusTag: true}, email("+jane@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"tag of two users", resolver.EmailOptions{StripPlusTag: true}, email("twin+x@acme.example"), ambiguous()},

		{"fall-back", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}, email("Joe+x@evil.example"), signedIn("user:default/joe+x@evil.example")},
		{"fall-back without the tag", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true, StripPlusTag: true}, email("joe+x@evil.example"), signedIn("user:default/joe@evil.example")},
		{"fall-back of a tag alone", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true, StripPlusTag: true}, email("+joe@acme.example"), signedIn("user:default/+joe@acme.example")},
		{"longest address", resolver.EmailOptions{}, email(strings.Repeat("j", 64) + "@" + strings.Repeat("a.", 91) + "example"), passedOn(resolver.ReasonUserNotFound)},
		{"no fall-back for two users", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}, email("twin@acme.example"), ambiguous()},
		{"no fall-back outside the domain", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true, AllowedDomains: acme}, email("joe@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"no fall-back without an address", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}, email(""), passedOn(resolver.ReasonEmailMissing)},
		{"no fall-back for an unverified address", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}, unverified("joe@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"no fall-back to what is no name", resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}, email("a/b@acme.example"), refused(resolver.ReasonNameMalformed)},
	}
	rc := directory()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolver.EmailMatchingUserEntityProfileEmailWith[*result](tt.options)(t.Context(), info{Profile: tt.profile}, rc)
			tt.want.require(t, id, err)
		})
	}
	t.Run("groups", func(t *testing.T) {
		id, err := resolver.EmailMatchingUserEntityProfileEmail(t.Context(), info{Profile: email("jane@acme.example")}, rc)
		require.NoError(t, err)
		require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/dev"}}, id)
	})
	t.Run("groups of the fall-back", func(t *testing.T) {
		resolve := resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true})
		id, err := resolve(t.Context(), info{Profile: email("joe@acme.example")}, rc)
		require.NoError(t, err)
		require.Equal(t, []string{"user:default/joe@acme.example"}, id.OwnershipRefs)
	})
}

func TestEmailLocalPartMatchingUserEntityNameWith(t *testing.T) {
	anywhere := resolver.EmailOptions{DangerouslyAllowAnyDomain: true}
	ours := resolver.EmailOptions{AllowedDomains: acme}
	dangerous := resolver.EmailOptions{AllowedDomains: acme, DangerouslyAllowSignInWithoutUserInCatalog: true}
	tests := []struct {
		name    string
		options resolver.EmailOptions
		profile authprovider.Profile
		want    outcome
	}{
		{"known", ours, email("jane@acme.example"), signedIn("user:default/jane")},
		{"case", ours, email("JANE@acme.EXAMPLE"), signedIn("user:default/jane")},
		{"no address in the catalog", ours, email("nomail@acme.example"), signedIn("user:default/nomail")},
		{"the catalog's address does not matter", ours, email("odd@acme.example"), signedIn("user:default/odd")},
		{"another domain", ours, email("jane@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"subdomain", ours, email("jane@x.acme.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"any domain", anywhere, email("jane@evil.example"), signedIn("user:default/jane")},
		{"any domain, unverified", anywhere, unverified("jane@evil.example"), refused(resolver.ReasonEmailUnverified)},
		{"silence, and must be verified", resolver.EmailOptions{AllowedDomains: acme, RequireVerifiedEmail: true}, email("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"missing", ours, email(""), passedOn(resolver.ReasonEmailMissing)},
		{"unknown", ours, email("joe@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"a name in another namespace", ours, email("other/twin@acme.example"), refused(resolver.ReasonNameMalformed)},
		{"the namespace is default", ours, email("twin@acme.example"), signedIn("user:default/twin")},
		{"a group", ours, email("team@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"two users", ours, email("double@acme.example"), ambiguous()},
		{"tag is kept", ours, email("jane+x@acme.example"), passedOn(resolver.ReasonUserNotFound)},
		{"tag is stripped", resolver.EmailOptions{AllowedDomains: acme, StripPlusTag: true}, email("jane+x@acme.example"), signedIn("user:default/jane")},
		{"fall-back", dangerous, email("Joe@acme.example"), signedIn("user:default/joe")},
		{"no fall-back outside the domain", dangerous, email("joe@evil.example"), refused(resolver.ReasonDomainNotAllowed)},
		{"no fall-back for two users", dangerous, email("double@acme.example"), ambiguous()},
		{"no fall-back to what is no name", dangerous, email("a/b@acme.example"), refused(resolver.ReasonNameMalformed)},
	}
	rc := directory()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolver.EmailLocalPartMatchingUserEntityNameWith[*result](tt.options)(t.Context(), info{Profile: tt.profile}, rc)
			tt.want.require(t, id, err)
		})
	}
}

func TestEmailLocalPartMatchingUserEntityName(t *testing.T) {
	tests := []struct {
		name    string
		profile authprovider.Profile
		want    outcome
	}{
		{"the user's own address", email("jane@ACME.example"), signedIn("user:default/jane")},
		{"another domain", email("jane@evil.example"), refused(resolver.ReasonEmailDiffers)},
		{"no address in the catalog", email("nomail@evil.example"), signedIn("user:default/nomail")},
		{"malformed address in the catalog", email("odd@acme.example"), refused(resolver.ReasonEmailDiffers)},
		{"look-alike in the catalog", email("kim@acme.example"), refused(resolver.ReasonEmailDiffers)},
		{"unverified", unverified("jane@acme.example"), refused(resolver.ReasonEmailUnverified)},
		{"unknown", email("joe@acme.example"), passedOn(resolver.ReasonUserNotFound)},
	}
	rc := directory()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := resolver.EmailLocalPartMatchingUserEntityName(t.Context(), info{Profile: tt.profile}, rc)
			tt.want.require(t, id, err)
		})
	}
}

// An outage must neither fall through to the next resolver nor to the fall-back, however the catalog reports it.
func TestCatalogFailureEndsTheSignIn(t *testing.T) {
	options := resolver.EmailOptions{AllowedDomains: acme, StripPlusTag: true, DangerouslyAllowSignInWithoutUserInCatalog: true}
	resolvers := map[string]authprovider.SignInResolver[*result]{
		"email":      resolver.EmailMatchingUserEntityProfileEmailWith[*result](options),
		"local part": resolver.EmailLocalPartMatchingUserEntityNameWith[*result](options),
	}
	outage := errors.New("connection refused")
	failures := map[string]authprovider.ResolverContextConfig{
		"catalog":          {Users: failingCatalog{outage}},
		"careless catalog": {Users: failingCatalog{authprovider.ErrUserNotFound}},
		"ownership": {Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example"}),
			Ownership: func(context.Context, authprovider.User) ([]string, error) { return nil, outage }},
		"careless ownership": {Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example"}),
			Ownership: func(context.Context, authprovider.User) ([]string, error) { return nil, authprovider.ErrUserNotFound }},
	}
	for name, resolve := range resolvers {
		for what, config := range failures {
			t.Run(name+"/"+what, func(t *testing.T) {
				id, err := resolve(t.Context(), info{Profile: email("jane+x@acme.example")}, authprovider.NewResolverContext(config))
				require.Nil(t, id)
				require.Error(t, err)
				require.NotErrorIs(t, err, authprovider.ErrNoMatch)
				require.NotErrorIs(t, err, authprovider.ErrNotAllowed, "a failure of ours is not a refusal")
				if !strings.HasPrefix(what, "careless") {
					require.ErrorIs(t, err, outage)
				}
			})
		}
	}
}

func TestBadOptionsFailEverySignIn(t *testing.T) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	byEmailWith := resolver.EmailMatchingUserEntityProfileEmailWith[*result]
	byNameWith := resolver.EmailLocalPartMatchingUserEntityNameWith[*result]
	owns := func(context.Context, info, authprovider.Identity) ([]string, error) { return nil, nil }
	tests := map[string]struct {
		resolve authprovider.SignInResolver[*result]
		want    string
	}{
		"domain with an at sign":  {byEmailWith(resolver.EmailOptions{AllowedDomains: []string{"acme.example", "@acme.example"}}), `"@acme.example" is not a domain`},
		"empty domain":            {byEmailWith(resolver.EmailOptions{AllowedDomains: []string{""}}), `"" is not a domain`},
		"wildcard":                {byNameWith(resolver.EmailOptions{AllowedDomains: []string{"*.acme.example"}}), `"*.acme.example" is not a domain`},
		"space":                   {byNameWith(resolver.EmailOptions{AllowedDomains: []string{"acme.example "}}), `"acme.example " is not a domain`},
		"dot at the end":          {byNameWith(resolver.EmailOptions{AllowedDomains: []string{"acme.example."}}), `"acme.example." is not a domain`},
		"not ASCII":               {byNameWith(resolver.EmailOptions{AllowedDomains: []string{"\u0430cme.example"}}), "is not a domain"},
		"long domain":             {byNameWith(resolver.EmailOptions{AllowedDomains: []string{strings.Repeat("a.", 126) + "aa"}}), "is not a domain"},
		"empty list":              {byEmailWith(resolver.EmailOptions{AllowedDomains: []string{}}), "AllowedDomains is empty"},
		"any domain and some":     {byEmailWith(resolver.EmailOptions{AllowedDomains: acme, DangerouslyAllowAnyDomain: true}), "exclude each other"},
		"local part of no domain": {byNameWith(resolver.EmailOptions{}), "EmailOptions.AllowedDomains is required"},
		"RequireDomain":           {resolver.RequireDomain("https://acme.example", byEmail), `"https://acme.example" is not a domain`},
		"WhenDomain":              {resolver.WhenDomain("", byEmail), `"" is not a domain`},
		"RequireDomain of nil":    {resolver.RequireDomain[*result]("acme.example", nil), "the inner resolver is nil"},
		"WhenDomain of nil":       {resolver.WhenDomain[*result]("acme.example", nil), "the inner resolver is nil"},
		"FirstMatch of nil":       {resolver.FirstMatch(byEmail, nil), "resolver 2 is nil"},
		"WithOwnership of nil":    {resolver.WithOwnership(nil, owns), "is nil"},
		"WithOwnership by nil":    {resolver.WithOwnership[*result](byEmail, nil), "is nil"},
	}
	rc := directory()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, profile := range []authprovider.Profile{verified("jane@acme.example"), email("joe@evil.example"), {}} {
				id, err := tt.resolve(t.Context(), info{Profile: profile}, rc)
				require.Nil(t, id)
				require.ErrorContains(t, err, tt.want)
				require.NotErrorIs(t, err, authprovider.ErrNoMatch, "a laxer resolver must not take over from a misconfigured one")
				require.NotErrorIs(t, err, authprovider.ErrNotAllowed, "it is our failure, and must be logged as one")
			}
		})
	}
}

func TestOptionsAreCopied(t *testing.T) {
	domains := []string{"acme.example"}
	resolve := resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{AllowedDomains: domains})
	domains[0] = "evil.example"
	_, err := resolve(t.Context(), info{Profile: email("jane@acme.example")}, directory())
	require.NoError(t, err)
}

func TestErrorNamesTheRule(t *testing.T) {
	_, err := resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{AllowedDomains: acme})(
		t.Context(), info{Profile: email("jane@evil.example")}, directory())
	require.EqualError(t, err, `resolver: EmailMatchingUserEntityProfileEmail: domain_not_allowed: "evil.example": authprovider: not allowed`)
}

// FuzzEmail: whoever is signed in has an address of one reading in an allowed domain, and a name that is not a reference.
func FuzzEmail(f *testing.F) {
	for _, address := range malformed {
		if len(address) < 1000 {
			f.Add(address)
		}
	}
	f.Add("jane@acme.example")
	f.Add("Jane+tag@ACME.example")
	f.Add("a/b@acme.example")
	options := resolver.EmailOptions{AllowedDomains: acme, StripPlusTag: true, DangerouslyAllowSignInWithoutUserInCatalog: true}
	byEmail := resolver.EmailMatchingUserEntityProfileEmailWith[*result](options)
	byName := resolver.EmailLocalPartMatchingUserEntityNameWith[*result](options)
	require1 := resolver.RequireDomain("acme.example", resolver.EmailMatchingUserEntityProfileEmailWith[*result](
		resolver.EmailOptions{DangerouslyAllowSignInWithoutUserInCatalog: true}))
	f.Fuzz(func(t *testing.T, address string) {
		for _, resolve := range []authprovider.SignInResolver[*result]{byEmail, byName, require1} {
			id, err := resolve(t.Context(), info{Profile: email(address)}, nil)
			if err != nil {
				require.Nil(t, id)
				continue
			}
			require.Len(t, address, strings.LastIndexByte(address, '@')+len("@acme.example"))
			local, domain, _ := strings.Cut(address, "@")
			require.Equal(t, "acme.example", strings.ToLower(domain))
			name := strings.TrimPrefix(id.UserRef, "user:default/")
			require.NotContains(t, name, ":")
			require.NotContains(t, name, "/")
			local = strings.ToLower(local)
			name = strings.TrimSuffix(name, "@acme.example")
			require.NotContains(t, name, "@")
			require.True(t, name == local || strings.HasPrefix(local, name+"+"), "%q became %q", address, id.UserRef)
		}
	})
}
