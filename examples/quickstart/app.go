package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

type options struct {
	issuer, clientID, clientSecret string // of a provider of your own; the demo provider if empty
	email                          string // of a further user
}

// newHandler wires the whole portal for a browser that knows it as origin.
func newHandler(origin string, o options, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	baseURL := origin + "/api/auth"

	users := demoUsers()
	if o.email != "" {
		users = append(users, authprovider.User{Ref: "user:default/you", Email: o.email, MemberOf: []string{"group:default/crew"}})
	}
	if o.issuer == "" {
		demo, err := newDemoProvider(origin, baseURL+"/demo/handler/frame", logger)
		if err != nil {
			return nil, err
		}
		mux.Handle("/idp/", demo)
		o.issuer, o.clientID, o.clientSecret = demo.Issuer(), demoClientID, demoClientSecret
	} else if o.clientID == "" {
		return nil, errors.New("-issuer needs -client-id too")
	}

	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: baseURL,
		Issuer:  issuer,
		Users:   memcatalog.New(users...),
		Logger:  logger,
		Providers: map[string]authprovider.ProviderFactory{
			"demo": oidcprovider.Provider(oidcprovider.Config{
				Issuer:       o.issuer,
				ClientID:     o.clientID,
				ClientSecret: o.clientSecret,
			}, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		return nil, err
	}
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /api/hello", issuer.Middleware(http.HandlerFunc(hello)))
	handlePage(mux)
	return mux, nil
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
