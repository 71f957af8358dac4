package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
)

// claimed is a provider's result that is nothing but claims.
type claimed string

func (c claimed) Claims(v any) error { return json.Unmarshal([]byte(c), v) }

func many(n int, format, last string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+",", i)
	}
	return b.String() + last
}

// TestHostileClaims: a claim is the value, or a list with the value in it, and nothing that merely looks like either.
func TestHostileClaims(t *testing.T) {
	const hit, failure = resolver.Reason("hit"), resolver.Reason("failure")
	missing, differs := resolver.ReasonClaimMissing, resolver.ReasonClaimDiffers
	groups := map[string]struct {
		claims string
		want   resolver.Reason
	}{
		"a text":                       {`{"groups":"staff"}`, hit},
		"a list":                       {`{"groups":["staff"]}`, hit},
		"a list of two":                {`{"groups":["dev","staff"]}`, hit},
		"twice":                        {`{"groups":["staff","staff"]}`, hit},
		"escaped":                      {`{"groups":["\u0073taff"]}`, hit},
		"beside other types":           {`{"groups":[null,1,true,{},[],"staff"]}`, hit},
		"blanks":                       {"{ \"groups\" : [ \t\n\"staff\" ] }", hit},
		"last of a hundred thousand":   {`{"groups":[` + many(100_000, `"g%d"`, `"staff"`) + `]}`, hit},
		"none of a hundred thousand":   {`{"groups":[` + many(100_000, `"staff%d"`, `"x"`) + `]}`, differs},
		"upper case":                   {`{"groups":["Staff"]}`, differs},
		"space behind":                 {`{"groups":["staff "]}`, differs},
		"space before":                 {`{"groups":" staff"}`, differs},
		"NUL behind":                   {`{"groups":["staff\u0000"]}`, differs},
		"line feed behind":             {`{"groups":["staff\n"]}`, differs},
		"look-alike":                   {`{"groups":["st` + "\u0430" + `ff"]}`, differs},
		"zero width space":             {`{"groups":["staff` + "\u200b" + `"]}`, differs},
		"full-width":                   {`{"groups":["` + "\uff53" + `taff"]}`, differs},
		"half a surrogate":             {`{"groups":["staff\ud800"]}`, differs},
		"one text of two, comma":       {`{"groups":"staff,dev"}`, differs},
		"one text of two, space":       {`{"groups":"dev staff"}`, differs},
		"two texts of one":             {`{"groups":["sta","ff"]}`, differs},
		"a path":                       {`{"groups":["/staff"]}`, differs},
		"a path below":                 {`{"groups":["staff/admins"]}`, differs},
		"a reference":                  {`{"groups":["group:default/staff"]}`, differs},
		"pattern":                      {`{"groups":["*","%","st*"]}`, differs},
		"empty text":                   {`{"groups":""}`, differs},
		"empty list":                   {`{"groups":[]}`, differs},
		"list of an empty text":        {`{"groups":[""]}`, differs},
		"list of null":                 {`{"groups":[null]}`, differs},
		"a list in a list":             {`{"groups":[["staff"]]}`, differs},
		"a list in a text":             {`{"groups":"[\"staff\"]"}`, differs},
		"quotes in quotes":             {`{"groups":"\"staff\""}`, differs},
		"quotes in quotes in quotes":   {`{"groups":["'\"staff\"'"]}`, differs},
		"an object":                    {`{"groups":{"staff":true}}`, differs},
		"an object, by number":         {`{"groups":{"0":"staff"}}`, differs},
		"an object in a list":          {`{"groups":[{"name":"staff"}]}`, differs},
		"true":                         {`{"groups":true}`, differs},
		"a number":                     {`{"groups":1}`, differs},
		"none":                         {`{}`, missing},
		"null":                         {`{"groups":null}`, missing},
		"name in other case":           {`{"Groups":["staff"]}`, missing},
		"name in upper case":           {`{"GROUPS":"staff"}`, missing},
		"name with a Kelvin-like sign": {`{"group` + "\u017f" + `":["staff"]}`, missing}, // a long s folds to s
		"name with a space":            {`{"groups ":["staff"]}`, missing},
		"name with NUL":                {`{"groups\u0000":["staff"]}`, missing},
		"name and value in a name":     {`{"groups\":\"staff":true}`, missing},
		"name and value the wrong way": {`{"staff":"groups"}`, missing},
		"within another claim":         {`{"realm":{"groups":["staff"]}}`, missing},
		"a path for a name":            {`{"realm.groups":["staff"]}`, missing},
		"no claims":                    {`null`, missing},
		"not an object":                {`["groups","staff"]`, failure},
		"a text alone":                 {`"groups"`, failure},
		"two objects":                  {`{}{"groups":["staff"]}`, failure},
		"not JSON":                     {`groups=staff`, failure},
		"empty":                        {``, failure},
	}
	inner := func(context.Context, authprovider.SignInInfo[claimed], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return user("user:default/jane"), nil
	}
	try := func(t *testing.T, name, value, claims string, want resolver.Reason) {
		in := authprovider.SignInInfo[claimed]{Result: claimed(claims)}
		for combinator, tt := range map[string]struct {
			resolve authprovider.SignInResolver[claimed]
			class   error
		}{
			"RequireClaim": {resolver.RequireClaim(name, value, inner), authprovider.ErrNotAllowed},
			"WhenClaim":    {resolver.WhenClaim(name, value, inner), authprovider.ErrNoMatch},
		} {
			id, err := tt.resolve(t.Context(), in, nil)
			switch want {
			case hit:
				signedIn("user:default/jane").require(t, id, err)
			case failure:
				require.Nil(t, id, combinator)
				require.Error(t, err, combinator)
				require.NotErrorIs(t, err, authprovider.ErrNoMatch, combinator)
				require.NotErrorIs(t, err, authprovider.ErrNotAllowed, combinator)
			default:
				outcome{wantErr: tt.class, reason: want}.require(t, id, err)
				require.Less(t, len(err.Error()), 1500, "what a provider sends does not flood the log")
			}
		}
	}
	for name, tt := range groups {
		t.Run(name, func(t *testing.T) { try(t, "groups", "staff", tt.claims, tt.want) })
	}
	for _, tt := range []struct {
		value, claim string
		want         resolver.Reason
	}{
		{"true", `true`, hit}, {"true", `"true"`, hit}, {"true", `[false,true]`, hit},
		{"true", `"True"`, differs}, {"true", `1`, differs}, {"true", `false`, differs}, {"true", `"1"`, differs}, {"true", `{"true":true}`, differs},
		{"false", `false`, hit}, {"false", `null`, missing}, {"false", `0`, differs}, {"false", `""`, differs}, {"false", `[]`, differs},
		{"42", `42`, hit}, {"42", `"42"`, hit}, {"42", `[7,42]`, hit}, {"42", `-42`, differs}, {"42", `42.0`, differs}, {"42", `4.2e1`, differs},
		{"42", `42.5`, differs}, {"42", `"042"`, differs}, {"42", `420`, differs}, {"-0", `0`, differs}, {"0", `-0`, differs},
		{"9007199254740993", `9007199254740993`, hit}, {"9007199254740993", `9007199254740992`, differs}, // one and the same as float64
		{"100000000000000000000", `100000000000000000000`, hit}, {"100000000000000000000", `1e20`, differs},
		{"null", `null`, missing}, {"null", `"null"`, hit}, {"{}", `{}`, differs}, {"[]", `[]`, differs}, {`"x"`, `"x"`, differs},
	} {
		t.Run(tt.value+"/"+tt.claim, func(t *testing.T) { try(t, "c", tt.value, `{"c":`+tt.claim+`}`, tt.want) })
	}
}

