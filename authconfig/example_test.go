package authconfig_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

// A host reads the configuration that its Backstage app has already. Who the users are, and who issues tokens, stands in code.
func Example() {
	files := fstest.MapFS{"app-config.yaml": {Data: []byte(`
app:
  baseUrl: https://portal.example.com
backend:
  baseUrl: https://portal.example.com
auth:
  environment: production
  session:
    secret: ${AUTH_SESSION_SECRET}
  providers:
    github:
      production:
        clientId: ${AUTH_GITHUB_CLIENT_ID}
        clientSecret: ${AUTH_GITHUB_CLIENT_SECRET}
        signIn:
          resolvers:
            - resolver: userIdMatchingUserEntityAnnotation
`)}}
	environment := map[string]string{
		"AUTH_SESSION_SECRET":       "0123456789abcdef0123456789abcdef",
		"AUTH_GITHUB_CLIENT_ID":     "b59241722e3c3b4816e2",
		"AUTH_GITHUB_CLIENT_SECRET": "of GitHub's making",
	}

	c, err := authconfig.Load(authconfig.Source{
		Files:     []string{"app-config.yaml"}, // and app-config.production.yaml, which is laid over it
		FS:        files,                       // nil for files of the machine
		Env:       func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
		Providers: builtin.Registry(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	issuer, err := tokenissuer.New(c.Issuer)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Auth.Issuer = issuer
	c.Auth.Users = memcatalog.New(authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"github.com/user-id": "MDQ6VXNlcjE="}})
	auth, err := authprovider.New(c.Auth)
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, path := range []string{"/api/auth/github/start?env=production", "/api/auth/google/start?env=production"} {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://portal.example.com"+path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /api/auth/github/start?env=production 302
	// /api/auth/google/start?env=production 404
}
