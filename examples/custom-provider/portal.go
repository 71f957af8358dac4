package main

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/netip"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/examples/custom-provider/acme"
	"example.com/stagedoor/examples/custom-provider/gate"
	"example.com/stagedoor/examples/custom-provider/password"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/proxyauth"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// newHandler wires the portal for a browser that knows it as origin.
func newHandler(origin string, gateSecret authprovider.Secret, logger *slog.Logger) (http.Handler, error) {
	baseURL := origin + "/api/auth"
	vendor, err := newVendor(origin, baseURL+"/providerA/handler/frame")
	if err != nil {
		return nil, err
	}
	accounts, err := newAccounts()
	if err != nil {
		return nil, err
	}
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL:     baseURL,
		Issuer:      issuer,
		Environment: "development", // of requests that name none
		Logger:      logger,
		Users: memcatalog.New(authprovider.User{
			Ref:         "user:default/nora",
			DisplayName: "Nora Lind",
			Annotations: map[string]string{"acme.example/user-id": "1001", "example.com/account-id": "17"},
			MemberOf:    []string{"group:default/stage-managers"},
		}),
		Providers: map[string]authprovider.ProviderFactory{
			"providerA": oauthadapter.MapConfig(map[string]acme.Config{
				"development": {URL: vendor.Issuer(), ClientID: "portal", ClientSecret: vendorSecret},
				"production":  {URL: "https://id.acme.example", ClientID: "portal", ClientSecret: "from your secret store"},
			}, func(_ string, c acme.Config) authprovider.ProviderFactory {
				c.Options.ProfileTransform = acme.NameWithLogin
				return acme.Provider(c, acme.Members("stage-managers", acme.UserIDMatchingAnnotation))
			}),

			"providerB": gate.Provider(gate.Config{
				Trust: proxyauth.TrustConfig{
					Peers:        []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")},
					SecretHeader: "X-Gate-Secret",
					Secrets:      []authprovider.Secret{gateSecret},
				},
				ProfileTransform: gate.NameWithGroups,
			}, gate.UserMatchingName),

			"providerC": password.Provider(password.Config{
				Accounts:         accounts,
				ProfileTransform: password.RefuseExpired,
			}, password.AccountIDMatchingAnnotation),
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("/acme/", vendor)
	handlePage(mux)
	return mux, nil
}

const (
	vendorSecret = "not-a-secret" // it guards people who do not exist, and so does the password
	demoPassword = "curtain up at eight"
	demoHash     = "pbkdf2-sha512$220000$PSAk5tLR2Z+wam3m2QZGdg$ZihpKBcaQB0mGNXlOCg2zYefx/69CgCPz4bugKIaagY" // of the password, by password.NewHash
)

// newVendor stands for Acme's server. Max is in none of its groups that count.
func newVendor(origin, redirectURI string) (*fakeidp.Server, error) {
	verified := true
	return fakeidp.New(fakeidp.Config{
		Issuer: origin + "/acme",
		People: []fakeidp.Person{
			{Subject: "1001", Name: "Nora Lind", PreferredUsername: "nora", Email: "nora@example.com", EmailVerified: &verified, Groups: []string{"stage-managers"}},
			{Subject: "1003", Name: "Max Stranger", PreferredUsername: "max", Email: "max@elsewhere.example", EmailVerified: &verified},
		},
		Clients: []fakeidp.Client{{ID: "portal", Secret: vendorSecret, RedirectURIs: []string{redirectURI}, PostLogoutRedirectURIs: []string{origin, origin + "/"}}},
	})
}

// accounts stands for the host's own directory.
type accounts map[string]entry

type entry struct {
	account password.Account
	hash    password.Hash
}

func newAccounts() (accounts, error) {
	hash, err := password.ParseHash(demoHash)
	return accounts{
		"nora": {password.Account{ID: "17", Name: "nora", DisplayName: "Nora Lind", Email: "nora@example.com"}, hash},
		"sam":  {password.Account{ID: "18", Name: "sam", DisplayName: "Sam Okafor", Expired: true}, hash},
	}, err
}

// FindAccount implements [password.Accounts].
func (a accounts) FindAccount(_ context.Context, name string) (password.Account, password.Hash, error) {
	e, ok := a[name]
	if !ok {
		return password.Account{}, password.Hash{}, password.ErrNoAccount
	}
	return e.account, e.hash, nil
}

//go:embed web
var web embed.FS

const pagePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handlePage serves the app.
func handlePage(mux *http.ServeMux) {
	for path, file := range map[string]string{"/{$}": "index.html", "/app.js": "app.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", pagePolicy)
			h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // same-origin would cut the page off from its popup
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, web, "web/"+file)
		})
	}
}
