package oauth2proxy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// signInWithoutCatalog is a resolver of the host's own: each person is a user of the default namespace under the preferred username, and owns what
// everybody owns. No catalog is asked.
func signInWithoutCatalog(_ context.Context, in oauth2proxy.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
	name := in.Result.PreferredUsername
	if name == "" {
		return nil, authprovider.ErrNoMatch
	}
	user, err := authprovider.UserRef(name) // a name that holds ':' or '/' must not choose a namespace
	if err != nil {
		return nil, fmt.Errorf("%w: %v", authprovider.ErrNotAllowed, err)
	}
	return &authprovider.Identity{UserRef: user, OwnershipRefs: []string{user, "group:default/everybody"}}, nil
}

func Example() {
	const base = "https://portal.example.com/api/auth"
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: base,
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  issuer,
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"oauth2Proxy": oauth2proxy.Provider(oauth2proxy.Config{
				Issuer:   "https://sso.example.com",
				Audience: []string{"portal"},
			}, resolver.EmailMatchingUserEntityProfileEmail, signInWithoutCatalog), // tried in order
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)

	// What the resolver makes of a person.
	result, err := oauth2proxy.ParseResult([]byte(`{"sub":"5f1c9c5e","preferred_username":"Jane"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := signInWithoutCatalog(context.Background(), oauth2proxy.SignInInfo{Result: result}, nil)
	fmt.Println(id.UserRef, id.OwnershipRefs, err)
	// Output: user:default/jane [user:default/jane group:default/everybody] <nil>
}

// Without an ID token the plain headers are believed, from the proxy alone.
func ExampleProvider_headers() {
	factory := oauth2proxy.Provider(oauth2proxy.Config{
		HeaderStyle: oauth2proxy.ForwardedHeaders,
		Trust:       &proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")}},
	}, oauth2proxy.ForwardedUserMatchingUserEntityName)
	fmt.Println(factory != nil)
	// Output: true
}

// The importer's own shape of the claims.
func ExampleResult_Claims() {
	result, err := oauth2proxy.ParseResult([]byte(`{"sub":"5f1c9c5e","realm_access":{"roles":["admin"]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var claims struct {
		RealmAccess struct {
			Roles []string `json:"roles"`
		} `json:"realm_access"`
	}
	if err := result.Claims(&claims); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(slices.Contains(claims.RealmAccess.Roles, "admin"))
	// Output: true
}

// The authenticator alone, in front of a route of the host's own.
func ExampleNew() {
	a, err := oauth2proxy.New(oauth2proxy.Config{Issuer: "https://sso.example.com", Audience: []string{"portal"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := proxyauth.Middleware(a, proxyauth.MiddlewareOptions{})
	mux := http.NewServeMux()
	mux.Handle("/whoami", protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[oauth2proxy.Result](r.Context())
		fmt.Fprintln(w, person.PreferredUsername)
	})))
}
