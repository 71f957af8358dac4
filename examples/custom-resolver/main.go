// Custom-resolver is a sign-in policy of three rules, written as a host would write it: policy.go has the rules and policy_test.go their
// unit test, which is the point of the example. It needs no network and no account:
//
//	go run ./examples/custom-resolver
//	go test ./examples/custom-resolver
//
// It prints what the policy decides about a few people. docs/resolvers.md says more.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"text/tabwriter"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// people are the claims of some ID tokens, as the identity provider behind oauth2-proxy would make them.
var people = []string{
	`{"sub": "7f3a", "email": "jane@acme.example", "email_verified": true}`,
	`{"sub": "91c0", "email": "bob@acme.example", "email_verified": false}`,
	`{"sub": "2b44", "email": "jane@evil.example", "email_verified": true}`,
	`{"sub": "c-17", "email": "nora@studio.example", "groups": ["portal-contractors"]}`,
	`{"sub": "c-18", "email": "ivan@studio.example", "groups": ["studio"]}`,
	`{"sub": "c-09", "email": "mallory@acme.example", "email_verified": true, "groups": ["portal-contractors"]}`,
}

// users are the user catalog. A host has a larger one, in a file, a database or Backstage.
var users = []authprovider.User{
	{Ref: "user:default/jane", Email: "jane@acme.example", MemberOf: []string{"group:default/ops"}},
	{Ref: "user:default/bob", Email: "bob@acme.example"},
	{Ref: "user:contractors/nora", Annotations: map[string]string{contractorID: "c-17"}, MemberOf: []string{"group:default/ops"}},
	{Ref: "user:default/mallory", Email: "mallory@acme.example"},
}

func main() {
	log.SetFlags(0)
	if err := decide(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// decide prints what the policy decides about the people.
func decide(ctx context.Context, out io.Writer) error {
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(users...)})
	rules := policy([]string{"c-09"})
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHO\tRULE, OR REASONS\tSIGNED IN AS\tOWNS THROUGH")
	for _, claims := range people {
		result, err := oauth2proxy.ParseResult([]byte(claims))
		if err != nil {
			return err
		}
		in := oauth2proxy.SignInInfo{Result: result, Profile: authprovider.Profile{Email: result.Email, EmailVerification: result.EmailVerified}}
		id, err := authprovider.ResolveSignIn(ctx, in, rc, rules...)
		if err != nil {
			fmt.Fprintf(table, "%s %s\t%s\trefused\t-\n", result.Subject, result.Email, why(err))
			continue
		}
		fmt.Fprintf(table, "%s %s\t%s\t%s\t%s\n", result.Subject, result.Email, id.Claims[accessClaim], id.UserRef, strings.Join(id.OwnershipRefs, " "))
	}
	return table.Flush()
}

// why returns the reasons of a refusal. They are for the log: all who are refused are told the same.
func why(err error) string {
	said := []error{err}
	var none *authprovider.NoMatchError
	if errors.As(err, &none) {
		said = none.Errs // what each rule said
	}
	var reasons []string
	for _, err := range said {
		var e *resolver.Error
		if errors.As(err, &e) {
			reasons = append(reasons, string(e.Reason))
		}
	}
	return strings.Join(reasons, ", ")
}
