package stagedoor_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/internal/signin"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// The tables of what somebody says who would like to be somebody else, and what every resolver of resolvers_test.go makes of it.

// requireDecision: the class and the reason are these, nothing but the class is for the person, and the log is not flooded.
func requireDecision(t *testing.T, id *authprovider.Identity, err error, class error, reason authprovider.Reason) {
	t.Helper()
	require.Nil(t, id)
	require.ErrorIs(t, err, class)
	require.Equal(t, class == authprovider.ErrNoMatch, errors.Is(err, authprovider.ErrNoMatch), "a refusal must not let the next resolver try")
	require.Equal(t, reason, reasonOf(err))
	var public *authprovider.Error
	if errors.As(err, &public) {
		require.Equal(t, authprovider.ErrNotAllowed, public.Kind)
		require.Empty(t, public.Code+public.Message, "it would tell who is refused from who is unknown")
	}
	require.Less(t, len(err.Error()), 2500, "what a provider sends does not flood the log")
}

// reasonOf returns the reason code of a decision, and nothing for a failure.
func reasonOf(err error) authprovider.Reason {
	if e, ok := errors.AsType[*authprovider.ResolverError](err); ok {
		return e.Reason
	}
	return ""
}

const passes, refuses = true, false

func class(passes bool) error {
	if passes {
		return authprovider.ErrNoMatch
	}
	return authprovider.ErrNotAllowed
}

