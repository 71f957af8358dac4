package gcpiap_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// managedDevice is a resolver of the host's own: whoever comes from a managed device signs in by the ID of the Google account.
func managedDevice(ctx context.Context, in gcpiap.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if !slices.Contains(in.Result.AccessLevels, "accessPolicies/1234567890/accessLevels/managed") {
		return nil, authprovider.ErrNoMatch
	}
	return gcpiap.IDMatchingUserEntityAnnotation(ctx, in, rc)
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
			"gcpiap": gcpiap.Provider(gcpiap.Config{
				Audience:      []string{"/projects/123456789012/locations/europe-west1/services/portal"},
				HostedDomains: []string{"example.com"},
			}, managedDevice, resolver.EmailMatchingUserEntityProfileEmail), // a direct argument's type is inferred
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

// The authenticator alone, in front of a host's own routes.
func ExampleNew() {
	iap, err := gcpiap.New(gcpiap.Config{Audience: []string{"/projects/123456789012/apps/portal"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := proxyauth.Middleware(iap, proxyauth.MiddlewareOptions{})
	report := protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[gcpiap.Result](r.Context())
		fmt.Fprintf(w, "hello %s", person.Email)
	}))

	// Somebody goes around IAP, and says who they are.
	r := httptest.NewRequest(http.MethodGet, "/report", nil)
	r.Header.Set("X-Goog-Authenticated-User-Email", "accounts.google.com:jane@example.com")
	w := httptest.NewRecorder()
	report.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 401
}

// A resolver's unit test needs no proxy.
func ExampleParseResult() {
	result, err := gcpiap.ParseResult([]byte(`{"sub":"accounts.google.com:118133858486581853996","email":"jane@example.com","hd":"example.com"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	users := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(authprovider.User{
		Ref: "user:default/jane", Annotations: map[string]string{"google.com/user-id": "118133858486581853996"},
	})})
	id, err := gcpiap.IDMatchingUserEntityAnnotation(context.Background(), gcpiap.SignInInfo{Result: result}, users)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.UserRef)
	// Output: user:default/jane
}
