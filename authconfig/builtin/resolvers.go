package builtin

import (
	"context"
	"errors"
	"maps"
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

// byAnnotation is the resolver that goes by a stable ID in an annotation.
func byAnnotation[R any](annotation string, value func(R) string) authconfig.Resolver[R] {
	return authconfig.ResolverWith(func(o catalogOptions) (authprovider.SignInResolver[R], error) {
		return resolver.AnnotationMatchingWith(annotation, value, o.options()),
			check(resolver.AnnotationMatchingWith(annotation, func(nobody) string { return "" }, o.options()))
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

// with adds resolvers of a provider's own to those by e-mail address.
func with[R any](own map[string]authconfig.Resolver[R]) map[string]authconfig.Resolver[R] {
	all := EmailResolvers[R]()
	maps.Copy(all, own)
	return all
}
