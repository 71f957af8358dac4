package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// The tables of this file hold what somebody sends who would like to be somebody else, and what goes wrong by accident. Every row is
// tried with every resolver of the package that takes such an input; those of vendors and proxies are in resolvers_test.go at the root.

// rule is a resolver with what it makes of each group of rows.
type rule struct {
	name    string
	resolve authprovider.SignInResolver[*result]

	unreadable, elsewhere, nobody, reference, unverified, unsaid, absent outcome
}

// addressRules are the resolvers that go by an address.
func addressRules() []rule {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	byName := resolver.EmailLocalPartMatchingUserEntityName[*result]
	open := resolver.EmailOptions{DangerouslyAllowAnyDomain: true}
	closed := resolver.EmailOptions{AllowedDomains: acme}
	strict := resolver.EmailOptions{AllowedDomains: acme, RequireVerifiedEmail: true}
	var (
		unreadable = refused(resolver.ReasonEmailMalformed)
		foreign    = refused(resolver.ReasonDomainNotAllowed)
		unknown    = passedOn(resolver.ReasonUserNotFound)
		unnamed    = refused(resolver.ReasonNameMalformed)
		unverified = refused(resolver.ReasonEmailUnverified)
		absent     = passedOn(resolver.ReasonEmailMissing)
		jane       = signedIn("user:default/jane")
	)
	return []rule{
		{"EmailMatchingUserEntityProfileEmail", byEmail,
			unreadable, unknown, unknown, unknown, unverified, jane, absent},
		{"EmailMatchingUserEntityProfileEmailWith, any domain", resolver.EmailMatchingUserEntityProfileEmailWith[*result](open),
			unreadable, unknown, unknown, unknown, unverified, jane, absent},
		{"EmailMatchingUserEntityProfileEmailWith, ours", resolver.EmailMatchingUserEntityProfileEmailWith[*result](closed),
			unreadable, foreign, unknown, unknown, unverified, jane, absent},
		{"EmailMatchingUserEntityProfileEmailWith, strict", resolver.EmailMatchingUserEntityProfileEmailWith[*result](strict),
			unreadable, foreign, unknown, unknown, unverified, unverified, absent},
		{"EmailLocalPartMatchingUserEntityName", byName,
			unreadable, refused(resolver.ReasonEmailDiffers), unknown, unnamed, unverified, jane, absent},
		{"EmailLocalPartMatchingUserEntityNameWith, ours", resolver.EmailLocalPartMatchingUserEntityNameWith[*result](closed),
			unreadable, foreign, unknown, unnamed, unverified, jane, absent},
		{"EmailLocalPartMatchingUserEntityNameWith, strict", resolver.EmailLocalPartMatchingUserEntityNameWith[*result](strict),
			unreadable, foreign, unknown, unnamed, unverified, unverified, absent},
		{"RequireDomain", resolver.RequireDomain("acme.example", byEmail),
			unreadable, foreign, unknown, unknown, unverified, jane, refused(resolver.ReasonEmailMissing)},
		{"WhenDomain", resolver.WhenDomain("acme.example", byName),
			passedOn(resolver.ReasonEmailMalformed), passedOn(resolver.ReasonDomainNotAllowed), unknown, unnamed,
			passedOn(resolver.ReasonEmailUnverified), jane, absent},

		// These go by something else, and look at the address besides.
		{"UsernameMatchingUserEntityNameWith, ours", resolver.UsernameMatchingUserEntityNameWith(func(*result) string { return "jane" }, closed),
			unreadable, foreign, jane, jane, unverified, jane, absent},
		{"UsernameMatchingUserEntityNameWith, strict", resolver.UsernameMatchingUserEntityNameWith(func(*result) string { return "jane" }, strict),
			unreadable, foreign, jane, jane, unverified, unverified, absent},
		{"AnnotationMatchingWith, ours", resolver.AnnotationMatchingWith("acme.example/id", func(*result) string { return "1" }, closed),
			unreadable, foreign, jane, jane, unverified, jane, absent},
		{"AnnotationMatchingWith, strict", resolver.AnnotationMatchingWith("acme.example/id", func(*result) string { return "1" }, strict),
			unreadable, foreign, jane, jane, unverified, unverified, absent},
	}
}

