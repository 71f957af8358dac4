package stagedoor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/internal/signin"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/oauthadapter/okta"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// The Go of docs/resolvers.md. TestReadme compares the two.

func choices(access cfaccess.Config, proxy oauth2proxy.Config, corp okta.Config, sso oidcprovider.Config) map[string]authprovider.ProviderFactory {
	return map[string]authprovider.ProviderFactory{
		"okta": okta.Provider(corp, okta.UserIDMatchingUserEntityAnnotation, resolver.EmailMatchingUserEntityProfileEmail),

		"cfaccess": cfaccess.Provider(access,
			resolver.AnnotationMatching("acme.example/access-id", func(r cfaccess.Result) string { return r.Subject })),

		"sso": oidcprovider.Provider(sso, resolver.EmailMatchingUserEntityProfileEmailWith[oidcprovider.Result](resolver.EmailOptions{
			AllowedDomains:       []string{"acme.example"},
			RequireVerifiedEmail: true,
		})),

		"oauth2Proxy": oauth2proxy.Provider(proxy,
			resolver.WhenDomain("acme.example", resolver.EmailMatchingUserEntityProfileEmail[oauth2proxy.Result]),
			resolver.RequireClaim("groups", "portal-contractors", resolver.EmailMatchingUserEntityProfileEmail[oauth2proxy.Result])),
	}
}

// byStaffNumber finds employees by the number that the identity provider has from the personnel department.
func byStaffNumber(ctx context.Context, in okta.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		StaffNumber string `json:"staff_number"`
		Leaving     bool   `json:"leaving"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err // a failure: ours, or the vendor's
	}
	if claims.Leaving {
		return nil, fmt.Errorf("%s is leaving: %w", claims.StaffNumber, authprovider.ErrNotAllowed) // a refusal: nobody else is asked
	}
	if claims.StaffNumber == "" {
		return nil, authprovider.ErrNoMatch // not one of mine: the next one tries
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"acme.example/staff-number": claims.StaffNumber}})
}

func TestByStaffNumber(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"acme.example/staff-number": "1001"}})
	for claims, want := range map[string]error{
		`{"sub": "00u1", "staff_number": "1001"}`:                  nil,
		`{"sub": "00u1", "staff_number": "1002"}`:                  authprovider.ErrUserNotFound,
		`{"sub": "00u1"}`:                                          authprovider.ErrNoMatch,
		`{"sub": "00u1", "staff_number": "1001", "leaving": true}`: authprovider.ErrNotAllowed,
	} {
		profile, err := okta.ParseProfile([]byte(claims))
		require.NoError(t, err)
		in := okta.SignInInfo{Result: &oauthadapter.Result[okta.Profile]{FullProfile: profile}}
		id, err := byStaffNumber(t.Context(), in, rc)
		require.ErrorIs(t, err, want)
		if err == nil {
			require.Equal(t, "user:default/jane", id.UserRef)
		}
	}
}

func TestOneJane(t *testing.T) {
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{TeamName: "acme", Audience: "aud-tag"}, authprovidertest.EdgeConfig{})
	c := authprovider.Config{Users: authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})}
	sso := oidcprovider.Config{Issuer: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret()}
	access := cfaccess.Config{TeamName: "acme", Audience: []string{"aud-tag"}, HTTPClient: edge.Client()}

	authprovidertest.SameIdentity(t, authprovidertest.Jane,
		idp.Way("at home", c, oidcprovider.Provider(sso, resolver.EmailMatchingUserEntityProfileEmail)),
		edge.Way("behind Access", c, cfaccess.Provider(access, resolver.EmailMatchingUserEntityProfileEmail)))
}

// nested is a host's configuration as far as ownership goes.
func nested(c authprovider.Config, users *memcatalog.Catalog) authprovider.Config {
	c.Users = users
	c.Ownership = resolver.NestedGroups(users)
	return c
}

// onCall adds a group that the identity provider knows of, and the catalog does not.
func onCall(_ context.Context, in okta.SignInInfo, _ authprovider.Identity) ([]string, error) {
	if slices.Contains(in.Result.FullProfile.Groups, "oncall-portal") {
		return []string{"group:default/on-call"}, nil
	}
	return nil, nil
}

func TestOnCall(t *testing.T) {
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", MemberOf: []string{"group:default/ops"},
		Annotations: map[string]string{"okta.com/user-id": "00u1"}})
	signIn := resolver.WithOwnership(okta.UserIDMatchingUserEntityAnnotation, onCall)
	profile, err := okta.ParseProfile([]byte(`{"sub": "00u1", "groups": ["oncall-portal"]}`))
	require.NoError(t, err)
	id, err := signIn(t.Context(), okta.SignInInfo{Result: &oauthadapter.Result[okta.Profile]{FullProfile: profile}}, rc)
	require.NoError(t, err)
	require.Equal(t, []string{"user:default/jane", "group:default/ops", "group:default/on-call"}, id.OwnershipRefs)
}

func TestNestedOwnership(t *testing.T) {
	users := memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/ops"}},
		authprovider.User{Ref: "group:default/ops", MemberOf: []string{"group:default/engineering"}},
	)
	c := nested(authprovider.Config{}, users)
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: c.Users, Ownership: c.Ownership})
	id, err := rc.SignInWithUser(t.Context(), authprovider.UserQuery{Email: "jane@example.com"})
	require.NoError(t, err)
	require.Equal(t, []string{"user:default/jane", "group:default/ops", "group:default/engineering"}, id.OwnershipRefs)
}

// The resolvers of the section on migrating.
func migrated(access cfaccess.Config, proxy oauth2proxy.Config, corp okta.Config) map[string]authprovider.ProviderFactory {
	return map[string]authprovider.ProviderFactory{
		"cfaccess": cfaccess.Provider(access, resolver.EmailMatchingUserEntityProfileEmail),

		"oauth2Proxy": oauth2proxy.Provider(proxy,
			resolver.RequireClaim("groups", "portal-users", oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName)),

		"okta": okta.Provider(corp, byEmployeeNumber),
	}
}

func portalUsers(ctx context.Context, in oauth2proxy.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.Groups, "portal-users") {
		return nil, authprovider.ErrNotAllowed
	}
	ref, err := authprovider.UserRef(in.Result.PreferredUsername) // refuses "admins/root"
	if err != nil {
		return nil, authprovider.ErrNotAllowed
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}

func byEmployeeNumber(ctx context.Context, in okta.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		Number string `json:"employee_number"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err
	}
	if claims.Number == "" { // an empty condition is an error
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Filter: map[string]string{
		"spec.type":           "employee",
		"spec.employeeNumber": claims.Number,
	}})
}

