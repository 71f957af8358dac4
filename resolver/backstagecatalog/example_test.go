package backstagecatalog_test

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/backstagecatalog"
)

func Example() {
	// A server with one user stands for https://backstage.example.com.
	server := newExampleBackstage()
	defer server.Close()

	users, err := backstagecatalog.New(backstagecatalog.Config{
		URL:   server.URL + "/api/catalog",
		Token: "the-static-token-of-externalAccess",
	})
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
	// Output: user:default/jane [user:default/jane group:default/platform]
}