// neighbours are Jane, and those whom somebody could be taken for.
func neighbours() *authprovider.ResolverContext {
	return authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Email: "Jane@acme.example", Annotations: map[string]string{"acme.example/id": "1"}},
		authprovider.User{Ref: "user:other/twin", Email: "twin@acme.example"},
		authprovider.User{Ref: "user:default/blank", Annotations: map[string]string{"acme.example/id": ""}},
		authprovider.User{Ref: "user:default/kim", Email: "\u212aim@acme.example"},
		authprovider.User{Ref: "user:default/odd", Email: "odd@@acme.example"},
		authprovider.User{Ref: "group:default/team", Email: "team@acme.example", Annotations: map[string]string{"acme.example/id": "2"}},
	)})
}

// unreadable are no addresses, or addresses that two readers may take for two people's.
var unreadable = map[string]string{
	"two at signs":                         "jane@evil.example@acme.example",
	"two at signs, ours first":             "jane@acme.example@evil.example",
	"two at signs, both ours":              "jane@acme.example@acme.example",
	"at signs in a row":                    "jane@@acme.example",
	"at sign at the end":                   "jane@acme.example@",
	"no at sign":                           "jane",
	"at sign alone":                        "@",
	"no local part":                        "@acme.example",
	"no domain":                            "jane@",
	"domain is a dot":                      "jane@.",
	"dot behind the domain":                "jane@acme.example.",
	"two dots behind the domain":           "jane@acme.example..",
	"dot before the domain":                "jane@.acme.example",
	"empty label":                          "jane@acme..example",
	"dot before the local part":            ".jane@acme.example",
	"dot behind the local part":            "jane.@acme.example",
	"two dots":                             "jane..doe@acme.example",
	"local part is two dots":               "..@acme.example",
	"a path":                               "../jane@acme.example",
	"space":                                " ",
	"space before":                         " jane@acme.example",
	"space behind":                         "jane@acme.example ",
	"space at the at sign":                 "jane @acme.example",
	"no-break space":                       "jane\u00a0@acme.example",
	"tab":                                  "\tjane@acme.example",
	"line feed behind":                     "jane@acme.example\n",
	"header line":                          "jane@acme.example\r\nX-Forwarded-User: admin",
	"NUL behind":                           "jane@acme.example\x00",
	"NUL and another domain":               "jane@acme.example\x00.evil.example",
	"NUL in the local part":                "jane\x00@acme.example",
	"DEL":                                  "jane\x7f@acme.example",
	"escape":                               "\x1b[2Jjane@acme.example",
	"invalid UTF-8":                        "jane\xff@acme.example",
	"overlong at sign":                     "jane\xc1\x80acme.example",
	"Cyrillic a":                           "j\u0430ne@acme.example",
	"Greek omicron in the domain":          "jane@acme.example.c\u03bfm",
	"Cyrillic a in the domain":             "jane@\u0430cme.example",
	"Kelvin sign":                          "\u212aim@acme.example",
	"long s":                               "je\u017f\u017fe@acme.example",
	"dotless i":                            "k\u0131m@acme.example",
	"dotted capital I":                     "K\u0130M@acme.example",
	"full-width letters":                   "\uff4a\uff41\uff4e\uff45@acme.example",
	"full-width at sign":                   "jane\uff20acme.example",
	"full-width at sign and ours":          "jane@evil.example\uff20acme.example",
	"ideographic full stop":                "jane@acme\u3002example",
	"combining accent":                     "jane\u0301@acme.example",
	"zero width space":                     "jane\u200b@acme.example",
	"soft hyphen":                          "ja\u00adne@acme.example",
	"right-to-left override":               "jane@\u202eelpmaxe.emca",
	"byte order mark":                      "\ufeffjane@acme.example",
	"internationalised domain":             "jane@\u00e4cme.example",
	"quoted local part":                    `"jane"@acme.example`,
	"at sign in quotes":                    `"jane@evil.example"@acme.example`,
	"our address in quotes":                `"jane@acme.example"@evil.example`,
	"quotes in quotes":                     `"\"jane\""@acme.example`,
	"quote that does not end":              `"jane@acme.example`,
	"empty quotes":                         `""@acme.example`,
	"escaped at sign":                      `jane\@evil.example@acme.example`,
	"comment":                              "jane(admin)@acme.example",
	"comment in the domain":                "jane@(evil.example)acme.example",
	"comments in comments":                 "jane((@evil.example))@acme.example",
	"display name":                         "Jane <jane@acme.example>",
	"angle brackets":                       "<jane@acme.example>",
	"route":                                "<@evil.example:jane@acme.example>",
	"mailto":                               "mailto:jane@acme.example",
	"two addresses":                        "jane@acme.example,admin@acme.example",
	"two addresses, semicolon":             "jane@acme.example;admin@acme.example",
	"group syntax":                         "staff:jane@acme.example;",
	"an entity reference":                  "user:default/jane@acme.example",
	"a list in JSON":                       `["jane@acme.example"]`,
	"a URL":                                "https://jane@acme.example",
	"encoded at sign":                      "jane%40acme.example",
	"IPv4 literal":                         "jane@[192.0.2.1]",
	"IPv6 literal":                         "jane@[IPv6:2001:db8::1]",
	"IPv6 without brackets":                "jane@2001:db8::1",
	"port":                                 "jane@acme.example:25",
	"path behind":                          "jane@acme.example/admin",
	"query behind":                         "jane@acme.example?admin",
	"fragment behind":                      "jane@acme.example#",
	"underscore in the domain":             "jane@ac_me.example",
	"wildcard domain":                      "jane@*.example",
	"hyphen before a label":                "jane@-acme.example",
	"hyphen behind a label":                "jane@acme-.example",
	"local part of 65 bytes":               strings.Repeat("j", 65) + "@acme.example",
	"label of 64 bytes":                    "jane@" + strings.Repeat("a", 64) + ".example",
	"255 bytes":                            strings.Repeat("j", 64) + "@" + strings.Repeat("a.", 91) + "example1",
	"a megabyte of local part":             strings.Repeat("j", 1<<20) + "@acme.example",
	"a megabyte of domain":                 "jane@" + strings.Repeat("a.", 1<<19) + "acme.example",
	"a megabyte of at signs":               strings.Repeat("@", 1<<20),
	"look-alike of ours after a full stop": "jane@acme.example\uff0eevil.example",
}

