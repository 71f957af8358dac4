package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
)

// ByAnnotation signs in the one user whose annotation has exactly this value. Without a value it passes on; one that cannot be an ID is refused.
func ByAnnotation(ctx context.Context, rc *authprovider.ResolverContext, resolver, annotation, id string) (*authprovider.Identity, error) {
	switch {
	case id == "": // absent never matches absent
		return nil, Pass(resolver, ReasonAnnotationValueMissing, "")
	case !Visible(id):
		return nil, refuse(resolver, ReasonAnnotationValueMalformed, shown(id))
	}
	return byAnnotation(ctx, rc, resolver, annotation, id)
}

// ByEmailAnnotation is [ByAnnotation] with the person's address. One of which the provider says that nobody checked it is refused: whoever
// types Jane's address would be Jane. The address is never taken apart, so that there are no two ways to read it.
func ByEmailAnnotation(ctx context.Context, rc *authprovider.ResolverContext, resolver, annotation, email string,
	verification authprovider.EmailVerification) (*authprovider.Identity, error) {
	switch {
	case email == "":
		return nil, Pass(resolver, ReasonEmailMissing, "")
	case verification == authprovider.EmailUnverified:
		return nil, refuse(resolver, ReasonEmailUnverified, shown(email))
	case !Visible(email):
		return nil, refuse(resolver, ReasonEmailMalformed, shown(email))
	}
	return byAnnotation(ctx, rc, resolver, annotation, email)
}

// ByName signs in the user of this name in the default namespace. Without a name it passes on. A name is never a reference: one that would
// choose a kind or a namespace is refused.
func ByName(ctx context.Context, rc *authprovider.ResolverContext, resolver, name string) (*authprovider.Identity, error) {
	if name == "" {
		return nil, Pass(resolver, ReasonUsernameMissing, "")
	}
	ref, err := authprovider.UserRef(name)
	if err != nil {
		// The person's doing; UserRef's own class would make it the app's.
		return nil, &authprovider.ResolverError{Resolver: resolver, Reason: ReasonNameMalformed, Detail: shown(name),
			Err: &authprovider.Error{Kind: authprovider.ErrNotAllowed, Err: err}}
	}
	return ByQuery(ctx, rc, resolver, authprovider.UserQuery{Ref: ref})
}

// ByQuery signs in the one user of this reference or address, which is not of the person's choice.
func ByQuery(ctx context.Context, rc *authprovider.ResolverContext, resolver string, q authprovider.UserQuery) (*authprovider.Identity, error) {
	return signIn(ctx, rc, resolver, shown(q.Ref+q.Email), q)
}

func byAnnotation(ctx context.Context, rc *authprovider.ResolverContext, resolver, annotation, value string) (*authprovider.Identity, error) {
	if annotation == "" {
		// The host's mistake: a failure, which no laxer resolver takes over from.
		return nil, fmt.Errorf("resolver: %s: the name of the annotation is empty", resolver)
	}
	// FindUser compares what it finds exactly: catalogs such as Backstage's fold case, but IDs that differ in case alone are two people.
	return signIn(ctx, rc, resolver, annotation+" "+shown(value), authprovider.UserQuery{Annotations: map[string]string{annotation: value}})
}

func signIn(ctx context.Context, rc *authprovider.ResolverContext, resolver, what string, q authprovider.UserQuery) (*authprovider.Identity, error) {
	id, err := rc.SignInWithUser(ctx, q)
	switch {
	case errors.Is(err, authprovider.ErrUserNotFound):
		return nil, &authprovider.ResolverError{Resolver: resolver, Reason: ReasonUserNotFound, Detail: what, Err: err}
	case errors.Is(err, authprovider.ErrAmbiguousUser):
		return nil, &authprovider.ResolverError{Resolver: resolver, Reason: ReasonUserAmbiguous, Detail: what, Err: err}
	case err != nil:
		return nil, fmt.Errorf("resolver: %s: %w", resolver, err)
	}
	return id, nil
}

// maxValue is above any ID of a vendor's: OpenID Connect bounds sub by 255, and an address has 254 at most.
const maxValue = 512

// Visible reports whether s can be an ID: text without what a catalog behind HTTP or SQL could take for more than a character, and without
// the format characters of Unicode, by which two IDs look like one.
func Visible(s string) bool {
	return len(s) <= maxValue && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.Cc, unicode.Cf) })
}
