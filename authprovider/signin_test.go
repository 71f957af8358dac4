package authprovider_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

type (
	signInInfo = authprovider.SignInInfo[string]
	signIn     = authprovider.SignInResolver[string]
)

// answer is a resolver that gives the same answer to everybody.
func answer(id *authprovider.Identity, err error) signIn {
	return func(context.Context, signInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return id, err
	}
}

func TestResolveSignIn(t *testing.T) {
	jane := answer(&authprovider.Identity{UserRef: "user:default/jane"}, nil)
	laxer := answer(&authprovider.Identity{UserRef: "user:default/anybody"}, nil)
	pass := answer(nil, authprovider.ErrNoMatch)
	outage := errors.New("connection refused")
	tests := []struct {
		name      string
		resolvers []signIn
		want      string
		wantErr   error
	}{
		{"first", []signIn{jane, laxer}, "user:default/jane", nil},
		{"second", []signIn{pass, jane}, "user:default/jane", nil},
		{"not found passes on", []signIn{answer(nil, authprovider.ErrUserNotFound), jane}, "user:default/jane", nil},
		{"wrapped deep passes on", []signIn{answer(nil, fmt.Errorf("a: %w", fmt.Errorf("b: %w", authprovider.ErrNoMatch))), jane}, "user:default/jane", nil},
		{"no match because of bad input passes on", []signIn{answer(nil, &authprovider.Error{Kind: authprovider.ErrNoMatch, Err: authprovider.ErrInput}), jane}, "user:default/jane", nil},
		{"an identity with an error is not looked at", []signIn{answer(&authprovider.Identity{UserRef: "user:default/mallory"}, authprovider.ErrNoMatch), jane}, "user:default/jane", nil},

		{"no resolver", nil, "", authprovider.ErrNotAllowed},
		{"all pass", []signIn{pass, pass}, "", authprovider.ErrNotAllowed},
		{"refused", []signIn{answer(nil, authprovider.ErrNotAllowed), laxer}, "", authprovider.ErrNotAllowed},
		{"not authenticated", []signIn{answer(nil, authprovider.ErrAuthentication), laxer}, "", authprovider.ErrAuthentication},
		{"ambiguous", []signIn{pass, answer(nil, authprovider.ErrAmbiguousUser), laxer}, "", authprovider.ErrConflict},
		{"outage", []signIn{answer(nil, outage), laxer}, "", outage},
		{"unavailable", []signIn{answer(nil, authprovider.ErrUnavailable), laxer}, "", authprovider.ErrUnavailable},
		{"cancelled", []signIn{answer(nil, context.Canceled), laxer}, "", context.Canceled},
		{"refused because nobody was found", []signIn{answer(nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Err: authprovider.ErrUserNotFound}), laxer}, "", authprovider.ErrNotAllowed},
		{"refused and no match at once", []signIn{answer(nil, errors.Join(authprovider.ErrNoMatch, authprovider.ErrNotAllowed)), laxer}, "", authprovider.ErrNotAllowed},
		{"unavailable and no match at once", []signIn{answer(nil, fmt.Errorf("%w: %w", authprovider.ErrUnavailable, authprovider.ErrUserNotFound)), laxer}, "", authprovider.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := authprovider.ResolveSignIn(t.Context(), signInInfo{}, nil, tt.resolvers...)
			require.ErrorIs(t, err, tt.wantErr)
			if tt.wantErr != nil {
				require.Nil(t, id)
				return
			}
			require.Equal(t, tt.want, id.UserRef)
		})
	}
}

// What a resolver does wrong ends the sign-in as a failure of ours: not as a refusal, nor as a case for the next resolver.
func TestResolverFailures(t *testing.T) {
	identity := func(ref string, owns ...string) signIn {
		return answer(&authprovider.Identity{UserRef: ref, OwnershipRefs: owns}, nil)
	}
	failures := map[string]signIn{
		"neither of both":  answer(nil, nil),
		"no user":          identity(""),
		"a name":           identity("jane"),
		"a crooked user":   identity("user:default/a/b"),
		"no ownership ref": identity("user:default/jane", "user:default/jane", ""),
		"a crooked group":  identity("user:default/jane", "group:default/x\n"),
		"a panic": func(context.Context, signInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			panic("boom")
		},
		"a panic with an error": func(context.Context, signInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
			panic(authprovider.ErrNoMatch)
		},
		"a nil function": nil,
	}
	laxer := identity("user:default/anybody")
	for name, resolve := range failures {
		t.Run(name, func(t *testing.T) {
			id, err := authprovider.ResolveSignIn(t.Context(), signInInfo{}, nil, resolve, laxer)
			require.Nil(t, id)
			require.Error(t, err)
			for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotAllowed, authprovider.ErrInput} {
				require.NotErrorIs(t, err, class)
			}
		})
	}
}