// elsewhere are addresses of other domains, most of them close to ours. Jane has one of another name.
var elsewhere = map[string]string{
	"another domain":            "jane@evil.example",
	"subdomain":                 "jane@mail.acme.example",
	"parent domain":             "jane@example",
	"ours at the end":           "jane@evilacme.example",
	"ours at the end, hyphen":   "jane@evil-acme.example",
	"ours at the beginning":     "jane@acme.example.evil.example",
	"ours with a hyphen":        "jane@acme-example",
	"one letter less":           "jane@acme.exampl",
	"one letter more":           "jane@acme.examples",
	"digit for a letter":        "jane@acme.examp1e",
	"punycode of a look-alike":  "jane@xn--cme-7cd.example",
	"punycode prefix":           "jane@xn--acme.example",
	"upper case of another":     "JANE@EVIL.EXAMPLE",
	"host name alone":           "jane@localhost",
	"IPv4 address":              "jane@192.0.2.1",
	"decimal IPv4 address":      "jane@3221225985",
	"our name as a local part":  "jane@example.acme",
	"domain of 63-byte labels":  "jane@" + strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example",
	"our domain in other order": "jane@example.example",
}

// nobody are addresses in our domain that nobody has. Some would match somebody where a catalog reads patterns or queries in them.
var nobody = map[string]string{
	"unknown":               "joe@acme.example",
	"plus tag":              "jane+tag@acme.example",
	"plus at the end":       "jane+@acme.example",
	"plus before":           "+jane@acme.example",
	"tag that is an admin":  "jane+admin@acme.example",
	"admin":                 "admin@acme.example",
	"the default namespace": "default@acme.example",
	"a kind":                "user@acme.example",
	"null":                  "null@acme.example",
	"undefined":             "undefined@acme.example",
	"zero":                  "0@acme.example",
	"SQL":                   "'or'1'='1@acme.example",
	"SQL pattern":           "j%@acme.example",
	"SQL pattern, one":      "j_ne@acme.example",
	"shell pattern":         "*@acme.example",
	"shell pattern, one":    "jan?@acme.example",
	"LDAP":                  "jane|*@acme.example",
	"template":              "{{jane}}@acme.example",
	"variable":              "${jane}@acme.example",
	"command":               "`jane`@acme.example",
	"fragment":              "jane#@acme.example",
	"encoded letter":        "j%61ne@acme.example",
	"trailing digit":        "jane1@acme.example",
	"letters swapped":       "jnae@acme.example",
	"an address as a name":  "jane=acme.example@acme.example",
	"a group's address":     "team@acme.example",
}

