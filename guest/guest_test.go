package guest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/guest"
	"example.com/stagedoor/proxyauth"
)

const local = "http://localhost:7007/api/auth"

var allowed = guest.Config{DangerouslyAllowGuests: true}

func build(base string, c guest.Config, users authprovider.UserCatalog, signIn ...authprovider.SignInResolver[guest.Result]) (*authprovider.Handler, *authprovidertest.AuditLog, error) {
	log := &authprovidertest.AuditLog{}
	h, err := authprovider.New(authprovider.Config{BaseURL: base, InsecureEphemeralSecret: true, InsecurePlainHTTP: true, Issuer: &authprovidertest.Issuer{}, Users: users, Logger: log.Logger(),
		Providers: map[string]authprovider.ProviderFactory{"guest": guest.Provider(c, signIn...)}})
	return h, log, err
}

func refresh(h http.Handler, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target+"/guest/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func session(t testing.TB, w *httptest.ResponseRecorder) authprovider.ClientAuthResponse {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Empty(t, w.Header().Values("Set-Cookie"))
	var body authprovider.ClientAuthResponse
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

func TestOffUnlessAskedFor(t *testing.T) {
	outside := guest.Config{DangerouslyAllowGuests: true, DangerouslyAllowOutsideDevelopment: true}
	for _, row := range []struct {
		name, base string
		c          guest.Config
		want       string // the error, if there is one
	}{
		{"nothing asked for", local, guest.Config{}, "guest: Config.DangerouslyAllowGuests is required"},
		{"only the other field", local, guest.Config{DangerouslyAllowOutsideDevelopment: true}, "guest: Config.DangerouslyAllowGuests is required"},
		{"outside", "https://portal.example.com/api/auth", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"plain http outside", "http://portal.example.com/api/auth", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"private address", "http://192.168.1.5:7007", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"a name that begins like loopback", "https://localhost.example.com", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"a name that ends like it", "https://notlocalhost", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"an address as a name", "https://127.0.0.1.example.com", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"every address", "http://0.0.0.0:7007", allowed, "guest: Config.DangerouslyAllowOutsideDevelopment is required"},
		{"no reference", local, guest.Config{DangerouslyAllowGuests: true, UserRef: "user:"}, "guest: Config.UserRef: "},
		{"no user", local, guest.Config{DangerouslyAllowGuests: true, UserRef: "group:default/admins"}, `guest: Config.UserRef "group:default/admins" is not of kind User`},
		{"no kind", local, guest.Config{DangerouslyAllowGuests: true, UserRef: "guest"}, "guest: Config.UserRef"},
		{"bad ownership", local, guest.Config{DangerouslyAllowGuests: true, OwnershipRefs: []string{"group:default/a", ""}}, "guest: Config.OwnershipRefs[1]: "},

		{"localhost", local, allowed, ""},
		{"localhost with https", "https://localhost/api/auth", allowed, ""},
		{"below localhost", "http://portal.localhost:7007", allowed, ""},
		{"IPv4", "http://127.0.0.1:7007", allowed, ""},
		{"another of IPv4", "http://127.1.2.3", allowed, ""},
		{"IPv6", "http://[::1]:7007/api/auth", allowed, ""},
		{"outside, asked for", "https://portal.example.com/api/auth", outside, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, _, err := build(row.base, row.c, nil)
			if row.want != "" {
				require.ErrorContains(t, err, row.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, guest.DefaultUserRef, session(t, refresh(h, row.base)).BackstageIdentity.Identity.UserEntityRef)
		})
	}
}

// TestHostOfRequest: a page of evil.example.net whose name leads to 127.0.0.1 is same-origin with the backend to a browser.
func TestHostOfRequest(t *testing.T) {
	h, log, err := build(local, allowed, nil)
	require.NoError(t, err)
	for _, host := range []string{"http://evil.example.net:7007", "http://192.168.1.5:7007", "http://backend:7007", "http://localhost.evil.example.net", "http://0.0.0.0:7007"} {
		w := refresh(h, host+"/api/auth")
		require.Equal(t, http.StatusUnauthorized, w.Code, host)
		require.NotContains(t, w.Body.String(), "user:")
		require.Equal(t, "guest_outside_development", log.Last().Attrs["reason"])
		require.Contains(t, log.Last().Attrs["error"], "DangerouslyAllowOutsideDevelopment")
	}
	for _, host := range []string{"http://localhost:3000", "http://LOCALHOST", "http://127.0.0.1:7007", "http://[::1]", "http://[::1]:7007", "http://a.localhost"} {
		session(t, refresh(h, host+"/api/auth"))
	}
	h, _, err = build(local, guest.Config{DangerouslyAllowGuests: true, DangerouslyAllowOutsideDevelopment: true}, nil)
	require.NoError(t, err)
	session(t, refresh(h, "http://backend:7007/api/auth"))
}

type catalog func() ([]authprovider.User, error)

func (c catalog) FindUsers(context.Context, authprovider.UserQuery) ([]authprovider.User, error) {
	return c()
}

func TestWhoGuestsAre(t *testing.T) {
	user := authprovider.User{Ref: "user:development/guest", Email: "g@example.com", DisplayName: "Guest", Picture: "https://p", MemberOf: []string{"group:default/guests"}}
	for _, row := range []struct {
		name      string
		c         guest.Config
		users     authprovider.UserCatalog
		ref       string
		ownership []string
		profile   authprovider.Profile
	}{
		{"no catalog", allowed, nil, "user:development/guest", []string{"user:development/guest"}, authprovider.Profile{}},
		{"not in the catalog", allowed, authprovidertest.Users(t), "user:development/guest", []string{"user:development/guest"}, authprovider.Profile{}},
		{"in the catalog", allowed, authprovidertest.Users(t, user), "user:development/guest", []string{"user:development/guest", "group:default/guests"},
			authprovider.Profile{Email: "g@example.com", DisplayName: "Guest", Picture: "https://p"}},
		{"the catalog's ownership counts", guest.Config{DangerouslyAllowGuests: true, OwnershipRefs: []string{"group:default/admins"}}, authprovidertest.Users(t, user),
			"user:development/guest", []string{"user:development/guest", "group:default/guests"}, authprovider.Profile{Email: "g@example.com", DisplayName: "Guest", Picture: "https://p"}},
		{"another user", guest.Config{DangerouslyAllowGuests: true, UserRef: "User:Default/Jane", OwnershipRefs: []string{"user:default/jane", "Group:default/Admins"}}, nil,
			"user:default/jane", []string{"user:default/jane", "group:default/admins"}, authprovider.Profile{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, log, err := build(local, row.c, row.users)
			require.NoError(t, err)
			got := session(t, refresh(h, local))
			require.Equal(t, row.profile, got.Profile)
			require.Nil(t, got.ProviderInfo)
			require.Equal(t, authprovider.UserIdentity{Type: "user", UserEntityRef: row.ref, OwnershipEntityRefs: row.ownership}, got.BackstageIdentity.Identity)
			require.Equal(t, row.ref, log.Last().Attrs["user"])
		})
	}
}

// TestCatalogThatFails is no fall-back, not even where the profile is the host's own.
func TestCatalogThatFails(t *testing.T) {
	own := guest.Config{DangerouslyAllowGuests: true, Options: proxyauth.Options[guest.Result]{ProfileTransform: func(context.Context, guest.Result, *authprovider.ResolverContext) (authprovider.Profile, error) {
		return authprovider.Profile{DisplayName: "Somebody"}, nil
	}}}
	user := authprovider.User{Ref: guest.DefaultUserRef}
	for _, c := range []guest.Config{allowed, own} {
		for name, row := range map[string]struct {
			users  catalog
			status int
		}{
			"error":               {func() ([]authprovider.User, error) { return nil, errors.New("down") }, http.StatusInternalServerError},
			"unavailable":         {func() ([]authprovider.User, error) { return nil, fmt.Errorf("x: %w", authprovider.ErrUnavailable) }, http.StatusServiceUnavailable},
			"error named wrongly": {func() ([]authprovider.User, error) { return nil, fmt.Errorf("timeout: %w", authprovider.ErrNotFound) }, http.StatusInternalServerError},
			"two of them":         {func() ([]authprovider.User, error) { return []authprovider.User{user, user}, nil }, http.StatusConflict},
		} {
			t.Run(name, func(t *testing.T) {
				h, _, err := build(local, c, row.users)
				require.NoError(t, err)
				w := refresh(h, local)
				require.Equal(t, row.status, w.Code)
				require.NotContains(t, w.Body.String(), "backstageIdentity")
			})
		}
	}
}

// TestCatalogThatFailsTheProfile: a rule that asks no catalog does not make its failure an empty profile.
func TestCatalogThatFailsTheProfile(t *testing.T) {
	down := catalog(func() ([]authprovider.User, error) { return nil, errors.New("down") })
	h, _, err := build(local, allowed, down, func(_ context.Context, in guest.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return &authprovider.Identity{UserRef: in.Result.UserRef}, nil
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, refresh(h, local).Code)
}

func TestResolversInItsPlace(t *testing.T) {
	refuse := func(context.Context, guest.SignInInfo, *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return nil, authprovider.ErrNoMatch
	}
	h, _, err := build(local, allowed, nil, refuse)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, refresh(h, local).Code, "the built-in rule does not come after it")

	h, _, err = build(local, allowed, nil, refuse, guest.SignInAsGuest)
	require.NoError(t, err)
	session(t, refresh(h, local))
}

func TestConformance(t *testing.T) {
	authprovidertest.TestRouteHandlers(t, authprovidertest.RouteHandlersConfig{
		Provider:    guest.Provider(guest.Config{DangerouslyAllowGuests: true, DangerouslyAllowOutsideDevelopment: true}),
		Unsupported: []string{"start", "handler/frame", "logout"},
	})
}