// hostileIDs are said by a provider where the catalog has the IDs aB1, 42 and an empty one.
var hostileIDs = map[string]struct {
	id     string
	passes bool
	reason authprovider.Reason
}{
	"absent":                      {"", passes, signin.ReasonAnnotationValueMissing},
	"other case":                  {"ab1", passes, signin.ReasonUserNotFound},
	"upper case":                  {"AB1", passes, signin.ReasonUserNotFound},
	"the beginning":               {"aB", passes, signin.ReasonUserNotFound},
	"more":                        {"aB12", passes, signin.ReasonUserNotFound},
	"twice":                       {"aB1aB1", passes, signin.ReasonUserNotFound},
	"space before":                {" aB1", passes, signin.ReasonUserNotFound},
	"space behind":                {"aB1 ", passes, signin.ReasonUserNotFound},
	"space":                       {" ", passes, signin.ReasonUserNotFound},
	"no-break space":              {"aB1\u00a0", passes, signin.ReasonUserNotFound},
	"look-alike":                  {"\u0430B1", passes, signin.ReasonUserNotFound},
	"full-width":                  {"\uff41B1", passes, signin.ReasonUserNotFound},
	"accent":                      {"a\u0301B1", passes, signin.ReasonUserNotFound},
	"superscript digit":           {"aB\u00b9", passes, signin.ReasonUserNotFound},
	"other digits":                {"\u0664\u0662", passes, signin.ReasonUserNotFound},
	"leading zero":                {"042", passes, signin.ReasonUserNotFound},
	"plus":                        {"+42", passes, signin.ReasonUserNotFound},
	"fraction":                    {"42.0", passes, signin.ReasonUserNotFound},
	"exponent":                    {"4.2e1", passes, signin.ReasonUserNotFound},
	"hexadecimal":                 {"0x2a", passes, signin.ReasonUserNotFound},
	"zero":                        {"0", passes, signin.ReasonUserNotFound},
	"negative":                    {"-42", passes, signin.ReasonUserNotFound},
	"null":                        {"null", passes, signin.ReasonUserNotFound},
	"undefined":                   {"undefined", passes, signin.ReasonUserNotFound},
	"false":                       {"false", passes, signin.ReasonUserNotFound},
	"quotes":                      {`"aB1"`, passes, signin.ReasonUserNotFound},
	"empty quotes":                {`""`, passes, signin.ReasonUserNotFound},
	"nested quotes":               {`"'"aB1"'"`, passes, signin.ReasonUserNotFound},
	"a list":                      {`["aB1"]`, passes, signin.ReasonUserNotFound},
	"an object":                   {`{"$ne":""}`, passes, signin.ReasonUserNotFound},
	"two, comma":                  {"aB1,42", passes, signin.ReasonUserNotFound},
	"pattern":                     {"*", passes, signin.ReasonUserNotFound},
	"SQL pattern":                 {"%", passes, signin.ReasonUserNotFound},
	"SQL":                         {"' OR 1=1 --", passes, signin.ReasonUserNotFound},
	"another filter":              {"aB1,metadata.name=admin", passes, signin.ReasonUserNotFound},
	"another parameter":           {"x&filter=kind=user", passes, signin.ReasonUserNotFound},
	"a path":                      {"../aB1", passes, signin.ReasonUserNotFound},
	"encoded":                     {"a%42%31", passes, signin.ReasonUserNotFound},
	"a reference":                 {"user:default/jane", passes, signin.ReasonUserNotFound},
	"the name of the annotation":  {acmeID, passes, signin.ReasonUserNotFound},
	"a group's ID":                {"team-1", passes, signin.ReasonUserNotFound},
	"a component's ID":            {"portal-1", passes, signin.ReasonUserNotFound},
	"an ID in another annotation": {"elsewhere-1", passes, signin.ReasonUserNotFound},
	"512 bytes":                   {strings.Repeat("a", 512), passes, signin.ReasonUserNotFound},
	"513 bytes":                   {strings.Repeat("a", 513), refuses, signin.ReasonAnnotationValueMalformed},
	"a megabyte":                  {strings.Repeat("\u00e4", 1<<19), refuses, signin.ReasonAnnotationValueMalformed},
	"NUL behind":                  {"aB1\x00", refuses, signin.ReasonAnnotationValueMalformed},
	"NUL alone":                   {"\x00", refuses, signin.ReasonAnnotationValueMalformed},
	"line feed behind":            {"aB1\n", refuses, signin.ReasonAnnotationValueMalformed},
	"header line":                 {"aB1\r\nX-User: admin", refuses, signin.ReasonAnnotationValueMalformed},
	"tab":                         {"aB1\t", refuses, signin.ReasonAnnotationValueMalformed},
	"DEL":                         {"aB1\x7f", refuses, signin.ReasonAnnotationValueMalformed},
	"C1 control":                  {"aB1\u0085", refuses, signin.ReasonAnnotationValueMalformed},
	"escape":                      {"\x1b[2JaB1", refuses, signin.ReasonAnnotationValueMalformed},
	"zero width space":            {"aB1\u200b", refuses, signin.ReasonAnnotationValueMalformed},
	"byte order mark":             {"\ufeffaB1", refuses, signin.ReasonAnnotationValueMalformed},
	"right-to-left override":      {"\u202e1Ba", refuses, signin.ReasonAnnotationValueMalformed},
	"soft hyphen":                 {"a\u00adB1", refuses, signin.ReasonAnnotationValueMalformed},
	"tag characters":              {"aB1\U000e0041", refuses, signin.ReasonAnnotationValueMalformed},
	"invalid UTF-8":               {"aB1\xff", refuses, signin.ReasonAnnotationValueMalformed},
	"half a character":            {"aB1\xc3", refuses, signin.ReasonAnnotationValueMalformed},
	"surrogate":                   {"aB1\xed\xa0\x80", refuses, signin.ReasonAnnotationValueMalformed},
}

