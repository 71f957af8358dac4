package proxyauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

var users = memcatalog.New(
	authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"},
	authprovider.User{Ref: "user:default/joe", Email: "joe@example.com"},
)

// A provider for Pomerium, with a ready-made resolver, and one of the host's own in front of it, which reads a further claim.
func Example() {
	pomerium := startPomerium()
	defer pomerium.Close()

	// Who is not in group "staff" is refused; who is, goes on to the next resolver.
	onlyStaff := func(_ context.Context, in authprovider.SignInInfo[proxyauth.JWTResult], _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		var claims struct {
			Groups []string `json:"groups"`
		}
		if err := in.Result.Claims(&claims); err != nil {
			return nil, err
		}
		if !slices.Contains(claims.Groups, "staff") {
			return nil, authprovider.ErrNotAllowed
		}
		return nil, authprovider.ErrNoMatch
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth",
		Issuer:  &authprovidertest.Issuer{}, // a host has a *tokenissuer.Issuer
		Users:   users,
		Providers: map[string]authprovider.ProviderFactory{
			"pomerium": proxyauth.JWTProvider(proxyauth.JWTConfig{
				Header:    "X-Pomerium-Jwt-Assertion",
				Issuer:    "portal.example.com",
				JWKSURL:   pomerium.URL + "/.well-known/pomerium/jwks.json",
				Audiences: []string{"portal.example.com"},
			}, onlyStaff, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	poll(auth, "pomerium", "X-Pomerium-Jwt-Assertion", pomerium.assertion("jane@example.com", "staff"))
	poll(auth, "pomerium", "X-Pomerium-Jwt-Assertion", pomerium.assertion("joe@example.com", "guests"))
	poll(auth, "pomerium", "X-Pomerium-Jwt-Assertion", "x."+pomerium.assertion("jane@example.com", "staff"))
	// Output:
	// user:default/jane
	// 403 Forbidden
	// 401 Unauthorized
}

// An authenticator of one's own is a function. This proxy signs nothing, so its header is believed on requests from its network alone.
func ExampleProvider() {
	type Visitor struct{ Login string }

	trust, err := proxyauth.NewTrustAnchor(proxyauth.TrustConfig{Peers: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	authenticate := func(_ context.Context, r *http.Request) (Visitor, error) {
		if err := trust.Check(r); err != nil {
			return Visitor{}, err
		}
		login, err := proxyauth.HeaderValue(r, "X-Remote-User")
		return Visitor{login}, err
	}
	byLogin := func(ctx context.Context, in authprovider.SignInInfo[Visitor], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		ref, err := authprovider.UserRef(in.Result.Login)
		if err != nil {
			return nil, authprovider.ErrNotAllowed
		}
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth",
		Issuer:  &authprovidertest.Issuer{},
		Users:   users,
		Providers: map[string]authprovider.ProviderFactory{
			"gate": proxyauth.Provider(proxyauth.AuthenticatorFunc[Visitor](authenticate), proxyauth.Options[Visitor]{}, byLogin),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	poll(auth, "gate", "X-Remote-User", "jane")
	poll(auth, "gate", "X_Remote_User", "jane") // what a client can slip past a proxy
	// Output:
	// user:default/jane
	// 401 Unauthorized
}

// The same check in front of a route of the host's own.
func ExampleMiddleware() {
	pomerium := startPomerium()
	defer pomerium.Close()

	authenticator, err := proxyauth.JWT(proxyauth.JWTConfig{
		Header:    "X-Pomerium-Jwt-Assertion",
		Issuer:    "portal.example.com",
		JWKSURL:   pomerium.URL + "/.well-known/pomerium/jwks.json",
		Audiences: []string{"portal.example.com"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := proxyauth.Middleware(authenticator, proxyauth.MiddlewareOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, _ := proxyauth.FromContext[proxyauth.JWTResult](r.Context())
		_, _ = fmt.Fprint(w, "hello, ", person.Email)
	}))
	for _, assertion := range []string{pomerium.assertion("jane@example.com"), ""} {
		r := httptest.NewRequest(http.MethodGet, "/hello", nil)
		r.Header.Set("X-Pomerium-Jwt-Assertion", assertion)
		w := httptest.NewRecorder()
		hello.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 hello, jane@example.com
	// 401 Unauthorized
}

// Pomerium's own sign-out: an authenticator with one more ability is one that embeds it.
type Pomerium struct{ *proxyauth.JWTAuthenticator }

func (Pomerium) SignOut(origin string) proxyauth.SignOut {
	return proxyauth.SignOut{URL: origin + "/.pomerium/sign_out"}
}

func ExampleSignOuter() {
	authenticator, err := proxyauth.JWT(proxyauth.JWTConfig{
		Header:    "X-Pomerium-Jwt-Assertion",
		Issuer:    "portal.example.com",
		JWKSURL:   "https://portal.example.com/.well-known/pomerium/jwks.json",
		Audiences: []string{"portal.example.com"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{make([]byte, 32)}, // a host's are random
		Issuer:  &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{
			"pomerium": proxyauth.Provider(Pomerium{authenticator}, proxyauth.Options[proxyauth.JWTResult]{}, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "https://portal.example.com/api/auth/pomerium/logout", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: {"logoutUrl":"https://portal.example.com/.pomerium/sign_out"}
}

// poll does what Backstage's ProxiedSignInPage does, with a header that the proxy adds, and prints who signed in.
func poll(auth http.Handler, provider, header, value string) {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:7007/api/auth/"+provider+"/refresh", nil)
	r.RemoteAddr = "10.0.0.7:51234"
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set(header, value)
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, r)
	var session authprovider.ClientAuthResponse
	if err := json.Unmarshal(w.Body.Bytes(), &session); err != nil || session.BackstageIdentity == nil {
		fmt.Println(w.Code, http.StatusText(w.Code))
		return
	}
	fmt.Println(session.BackstageIdentity.Identity.UserEntityRef)
}

// fakePomerium stands for the proxy: it publishes its key and signs what it says about a person.
type fakePomerium struct {
	*httptest.Server
	signer *jose.Signer
}

func startPomerium() *fakePomerium {
	key, err := jose.GenerateKey(jose.ES256)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(key, jose.ES256, "key1")
	if err != nil {
		panic(err)
	}
	return &fakePomerium{signer: signer, Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		jwk, err := jose.NewJWK(signer.PublicKey())
		if err != nil {
			panic(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{jwk}})
	}))}
}

func (p *fakePomerium) assertion(email string, groups ...string) string {
	raw, err := p.signer.SignJWT("JWT", jose.Claim{Name: "iss", Value: "portal.example.com"}, jose.Claim{Name: "aud", Value: "portal.example.com"},
		jose.Claim{Name: "sub", Value: "id of " + email}, jose.Claim{Name: "email", Value: email}, jose.Claim{Name: "groups", Value: groups},
		jose.Claim{Name: "exp", Value: time.Now().Add(5 * time.Minute).Unix()})
	if err != nil {
		panic(err)
	}
	return raw
}
