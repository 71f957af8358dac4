package main

import (
	"context"
	"fmt"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauth2proxy"
	"example.com/stagedoor/resolver"
)

const (
	contractorID = "acme.example/contractor-id" // the annotation with a contractor's sub
	accessClaim  = "acme.example/access"        // the claim of user tokens that says by which rule somebody came in
)

// policy is who may sign in, rule by rule. A rule that has nothing to say about somebody passes on to the next; whom none knows is refused.
//
//  1. Who is on the list of the denied stays out, whatever else is true of them.
//  2. Employees come in with an address of the company that the identity provider has verified, if the catalog knows it.
//  3. Contractors come in if the identity provider has them in a group, and the catalog knows their ID.
//
// A host passes them to its provider: oauth2proxy.Provider(config, policy(denied)...).
func policy(deniedSubjects []string) []authprovider.SignInResolver[oauth2proxy.Result] {
	employees := resolver.WhenDomain("acme.example",
		resolver.EmailMatchingUserEntityProfileEmailWith[oauth2proxy.Result](resolver.EmailOptions{RequireVerifiedEmail: true}))
	contractors := resolver.WhenClaim("groups", "portal-contractors", byContractorID)

	return []authprovider.SignInResolver[oauth2proxy.Result]{
		denied(deniedSubjects),
		resolver.WithClaims(employees, access("employee")),
		resolver.WithClaims(contractors, access("contractor")),
	}
}

// denied refuses who is on the list. It goes by sub: an address or a name would be another person's one day.
func denied(subjects []string) authprovider.SignInResolver[oauth2proxy.Result] {
	return func(_ context.Context, in oauth2proxy.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		if slices.Contains(subjects, in.Result.Subject) { // ErrNotAllowed ends the sign-in
			return nil, &resolver.Error{Resolver: "denied", Reason: resolver.ReasonDenied, Detail: in.Result.Subject, Err: authprovider.ErrNotAllowed}
		}
		return nil, authprovider.ErrNoMatch // the next rule
	}
}

// byContractorID finds contractors by the ID that never goes to another person. They own what is theirs, and nothing through groups.
func byContractorID(ctx context.Context, in oauth2proxy.SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	id, err := rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{contractorID: in.Result.Subject}})
	if err != nil { // a user not found means the next rule; an outage does not
		return nil, fmt.Errorf("contractor %q: %w", in.Result.Subject, err)
	}
	id.OwnershipRefs = []string{id.UserRef}
	return id, nil
}

// access marks user tokens, so that other services can tell.
func access(rule string) func(context.Context, oauth2proxy.SignInInfo, authprovider.Identity) (map[string]any, error) {
	return func(context.Context, oauth2proxy.SignInInfo, authprovider.Identity) (map[string]any, error) {
		return map[string]any{accessClaim: rule}, nil
	}
}