func TestHostileIDs(t *testing.T) {
	for _, vendor := range slices.Sorted(maps.Keys(byID())) {
		r := byID()[vendor]
		user := func(ref, annotation, id string) authprovider.User {
			return authprovider.User{Ref: ref, Annotations: map[string]string{annotation: id}}
		}
		people := []authprovider.User{
			user("user:default/jane", r.annotation, "aB1"), user("user:default/joe", r.annotation, "42"), user("user:default/blank", r.annotation, ""),
			{Ref: "user:default/bare"}, user("group:default/team", r.annotation, "team-1"), user("component:default/portal", r.annotation, "portal-1"),
			user("user:default/admin", "example.com/other", "elsewhere-1"),
		}
		for catalog, users := range map[string]authprovider.UserCatalog{"exact": memcatalog.New(people...), "folding": folding(people)} {
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users})
			for name, row := range hostileIDs {
				t.Run(vendor+"/"+catalog+"/"+name, func(t *testing.T) {
					id, err := r.signIn(t.Context(), row.id, rc)
					requireDecision(t, id, err, class(row.passes), row.reason)
				})
			}
			id, err := r.signIn(t.Context(), "aB1", rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/jane", id.UserRef)
			id, err = r.signIn(t.Context(), "42", rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/joe", id.UserRef, "who is called 42 elsewhere in the profile is not meant")
		}
		t.Run(vendor+"/two of one ID", func(t *testing.T) {
			rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{
				Users: memcatalog.New(append(people, user("user:default/twin", r.annotation, "aB1"))...)})
			id, err := r.signIn(t.Context(), "aB1", rc)
			requireDecision(t, id, err, authprovider.ErrAmbiguousUser, signin.ReasonUserAmbiguous)
		})
		t.Run(vendor+"/two that differ in case", func(t *testing.T) {
			for _, users := range []authprovider.UserCatalog{memcatalog.New(append(people, user("user:default/other", r.annotation, "Ab1"))...),
				folding(append(people, user("user:default/other", r.annotation, "Ab1")))} {
				id, err := r.signIn(t.Context(), "aB1", authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users}))
				require.NoError(t, err)
				require.Equal(t, "user:default/jane", id.UserRef)
			}
		})
		requireFailures(t, vendor, func(ctx context.Context, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return r.signIn(ctx, "aB1", rc)
		})
	}
}

// folding is a catalog that finds annotations without regard to ASCII case, as Backstage's does.
type folding []authprovider.User

func (c folding) FindUsers(_ context.Context, q authprovider.UserQuery) (found []authprovider.User, err error) {
	lower := strings.NewReplacer("A", "a", "B", "b")
	for _, u := range c {
		for name, value := range q.Annotations {
			if own, ok := u.Annotations[name]; ok && lower.Replace(own) == lower.Replace(value) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// requireFailures: what the catalog does wrong is no decision about the person.
func requireFailures(t *testing.T, vendor string, signIn func(context.Context, *authprovider.ResolverContext) (*authprovider.Identity, error)) {
	t.Helper()
	for name, users := range map[string]authprovider.UserCatalog{
		"outage":                     answering(nil, errors.New("connection refused")),
		"outage that looks like no":  answering(nil, authprovider.ErrUserNotFound),
		"outage that looks like not": answering(nil, authprovider.ErrNotAllowed),
		"somebody else":              answering([]authprovider.User{{Ref: "user:default/admin", Email: "admin@acme.example"}}, nil),
		"an entry without reference": answering([]authprovider.User{{}}, nil),
	} {
		t.Run(vendor+"/"+name, func(t *testing.T) {
			id, err := signIn(t.Context(), authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users}))
			require.Nil(t, id)
			require.Error(t, err)
			for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrAuthentication, authprovider.ErrInput} {
				require.NotErrorIs(t, err, class)
			}
			require.Empty(t, reasonOf(err))
		})
	}
}

type answers func() ([]authprovider.User, error)

func (a answers) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return a()
}

func answering(users []authprovider.User, err error) answers {
	return func() ([]authprovider.User, error) { return users, err }
}

