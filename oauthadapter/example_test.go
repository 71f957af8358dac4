package oauthadapter_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
)

// acme is a vendor of our own: a small OAuth interface and nothing else.
type acme struct{}

type acmeProfile struct{ Login string }

func (acme) Start(_ context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	q := url.Values{"client_id": {"portal"}, "response_type": {"code"}, "redirect_uri": {req.CallbackURL},
		"scope": {strings.Join(req.Scopes, " ")}, "state": {req.State}, "code_challenge": {req.CodeChallenge}, "code_challenge_method": {"S256"}}
	return oauthadapter.StartResponse{URL: "https://acme.example/authorize?" + q.Encode()}, nil
}

func (acme) Authenticate(_ context.Context, req oauthadapter.CallbackRequest) (*oauthadapter.Result[acmeProfile], error) {
	// Exchange req.Code with req.CodeVerifier, and read the profile.
	return &oauthadapter.Result[acmeProfile]{FullProfile: acmeProfile{Login: "jane"}, Session: oauthadapter.Session{AccessToken: "...", Subject: "17"}}, nil
}

// A vendor of one's own, and a sign-in resolver that knows its profile.
func ExampleProvider() {
	byLogin := func(ctx context.Context, in authprovider.SignInInfo[*oauthadapter.Result[acmeProfile]], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		ref, err := authprovider.UserRef(in.Result.FullProfile.Login)
		if err != nil {
			return nil, err
		}
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:  hostIssuer{}, // the host's own token issuer
		Providers: map[string]authprovider.ProviderFactory{
			"acme": oauthadapter.Provider(acme{}, oauthadapter.Options[acmeProfile]{}, byLogin),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com/api/auth/acme/start", nil))
	location, _ := url.Parse(w.Header().Get("Location"))
	fmt.Println(w.Code, location.Host, location.Query().Get("redirect_uri"))
	// Output: 302 acme.example https://portal.example.com/api/auth/acme/handler/frame
}

type hostIssuer struct{}

func (hostIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "e30.e30.sig", nil
}

// Several configurations of one provider: the env parameter picks one.
func ExampleMapConfig() {
	clients := map[string]oidcprovider.Config{
		"development": {Issuer: "https://id-dev.example.com", ClientID: "portal-dev", ClientSecret: "..."},
		"production":  {Issuer: "https://id.example.com", ClientID: "portal", ClientSecret: "..."},
	}
	corp := oauthadapter.MapConfig(clients, func(_ string, c oidcprovider.Config) authprovider.ProviderFactory {
		return oidcprovider.Provider(c, resolver.EmailMatchingUserEntityProfileEmail)
	})
	_, err := authprovider.New(authprovider.Config{
		BaseURL:     "https://portal.example.com/api/auth",
		Secrets:     [][]byte{[]byte("32 bytes from a random generator")},
		Issuer:      hostIssuer{},
		Environment: "production", // of requests that name none
		Providers:   map[string]authprovider.ProviderFactory{"corp": corp},
	})
	fmt.Println(err)
	// Output: <nil>
}

// The long way, where the environments differ in more than their configuration.
func ExampleEnvironmentHandler() {
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth",
		Providers: map[string]authprovider.ProviderFactory{
			"corp": oauthadapter.EnvironmentHandler(map[string]authprovider.ProviderFactory{
				"development": oauthadapter.Provider(acme{}, oauthadapter.Options[acmeProfile]{}),
				"production":  oidcprovider.Provider(oidcprovider.Config{Issuer: "https://id.example.com", ClientID: "portal"}),
			}),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}
