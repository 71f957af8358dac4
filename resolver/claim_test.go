package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"github.com/stretchr/testify/require"
)

// claimsText is a result that is its claims, as JSON.
type claimsText string

func (c claimsText) Claims(v any) error { return json.Unmarshal([]byte(c), v) }

type claimsInfo = authprovider.SignInInfo[claimsText]

func TestClaimCombinators(t *testing.T) {
	jane := func(context.Context, claimsInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return user("user:default/jane"), nil
	}
	const holds, missing, differs = "", resolver.ReasonClaimMissing, resolver.ReasonClaimDiffers
	tests := []struct {
		test, name, value, claims string
		want                      resolver.Reason
	}{
		{"text", "team", "ops", `{"team":"ops"}`, holds},
		{"another text", "team", "ops", `{"team":"dev"}`, differs},
		{"text in another case", "team", "ops", `{"team":"OPS"}`, differs},
		{"beginning of a text", "team", "ops", `{"team":"opsx"}`, differs},
		{"list as a text", "team", "ops", `{"team":"dev,ops"}`, differs},
		{"list", "groups", "ops", `{"groups":["dev","ops"]}`, holds},
		{"list without it", "groups", "ops", `{"groups":["dev","Ops","opsx"]}`, differs},
		{"empty list", "groups", "ops", `{"groups":[]}`, differs},
		{"list in a list", "groups", "ops", `{"groups":[["ops"]]}`, differs},
		{"object in a list", "groups", "ops", `{"groups":[{"name":"ops"}]}`, differs},
		{"list of everything", "groups", "ops", `{"groups":[null,1,true,{"ops":"ops"},"ops"]}`, holds},
		{"escaped", "team", "ops", `{"team":"\u006fps"}`, holds},
		{"with space around", "groups", "ops", "{\"groups\" : [ \"dev\" ,\n \"ops\" ] }", holds},

		{"absent", "team", "ops", `{}`, missing},
		{"null", "team", "null", `{"team":null}`, missing},
		{"null in a list", "team", "null", `{"team":[null]}`, differs},
		{"empty", "team", "ops", `{"team":""}`, differs},
		{"name in another case", "team", "ops", `{"Team":"ops"}`, missing},
		{"a path is a name", "realm_access.roles", "ops", `{"realm_access":{"roles":["ops"]}}`, missing},
		{"a name like a path", "https://acme.example/roles", "ops", `{"https://acme.example/roles":["ops"]}`, holds},
		{"object", "team", "ops", `{"team":{"ops":"ops"}}`, differs},
		{"object as a text", "team", `{"a":1}`, `{"team":{"a":1}}`, differs},
		{"list as a value", "team", `["ops"]`, `{"team":["ops"]}`, differs},

		{"true", "staff", "true", `{"staff":true}`, holds},
		{"true as a text", "staff", "true", `{"staff":"true"}`, holds},
		{"false", "staff", "true", `{"staff":false}`, differs},
		{"false is a value", "external", "false", `{"external":false}`, holds},
		{"false is not absent", "external", "false", `{}`, missing},
		{"number", "org", "42", `{"org":42}`, holds},
		{"number in a list", "orgs", "42", `{"orgs":[7,42]}`, holds},
		{"negative number", "org", "-1", `{"org":-1}`, holds},
		{"large number", "org", "123456789012345678901234567890", `{"org":123456789012345678901234567890}`, holds},
		{"number that rounds", "org", "9007199254740993", `{"org":9007199254740992}`, differs},
		{"number in another spelling", "org", "42", `{"org":42.0}`, differs},
		{"fraction", "org", "4.2", `{"org":4.2}`, differs},
	}
	for _, tt := range tests {
		t.Run(tt.test, func(t *testing.T) {
			in := claimsInfo{Result: claimsText(tt.claims)}
			wantRequire, wantWhen := refused(tt.want), passedOn(tt.want)
			if tt.want == holds {
				wantRequire, wantWhen = signedIn("user:default/jane"), signedIn("user:default/jane")
			}
			id, err := resolver.RequireClaim(tt.name, tt.value, jane)(t.Context(), in, nil)
			wantRequire.require(t, id, err)
			id, err = resolver.WhenClaim(tt.name, tt.value, jane)(t.Context(), in, nil)
			wantWhen.require(t, id, err)
		})
	}
}