// reference are addresses whose local part would be a reference to somebody.
var reference = map[string]string{
	"default namespace": "default/jane@acme.example",
	"other namespace":   "other/twin@acme.example",
	"slash before":      "/jane@acme.example",
	"slash behind":      "jane/@acme.example",
	"slash alone":       "/@acme.example",
	"slash in a tag":    "jane+/admin@acme.example",
}

func TestHostileAddresses(t *testing.T) {
	rc := neighbours()
	rows := 0
	for _, r := range addressRules() {
		try := func(t *testing.T, group string, addresses map[string]string, want outcome) {
			rows += len(addresses)
			for _, name := range slices.Sorted(maps.Keys(addresses)) {
				t.Run(r.name+"/"+group+"/"+name, func(t *testing.T) {
					id, err := r.resolve(t.Context(), info{Profile: verified(addresses[name])}, rc)
					want.require(t, id, err)
					if err != nil {
						require.Less(t, len(err.Error()), 1500, "what a provider sends does not flood the log")
					}
				})
			}
		}
		try(t, "unreadable", unreadable, r.unreadable)
		try(t, "elsewhere", elsewhere, r.elsewhere)
		try(t, "nobody", nobody, r.nobody)
		try(t, "reference", reference, r.reference)
	}
	require.Greater(t, rows/len(addressRules()), 120)
}

func TestHostileVerification(t *testing.T) {
	rc := neighbours()
	for _, r := range addressRules() {
		for name, tt := range map[string]struct {
			profile authprovider.Profile
			want    outcome
		}{
			"verified":                  {verified("jane@acme.example"), signedIn("user:default/jane")},
			"verified, upper case":      {verified("JANE@ACME.EXAMPLE"), signedIn("user:default/jane")},
			"verified, mixed case":      {verified("jAne@acme.Example"), signedIn("user:default/jane")},
			"unverified":                {unverified("jane@acme.example"), r.unverified},
			"unverified, upper case":    {unverified("JANE@ACME.EXAMPLE"), r.unverified},
			"unverified, nobody's":      {unverified("joe@acme.example"), r.unverified},
			"not said":                  {email("jane@acme.example"), r.unsaid},
			"a value of tomorrow":       {authprovider.Profile{Email: "jane@acme.example", EmailVerification: 7}, r.unsaid},
			"a value that cannot be":    {authprovider.Profile{Email: "jane@acme.example", EmailVerification: -1}, r.unsaid},
			"unverified and unreadable": {unverified("jane@@acme.example"), r.unreadable},
			"absent":                    {email(""), r.absent},
			"absent, verified":          {verified(""), r.absent},
			"absent, unverified":        {unverified(""), r.absent},
			"a name for an address":     {authprovider.Profile{DisplayName: "jane@acme.example"}, r.absent},
		} {
			t.Run(r.name+"/"+name, func(t *testing.T) {
				id, err := r.resolve(t.Context(), info{Profile: tt.profile}, rc)
				tt.want.require(t, id, err)
			})
		}
	}
}