// TestHostileGroups: a group is its reference as a whole.
func TestHostileGroups(t *testing.T) {
	refs := make([]string, 100_000)
	for i := range refs {
		refs[i] = fmt.Sprintf("group:default/staff%d", i)
	}
	resolve := func(owns []string) authprovider.SignInResolver[*result] {
		return resolver.RequireGroup("Group:Default/Staff", always(user("user:default/jane", owns...), nil))
	}
	for name, tt := range map[string]struct {
		owns []string
		in   bool
	}{
		"the group":                    {[]string{"user:default/jane", "group:default/staff"}, true},
		"in another spelling":          {[]string{"GROUP:default/STAFF"}, true},
		"without the namespace":        {[]string{"group:staff"}, true},
		"last of a hundred thousand":   {append(slices.Clone(refs), "group:default/staff"), true},
		"none of a hundred thousand":   {refs, false},
		"nothing":                      {nil, false},
		"the user alone":               {[]string{"user:default/jane"}, false},
		"another namespace":            {[]string{"group:other/staff"}, false},
		"another kind":                 {[]string{"user:default/staff", "component:default/staff", "groups:default/staff"}, false},
		"the beginning":                {[]string{"group:default/staf"}, false},
		"more":                         {[]string{"group:default/staff2", "group:default/staff-admins"}, false},
		"look-alikes":                  {[]string{"group:default/st\u0430ff", "group:default/\u017ftaff"}, false},
		"with blanks":                  {[]string{" group:default/staff", "group:default/staff ", "group:default/ staff"}, false},
		"with control characters":      {[]string{"group:default/staff\x00", "group:default/staff\n"}, false},
		"several references in a text": {[]string{"group:default/staff,group:default/dev", "group:default/dev group:default/staff"}, false},
		"a name with the group inside": {[]string{"group:default/x/group:default/staff", "group:default/group:staff"}, false},
		"no references":                {[]string{"", "staff", "default/staff", ":", "/", "group:", "group:default/"}, false},
		"encoded":                      {[]string{"group:default%2Fstaff", "group%3Adefault/staff"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := resolve(tt.owns)(t.Context(), info{}, nil)
			if tt.in {
				signedIn("user:default/jane").require(t, id, err)
				return
			}
			refused(resolver.ReasonGroupMissing).require(t, id, err)
		})
	}
	for name, inner := range map[string]error{
		"unknown": authprovider.ErrUserNotFound, "refused": authprovider.ErrNotAllowed, "outage": errors.New("connection refused"),
	} {
		_, err := resolver.RequireGroup("group:default/staff", always(nil, inner))(t.Context(), info{}, nil)
		require.ErrorIs(t, err, inner, name)
		require.Equal(t, name == "unknown", errors.Is(err, authprovider.ErrNoMatch), name)
	}
}

