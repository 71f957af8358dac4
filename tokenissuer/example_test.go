package tokenissuer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

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
