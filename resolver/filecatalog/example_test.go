package filecatalog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/filecatalog"
)

const orgYAML = `
apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: jane
spec:
  profile: {email: jane@example.com}
  memberOf: [platform]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: platform
spec: {type: team, parent: engineering, children: []}
`

func Example() {
	dir, err := os.MkdirTemp("", "org")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "org.yaml"), []byte(orgYAML), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	users, err := filecatalog.New(filecatalog.Config{Paths: []string{dir}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users, Ownership: resolver.NestedGroups(users)})
	id, err := rc.SignInWithUser(context.Background(), authprovider.UserQuery{Email: "Jane@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.UserRef, id.OwnershipRefs)
	// Output: user:default/jane [user:default/jane group:default/platform group:default/engineering]
}