// TestHostileAdditions: what a function adds to an ownership is a reference, or a mistake that lets nobody in.
func TestHostileAdditions(t *testing.T) {
	for added, want := range map[string]string{
		"group:default/dev": "group:default/dev", "Group:DEV": "group:default/dev", "user:default/joe": "user:default/joe",
		"": "", " ": "", "dev": "", "default/dev": "", "group:": "", "group:/dev": "", "group:default/": "", ":default/dev": "", "group:default/a/b": "",
		"group:default/a:b": "", "group:a:b/c": "", "group:default/dev,group:default/ops": "", "group:default/dev ": "", " group:default/dev": "",
		"group:default/dev\n": "", "group:default/\x00": "", "gr\u043eup:default/dev": "", "group:default/d\u0435v": "", "group:default/\u212a": "",
		"group:default/dev\u200b": "", "group:default/\xff": "", "group:default/" + strings.Repeat("a", 254): "",
	} {
		t.Run(added, func(t *testing.T) {
			id, err := resolver.WithOwnership(always(user("user:default/jane"), nil), func(context.Context, info, authprovider.Identity) ([]string, error) {
				return []string{added}, nil
			})(t.Context(), info{}, nil)
			if want != "" {
				require.NoError(t, err)
				require.Equal(t, []string{"user:default/jane", want}, id.OwnershipRefs)
				return
			}
			require.Nil(t, id)
			require.Error(t, err)
			for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrInput} {
				require.NotErrorIs(t, err, class, "a mistake of the host's is no word about the person")
			}
		})
	}
}

// TestHostileClaimNames: a claim's name adds one claim to a token, and none that the issuer or somebody else makes.
func TestHostileClaimNames(t *testing.T) {
	jane := &authprovider.Identity{UserRef: "user:default/jane", Claims: map[string]any{"team": "ops"}}
	for name, fails := range map[string]bool{
		"shift": false, "https://acme.example/shift": false, "acme:shift": false, "shift_2": false, "Team": false,
		"": true, "team": true, "sub": true, "SUB": true, "Sub": true, "iss": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true,
		"ent": true, "ENT": true, "uip": true, "typ": true, `x":0,"sub`: true, `x"`: true, `x\`: true, "a b": true, " sub": true, "sub ": true, "sub\x00": true,
		"sub\n": true, "\u017fub": true, "s\u0443b": true, "su\u200bb": true, "shift\xff": true, "{}": true, "a,b": true, "<sub>": true,
	} {
		t.Run(name, func(t *testing.T) {
			id, err := resolver.WithClaims(always(jane, nil), func(context.Context, info, authprovider.Identity) (map[string]any, error) {
				return map[string]any{name: "x"}, nil
			})(t.Context(), info{}, nil)
			if !fails {
				require.NoError(t, err)
				require.Equal(t, map[string]any{"team": "ops", name: "x"}, id.Claims)
				return
			}
			require.Nil(t, id)
			require.Error(t, err)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch, "a mistake of the host's is no word about the person")
			require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
		})
	}
	require.Equal(t, map[string]any{"team": "ops"}, jane.Claims, "the inner resolver's identity is left alone")
}

// TestDenyList: whoever is on it stays out, however the rest of the policy would have them.
func TestDenyList(t *testing.T) {
	byEmail := resolver.EmailMatchingUserEntityProfileEmail[*result]
	policy := resolver.FirstMatch(resolver.WhenDomain("evil.example", resolver.Deny[*result]), byEmail)
	for address, want := range map[string]outcome{
		"jane@acme.example":                 signedIn("user:default/jane"),
		"jane@evil.example":                 refused(resolver.ReasonDenied),
		"JANE@EVIL.EXAMPLE":                 refused(resolver.ReasonDenied),
		"joe@evil.example":                  refused(resolver.ReasonDenied),
		"jane@evil.example@acme.example":    refused(resolver.ReasonEmailMalformed),
		"jane@evil.example.":                refused(resolver.ReasonEmailMalformed),
		"jane@acme.example, x@evil.example": refused(resolver.ReasonEmailMalformed),
	} {
		t.Run(address, func(t *testing.T) {
			id, err := policy(t.Context(), info{Profile: verified(address)}, directory())
			want.require(t, id, err)
		})
	}
}
