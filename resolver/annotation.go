package resolver

import (
	"context"
	"errors"

	"example.com/stagedoor/authprovider"
)

const annotationMatching = "AnnotationMatching"

// AnnotationMatching signs in the one catalog user whose annotation, such as "sso.example.com/user-id", is exactly what the function takes
// from the provider's result. An empty value passes on.
//
// It is the resolver of choice with an ID that the provider never gives to another person. One annotation is for one provider:
// two that number their users from 1 must not share it.
func AnnotationMatching[R any](annotation string, value func(result R) string) authprovider.SignInResolver[R] {
	return AnnotationMatchingWith(annotation, value, EmailOptions{})
}

// AnnotationMatchingWith is [AnnotationMatching] with options. With AllowedDomains or RequireVerifiedEmail the person needs an e-mail
// address for which they hold, too. StripPlusTag and DangerouslyAllowAnyDomain are mistakes here. The name of somebody whom the
// catalog does not have is the value, unless it has another user of that name.
func AnnotationMatchingWith[R any](annotation string, value func(result R) string, o EmailOptions) authprovider.SignInResolver[R] {
	r, err := o.gate(annotationMatching)
	switch {
	case err != nil:
	case annotation == "":
		err = errors.New("resolver: " + annotationMatching + ": the annotation is empty")
	case value == nil:
		err = errors.New("resolver: " + annotationMatching + ": the function is nil")
	}
	if err != nil {
		return misconfigured[R](err)
	}
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return r.signInByAnnotation(ctx, in.Profile, rc, annotation, value(in.Result))
	}
}