// hostileNames are said by a provider where the catalog has Jane in the default namespace, and an administrator and a group besides.
var hostileNames = map[string]struct {
	name   string
	passes bool
	reason authprovider.Reason
}{
	"absent":                   {"", passes, signin.ReasonUsernameMissing},
	"unknown":                  {"joe", passes, signin.ReasonUserNotFound},
	"a name elsewhere":         {"root", passes, signin.ReasonUserNotFound},
	"the default namespace":    {"default", passes, signin.ReasonUserNotFound},
	"a kind":                   {"user", passes, signin.ReasonUserNotFound},
	"a group":                  {"staff", passes, signin.ReasonUserNotFound},
	"more":                     {"jane2", passes, signin.ReasonUserNotFound},
	"less":                     {"jan", passes, signin.ReasonUserNotFound},
	"an address":               {"jane@evil.example", passes, signin.ReasonUserNotFound},
	"two at signs":             {"jane@@acme.example", passes, signin.ReasonUserNotFound},
	"domain before":            {`acme\jane`, passes, signin.ReasonUserNotFound},
	"plus tag":                 {"jane+admin", passes, signin.ReasonUserNotFound},
	"dot before":               {".jane", passes, signin.ReasonUserNotFound},
	"dot behind":               {"jane.", passes, signin.ReasonUserNotFound},
	"hyphen":                   {"-", passes, signin.ReasonUserNotFound},
	"null":                     {"null", passes, signin.ReasonUserNotFound},
	"pattern":                  {"*", passes, signin.ReasonUserNotFound},
	"SQL pattern":              {"j%", passes, signin.ReasonUserNotFound},
	"SQL":                      {"'or'1'='1", passes, signin.ReasonUserNotFound},
	"quotes":                   {`"jane"`, passes, signin.ReasonUserNotFound},
	"nested quotes":            {`"'jane'"`, passes, signin.ReasonUserNotFound},
	"encoded slash":            {"default%2fjane", passes, signin.ReasonUserNotFound},
	"encoded letter":           {"j%61ne", passes, signin.ReasonUserNotFound},
	"query":                    {"jane?x", passes, signin.ReasonUserNotFound},
	"fragment":                 {"jane#", passes, signin.ReasonUserNotFound},
	"253 bytes":                {strings.Repeat("a", 253), passes, signin.ReasonUserNotFound},
	"254 bytes":                {strings.Repeat("a", 254), refuses, signin.ReasonNameMalformed},
	"a megabyte":               {strings.Repeat("a", 1<<20), refuses, signin.ReasonNameMalformed},
	"a reference":              {"user:default/jane", refuses, signin.ReasonNameMalformed},
	"a reference, upper case":  {"User:Default/Jane", refuses, signin.ReasonNameMalformed},
	"a group's reference":      {"group:default/staff", refuses, signin.ReasonNameMalformed},
	"a component's reference":  {"component:default/portal", refuses, signin.ReasonNameMalformed},
	"namespace":                {"default/jane", refuses, signin.ReasonNameMalformed},
	"other namespace":          {"admins/root", refuses, signin.ReasonNameMalformed},
	"kind":                     {"user:jane", refuses, signin.ReasonNameMalformed},
	"slash before":             {"/jane", refuses, signin.ReasonNameMalformed},
	"slash behind":             {"jane/", refuses, signin.ReasonNameMalformed},
	"colon before":             {":jane", refuses, signin.ReasonNameMalformed},
	"colon behind":             {"jane:", refuses, signin.ReasonNameMalformed},
	"separators alone":         {":/", refuses, signin.ReasonNameMalformed},
	"a path":                   {"../admins/root", refuses, signin.ReasonNameMalformed},
	"a dot":                    {".", refuses, signin.ReasonNameMalformed},
	"two dots":                 {"..", refuses, signin.ReasonNameMalformed},
	"a URL":                    {"https://acme.example/jane", refuses, signin.ReasonNameMalformed},
	"space":                    {" ", refuses, signin.ReasonNameMalformed},
	"space before":             {" jane", refuses, signin.ReasonNameMalformed},
	"space behind":             {"jane ", refuses, signin.ReasonNameMalformed},
	"space within":             {"jane doe", refuses, signin.ReasonNameMalformed},
	"no-break space":           {"jane\u00a0", refuses, signin.ReasonNameMalformed},
	"tab":                      {"jane\t", refuses, signin.ReasonNameMalformed},
	"line feed":                {"jane\n", refuses, signin.ReasonNameMalformed},
	"header line":              {"jane\r\nX-User: root", refuses, signin.ReasonNameMalformed},
	"NUL":                      {"jane\x00", refuses, signin.ReasonNameMalformed},
	"DEL":                      {"jane\x7f", refuses, signin.ReasonNameMalformed},
	"look-alike":               {"j\u0430ne", refuses, signin.ReasonNameMalformed},
	"Kelvin sign":              {"\u212aim", refuses, signin.ReasonNameMalformed},
	"long s":                   {"je\u017fse", refuses, signin.ReasonNameMalformed},
	"dotless i":                {"k\u0131m", refuses, signin.ReasonNameMalformed},
	"dotted capital I":         {"K\u0130M", refuses, signin.ReasonNameMalformed},
	"full-width":               {"\uff4aane", refuses, signin.ReasonNameMalformed},
	"full-width slash":         {"admins\uff0froot", refuses, signin.ReasonNameMalformed},
	"accent":                   {"jane\u0301", refuses, signin.ReasonNameMalformed},
	"zero width space":         {"jane\u200b", refuses, signin.ReasonNameMalformed},
	"right-to-left override":   {"\u202eenaj", refuses, signin.ReasonNameMalformed},
	"byte order mark":          {"\ufeffjane", refuses, signin.ReasonNameMalformed},
	"invalid UTF-8":            {"jane\xff", refuses, signin.ReasonNameMalformed},
	"a name that is not ASCII": {"j\u00f6rg", refuses, signin.ReasonNameMalformed},
}

