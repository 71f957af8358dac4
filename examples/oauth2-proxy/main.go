// Oauth2-proxy is a backend behind oauth2-proxy, which forwards the ID token:
//
//	ISSUER=https://id.example.com CLIENT_ID=portal BASE_URL=https://portal.example.com/api/auth go run ./examples/oauth2-proxy
//
// oauth2-proxy needs --pass-authorization-header, or, behind nginx, --set-authorization-header and the lines of docs/proxies.md. The
// token is verified here too, so that whoever reaches this port around the proxy is nobody.
package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/tokenissuer"
)

func main() {
	handler, err := newHandler(required("BASE_URL"), required("ISSUER"), required("CLIENT_ID"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(":8080", handler))
}

// required returns a variable of the environment that must be set.
func required(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("the environment variable %s is required", name)
	}
	return value
}

func newHandler(baseURL, oidcIssuer, clientID string) (http.Handler, error) {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	return authprovider.New(authprovider.Config{
		BaseURL:                 baseURL,
		Issuer:                  issuer,
		Logger:                  slog.Default(), // hears why somebody was refused
		InsecureEphemeralSecret: true,           // behind a proxy nothing is kept in cookies of ours, so there is nothing to seal
		Providers: map[string]authprovider.ProviderFactory{
			"oauth2Proxy": oauth2proxy.Provider(oauth2proxy.Config{
				Header:   "Authorization",
				Issuer:   oidcIssuer,
				Audience: []string{clientID},
			}, signIn),
		},
	})
}

// signIn takes everybody whom the provider vouches for, under their user name, and puts them into one group.
func signIn(_ context.Context, in oauth2proxy.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
	ref, err := authprovider.UserRef(in.Result.PreferredUsername)
	if err != nil {
		return nil, authprovider.ErrNotAllowed
	}
	return &authprovider.Identity{UserRef: ref, OwnershipRefs: []string{ref, "group:default/employees"}}, nil
}
