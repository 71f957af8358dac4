package builtin

import (
	"context"
	"errors"
	"reflect"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
)

// catalogOptions are those of every resolver here: Backstage's two, and one of ours.
type catalogOptions struct {
	AllowedDomains                             []string `key:"allowedDomains" doc:"The domains that the person's e-mail address may be of."`
	DangerouslyAllowSignInWithoutUserInCatalog bool     `key:"dangerouslyAllowSignInWithoutUserInCatalog" doc:"Signs in whom the catalog does not have."`
	RequireVerifiedEmail                       bool     `key:"requireVerifiedEmail" doc:"Refuses addresses of which the provider does not say that it checked them."`
}

// emailOptions are those of the resolver that goes by an e-mail address.
type emailOptions struct {
	catalogOptions
	StripPlusTag bool `key:"stripPlusTag" doc:"Looks for jane@example.com if the catalog has no jane+tag@example.com."`
}

// localPartOptions are those of the resolver that goes by the part before the @.
type localPartOptions struct {
	emailOptions
	DangerouslyAllowAnyDomain bool `key:"dangerouslyAllowAnyDomain" doc:"Goes by the part before the @ whatever the domain: jane@ anywhere is your jane."`
}

func (o catalogOptions) options() resolver.EmailOptions {
	return resolver.EmailOptions{AllowedDomains: o.AllowedDomains, RequireVerifiedEmail: o.RequireVerifiedEmail,
		DangerouslyAllowSignInWithoutUserInCatalog: o.DangerouslyAllowSignInWithoutUserInCatalog}
}

func (o emailOptions) options() resolver.EmailOptions {
	options := o.catalogOptions.options()
	options.StripPlusTag = o.StripPlusTag
	return options
}

// EmailResolvers returns the resolvers that every provider with an e-mail address may name: emailMatchingUserEntityProfileEmail and
// emailLocalPartMatchingUserEntityName. They are for a host's own providers too.
func EmailResolvers[R any]() map[string]authconfig.Resolver[R] {
	return map[string]authconfig.Resolver[R]{
		"emailMatchingUserEntityProfileEmail": authconfig.ResolverWith(func(o emailOptions) (authprovider.SignInResolver[R], error) {
			return resolver.EmailMatchingUserEntityProfileEmailWith[R](o.options()), check(resolver.EmailMatchingUserEntityProfileEmailWith[nobody](o.options()))
		}),
		"emailLocalPartMatchingUserEntityName": authconfig.ResolverWith(func(o localPartOptions) (authprovider.SignInResolver[R], error) {
			if reflect.ValueOf(o).IsZero() {
				return resolver.EmailLocalPartMatchingUserEntityName[R], nil // which holds the catalog's address against the person
			}
			options := o.emailOptions.options()
			options.DangerouslyAllowAnyDomain = o.DangerouslyAllowAnyDomain
			return resolver.EmailLocalPartMatchingUserEntityNameWith[R](options), check(resolver.EmailLocalPartMatchingUserEntityNameWith[nobody](options))
		}),
	}
}

// byUsername is the resolver that goes by a user name.
func byUsername[R any](username func(R) string) authconfig.Resolver[R] {
	return authconfig.ResolverWith(func(o catalogOptions) (authprovider.SignInResolver[R], error) {
		return resolver.UsernameMatchingUserEntityNameWith(username, o.options()),
			check(resolver.UsernameMatchingUserEntityNameWith(func(nobody) string { return "" }, o.options()))
	})
}

// annotationOptions are those of the resolver that goes by an ID in an annotation.
type annotationOptions struct {
	catalogOptions
	Annotation string `key:"annotation" example:"sso.example.com/user-id" doc:"The annotation, such as sso.example.com/user-id, of users in the catalog."`
}

// byAnnotation is the resolver that goes by a stable ID in an annotation. If usual is empty, the vendor has no annotation that is the same for
// everybody, and a file must name one.
func byAnnotation[R any](usual string, value func(R) string) authconfig.Resolver[R] {
	return authconfig.ResolverWith(func(o annotationOptions) (authprovider.SignInResolver[R], error) {
		if o.Annotation == "" {
			o.Annotation = usual
		}
		if o.Annotation == "" {
			return nil, &authconfig.KeyError{Field: "Annotation",
				Message: "is required: there are several of this vendor in the world, which give the same IDs to different people",
				Paste:   "annotation: sso.example.com/user-id"}
		}
		return resolver.AnnotationMatchingWith(o.Annotation, value, o.options()),
			check(resolver.AnnotationMatchingWith(o.Annotation, func(nobody) string { return "" }, o.options()))
	})
}

// byFunction is a resolver of the vendor's package, which has rules of its own.
func byFunction[R any](r authprovider.SignInResolver[R]) authconfig.Resolver[R] {
	return authconfig.ResolverWith(func(struct {
		WithoutUser authconfig.Unsupported `key:"dangerouslyAllowSignInWithoutUserInCatalog" doc:"is not supported with this resolver"`
		Domains     authconfig.Unsupported `key:"allowedDomains" doc:"is not supported with this resolver"`
	}) (authprovider.SignInResolver[R], error) {
		return r, nil
	})
}

// nobody is the result of no provider.
type nobody struct{}

// check finds out whether the options of a resolver are good, which package resolver tells only at a sign-in: whatever is wrong with the
// person is a *resolver.Error or a miss, and anything else is wrong with the options.
func check(r authprovider.SignInResolver[nobody]) error {
	_, err := r(context.Background(), authprovider.SignInInfo[nobody]{}, authprovider.NewResolverContext(authprovider.ResolverContextConfig{}))
	if _, ok := errors.AsType[*resolver.Error](err); ok || errors.Is(err, authprovider.ErrNoMatch) {
		return nil
	}
	return err
}
