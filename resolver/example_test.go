package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

// In a host, Result and SignInInfo are those of the provider's package, such as github.Result and github.SignInInfo,
// and Provider is that package's function.
type (
	Person struct {
		Subject string   `json:"sub"`
		Login   string   `json:"preferred_username"`
		Groups  []string `json:"groups"`
	}
	Result     = *Person
	SignInInfo = authprovider.SignInInfo[Result]
)

// Claims makes a Person a [resolver.Claimer], as the results of vendors and proxies are.
func (p *Person) Claims(v any) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// Provider stands for a vendor's: it returns a function that signs somebody in, of whom the part before the '@' is the login as well.
func Provider(rc *authprovider.ResolverContext, signIn ...authprovider.SignInResolver[Result]) func(address string, groups ...string) {
	return func(address string, groups ...string) {
		login, _, _ := strings.Cut(address, "@")
		in := SignInInfo{Profile: authprovider.Profile{Email: address}, Result: &Person{Subject: "id-of-" + login, Login: login, Groups: groups}}
		id, err := authprovider.ResolveSignIn(context.Background(), in, rc, signIn...)
		switch {
		case errors.Is(err, authprovider.ErrNotAllowed):
			fmt.Println(address, "is refused")
		case err != nil:
			fmt.Println("failed:", err)
		default:
			fmt.Println(address, "is", id.UserRef, "and owns", id.OwnershipRefs)
			for name, value := range id.Claims {
				fmt.Println("with the claim", name, value)
			}
		}
	}
}

var users = authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
	authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/dev"},
		Annotations: map[string]string{"sso.example.com/id": "id-of-jane"}},
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

// A stable ID is the best that a provider can give. Go infers the result type from the function.
func ExampleAnnotationMatching() {
	signIn := Provider(users, resolver.AnnotationMatching("sso.example.com/id", func(p *Person) string { return p.Subject }))
	signIn("jane@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// bob@partner.example is refused
}

func ExampleAnnotationMatchingWith() {
	signIn := Provider(users, resolver.AnnotationMatchingWith("sso.example.com/id", func(p *Person) string { return p.Subject },
		resolver.EmailOptions{AllowedDomains: []string{"example.com"}}))
	signIn("jane@example.com")
	signIn("jane@partner.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@partner.example is refused
}

func ExampleUsernameMatchingUserEntityName() {
	signIn := Provider(users, resolver.UsernameMatchingUserEntityName(func(p *Person) string { return p.Login }))
	signIn("Jane@anywhere.example")
	signIn("user:default/jane@anywhere.example")
	// Output:
	// Jane@anywhere.example is user:default/jane and owns [user:default/jane group:default/dev]
	// user:default/jane@anywhere.example is refused
}

func ExampleUsernameMatchingUserEntityNameWith() {
	signIn := Provider(users, resolver.UsernameMatchingUserEntityNameWith(func(p *Person) string { return p.Login },
		resolver.EmailOptions{AllowedDomains: []string{"example.com"}}))
	signIn("jane@example.com")
	signIn("jane@anywhere.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@anywhere.example is refused
}

// These are groups of the catalog.
func ExampleRequireGroup() {
	signIn := Provider(users, resolver.RequireGroup("group:default/dev", resolver.EmailMatchingUserEntityProfileEmail[Result]))
	signIn("jane@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// bob@partner.example is refused
}

// These are groups of the provider's.
func ExampleRequireClaim() {
	signIn := Provider(users, resolver.RequireClaim("groups", "staff", resolver.EmailMatchingUserEntityProfileEmail[Result]))
	signIn("jane@example.com", "staff", "chess")
	signIn("jane@example.com", "chess")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@example.com is refused
}

// Staff is found by name, everybody else by address.
func ExampleWhenClaim() {
	signIn := Provider(users,
		resolver.WhenClaim("groups", "staff", resolver.UsernameMatchingUserEntityName(func(p *Person) string { return p.Login })),
		resolver.EmailMatchingUserEntityProfileEmail,
	)
	signIn("jane@home.example", "staff")
	signIn("jane@home.example")
	// Output:
	// jane@home.example is user:default/jane and owns [user:default/jane group:default/dev]
	// jane@home.example is refused
}

// Staff signs in elsewhere.
func ExampleDeny() {
	signIn := Provider(users,
		resolver.WhenDomain("example.com", resolver.Deny[Result]),
		resolver.EmailMatchingUserEntityProfileEmail,
	)
	signIn("jane@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane@example.com is refused
	// bob@partner.example is user:default/bob and owns [user:default/bob]
}

func ExampleWhenDomain() {
	signIn := Provider(users, resolver.WhenDomain("partner.example", resolver.EmailMatchingUserEntityProfileEmail[Result]))
	signIn("jane@example.com")
	signIn("bob@partner.example")
	// Output:
	// jane@example.com is refused
	// bob@partner.example is user:default/bob and owns [user:default/bob]
}

func ExampleWithClaims() {
	signIn := Provider(users, resolver.WithClaims(resolver.EmailMatchingUserEntityProfileEmail[Result],
		func(_ context.Context, in SignInInfo, _ authprovider.Identity) (map[string]any, error) {
			return map[string]any{"example.com/on-call": slices.Contains(in.Result.Groups, "sre")}, nil
		}))
	signIn("jane@example.com", "sre")
	// Output:
	// jane@example.com is user:default/jane and owns [user:default/jane group:default/dev]
	// with the claim example.com/on-call true
}

// The groups of a catalog know which groups they are in.
func ExampleNestedGroups() {
	catalog := memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"group:default/dev"}},
		authprovider.User{Ref: "group:default/dev", MemberOf: []string{"group:default/engineering"}},
		authprovider.User{Ref: "group:default/engineering", MemberOf: []string{"group:default/everybody"}},
	)
	// In a host, these two are fields of authprovider.Config.
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: catalog, Ownership: resolver.NestedGroups(catalog)})
	signIn := Provider(rc, resolver.EmailMatchingUserEntityProfileEmail)
	signIn("jane@example.com")
	// Output: jane@example.com is user:default/jane and owns [user:default/jane group:default/dev group:default/engineering group:default/everybody]
}

func ExampleNestedGroupsWith() {
	catalog := memcatalog.New(
		authprovider.User{Ref: "group:default/dev", MemberOf: []string{"group:default/engineering"}},
		authprovider.User{Ref: "group:default/engineering", MemberOf: []string{"group:default/everybody"}},
	)
	ownership := resolver.NestedGroupsWith(catalog, resolver.NestedGroupsOptions{MaxDepth: 1})
	_, err := ownership(context.Background(), authprovider.User{Ref: "user:default/jane", MemberOf: []string{"group:default/dev"}})
	fmt.Println(err)
	// Output: resolver: NestedGroups: the groups of user:default/jane are nested more than 1 deep
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
		in := SignInInfo{Profile: authprovider.Profile{Email: "jane@example.com"}, Result: &Person{Groups: []string{group}}}
		id, err := onlySRE(t.Context(), in, users)
		if !errors.Is(err, wantErr) || err == nil && id.UserRef != "user:default/jane" {
			t.Errorf("%s: got %v, %v", group, id, err)
		}
	}
}
