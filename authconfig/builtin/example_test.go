package builtin_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/oauthadapter/github"
)

// acmeEmployees is a sign-in resolver of the host.
func acmeEmployees(ctx context.Context, in cfaccess.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Email: in.Result.Email})
}

// A second GitHub, an audience that is no file's business, and a resolver of one's own that a file may name.
func Example() {
	registry := builtin.Registry()
	registry["ghe"] = builtin.GitHub(github.Config{EnterpriseURL: "https://ghe.acme.example"})
	access := builtin.CFAccess(cfaccess.Config{Audience: []string{"4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2"}})
	access.Resolvers["acmeEmployees"] = authconfig.ResolverFunc(acmeEmployees)
	registry["cfaccess"] = access

	c, err := authconfig.Load(authconfig.Source{
		Files: []string{"app-config.yaml"},
		FS: fstest.MapFS{"app-config.yaml": {Data: []byte(`
app: {baseUrl: http://localhost:3000}
backend: {baseUrl: http://localhost:7007}
auth:
  providers:
    ghe:
      development:
        clientId: Iv1.8a61f9b3a7aba766
        clientSecret: ${GHE_SECRET}
    cfaccess:
      teamName: acme
      signIn:
        resolvers:
          - resolver: acmeEmployees
`)}},
		Env:       func(name string) (string, bool) { return "of GitHub's making", name == "GHE_SECRET" },
		Providers: registry,
	})
	fmt.Println(c, err)
	// Output: authconfig.Config{Providers:["ghe" "cfaccess"]} <nil>
}
