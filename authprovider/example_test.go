package authprovider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"example.com/stagedoor/authprovider"
)

// badgeRoutes signs in whoever shows a badge number that a gate in front has verified. It has no popup: only refresh is served,
// and [authprovider.Unsupported] answers the other routes.
type badgeRoutes struct {
	authprovider.Unsupported
	pc *authprovider.ProviderContext
}

func (b *badgeRoutes) Refresh(w http.ResponseWriter, r *http.Request) error {
	if err := b.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	badge := r.Header.Get("X-Verified-Badge")
	if badge == "" {
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "badge_missing", Message: "Please show your badge."}
	}
	id, err := b.pc.ResolverContext.SignInWithUser(r.Context(), authprovider.UserQuery{Annotations: map[string]string{"example.com/badge": badge}})
	if err != nil {
		return err // a user who is not in the catalog is refused, an outage is not
	}
	_, err = fmt.Fprintln(w, id.UserRef)
	return err
}

// badgeProvider is a ProviderFactory by hand.
func badgeProvider(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
	if pc.ResolverContext == nil {
		return nil, errors.New("badge: a resolver context is required")
	}
	return &badgeRoutes{pc: pc}, nil
}

// staff is a catalog of one.
type staff struct{}

func (staff) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	if q.Annotations["example.com/badge"] == "17" {
		return []authprovider.User{{Ref: "user:default/jane", Annotations: q.Annotations}}, nil
	}
	return nil, nil
}

// printAnswer asks as the app's script does.
func printAnswer(h http.Handler, method, path, badge string) {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("X-Verified-Badge", badge)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	fmt.Println(w.Code, strings.TrimSpace(string(body)))
}

// A provider made by hand, next to which any number of others could stand.
func ExampleNew() {
	auth, err := authprovider.New(authprovider.Config{
		BaseURL:   "https://portal.example.com/api/auth",
		Secrets:   [][]byte{[]byte("at least 32 bytes from a random generator")},
		Users:     staff{},
		Providers: map[string]authprovider.ProviderFactory{"badge": badgeProvider},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)

	printAnswer(mux, http.MethodGet, "/api/auth/badge/refresh", "17")
	printAnswer(mux, http.MethodGet, "/api/auth/badge/refresh?x=1", "")
	printAnswer(mux, http.MethodPost, "/api/auth/badge/logout", "17")
	// Output:
	// 200 user:default/jane
	// 401 {"error":{"name":"AuthenticationError","message":"Please show your badge.","code":"badge_missing"},"request":{"method":"GET","url":"/api/auth/badge/refresh?x=1"},"response":{"statusCode":401}}
	// 501 {"error":{"name":"NotImplementedError","message":"Not implemented.","code":"not_supported"},"request":{"method":"POST","url":"/api/auth/badge/logout"},"response":{"statusCode":501}}
}

// What is wrong is said by name, before the first request.
func ExampleNew_refused() {
	_, err := authprovider.New(authprovider.Config{
		BaseURL:        "https://portal.example.com/api/auth",
		AllowedOrigins: []string{"https://*.com"},
		Secrets:        [][]byte{[]byte("too short")},
	})
	fmt.Println(err)
	// Output:
	// authprovider: Config.AllowedOrigins has a bad entry: authprovider: origin pattern "https://*.com": * must not be one of the last two labels: authprovider: invalid input
	// authprovider: Config.Secrets [0] has 9 bytes, at least 32 are required
}

// One provider alone on the host's own mux.
func ExampleNewProviderContext() {
	pc, err := authprovider.NewProviderContext(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth", // on loopback a secret is made
		Users:   staff{},
	}, "badge")
	if err != nil {
		fmt.Println(err)
		return
	}
	routes, err := badgeProvider(pc)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/badge/", pc.Handler(routes))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "the host's own page") })

	printAnswer(mux, http.MethodGet, "/api/auth/badge/refresh", "17")
	printAnswer(mux, http.MethodGet, "/", "17")
	// Output:
	// 200 user:default/jane
	// 200 the host's own page
}

func ExampleNewOriginPolicy() {
	policy, err := authprovider.NewOriginPolicy("https://portal.example.com", "https://*.preview.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, origin := range []string{"https://portal.example.com", "https://pr-17.preview.example.com", "https://a.b.preview.example.com", "null"} {
		fmt.Println(origin, policy.Allowed(origin))
	}
	// Output:
	// https://portal.example.com true
	// https://pr-17.preview.example.com true
	// https://a.b.preview.example.com false
	// null false
}

// What a host's own resolver asks the user catalog. Conditions of a filter are on fields of the entity.
func ExampleResolverContext_FindUser() {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: payroll{}})
	u, err := rc.FindUser(context.Background(), authprovider.UserQuery{Filter: map[string]string{"spec.employeeId": "E-17"}})
	fmt.Println(u.Ref, err)

	_, err = rc.FindUser(context.Background(), authprovider.UserQuery{Filter: map[string]string{"spec.employeeId": "E-18"}})
	fmt.Println(errors.Is(err, authprovider.ErrUserNotFound))
	// Output:
	// user:default/jane <nil>
	// true
}

// payroll is a catalog that compares by UserQuery.Matches: right for a few users.
type payroll struct{}

func (payroll) FindUsers(_ context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	jane := authprovider.User{Ref: "user:default/jane", Fields: map[string][]string{"spec.employeeId": {"E-17"}}}
	if q.Matches(jane) {
		return []authprovider.User{jane}, nil
	}
	return nil, nil
}
