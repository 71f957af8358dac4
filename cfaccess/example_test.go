package cfaccess_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// staff is a resolver of the host's own: whoever is in a group of the identity provider's signs in under their address.
func staff(ctx context.Context, in cfaccess.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	id := in.Result.Identity
	if id == nil || !slices.ContainsFunc(id.Groups, func(g cfaccess.Group) bool { return g.Name == "Finance-Team" }) {
		return nil, authprovider.ErrNoMatch
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: in.Result.Email})
}

func Example() {
	const base = "https://portal.example.com/api/auth"
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: base})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: base,
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  issuer,
		Users: memcatalog.New(
			authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"},
			authprovider.User{Ref: "user:default/ci-bot"}),
		Providers: map[string]authprovider.ProviderFactory{
			"cfaccess": cfaccess.Provider(cfaccess.Config{
				TeamName: "acme",
				Audience: []string{"32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"},
				ServiceTokens: []cfaccess.ServiceToken{
					{ClientID: "e367826f93b8d71185e03fe518aff3b4.access", Subject: "user:default/ci-bot"},
				},
			}, staff, cfaccess.ServiceTokenMatchingSubject, resolver.EmailMatchingUserEntityProfileEmail), // a direct argument's type is inferred
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	fmt.Println("ready")
	// Output: ready
}

// One call deeper, the type of a generic resolver is spelled out.
func ExampleProvider() {
	factory := cfaccess.Provider(cfaccess.Config{TeamName: "acme", Audience: []string{"32eafc76..."}},
		resolver.RequireDomain("example.com", resolver.EmailMatchingUserEntityProfileEmail[cfaccess.Result]))
	fmt.Println(factory != nil)
	// Output: true
}

// The authenticator alone protects routes of the host's own.
func ExampleNew() {
	access, err := cfaccess.New(cfaccess.Config{TeamName: "acme", Audience: []string{"32eafc76..."}, SkipIdentity: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := proxyauth.FromContext[cfaccess.Result](r.Context())
		fmt.Fprintln(w, "hello", who.Email)
	})
	protected := proxyauth.Middleware(access, proxyauth.MiddlewareOptions{})(hello)

	// A request that went around Access.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cf-Access-Authenticated-User-Email", "jane@example.com")
	w := httptest.NewRecorder()
	protected.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 401
}

// A resolver's unit test needs neither Access nor a signature.
func ExampleParseResult() {
	result, err := cfaccess.ParseResult(
		[]byte(`{"sub": "7335d417", "email": "jane@example.com"}`),
		[]byte(`{"name": "Jane", "email": "jane@example.com", "groups": [{"id": "g-1", "name": "Finance-Team"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
	})
	id, err := staff(context.Background(), cfaccess.SignInInfo{Result: result}, rc)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.UserRef)
	// Output: user:default/jane
}