// TestResolverLines: the provider lines of docs/resolvers.md construct.
func TestResolverLines(t *testing.T) {
	access := cfaccess.Config{TeamName: "acme", Audience: []string{"aud-tag"}}
	proxy := oauth2proxy.Config{Issuer: "https://sso.example.com", Audience: []string{"portal"}}
	corp := okta.Config{OrgURL: "https://acme.okta.com", ClientID: "portal", ClientSecret: "the secret"}
	sso := oidcprovider.Config{Issuer: "https://sso.example.com", ClientID: "portal", ClientSecret: "the secret"}
	for _, lines := range []map[string]authprovider.ProviderFactory{choices(access, proxy, corp, sso), migrated(access, proxy, corp)} {
		_, err := newProxiedHandler(t, "https://portal.example.com/api/auth", "", lines)
		require.NoError(t, err)
	}
}

// TestMigratedResolvers: the two ways to write the second are the same, and the third finds by filter.
func TestMigratedResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/jane", Fields: map[string][]string{"spec.type": {"employee"}, "spec.employeeNumber": {"1001"}}},
		authprovider.User{Ref: "user:default/robot", Fields: map[string][]string{"spec.type": {"robot"}, "spec.employeeNumber": {"1002"}}},
		authprovider.User{Ref: "user:admins/root"})
	line := resolver.RequireClaim("groups", "portal-users", oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName)
	for claims, want := range map[string]error{
		`{"preferred_username": "jane", "groups": ["portal-users"]}`:        nil,
		`{"preferred_username": "jane", "groups": ["Portal-Users"]}`:        authprovider.ErrNotAllowed,
		`{"preferred_username": "jane"}`:                                    authprovider.ErrNotAllowed,
		`{"preferred_username": "joe", "groups": ["portal-users"]}`:         authprovider.ErrUserNotFound,
		`{"preferred_username": "admins/root", "groups": ["portal-users"]}`: authprovider.ErrNotAllowed,
	} {
		result, err := oauth2proxy.ParseResult([]byte(claims))
		require.NoError(t, err)
		for _, resolve := range []authprovider.SignInResolver[oauth2proxy.Result]{line, portalUsers} {
			id, err := resolve(t.Context(), oauth2proxy.SignInInfo{Result: result}, rc)
			require.ErrorIs(t, err, want, claims)
			require.Equal(t, want == nil, id != nil)
		}
	}
	for claims, want := range map[string]error{
		`{"employee_number": "1001"}`: nil,
		`{"employee_number": "1002"}`: authprovider.ErrUserNotFound,
		`{}`:                          authprovider.ErrNoMatch,
	} {
		profile, err := okta.ParseProfile([]byte(claims))
		require.NoError(t, err)
		id, err := byEmployeeNumber(t.Context(), okta.SignInInfo{Result: &oauthadapter.Result[okta.Profile]{FullProfile: profile}}, rc)
		require.ErrorIs(t, err, want, claims)
		require.Equal(t, want == nil, id != nil)
	}
}

