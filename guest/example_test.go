package guest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/guest"
)

// In development everybody is one user; in production the provider is not there.
func ExampleProvider() {
	development := true
	providers := map[string]authprovider.ProviderFactory{ /* the proxy's provider */ }
	if development {
		providers["guest"] = guest.Provider(guest.Config{DangerouslyAllowGuests: true})
	}
	auth, err := authprovider.New(authprovider.Config{BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{}, Providers: providers})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:7007/api/auth/guest/refresh", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest") // as Backstage's sign-in page does
	auth.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 200
}

// A resolver of one's own decides who guests are.
func ExampleProvider_resolver() {
	asAdmin := func(_ context.Context, in guest.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return &authprovider.Identity{UserRef: in.Result.UserRef, OwnershipRefs: []string{in.Result.UserRef, "group:default/admins"}}, nil
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth", InsecureEphemeralSecret: true, Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"guest": guest.Provider(guest.Config{DangerouslyAllowGuests: true}, asAdmin)},
	})
	fmt.Println(err)
	// Output: authprovider: provider "guest": guest: Config.DangerouslyAllowOutsideDevelopment is required on the base URL "https://portal.example.com/api/auth": everybody who reaches it would be the guest
}