// catalogFunc is a catalog that answers what it likes.
type catalogFunc func(authprovider.UserQuery) ([]authprovider.User, error)

func (c catalogFunc) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	return c(q)
}

func answer(users ...authprovider.User) authprovider.UserCatalog {
	return catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { return users, nil })
}

// TestHostileCatalogs: whatever a catalog holds and answers, Jane is signed in as Jane or not at all.
func TestHostileCatalogs(t *testing.T) {
	user := func(ref, address string) authprovider.User { return authprovider.User{Ref: ref, Email: address} }
	jane := user("user:default/jane", "jane@acme.example")
	rules := map[string]authprovider.SignInResolver[*result]{
		"email":      resolver.EmailMatchingUserEntityProfileEmailWith[*result](resolver.EmailOptions{AllowedDomains: acme, StripPlusTag: true}),
		"local part": resolver.EmailLocalPartMatchingUserEntityNameWith[*result](resolver.EmailOptions{AllowedDomains: acme, StripPlusTag: true}),
		"fall-back": resolver.EmailLocalPartMatchingUserEntityNameWith[*result](resolver.EmailOptions{
			AllowedDomains: acme, DangerouslyAllowSignInWithoutUserInCatalog: true}),
	}
	unknown, ambiguous := passedOn(resolver.ReasonUserNotFound), endedWith(authprovider.ErrAmbiguousUser)
	failure := errors.New("any error that is neither a refusal nor a pass")
	for name, tt := range map[string]struct {
		users authprovider.UserCatalog
		want  error   // what every rule comes to, or
		found outcome // what those without a fall-back come to
	}{
		"no catalog":                     {users: nil, found: unknown},
		"empty":                          {users: memcatalog.New(), found: unknown},
		"Jane":                           {users: memcatalog.New(jane), found: signedIn("user:default/jane")},
		"Jane, reference in upper case":  {users: memcatalog.New(user("User:Default/JANE", "JANE@acme.example")), found: signedIn("user:default/jane")},
		"twice the same entry":           {users: memcatalog.New(jane, jane), want: ambiguous.wantErr},
		"twice, in two spellings":        {users: memcatalog.New(jane, user("user:Jane", "JANE@ACME.example")), want: ambiguous.wantErr},
		"a group of the same name":       {users: memcatalog.New(user("group:default/jane", "jane@acme.example")), found: unknown},
		"a user and a group":             {users: memcatalog.New(jane, user("group:default/jane", "jane@acme.example")), found: signedIn("user:default/jane")},
		"a component":                    {users: memcatalog.New(user("component:default/jane", "jane@acme.example")), found: unknown},
		"a kind that begins with user":   {users: memcatalog.New(user("users:default/jane", "jane@acme.example")), found: unknown},
		"a look-alike":                   {users: memcatalog.New(user("user:default/jane2", "j\u0430ne@acme.example")), found: unknown},
		"no address and no name":         {users: memcatalog.New(user("user:default/x", "")), found: unknown},
		"nothing but groups, answered":   {users: answer(user("group:default/jane", "jane@acme.example")), found: unknown},
		"nobody, answered as an error":   {users: failingCatalog{authprovider.ErrUserNotFound}, want: failure},
		"an error of the class no match": {users: failingCatalog{authprovider.ErrNoMatch}, want: failure},
		"an error of the class refused":  {users: failingCatalog{authprovider.ErrNotAllowed}, want: failure},
		"an outage":                      {users: failingCatalog{errors.New("connection refused")}, want: failure},
		"a panic":                        {users: catalogFunc(func(authprovider.UserQuery) ([]authprovider.User, error) { panic("boom") }), want: failure},
		"somebody else":                  {users: answer(user("user:default/admin", "admin@acme.example")), want: failure},
		"somebody as long":               {users: answer(user("user:default/joey", "joey@acme.example")), want: failure},
		"a reference that is none":       {users: answer(user("jane", "jane@acme.example")), want: failure},
		"an empty entry":                 {users: answer(authprovider.User{}), want: failure},
		"Jane and an unreadable entry":   {users: answer(jane, authprovider.User{}), found: signedIn("user:default/jane")},
		"Jane and somebody else":         {users: answer(user("user:default/admin", "admin@acme.example"), jane), found: signedIn("user:default/jane")},
	} {
		for rule, resolve := range rules {
			t.Run(rule+"/"+name, func(t *testing.T) {
				rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: tt.users})
				id, err := resolver.FirstMatch(resolve)(t.Context(), info{Profile: verified("jane@acme.example")}, rc)
				switch {
				case tt.want == failure:
					require.Nil(t, id)
					require.Error(t, err)
					for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrAuthentication, authprovider.ErrInput} {
						require.NotErrorIs(t, err, class, "a failure is neither passed on nor a refusal")
					}
				case tt.want != nil:
					endedWith(tt.want).require(t, id, err)
				case rule == "fall-back":
					signedIn("user:default/jane").require(t, id, err)
				case tt.found.wantErr != nil: // FirstMatch says in words what each resolver said
					require.Nil(t, id)
					require.ErrorIs(t, err, tt.found.wantErr)
					require.ErrorContains(t, err, string(tt.found.reason))
				default:
					tt.found.require(t, id, err)
				}
			})
		}
	}
}

