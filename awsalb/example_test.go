package awsalb_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// cognitoGroup is a resolver of the host's own: whoever is in a group of the user pool signs in under the name there.
func cognitoGroup(ctx context.Context, in awsalb.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		Username string   `json:"username"`
		Groups   []string `json:"custom:groups"`
	}
	if err := in.Result.Claims(&claims); err != nil {
		return nil, err
	}
	if !slices.Contains(claims.Groups, "staff") {
		return nil, authprovider.ErrNoMatch
	}
	ref, err := authprovider.UserRef(claims.Username) // a name that holds ':' or '/' must not choose a namespace
	if err != nil {
		return nil, err
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
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
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"awsalb": awsalb.Provider(awsalb.Config{
				Region:    "eu-central-1",
				Signer:    []string{"arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188"},
				Issuer:    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E",
				ClientID:  "1example23456789",
				LogoutURL: "https://portal.auth.eu-central-1.amazoncognito.com/logout?client_id=1example23456789&logout_uri=https%3A%2F%2Fportal.example.com",
			}, cognitoGroup, resolver.EmailMatchingUserEntityProfileEmail), // a direct argument's type is inferred
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

// The authenticator alone, in front of a host's own routes.
func ExampleNew() {
	alb, err := awsalb.New(awsalb.Config{
		Region: "eu-central-1",
		Signer: []string{"arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188"},
		Issuer: "https://sso.example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := proxyauth.Middleware(alb, proxyauth.MiddlewareOptions{})
	report := protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[awsalb.Result](r.Context())
		fmt.Fprintf(w, "hello %s", person.Name)
	}))

	// Somebody goes around the load balancer, and says who they are.
	r := httptest.NewRequest(http.MethodGet, "/report", nil)
	r.Header.Set("X-Amzn-Oidc-Identity", "jane")
	w := httptest.NewRecorder()
	report.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 401
}

// A resolver's unit test needs no load balancer.
func ExampleParseResult() {
	result, err := awsalb.ParseResult([]byte(`{"sub":"a1b2","username":"jane","custom:groups":["staff"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	users := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(authprovider.User{Ref: "user:default/jane"})})
	id, err := cognitoGroup(context.Background(), awsalb.SignInInfo{Result: result}, users)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.UserRef)
	// Output: user:default/jane
}