func TestHostileNames(t *testing.T) {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane"}, authprovider.User{Ref: "user:default/kim"}, authprovider.User{Ref: "user:default/jesse"},
		authprovider.User{Ref: "user:admins/root"}, authprovider.User{Ref: "group:default/staff"}, authprovider.User{Ref: "component:default/portal"},
		authprovider.User{Ref: "user:default/.."}, authprovider.User{Ref: "user:default/."},
		authprovider.User{Ref: "user:default/double"}, authprovider.User{Ref: "user:default/double"})})
	for vendor, signIn := range byName() {
		for name, row := range hostileNames {
			t.Run(vendor+"/"+name, func(t *testing.T) {
				id, err := signIn(t.Context(), row.name, rc)
				requireDecision(t, id, err, class(row.passes), row.reason)
			})
		}
		for _, name := range []string{"jane", "Jane", "JANE"} {
			id, err := signIn(t.Context(), name, rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/jane", id.UserRef)
		}
		id, err := signIn(t.Context(), "double", rc)
		requireDecision(t, id, err, authprovider.ErrAmbiguousUser, signin.ReasonUserAmbiguous)
		requireFailures(t, vendor, func(ctx context.Context, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return signIn(ctx, "jane", rc)
		})
	}
}

// hostileAddresses are vouched for by a provider. An address is compared as a whole, so those that two readers may split in two ways
// are nobody's.
var hostileAddresses = map[string]struct {
	address string
	passes  bool
	reason  authprovider.Reason
}{
	"absent":                    {"", passes, signin.ReasonEmailMissing},
	"unknown":                   {"joe@acme.example", passes, signin.ReasonUserNotFound},
	"upper case":                {"JANE@ACME.EXAMPLE", passes, signin.ReasonUserNotFound},
	"two at signs":              {"jane@evil.example@acme.example", passes, signin.ReasonUserNotFound},
	"two at signs, ours first":  {"jane@acme.example@evil.example", passes, signin.ReasonUserNotFound},
	"at signs in a row":         {"jane@@acme.example", passes, signin.ReasonUserNotFound},
	"no domain":                 {"jane@", passes, signin.ReasonUserNotFound},
	"no local part":             {"@acme.example", passes, signin.ReasonUserNotFound},
	"a name":                    {"jane", passes, signin.ReasonUserNotFound},
	"trailing dot":              {"jane@acme.example.", passes, signin.ReasonUserNotFound},
	"subdomain":                 {"jane@mail.acme.example", passes, signin.ReasonUserNotFound},
	"another domain":            {"jane@evil.example", passes, signin.ReasonUserNotFound},
	"plus tag":                  {"jane+tag@acme.example", passes, signin.ReasonUserNotFound},
	"quotes":                    {`"jane"@acme.example`, passes, signin.ReasonUserNotFound},
	"at sign in quotes":         {`"jane@acme.example"@evil.example`, passes, signin.ReasonUserNotFound},
	"comment":                   {"jane(x)@acme.example", passes, signin.ReasonUserNotFound},
	"display name":              {"Jane <jane@acme.example>", passes, signin.ReasonUserNotFound},
	"two addresses":             {"jane@acme.example,admin@acme.example", passes, signin.ReasonUserNotFound},
	"address literal":           {"jane@[192.0.2.1]", passes, signin.ReasonUserNotFound},
	"internationalised domain":  {"jane@\u00e4cme.example", passes, signin.ReasonUserNotFound},
	"punycode":                  {"jane@xn--cme-7cd.example", passes, signin.ReasonUserNotFound},
	"look-alike":                {"j\u0430ne@acme.example", passes, signin.ReasonUserNotFound},
	"Kelvin sign":               {"\u212aim@acme.example", passes, signin.ReasonUserNotFound},
	"space behind":              {"jane@acme.example ", passes, signin.ReasonUserNotFound},
	"a group's":                 {"team@acme.example", passes, signin.ReasonUserNotFound},
	"line feed behind":          {"jane@acme.example\n", refuses, signin.ReasonEmailMalformed},
	"header line":               {"jane@acme.example\r\nBcc: x@evil.example", refuses, signin.ReasonEmailMalformed},
	"NUL behind":                {"jane@acme.example\x00", refuses, signin.ReasonEmailMalformed},
	"NUL and another domain":    {"jane@acme.example\x00.evil.example", refuses, signin.ReasonEmailMalformed},
	"zero width space":          {"jane\u200b@acme.example", refuses, signin.ReasonEmailMalformed},
	"invalid UTF-8":             {"jane\xff@acme.example", refuses, signin.ReasonEmailMalformed},
	"a megabyte of local part":  {strings.Repeat("j", 1<<20) + "@acme.example", refuses, signin.ReasonEmailMalformed},
	"a megabyte of at signs":    {strings.Repeat("@", 1<<20), refuses, signin.ReasonEmailMalformed},
	"a tag of control for ours": {"jane@acme.example\x1b[2K", refuses, signin.ReasonEmailMalformed},
}