// TestHostileOwnership: what a user owns through comes from the catalog, and never names more than groups.
func TestHostileOwnership(t *testing.T) {
	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprintf("group:default/g%d", i)
	}
	for name, tt := range map[string]struct {
		memberOf []string
		want     []string // after the user
	}{
		"none":                     {nil, nil},
		"a group":                  {[]string{"group:default/dev"}, []string{"group:default/dev"}},
		"twice":                    {[]string{"group:default/dev", "Group:dev", "GROUP:DEFAULT/DEV"}, []string{"group:default/dev"}},
		"another user":             {[]string{"user:default/admin"}, nil},
		"a component":              {[]string{"component:default/portal"}, nil},
		"a kind like a group":      {[]string{"groups:default/dev", "group2:default/dev"}, nil},
		"no kind":                  {[]string{"dev", "default/dev"}, nil},
		"empty":                    {[]string{"", " ", ":", "/", "group:", "group:/", "group:default/"}, nil},
		"a name with a slash":      {[]string{"group:default/dev/admins"}, nil},
		"a name with a colon":      {[]string{"group:default/dev:admins"}, nil},
		"two references in one":    {[]string{"group:default/dev,group:default/admins"}, nil},
		"space and control":        {[]string{"group:default/dev admins", "group:default/dev\n", "group:default/\x00"}, nil},
		"a look-alike":             {[]string{"group:default/d\u0435v", "gr\u043eup:default/dev"}, nil},
		"long":                     {[]string{"group:default/" + strings.Repeat("a", 254)}, nil},
		"ten thousand":             {many, many},
		"the same, a thousandfold": {slices.Repeat([]string{"group:default/dev"}, 1000), []string{"group:default/dev"}},
	} {
		t.Run(name, func(t *testing.T) {
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
				authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example", MemberOf: tt.memberOf})})
			id, err := resolver.EmailMatchingUserEntityProfileEmail(t.Context(), info{Profile: verified("jane@acme.example")}, rc)
			require.NoError(t, err)
			require.True(t, slices.Equal(append([]string{"user:default/jane"}, tt.want...), id.OwnershipRefs), "%.300q", id.OwnershipRefs)
		})
	}
}
