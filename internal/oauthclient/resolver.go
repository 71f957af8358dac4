package oauthclient

import (
	"context"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// SignInByAnnotation signs in the one user whose annotation has exactly this value. Without a value it is [authprovider.ErrNoMatch].
func SignInByAnnotation(ctx context.Context, rc *authprovider.ResolverContext, annotation, value string) (*authprovider.Identity, error) {
	if value == "" { // absent never matches absent
		return nil, fmt.Errorf("%w: the profile has nothing for the annotation %q", authprovider.ErrNoMatch, annotation)
	}
	u, err := rc.FindUser(ctx, authprovider.UserQuery{Annotations: map[string]string{annotation: value}})
	if err != nil {
		return nil, err
	}
	// Catalogs such as Backstage's fold case when they search, but IDs that differ in case alone are two people.
	if u.Annotations[annotation] != value {
		return nil, authprovider.ErrUserNotFound
	}
	return rc.IdentityOf(ctx, u)
}

// SignInByName signs in the user of this name in the default namespace. Without a name it is [authprovider.ErrNoMatch]; a name that would
// be a reference is an error of class [authprovider.ErrInput].
func SignInByName(ctx context.Context, rc *authprovider.ResolverContext, name string) (*authprovider.Identity, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: the profile has no user name", authprovider.ErrNoMatch)
	}
	ref, err := authprovider.UserRef(name)
	if err != nil {
		return nil, err
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}