// brokenClaims is a result whose claims cannot be read, and that is careless about why.
type brokenClaims struct{}

func (brokenClaims) Claims(any) error { return authprovider.ErrNoMatch }

func TestClaimsThatCannotBeRead(t *testing.T) {
	jane := func(context.Context, authprovider.SignInInfo[brokenClaims], *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return user("user:default/jane"), nil
	}
	laxer := jane
	for name, resolve := range map[string]authprovider.SignInResolver[brokenClaims]{
		"RequireClaim": resolver.RequireClaim("team", "ops", jane),
		"WhenClaim":    resolver.WhenClaim("team", "ops", jane),
	} {
		id, err := authprovider.ResolveSignIn(t.Context(), authprovider.SignInInfo[brokenClaims]{}, nil, resolve, laxer)
		require.Nil(t, id, name)
		require.ErrorContains(t, err, name+` "team" "ops"`)
		require.NotErrorIs(t, err, authprovider.ErrNoMatch)
		require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
	}
}

func TestClaimOfAHugeList(t *testing.T) {
	jane := func(context.Context, claimsInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return user("user:default/jane"), nil
	}
	list := `{"groups":["` + strings.Repeat(`g","`, 50_000) + `ops"]}`
	id, err := resolver.RequireClaim("groups", "ops", jane)(t.Context(), claimsInfo{Result: claimsText(list)}, nil)
	signedIn("user:default/jane").require(t, id, err)
	_, err = resolver.RequireClaim("groups", "admins", jane)(t.Context(), claimsInfo{Result: claimsText(list)}, nil)
	require.Less(t, len(err.Error()), 1000, "the log is not flooded")
}

func TestBadClaimOptions(t *testing.T) {
	inner := resolver.Deny[claimsText]
	for name, resolve := range map[string]authprovider.SignInResolver[claimsText]{
		"no name": resolver.RequireClaim("", "ops", inner), "no value": resolver.RequireClaim("team", "", inner), "RequireClaim of nil": resolver.RequireClaim[claimsText]("team", "ops", nil),
		"no name to pass on": resolver.WhenClaim("", "ops", inner), "no value to pass on": resolver.WhenClaim("team", "", inner), "WhenClaim of nil": resolver.WhenClaim[claimsText]("team", "ops", nil),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t.Context(), claimsInfo{Result: `{"":"","team":""}`}, nil)
			require.Error(t, err)
			require.NotErrorIs(t, err, authprovider.ErrNoMatch)
			require.NotErrorIs(t, err, authprovider.ErrNotAllowed)
		})
	}
}

// FuzzRequireClaim: whoever comes in has the value as a text, or in a list of the claim.
func FuzzRequireClaim(f *testing.F) {
	for _, seed := range []string{`"ops"`, `["ops"]`, `[["ops"]]`, `{"team":"ops"}`, `null`, `"\u006fps"`, `"ops`, `[1,"ops"]`, `true`, ` "ops"`, strings.Repeat("2", 400)} {
		f.Add(seed)
	}
	resolve := resolver.RequireClaim("team", "ops", func(context.Context, claimsInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return user("user:default/jane"), nil
	})
	f.Fuzz(func(t *testing.T, claim string) {
		claims := `{"team":` + claim + `}`
		id, err := resolve(t.Context(), claimsInfo{Result: claimsText(claims)}, nil)
		var read struct {
			Team any `json:"team"`
		}
		broken := json.Unmarshal([]byte(claims), new(map[string]json.RawMessage))
		d := json.NewDecoder(strings.NewReader(claims))
		d.UseNumber() // some are beyond a float
		_ = d.Decode(&read)
		list, _ := read.Team.([]any)
		want := read.Team == any("ops")
		for _, element := range list {
			want = want || element == any("ops")
		}
		if strings.Contains(claim, "eam") {
			return // encoding/json reads a second claim of that name in any case, which a provider's result does not have
		}
		require.Equal(t, broken == nil && want, err == nil, claims)
		require.Equal(t, err == nil, id != nil)
		require.Equal(t, broken == nil && !want, errors.Is(err, authprovider.ErrNotAllowed))
	})
}
