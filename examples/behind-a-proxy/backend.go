package main

import (
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// newBackend wires the backend, which browsers reach at public, through the edge. direct is where it listens.
func newBackend(public, direct string, access *fakeproxy.Edge, logger *slog.Logger) (http.Handler, error) {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: public + "/api/auth"})
	if err != nil {
		return nil, err
	}
	config := cfaccess.Config{
		TeamName:   teamName,
		Audience:   []string{audience},
		HTTPClient: &http.Client{Transport: access.Transport(nil)}, // the team's keys without a network; leave it out in earnest
		Logger:     logger,
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: public + "/api/auth",
		Issuer:  issuer,
		Users: memcatalog.New(
			authprovider.User{Ref: "user:default/nora", Email: "nora@example.com", MemberOf: []string{"group:default/stage-managers"}},
			authprovider.User{Ref: "user:default/sam", Email: "sam@example.com", MemberOf: []string{"group:default/lighting"}},
		),
		Logger: logger,
		Providers: map[string]authprovider.ProviderFactory{
			"cfaccess": cfaccess.Provider(config, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		return nil, err
	}
	// The same check in front of a route of the host's own.
	authenticator, err := cfaccess.New(config)
	if err != nil {
		return nil, err
	}
	protect := proxyauth.Middleware(authenticator, proxyauth.MiddlewareOptions{Logger: logger})

	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /me", protect(http.HandlerFunc(me)))
	mux.Handle("POST /around", around(direct))
	handlePage(mux)
	return mux, nil
}

// me answers with what Access vouches for.
func me(w http.ResponseWriter, r *http.Request) {
	person, ok := proxyauth.FromContext[cfaccess.Result](r.Context())
	if !ok {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	writeJSON(w, map[string]any{"subject": person.Subject, "email": person.Email})
}

// around shows what somebody gets who reaches the backend without the edge, and says who they are in the headers that Access would send.
func around(direct string) http.Handler {
	client := &http.Client{Timeout: 5 * time.Second}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, direct+"/me", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		request.Header.Set("Cf-Access-Authenticated-User-Email", "nora@example.com")
		request.Header.Set("Cf-Access-Jwt-Assertion", "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6Im5vcmFAZXhhbXBsZS5jb20ifQ.")
		answer, err := client.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		writeJSON(w, map[string]any{"url": direct + "/me", "status": answer.Status})
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

//go:embed web
var web embed.FS

// pagePolicy lets the page run its own script and style and talk to its own origin.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handlePage serves the app. It is for everybody whom the edge lets in.
func handlePage(mux *http.ServeMux) {
	for path, file := range map[string]string{"/{$}": "index.html", "/app.css": "app.css", "/app.js": "app.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", pagePolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, web, "web/"+file)
		})
	}
}
