// Package finduser holds the steps that the vendors' own sign-in resolvers have in common: [ByAnnotation], [ByEmailAnnotation] and [ByName].
//
// Absent never matches absent: a person of whom the vendor does not say the ID, the address or the name is [authprovider.ErrNoMatch].
package finduser

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// ByAnnotation signs in the one user who is annotated with the vendor's stable ID of a person. vendor stands before errors.
func ByAnnotation(ctx context.Context, rc *authprovider.ResolverContext, vendor, annotation, id string) (*authprovider.Identity, error) {
	if id == "" {
		return nil, fmt.Errorf("%s: nothing to compare with %s: %w", vendor, annotation, authprovider.ErrNoMatch)
	}
	u, err := rc.FindUser(ctx, authprovider.UserQuery{Annotations: map[string]string{annotation: id}})
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", vendor, annotation, err)
	}
	// Catalogs may fold case in their search, and vendors have IDs that differ in nothing else.
	if u.Annotations[annotation] != id {
		return nil, fmt.Errorf("%s: %s has another value: %w", vendor, annotation, authprovider.ErrUserNotFound)
	}
	return rc.IdentityOf(ctx, u)
}

// ByEmailAnnotation signs in the one user who is annotated with the address of a person, unless the vendor says that nobody checked it:
// whoever types Jane's address would be Jane.
func ByEmailAnnotation(ctx context.Context, rc *authprovider.ResolverContext, vendor, annotation, email string,
	verification authprovider.EmailVerification) (*authprovider.Identity, error) {
	if email != "" && verification == authprovider.EmailUnverified {
		return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "email_unverified",
			Err: fmt.Errorf("%s: the e-mail address is not verified", vendor)}
	}
	return ByAnnotation(ctx, rc, vendor, annotation, email)
}

// ByName signs in the user of that name. The name is a name: one that holds ':' or '/' would choose a kind or a namespace, and is refused.
func ByName(ctx context.Context, rc *authprovider.ResolverContext, vendor, name string) (*authprovider.Identity, error) {
	if name == "" {
		return nil, fmt.Errorf("%s: the person has no user name: %w", vendor, authprovider.ErrNoMatch)
	}
	ref, err := authprovider.UserRef(name)
	if err != nil {
		return nil, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "name_malformed", Err: fmt.Errorf("%s: %v", vendor, err)}
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}