func TestHostileAddressesInAnnotations(t *testing.T) {
	for vendor, r := range byAddress() {
		user := func(ref, address string) authprovider.User {
			return authprovider.User{Ref: ref, Annotations: map[string]string{r.annotation: address}}
		}
		rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
			user("user:default/jane", "jane@acme.example"), user("user:default/kim", "kim@acme.example"), user("user:default/blank", ""),
			authprovider.User{Ref: "user:default/bare", Email: "bare@acme.example"}, user("group:default/team", "team@acme.example"),
			user("user:default/twin", "twin@acme.example"), user("user:default/twin2", "twin@acme.example"))})
		signIn := r.signIn(authprovider.EmailVerified)
		for name, row := range hostileAddresses {
			t.Run(vendor+"/"+name, func(t *testing.T) {
				id, err := signIn(t.Context(), row.address, rc)
				requireDecision(t, id, err, class(row.passes), row.reason)
				if row.address != "" { // an address that nobody checked is never looked up
					id, err = r.signIn(authprovider.EmailUnverified)(t.Context(), row.address, rc)
					requireDecision(t, id, err, r.unverified, signin.ReasonEmailUnverified)
				}
			})
		}
		t.Run(vendor+"/verification", func(t *testing.T) {
			id, err := signIn(t.Context(), "jane@acme.example", rc)
			require.NoError(t, err)
			require.Equal(t, "user:default/jane", id.UserRef)
			id, err = r.signIn(authprovider.EmailUnverified)(t.Context(), "jane@acme.example", rc)
			requireDecision(t, id, err, r.unverified, signin.ReasonEmailUnverified)
			id, err = r.signIn(authprovider.EmailVerificationUnknown)(t.Context(), "jane@acme.example", rc)
			if r.unsaid != nil {
				requireDecision(t, id, err, r.unsaid, signin.ReasonEmailUnverified)
			} else {
				require.NoError(t, err)
			}
		})
		id, err := signIn(t.Context(), "twin@acme.example", rc)
		requireDecision(t, id, err, authprovider.ErrAmbiguousUser, signin.ReasonUserAmbiguous)
		requireFailures(t, vendor, func(ctx context.Context, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
			return signIn(ctx, "jane@acme.example", rc)
		})
	}
}