func TestIdentityIsSpeltOneWay(t *testing.T) {
	given := &authprovider.Identity{UserRef: "User:Jane", OwnershipRefs: []string{"User:Jane", "Group:Default/Dev"}, Claims: map[string]any{"a": 1}}
	id, err := authprovider.ResolveSignIn(t.Context(), signInInfo{}, nil, answer(given, nil))
	require.NoError(t, err)
	require.Equal(t, &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/dev"},
		Claims: map[string]any{"a": 1}}, id)
	require.Equal(t, "User:Jane", given.UserRef, "the resolver's own is left alone")
}

// Which kinds may sign in is decided where the user is looked up; an identity that a resolver made is its own word.
func TestIdentityOfAnotherKind(t *testing.T) {
	id, err := authprovider.ResolveSignIn(t.Context(), signInInfo{}, nil, answer(&authprovider.Identity{UserRef: "Component:default/CI"}, nil))
	require.NoError(t, err)
	require.Equal(t, "component:default/ci", id.UserRef)
}

func TestNoMatchError(t *testing.T) {
	first, second := fmt.Errorf("first: %w", authprovider.ErrNoMatch), fmt.Errorf("second: %w", authprovider.ErrUserNotFound)
	_, err := authprovider.ResolveSignIn(t.Context(), signInInfo{}, nil, answer(nil, first), answer(nil, second))
	var none *authprovider.NoMatchError
	require.ErrorAs(t, err, &none)
	require.Equal(t, []error{first, second}, none.Errs)
	require.ErrorContains(t, err, "first: ")
	require.ErrorContains(t, err, "second: ")
	require.NotErrorIs(t, err, authprovider.ErrNoMatch, "that each said \"not me\" ends here")
}

func TestResolversGetWhatWasGiven(t *testing.T) {
	in := signInInfo{Profile: authprovider.Profile{Email: "jane@acme.example"}, Result: "result", Header: http.Header{"X-A": {"1"}}}
	rc := contextOf(found())
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	_, err := authprovider.ResolveSignIn(ctx, in, rc, func(ctx context.Context, got signInInfo, gotContext *authprovider.ResolverContext) (*authprovider.Identity, error) {
		require.Equal(t, in, got)
		require.Same(t, rc, gotContext)
		require.Equal(t, "value", ctx.Value(key{}))
		return &authprovider.Identity{UserRef: "user:default/jane"}, nil
	})
	require.NoError(t, err)
}

// issuerFunc is a token issuer that answers by a function.
type issuerFunc func(authprovider.TokenClaims) (string, error)

func (f issuerFunc) IssueToken(_ context.Context, c authprovider.TokenClaims) (string, error) {
	return f(c)
}