// TestRefusalInTheLog: what the page shows of an answer and of the log.
func TestRefusalInTheLog(t *testing.T) {
	edge := authprovidertest.NewOAuth2ProxyEdge(t, authprovidertest.OAuth2Proxy{}, authprovidertest.EdgeConfig{
		People: []authprovidertest.Person{{Subject: "7f3a", Email: "jane@evil.example"}}})
	var log bytes.Buffer
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth", InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{}, HTTPClient: edge.Client(),
		Users:  memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@acme.example"}),
		Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Providers: map[string]authprovider.ProviderFactory{"oauth2Proxy": oauth2proxy.Provider(
			oauth2proxy.Config{Issuer: edge.Issuer, Audience: []string{edge.ClientID}},
			resolver.WhenDomain("acme.example", resolver.EmailMatchingUserEntityProfileEmail[oauth2proxy.Result]),
			resolver.RequireClaim("groups", "portal-contractors", resolver.EmailMatchingUserEntityProfileEmail[oauth2proxy.Result]))},
	})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/oauth2Proxy/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	edge.Vouch(r, "7f3a")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)

	var entry struct{ Event, Reason, Error string }
	require.NoError(t, json.Unmarshal(log.Bytes(), &entry))
	var answer struct {
		Error struct{ Message string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	page, err := os.ReadFile("docs/resolvers.md")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Equal(t, "refused", entry.Event)
	require.Contains(t, string(page), "`"+answer.Error.Message+"`")
	require.Contains(t, string(page), "\n"+entry.Error+"\n")
	require.Contains(t, string(page), "`reason` is `"+entry.Reason+"`")
}

// TestReasonsOfThePage: the page names every reason that a resolver can give.
func TestReasonsOfThePage(t *testing.T) {
	page, err := os.ReadFile("docs/resolvers.md")
	require.NoError(t, err)
	for _, reason := range []resolver.Reason{
		resolver.ReasonEmailMissing, resolver.ReasonEmailMalformed, resolver.ReasonEmailUnverified, resolver.ReasonEmailDiffers,
		resolver.ReasonDomainNotAllowed, resolver.ReasonUsernameMissing, resolver.ReasonAnnotationValueMissing, resolver.ReasonNameMalformed,
		resolver.ReasonNameTaken, resolver.ReasonUserNotFound, resolver.ReasonUserAmbiguous, resolver.ReasonGroupMissing,
		resolver.ReasonClaimMissing, resolver.ReasonClaimDiffers, resolver.ReasonDenied, resolver.ReasonAnnotationValueMalformed, signin.ReasonNoServiceToken,
	} {
		require.Contains(t, string(page), "`"+string(reason)+"`")
	}
}