// TestHostileClaimsOfProxies: what a token says twice, or in another case, is no claim of any proxy's result.
func TestHostileClaimsOfProxies(t *testing.T) {
	for proxy, signIn := range map[string]func(claims string) (*authprovider.Identity, error){
		"cfaccess": claimed(t, func(claims []byte) (cfaccess.Result, error) { return cfaccess.ParseResult(claims, nil) }),
		"gcpiap":   claimed(t, gcpiap.ParseResult), "oauth2proxy": claimed(t, oauth2proxy.ParseResult), "awsalb": claimed(t, awsalb.ParseResult),
		"azureeasyauth": claimed(t, azureeasyauth.ParseResult), "proxyauth": claimed(t, proxyauth.ParseJWTResult),
	} {
		const sub = `"sub": "accounts.google.com:1", `
		id, err := signIn(`{` + sub + `"teams": ["ops", "staff"]}`)
		require.NoError(t, err, proxy)
		require.Equal(t, "user:default/jane", id.UserRef)
		for _, claims := range []string{
			`{` + sub + `"Teams": ["staff"]}`,
			`{` + sub + `"teams": ["Staff"]}`,
			`{` + sub + `"teams": ["ops"], "TEAMS": ["staff"]}`,
			`{` + sub + `"teams": ["ops"], "teams": ["staff"]}`,
			`{` + sub + `"teams": ["staff"], "teams": ["staff"]}`,
			`{` + sub + `"teams": ["ops"], "te\u0061ms": ["staff"]}`,
			`{` + sub + `"team\u017f": ["staff"]}`,
			`{` + sub + `"x\":0,\"teams": "staff"}`,
			`{` + sub + `"a": {"teams": ["staff"]}}`,
			`{` + sub + `"teams": {"staff": "staff"}}`,
			`{` + sub + `"teams": null}`,
			`{` + sub + `"teams": ["staff"]} {"teams": ["staff"]}`,
			`{` + sub + `"teams": ["staff",]}`,
		} {
			id, err := signIn(claims)
			require.Nil(t, id, "%s: %s", proxy, claims)
			require.Error(t, err, "%s: %s", proxy, claims)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
		}
	}
}

// claimed signs in whoever is in the team of the claims, if they are claims at all.
func claimed[R resolver.Claimer](t *testing.T, parse func([]byte) (R, error)) func(claims string) (*authprovider.Identity, error) {
	inTeam := resolver.RequireClaim("teams", "staff", func(context.Context, authprovider.SignInInfo[R], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return &authprovider.Identity{UserRef: "user:default/jane"}, nil
	})
	return func(claims string) (*authprovider.Identity, error) {
		result, err := parse([]byte(claims))
		if err != nil {
			return nil, err
		}
		return inTeam(t.Context(), authprovider.SignInInfo[R]{Result: result}, nil)
	}
}
