package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// In a host, Result and SignInInfo are those of the provider's package, such as github.Result and github.SignInInfo,
// and Provider is that package's function.
type (
	Claims     struct{ Groups []string }
	Result     = *Claims
	SignInInfo = authprovider.SignInInfo[Result]
)

// Provider stands for a vendor's: it returns a function that signs somebody in.
func Provider(rc *authprovider.ResolverContext, signIn ...authprovider.SignInResolver[Result]) func(address string, groups ...string) {
	return func(address string, groups ...string) {
		in := SignInInfo{Profile: authprovider.Profile{Email: address}, Result: &Claims{groups}}
		id, err := authprovider.ResolveSignIn(context.Background(), in, rc, signIn...)
		switch {
		case errors.Is(err, authprovider.ErrNotAllowed):
			fmt.Println(address, "is refused")
		case err != nil:
			fmt.Println("failed:", err)
		default:
			fmt.Println(address, "is", id.UserRef, "and owns", id.OwnershipRefs)
		}
	}
}

var users = authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
	authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/dev"}},
	authprovider.User{Ref: "user:default/bob", Email: "bob@partner.example"},
)})

// Go infers the result type of a resolver that is a direct argument.
func Example() {
	signIn := Provider(users, resolver.EmailMatchingUserEntityProfileEmail, resolver.EmailLocalPartMatchingUserEntityName)
	signIn("jane@example.com")
	signIn("joe@example.com")
	signIn("jane@evil.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// joe@example.com is refused
	// jane@evil.example is refused
}

// A form with options names the result type.
func ExampleEmailLocalPartMatchingUserEntityNameWith() {
	signIn := Provider(users, resolver.EmailLocalPartMatchingUserEntityNameWith[Result](resolver.EmailOptions{
		AllowedDomains: []string{"example.com", "example.org"},
	}))
	signIn("jane@example.org")
	signIn("jane@evil.example")
	// Output:
	// jane@example.org is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@evil.example is refused
}

func ExampleEmailMatchingUserEntityProfileEmailWith() {
	signIn := Provider(users, resolver.EmailMatchingUserEntityProfileEmailWith[Result](resolver.EmailOptions{
		AllowedDomains: []string{"example.com"},
		StripPlusTag:   true,
	}))
	signIn("jane+stagedoor@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane+stagedoor@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// bob@partner.example is refused
}

func ExampleRequireDomain() {
	signIn := Provider(users, resolver.RequireDomain("example.com", resolver.EmailMatchingUserEntityProfileEmail[Result]))
	signIn("jane@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// bob@partner.example is refused
}

// Employees are found by the name before the '@', partners by their whole address. Combinators nest.
func ExampleFirstMatch() {
	employees := resolver.EmailLocalPartMatchingUserEntityNameWith[Result](resolver.EmailOptions{AllowedDomains: []string{"example.com"}})
	partners := resolver.EmailMatchingUserEntityProfileEmail[Result]
	signIn := Provider(users, resolver.FirstMatch(
		resolver.WhenDomain("example.com", employees),
		resolver.WhenDomain("partner.example", partners),
	))
	signIn("jane@example.com")
	signIn("bob@partner.example")
	signIn("bob@evil.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// bob@partner.example is user:default/bob and owns [user:default/bob]
	// bob@evil.example is refused
}

// Groups that the provider vouches for are added to those of the catalog.
func ExampleWithOwnership() {
	signIn := Provider(users, resolver.WithOwnership(resolver.EmailMatchingUserEntityProfileEmail[Result],
		func(_ context.Context, in SignInInfo, _ authprovider.Identity) ([]string, error) {
			var refs []string
			for _, g := range in.Result.Groups {
				if g == "sre" { // name the groups that you mean: others choose the names of theirs
					refs = append(refs, "group:default/admins")
				}
			}
			return refs, nil
		}))
	signIn("jane@example.com", "sre", "chess")
	// Output: jane@example.com is user:default/jane and owns [user:default/jane group:default/dev group:default/admins]
}

// onlySRE is a policy of a host: whoever is in the group sre and known by e-mail.
func onlySRE(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	for _, g := range in.Result.Groups {
		if g == "sre" {
			return resolver.EmailMatchingUserEntityProfileEmail(ctx, in, rc)
		}
	}
	return nil, fmt.Errorf("not in group sre: %w", authprovider.ErrNotAllowed)
}

// A policy of your own is a plain function. TestOnlySRE, beside it, tests it without any provider.
func Example_custom() {
	signIn := Provider(users, onlySRE)
	signIn("jane@example.com", "sre")
	signIn("jane@example.com", "chess")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@example.com is refused
}

func TestOnlySRE(t *testing.T) {
	for group, wantErr := range map[string]error{"sre": nil, "chess": authprovider.ErrNotAllowed} {
		in := SignInInfo{Profile: authprovider.Profile{Email: "jane@example.com"}, Result: &Claims{[]string{group}}}
		id, err := onlySRE(t.Context(), in, users)
		if !errors.Is(err, wantErr) || err == nil && id.UserRef != "user:default/jane" {
			t.Errorf("%s: got %v, %v", group, id, err)
		}
	}
}
