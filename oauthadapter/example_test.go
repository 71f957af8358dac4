package oauthadapter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
)

// acme is a vendor of our own: plain OAuth 2.0, and an address that says whose a token is.
type acme struct {
	oauth   oauth2.Config
	userURL string
	client  *http.Client
}

type acmeProfile struct {
	ID    string `json:"sub"`
	Login string `json:"preferred_username"`
}

func newAcme() *acme {
	return &acme{
		oauth: oauth2.Config{ClientID: "portal", ClientSecret: "...",
			Endpoint: oauth2.Endpoint{AuthURL: "https://acme.example/authorize", TokenURL: "https://acme.example/token"}},
		userURL: "https://acme.example/user",
		client:  &http.Client{Timeout: 10 * time.Second},
	}
}

func (a *acme) Start(_ context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	c := a.oauth
	c.RedirectURL, c.Scopes = req.CallbackURL, req.Scopes
	return oauthadapter.StartResponse{URL: c.AuthCodeURL(req.State,
		oauth2.SetAuthURLParam("code_challenge", req.CodeChallenge), oauth2.SetAuthURLParam("code_challenge_method", "S256"))}, nil
}

func (a *acme) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (*oauthadapter.Result[acmeProfile], error) {
	c := a.oauth
	c.RedirectURL = req.CallbackURL
	token, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, a.client), req.Code, oauth2.VerifierOption(req.CodeVerifier))
	if err != nil {
		return nil, acmeFailure(err)
	}
	user, err := a.user(ctx, token)
	if err != nil {
		return nil, err
	}
	scope, _ := token.Extra("scope").(string)
	return &oauthadapter.Result[acmeProfile]{
		Profile:     authprovider.Profile{DisplayName: user.Login},
		FullProfile: user,
		Session:     oauthadapter.Session{AccessToken: authprovider.Secret(token.AccessToken), ExpiresAt: token.Expiry, Scope: scope, Subject: user.ID},
	}, nil
}

func (a *acme) user(ctx context.Context, token *oauth2.Token) (user acmeProfile, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.userURL, nil)
	if err != nil {
		return user, err
	}
	token.SetAuthHeader(r)
	answer, err := a.client.Do(r)
	if err != nil {
		return user, acmeFailure(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return user, &oauthadapter.ProviderError{Endpoint: "userinfo", Status: answer.StatusCode}
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&user); err != nil || user.ID == "" {
		return acmeProfile{}, errors.New("acme: the user's answer is not readable") // what is in it stays out of the log
	}
	return user, nil
}

// acmeFailure tells a refusal from an outage. x/oauth2's own error prints the answer's body, in which there may be tokens.
func acmeFailure(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return &oauthadapter.ProviderError{Endpoint: "token", Status: e.Response.StatusCode, Code: e.ErrorCode, Description: e.ErrorDescription}
	}
	return fmt.Errorf("acme: %w: %w", authprovider.ErrUnavailable, err)
}

// TestAcme holds the example to the contract that it is an example of.
func TestAcme(t *testing.T) {
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{RedirectURLs: []string{authprovidertest.ConformanceCallback}})
	a := newAcme()
	a.oauth.ClientID, a.oauth.ClientSecret = idp.ClientID(), idp.ClientSecret()
	a.oauth.Endpoint = oauth2.Endpoint{AuthURL: idp.URL(authprovidertest.Authorize), TokenURL: idp.URL(authprovidertest.Token)}
	a.userURL, a.client = idp.URL(authprovidertest.UserInfo), idp.HTTPClient()
	authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[acmeProfile]{
		Handlers: a, Scopes: []string{"openid", "profile"}, Secrets: []string{idp.ClientSecret()}, Provider: idp,
	})
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
			"acme": oauthadapter.Provider(newAcme(), oauthadapter.Options[acmeProfile]{}, byLogin),
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
				"development": oauthadapter.Provider(newAcme(), oauthadapter.Options[acmeProfile]{}),
				"production":  oidcprovider.Provider(oidcprovider.Config{Issuer: "https://id.example.com", ClientID: "portal"}),
			}),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}