func compactJWT(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func TestIssueIdentity(t *testing.T) {
	now := time.Unix(1_000_000, 400_000_000)
	outage := errors.New("no signing key")
	id := &authprovider.Identity{UserRef: "user:default/jane", OwnershipRefs: []string{"user:default/jane", "group:default/dev"}, Claims: map[string]any{"a": "b"}}
	tests := []struct {
		name    string
		token   string
		err     error
		want    string // of expiresInSeconds; empty if absent
		wantErr string
	}{
		{name: "an hour", token: compactJWT(`{"exp":1003600}`), want: "3600"},
		{name: "rounded", token: compactJWT(`{"exp":1003600.95}`), want: "3601"},
		{name: "ends now", token: compactJWT(`{"exp":1000000}`), want: "0"},
		{name: "no exp", token: compactJWT(`{}`)},
		{name: "exp null", token: compactJWT(`{"exp":null}`)},
		{name: "among others", token: compactJWT(`{"iss":"i","aud":["a"],"iat":1000000,"exp":1003600,"uip":"x"}`), want: "3600"},
		{name: "another object's is not it", token: compactJWT(`{"act":{"exp":1000001},"list":[{"exp":1000001}],"exp":1003600}`), want: "3600"},
		{name: "text that looks like it", token: compactJWT(`{"a":"\\\"exp\":1000001,","b":"exp","c":"\\","exp":1003600}`), want: "3600"},
		{name: "only another object's", token: compactJWT(`{"act":{"exp":1000001}}`)},
		{name: "only a text", token: compactJWT(`{"a":"exp","b":"\"exp\":1"}`)},
		{name: "white space", token: compactJWT(`{ "exp" : 1003600 }`), want: "3600"},
		{name: "white space before the end", token: compactJWT("{\"exp\":1003600\n}"), want: "3600"},
		{name: "exponent", token: compactJWT(`{"exp":1.0036e6}`), want: "3600"},
		{name: "escaped name", token: compactJWT(`{"\u0065xp":1003600}`), want: "3600"},
		{name: "no end", token: compactJWT(`{"exp":1003600`), wantErr: "not JSON"},
		{name: "no end of a text", token: compactJWT(`{"exp`), wantErr: "not JSON"},
		{name: "no end of an escape", token: compactJWT(`{"exp\`), wantErr: "not JSON"},
		{name: "expired", token: compactJWT(`{"exp":999999}`), wantErr: "expired"},
		{name: "exp is text", token: compactJWT(`{"exp":"1003600"}`), wantErr: "not JSON"},
		{name: "no JSON", token: compactJWT(`exp`), wantErr: "not JSON"},
		{name: "no base64url", token: "e30.{}.c2ln", wantErr: "not base64url"},
		{name: "padded", token: "e30." + base64.URLEncoding.EncodeToString([]byte(`{}`)) + ".c2ln", wantErr: "not base64url"},
		{name: "two parts", token: "e30.e30", wantErr: "not a compact JWT"},
		{name: "empty", token: "", wantErr: "not a compact JWT"},
		{name: "outage", err: outage, wantErr: "no signing key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pc := &authprovider.ProviderContext{Now: func() time.Time { return now }, Issuer: issuerFunc(func(c authprovider.TokenClaims) (string, error) {
				require.Equal(t, authprovider.TokenClaims{Subject: id.UserRef, Ownership: id.OwnershipRefs, Claims: id.Claims}, c)
				return tt.token, tt.err
			})}
			got, err := pc.IssueIdentity(t.Context(), id)
			if tt.wantErr != "" {
				require.Nil(t, got)
				require.ErrorContains(t, err, tt.wantErr)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				}
				if tt.token != "" {
					require.NotContains(t, err.Error(), tt.token, "a token is not for logs")
				}
				return
			}
			require.NoError(t, err)
			expires := ""
			if tt.want != "" {
				expires = `"expiresInSeconds":` + tt.want + `,`
			}
			wire, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, `{"token":"`+tt.token+`",`+expires+
				`"identity":{"type":"user","userEntityRef":"user:default/jane","ownershipEntityRefs":["user:default/jane","group:default/dev"]}}`, string(wire))
		})
	}
	t.Run("no ownership means the user", func(t *testing.T) {
		pc := &authprovider.ProviderContext{Now: time.Now, Issuer: issuerFunc(func(c authprovider.TokenClaims) (string, error) {
			require.Equal(t, []string{"user:default/jane"}, c.Ownership)
			return compactJWT(`{}`), nil
		})}
		got, err := pc.IssueIdentity(t.Context(), &authprovider.Identity{UserRef: "user:default/jane"})
		require.NoError(t, err)
		require.Equal(t, []string{"user:default/jane"}, got.Identity.OwnershipEntityRefs)
	})
}

func TestClientAuthResponseOnTheWire(t *testing.T) {
	got, err := json.Marshal(authprovider.ClientAuthResponse{})
	require.NoError(t, err)
	require.JSONEq(t, `{"profile":{}}`, string(got), "what is absent is left out: the frontend tells null from absent")
}

func TestSignInHeader(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, name := range []string{"cookie", "Authorization", "PROXY-AUTHORIZATION"} {
		r.Header.Add(name, "marker")
		r.Header.Add(name, "marker again")
	}
	r.Header.Set("X-Forwarded-User", "jane")
	h := authprovider.SignInHeader(r)
	require.Equal(t, http.Header{"X-Forwarded-User": {"jane"}}, h)
	h.Set("X-Forwarded-User", "mallory")
	h.Add("X-New", "1")
	require.Equal(t, "jane", r.Header.Get("X-Forwarded-User"), "it is a copy")
	require.Empty(t, r.Header.Get("X-New"))
	require.NotEmpty(t, r.Header.Get("Cookie"))

	require.Empty(t, authprovider.SignInHeader(&http.Request{}), "a request without any header")
}
