package samlauth

import (
	"context"
	"errors"
	"fmt"

	"example.com/stagedoor/authprovider"
)

// NameIDMatchingUserEntityAnnotation returns a resolver that signs in the one user whose annotation of this name is the name ID. It is the
// resolver of choice with persistent name IDs, which never go to another person. A transient one is refused: it is new every time.
func NameIDMatchingUserEntityAnnotation(annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		id := in.Result.FullProfile.NameID
		if id.Format == NameIDTransient {
			return nil, fmt.Errorf("samlauth: a transient name ID says nothing about who it is: %w", authprovider.ErrNoMatch)
		}
		return signInByAnnotation(ctx, rc, annotation, id.Value)
	}
}

// AttributeMatchingUserEntityAnnotation returns a resolver that signs in the one user whose annotation of this name is the value of an
// attribute, by its full or friendly name: such as Entra's object identifier or ADFS's primary SID. It passes on if the attribute has no value,
// or several.
func AttributeMatchingUserEntityAnnotation(attribute, annotation string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return signInByAnnotation(ctx, rc, annotation, in.Result.FullProfile.Value(attribute))
	}
}

// AttributeMatchingUserEntityName returns a resolver that signs in the user whose name in the catalog is the value of an attribute, such as a
// user name. It is for attributes that people cannot change themselves: whoever takes the name of a user of the catalog is that user.
func AttributeMatchingUserEntityName(attribute string) authprovider.SignInResolver[Result] {
	return func(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		name := in.Result.FullProfile.Value(attribute)
		if name == "" {
			return nil, fmt.Errorf("samlauth: the attribute %q has not one value: %w", attribute, authprovider.ErrNoMatch)
		}
		ref, err := authprovider.UserRef(name)
		if err != nil {
			return nil, fmt.Errorf("samlauth: the attribute %q is no name of a user: %w", attribute, authprovider.ErrNotAllowed)
		}
		return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
	}
}

func signInByAnnotation(ctx context.Context, rc *authprovider.ResolverContext, annotation, value string) (*authprovider.Identity, error) {
	if annotation == "" {
		return nil, errors.New("samlauth: the resolver has no name of an annotation")
	}
	if value == "" {
		return nil, fmt.Errorf("samlauth: nothing to look for in the annotation %q: %w", annotation, authprovider.ErrNoMatch)
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{annotation: value}})
}
