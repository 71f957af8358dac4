// Command outside is a host that had routes of its own before it mounted the library.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

func main() {
	handler, err := newHandler("http://localhost:8080", os.Getenv("OIDC_ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	if err := http.ListenAndServe("localhost:8080", handler); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func newHandler(origin, oidcIssuer string) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "home") })
	mux.HandleFunc("GET /api/items", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "items") })
	if err := mountAuth(mux, origin, oidcIssuer); err != nil {
		return nil, err
	}
	return mux, nil
}

func mountAuth(mux *http.ServeMux, origin, oidcIssuer string) error {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: origin + "/api/auth"})
	if err != nil {
		return err
	}
	users := memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"})
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: origin + "/api/auth",
		Issuer:  issuer,
		Users:   users,
		Providers: map[string]authprovider.ProviderFactory{
			"corp": oidcprovider.Provider(oidcprovider.Config{Issuer: oidcIssuer, ClientID: "portal", ClientSecret: "secret"},
				resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		return err
	}
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /api/me", issuer.Middleware(http.HandlerFunc(me)))
	return nil
}

func me(w http.ResponseWriter, r *http.Request) {
	token, _ := tokenissuer.UserFromContext(r.Context()) // the middleware lets nobody through without
	_, _ = fmt.Fprint(w, token.Subject)
}
