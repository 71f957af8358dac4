package main

import (
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/tokenissuer"
)

type options struct {
	origin      string
	metadataURL string // of an identity provider of your own; the demo one if empty
	email       string // of a further user
}

// newHandler wires the whole portal.
func newHandler(o options, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	baseURL := o.origin + "/api/auth"

	// One key signs requests and decrypts assertions. A host of your own reads it from a file: the identity provider has its certificate.
	key, certificate, err := newKeyPair("portal")
	if err != nil {
		return nil, err
	}
	config := samlauth.Config{IDPMetadataURL: o.metadataURL, Key: key, Certificate: certificate}

	users := []authprovider.User{
		{Ref: "user:default/nora", Email: "nora@example.com", DisplayName: "Nora Lind", MemberOf: []string{"group:default/stage-managers"}},
		{Ref: "user:default/sam", Email: "sam@example.com", DisplayName: "Sam Okafor", MemberOf: []string{"group:default/lighting"}},
	}
	if o.email != "" {
		users = append(users, authprovider.User{Ref: "user:default/you", Email: o.email})
	}

	var demo *demoProvider
	if o.metadataURL == "" {
		if demo, err = newDemoProvider(o.origin + "/idp"); err != nil {
			return nil, err
		}
		mux.Handle("/idp/", demo)
		if config.IDPMetadata, err = demo.metadata(); err != nil {
			return nil, err
		}
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
		// With a secret that is made anew, sessions end with the process.
		InsecureEphemeralSecret: true,
		Providers: map[string]authprovider.ProviderFactory{
			"sso": samlauth.Provider(config, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		return nil, err
	}
	if demo != nil {
		if err := demo.trust(auth); err != nil { // by our metadata, as an administrator would upload it
			return nil, err
		}
	}
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /api/hello", issuer.Middleware(http.HandlerFunc(hello)))
	handlePage(mux)
	return mux, nil
}

// hello answers to whoever has a valid token.
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

//go:embed web
var web embed.FS

// handlePage serves the app: a page and its script.
func handlePage(mux *http.ServeMux) {
	for path, file := range map[string]string{"/{$}": "index.html", "/app.js": "app.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // not same-origin, which would cut the page off from its popup
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, web, "web/"+file)
		})
	}
}
