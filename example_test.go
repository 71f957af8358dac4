package stagedoor_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/oidcprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// What a host has to type.
func Example() {
	secret, id, key := []byte("32 bytes from a random generator"), "portal", "..."
	mux := http.NewServeMux()
	todos := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := tokenissuer.UserFromContext(r.Context())
		fmt.Fprintln(w, "todos of", user.Subject)
	})

	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth"})
	if err != nil {
		panic(err)
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		AppURL:  "https://portal.example.com",
		Secrets: [][]byte{secret}, // 32 random bytes, the same on every replica
		Issuer:  issuer,
		Users:   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Providers: map[string]authprovider.ProviderFactory{
			"corp": oidcprovider.Provider(oidcprovider.Config{Issuer: "https://id.example.com", ClientID: id, ClientSecret: key},
				resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
	if err != nil {
		panic(err)
	}
	mux.Handle("/api/auth/", auth)
	mux.Handle("/api/todos", issuer.Middleware(todos)) // tokenissuer.UserFromContext says who asks

	for _, path := range []string{"/api/auth/.well-known/jwks.json", "/api/todos"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com"+path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /api/auth/.well-known/jwks.json 200
	// /api/todos 401
}

func byStaffID(ctx context.Context, in oidcprovider.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	var claims struct {
		StaffID string `json:"staff_id"`
	}
	if err := in.Result.FullProfile.Claims(&claims); err != nil {
		return nil, err
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"example.com/staff-id": claims.StaffID}})
}

// A sign-in resolver of one's own goes where the ready-made ones go.
func Example_customResolver() {
	_ = oidcprovider.Provider(oidcprovider.Config{Issuer: "https://id.example.com", ClientID: "portal"}, byStaffID)
}

func TestByStaffID(t *testing.T) {
	profile, err := oidcprovider.ParseProfile([]byte(`{"sub": "1", "staff_id": "s-17"}`))
	require.NoError(t, err)
	in := oidcprovider.SignInInfo{Result: &oauthadapter.Result[oidcprovider.Profile]{FullProfile: profile}}
	rc := authprovidertest.ResolverContext(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/staff-id": "s-17"}})
	id, err := byStaffID(t.Context(), in, rc)
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
}

// TestCustomResolver signs a person in with the README's resolver, through a provider and a browser.
func TestCustomResolver(t *testing.T) {
	const portal = "https://portal.example.com"
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{
		People:       []authprovidertest.Person{{Subject: "1", Name: "Jane", Claims: map[string]any{"staff_id": "s-17"}}},
		RedirectURLs: []string{portal + "/api/auth/corp/handler/frame"},
	})
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: portal + "/api/auth"})
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: portal + "/api/auth", AppURL: portal, Secrets: [][]byte{make([]byte, 32)}, Issuer: issuer,
		Users: memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/staff-id": "s-17"}}),
		Providers: map[string]authprovider.ProviderFactory{
			"corp": oidcprovider.Provider(oidcprovider.Config{Issuer: idp.Issuer(), ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret()}, byStaffID),
		},
	})
	require.NoError(t, err)
	browser := authprovidertest.NewBrowser(t)
	browser.Host(portal, auth)
	message := browser.SignInPopup(authprovidertest.App{Origin: portal, Provider: portal + "/api/auth/corp"})
	require.Equal(t, "user:default/jane", message.Response.UserRef())
}

// TestReadme: every line of Go in the README and in the pages of docs stands in a test file, which compiles.
func TestReadme(t *testing.T) {
	for page, test := range map[string]string{
		"README.md": "example_test.go", "docs/providers.md": "providers_test.go", "docs/proxies.md": "proxies_test.go", "docs/replicas.md": "replicas_test.go",
		"docs/resolvers.md": "resolversdoc_test.go",
	} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		source, err := os.ReadFile(test)
		require.NoError(t, err)
		compiled := make(map[string]bool)
		for line := range strings.Lines(string(source)) {
			compiled[strings.TrimSpace(line)] = true
		}
		blocks := strings.Split(string(text), "```go\n")[1:]
		require.NotEmpty(t, blocks)
		for _, block := range blocks {
			code, _, ok := strings.Cut(block, "```")
			require.True(t, ok)
			for line := range strings.Lines(code) {
				if line = strings.TrimSpace(line); line != "" {
					require.True(t, compiled[line], "%s has a line that does not stand in %s: %s", page, test, line)
				}
			}
		}
	}
}

// TestSecurityTable: every test that SECURITY.md names exists.
func TestSecurityTable(t *testing.T) {
	security, err := os.ReadFile("SECURITY.md")
	require.NoError(t, err)
	exists := make(map[string]bool)
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(source, -1) {
			exists[string(m[1])] = true
		}
		return err
	}))
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(security), -1)
	require.Greater(t, len(named), 80)
	for _, name := range named {
		require.True(t, exists[name], "SECURITY.md names %s", name)
	}
}
