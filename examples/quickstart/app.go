package main

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// newHandler wires the whole portal for a browser that knows it as origin. The client makes the requests to the provider; if nil, it is the library's.
func newHandler(origin string, o options, client *http.Client, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	baseURL := origin + "/api/auth"

	users := demoUsers()
	if o.email != "" {
		users = append(users, authprovider.User{Ref: "user:default/you", Email: o.email, MemberOf: []string{"group:default/crew"}})
	}
	builtIn := o.provider == "" && o.issuer == ""
	if builtIn {
		demo, err := newDemoProvider(origin, o.callback(origin), logger)
		if err != nil {
			return nil, err
		}
		mux.Handle("/idp/", demo)
		o.issuer, o.clientID, o.clientSecret = demo.Issuer(), demoClientID, demoClientSecret
	}
	provider := oidcprovider.Provider(oidcprovider.Config{
		Issuer:       o.issuer,
		ClientID:     o.clientID,
		ClientSecret: o.clientSecret,
	}, resolver.EmailMatchingUserEntityProfileEmail)
	if o.provider != "" {
		provider = vendors()[o.provider].factory(o)
	}

	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL:    baseURL,
		Issuer:     issuer,
		Users:      memcatalog.New(users...),
		Logger:     logger,
		HTTPClient: client,
		Providers:  map[string]authprovider.ProviderFactory{o.providerID(): provider},
	})
	if err != nil {
		return nil, err
	}
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /api/hello", issuer.Middleware(http.HandlerFunc(hello)))
	return mux, handlePage(mux, o.providerID(), builtIn)
}

// hello answers to whoever has a valid token. What a person may do is for a service of your own to decide.
func hello(w http.ResponseWriter, r *http.Request) {
	token, ok := tokenissuer.UserFromContext(r.Context())
	if !ok {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "Hello " + token.Subject + ", your token is valid."})
}
