package tokenissuer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// An issuer without any provider: the host knows its users already, issues tokens to them, publishes the keys, and lets
// only holders of a token pass.
func Example() {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth"})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/auth/.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		if err := issuer.ServeJWKS(w, r); err != nil {
			http.Error(w, "keys not available", http.StatusServiceUnavailable)
		}
	})
	mux.Handle("GET /api/whoami", issuer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := tokenissuer.UserFromContext(r.Context())
		fmt.Fprintf(w, "you are %s", user.Subject)
	})))

	token, err := issuer.IssueToken(context.Background(), authprovider.TokenClaims{Subject: "user:default/jane"})
	if err != nil {
		log.Fatal(err)
	}
	get := func(path, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	fmt.Println(get("/api/whoami", "").Code)
	fmt.Println(get("/api/whoami", token).Body)
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(get("/api/auth/.well-known/jwks.json", "").Body.Bytes(), &set); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(set.Keys), "key")
	// Output:
	// 401
	// you are user:default/jane
	// 1 key
}

// Another service accepts the tokens of an issuer of which it knows nothing but the URL. Its pictures are loaded by pages, which send no
// header: there a limited user token in a cookie will do.
func ExampleNewVerifier() {
	// The portal, elsewhere.
	portal := http.NewServeMux()
	server := httptest.NewServer(portal)
	defer server.Close()
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: server.URL + "/api/auth"})
	if err != nil {
		log.Fatal(err)
	}
	portal.HandleFunc("GET /api/auth/.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		if err := issuer.ServeJWKS(w, r); err != nil {
			http.Error(w, "keys not available", http.StatusServiceUnavailable)
		}
	})

	// The service.
	users, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{Issuer: issuer.IssuerURL(), CacheSize: 10_000})
	if err != nil {
		log.Fatal(err)
	}
	defer users.Close()
	viewers, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{
		Issuer:        issuer.IssuerURL(),
		AcceptLimited: true,
		LimitedCookie: "backstage-auth",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer viewers.Close()
	whoami := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := tokenissuer.UserFromContext(r.Context())
		fmt.Fprintf(w, "%s, limited: %t", user.Subject, user.Limited)
	})
	service := http.NewServeMux()
	service.Handle("/todos", users.Middleware(whoami))
	service.Handle("/pictures/", viewers.Middleware(whoami))

	// A user of both.
	token, err := issuer.IssueToken(context.Background(), authprovider.TokenClaims{Subject: "user:default/jane"})
	if err != nil {
		log.Fatal(err)
	}
	limited, _, err := tokenissuer.LimitedToken(token)
	if err != nil {
		log.Fatal(err)
	}
	get := func(path, authorization, cookie string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "backstage-auth", Value: cookie})
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	get("/todos", "Bearer "+token, "")
	get("/todos", "", limited)
	get("/todos", "Bearer "+limited, "")
	get("/pictures/1", "", limited)
	get("/pictures/1", "", "")
	// Output:
	// 200 user:default/jane, limited: false
	// 401 Unauthorized
	// 401 Unauthorized
	// 200 user:default/jane, limited: true
	// 401 Unauthorized
}
