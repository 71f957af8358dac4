package azureeasyauth_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// admins is a resolver of the host's own: whoever has the app role signs in as the user who has the object ID in the catalog.
func admins(ctx context.Context, in azureeasyauth.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.Roles, "Portal.Admin") {
		return nil, authprovider.ErrNoMatch
	}
	return azureeasyauth.IDMatchingUserEntityAnnotation(ctx, in, rc)
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
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane",
			Annotations: map[string]string{"graph.microsoft.com/user-id": "11112222-bbbb-3333-cccc-4444dddd5555"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"azureEasyAuth": azureeasyauth.Provider(azureeasyauth.Config{
				TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
				ClientID: "00001111-aaaa-2222-bbbb-3333cccc4444",
			}, admins, resolver.EmailMatchingUserEntityProfileEmail), // a direct argument's type is inferred
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	fmt.Println("ready")
	// Output: ready
}

// Container Apps without token store: the principal is not signed, so a secret shows that a request came through the platform.
func ExampleProvider_clientPrincipal() {
	factory := azureeasyauth.Provider(azureeasyauth.Config{
		TenantID:        "aaaabbbb-0000-cccc-1111-dddd2222eeee",
		ClientPrincipal: true,
		Trust:           &proxyauth.TrustConfig{SecretHeader: "X-Proxy-Secret", Secrets: []authprovider.Secret{"32-characters-of-a-random-secret"}},
	}, resolver.EmailMatchingUserEntityProfileEmailWith[azureeasyauth.Result](resolver.EmailOptions{RequireVerifiedEmail: true}))
	fmt.Println(factory != nil)
	// Output: true
}

// A resolver's unit test needs no server.
func ExampleParseResult() {
	result, err := azureeasyauth.ParseResult([]byte(`{"oid":"11112222-bbbb-3333-cccc-4444dddd5555","roles":["Portal.Reader"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = admins(context.Background(), azureeasyauth.SignInInfo{Result: result}, nil)
	fmt.Println(err)
	// Output: authprovider: no match, try another
}

// The authenticator alone, in front of a route of the host's own.
func ExampleNew() {
	a, err := azureeasyauth.New(azureeasyauth.Config{
		TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
		ClientID: "00001111-aaaa-2222-bbbb-3333cccc4444",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := proxyauth.Middleware(a, proxyauth.MiddlewareOptions{})
	mux := http.NewServeMux()
	mux.Handle("/whoami", protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[azureeasyauth.Result](r.Context())
		fmt.Fprintln(w, person.Name)
	})))
}
