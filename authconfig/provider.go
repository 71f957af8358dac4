package authconfig

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/proxyauth"
)

// Registry holds the providers that a configuration may name, by ID. Package builtin has one of all of ours; a host adds its own, and
// ours under further IDs: registry["ghe"] = builtin.GitHub(github.Config{}).
type Registry map[string]Provider

// Provider reads the section of one provider. [OAuth], [Proxy] and [Custom] are all that there are.
type Provider interface {
	load(l *loading, id string, n *node, path string) []instance
	schema(s *schemas) *schema
}

// instance is one configuration of a provider.
type instance struct {
	environment string // empty if the provider has none
	factory     authprovider.ProviderFactory
	from        values
}

// OAuth is a provider whose section has environments, and below each the keys of S, callbackUrl, additionalScopes, sessionDuration
// and signIn. [NewOAuth] makes it; what is exported may be changed until it is loaded.
type OAuth[P any] struct {
	// Options are what the file may leave out.
	Options oauthadapter.Options[P]
	// SignIn are sign-in resolvers in code, for all environments. A section must then have none of its own.
	SignIn []authprovider.SignInResolver[*oauthadapter.Result[P]]
	// Resolvers are what signIn.resolvers may name.
	Resolvers map[string]Resolver[*oauthadapter.Result[P]]

	section     reflect.Type
	environment func(l *loading, id string, n *node, path string) (authprovider.ProviderFactory, values)
}

// Proxy is a provider behind a proxy: it has no environments, and the keys of S and signIn in its section. [NewProxy] makes it; what is
// exported may be changed until it is loaded.
type Proxy[R any] struct {
	// Options are what the file may leave out.
	Options proxyauth.Options[R]
	// SignIn are sign-in resolvers in code. The section must then have none of its own.
	SignIn []authprovider.SignInResolver[R]
	// Resolvers are what signIn.resolvers may name.
	Resolvers map[string]Resolver[R]

	section reflect.Type
	whole   func(l *loading, id string, n *node, path string) (authprovider.ProviderFactory, values)
}

// oauthSection is what every environment of an OAuth provider may have.
type oauthSection struct {
	CallbackURL        string         `key:"callbackUrl" doc:"The redirect URI as registered with the vendor, if it is not {backend.baseUrl}/api/auth/{provider}/handler/frame."`
	AdditionalScopes   Scopes         `key:"additionalScopes" doc:"Further scopes to ask for with every sign-in."`
	SessionDuration    Duration       `key:"sessionDuration" doc:"How long a session may live, however often it is refreshed."`
	SessionIdleTimeout Duration       `key:"sessionIdleTimeout" doc:"How long a session lives without a refresh."`
	SignIn             *signInSection `key:"signIn" doc:"Who of the users in the catalog a person is."`
}

// NewOAuth returns a provider of type S in the file: a struct whose fields have tags such as
//
//	ClientID string `key:"clientId,required" example:"${AUTH_ACME_CLIENT_ID}" doc:"The client's ID."`
//
// Keys are compared exactly, and one that is not in S is an error. A field may be a string, an [authprovider.Secret], a bool, an int, a
// [Duration], [Strings], [Scopes], an encoding.TextUnmarshaler, a struct of such fields or a pointer to one, or a slice of them or a map
// from strings to them. If the provider's complaints name a field of its configuration (Config.ClientID) that S has too, they are told at
// that key.
//
// A section starts as defaults, and its keys replace what is there: so what is required may stand in code. The factory that provider
// returns is called by Load to check, and once more by authprovider.New.
func NewOAuth[S, P any](defaults S,
	provider func(S, oauthadapter.Options[P], ...authprovider.SignInResolver[*oauthadapter.Result[P]]) (authprovider.ProviderFactory, error)) *OAuth[P] {
	p := &OAuth[P]{section: reflect.TypeFor[S]()}
	p.environment = func(l *loading, id string, n *node, path string) (authprovider.ProviderFactory, values) {
		own, common := defaults, oauthSection{}
		vs := l.structs(n, n.at, path, reflect.ValueOf(&own).Elem(), reflect.ValueOf(&common).Elem())
		o := p.Options
		if common.CallbackURL != "" {
			o.CallbackURL = common.CallbackURL
		}
		if common.AdditionalScopes != nil {
			o.AdditionalScopes = common.AdditionalScopes
		}
		if common.SessionDuration != 0 {
			o.SessionDuration = time.Duration(common.SessionDuration)
		}
		if common.SessionIdleTimeout != 0 {
			o.SessionIdleTimeout = time.Duration(common.SessionIdleTimeout)
		}
		signIn := resolvers(l, id, common.SignIn, path, p.SignIn, p.Resolvers)
		return l.build(vs, func() (authprovider.ProviderFactory, error) { return provider(own, o, signIn...) }), vs
	}
	return p
}

func (p *OAuth[P]) load(l *loading, id string, n *node, path string) []instance {
	if n.kind != mapping {
		l.fault(n.at, path, "is %s, want a mapping", n.kind)
		return nil
	}
	var all []instance
	for _, f := range n.fields {
		at := path + "." + shortened(f.key)
		switch {
		case f.value.kind == null:
		case f.value.kind != mapping:
			l.fault(f.at, at, `is no environment: the keys of this provider stand one level deeper, below a name such as "development"`)
		case !authprovider.ValidID(f.key):
			l.fault(f.at, at, "the name of an environment matches [a-z0-9][A-Za-z0-9._-]*")
		case len(f.value.fields) > 0 && !known(f.value, p.section, reflect.TypeFor[oauthSection]()):
			l.fault(f.at, at, "holds a further level in place of the keys of an environment. "+
				"For several of one vendor, register the provider under a further ID")
		default:
			factory, vs := p.environment(l, id, f.value, at)
			all = append(all, instance{environment: f.key, factory: factory, from: vs})
		}
	}
	if len(all) == 0 && !l.faulty(path) {
		l.fault(n.at, path, "has no environment").Paste = "development:\n  clientId: ...\n  clientSecret: ..."
	}
	return all
}

// NewProxy is [NewOAuth] for a provider behind a proxy.
func NewProxy[S, R any](defaults S,
	provider func(S, proxyauth.Options[R], ...authprovider.SignInResolver[R]) (authprovider.ProviderFactory, error)) *Proxy[R] {
	p := &Proxy[R]{section: reflect.TypeFor[S]()}
	p.whole = func(l *loading, id string, n *node, path string) (authprovider.ProviderFactory, values) {
		own, common := defaults, struct {
			SignIn *signInSection `key:"signIn"`
		}{}
		vs := l.structs(n, n.at, path, reflect.ValueOf(&own).Elem(), reflect.ValueOf(&common).Elem())
		signIn := resolvers(l, id, common.SignIn, path, p.SignIn, p.Resolvers)
		return l.build(vs, func() (authprovider.ProviderFactory, error) { return provider(own, p.Options, signIn...) }), vs
	}
	return p
}

func (p *Proxy[R]) load(l *loading, id string, n *node, path string) []instance {
	if n.kind == mapping && len(n.fields) > 0 && !known(n, p.section) {
		// Documented for some, and read by none.
		l.fault(n.fields[0].at, path+"."+shortened(n.fields[0].key), "is no key of a provider behind a proxy, which has no environments: "+
			"move what is below it one level up")
		return nil
	}
	factory, vs := p.whole(l, id, n, path)
	return []instance{{factory: factory, from: vs}}
}

// known reports whether a mapping has anything of these sections in it, and not only a further level.
func known(n *node, sections ...reflect.Type) bool {
	var own []keyed
	for _, section := range sections {
		own = append(own, keyedFields(reflect.New(section).Elem())...)
	}
	return slices.ContainsFunc(n.fields, func(f field) bool {
		return f.value.kind != mapping && f.value.kind != null || f.key == "signIn" ||
			slices.ContainsFunc(own, func(k keyed) bool { return k.key == f.key })
	})
}

// Custom is a provider with a section of its own, of type S (see [NewOAuth]), without environments or anything else in common.
type Custom struct {
	section reflect.Type
	whole   func(l *loading, n *node, path string) (authprovider.ProviderFactory, values)
}

// NewCustom returns a Custom. The factory that provider returns is called by Load to check, and once more by authprovider.New.
func NewCustom[S any](defaults S, provider func(S) (authprovider.ProviderFactory, error)) *Custom {
	return &Custom{section: reflect.TypeFor[S](), whole: func(l *loading, n *node, path string) (authprovider.ProviderFactory, values) {
		own := defaults
		vs := l.structs(n, n.at, path, reflect.ValueOf(&own).Elem())
		return l.build(vs, func() (authprovider.ProviderFactory, error) { return provider(own) }), vs
	}}
}

func (p *Custom) load(l *loading, _ string, n *node, path string) []instance {
	factory, vs := p.whole(l, n, path)
	return []instance{{factory: factory, from: vs}}
}

// KeyError is an error of a provider's constructor about one key of its section.
type KeyError struct {
	// Field is the name of the Go field in the section's struct.
	Field string
	// Message says what is wrong.
	Message string
	// Paste is the YAML that would mend it, or empty.
	Paste string
}

// Error implements error.
func (e *KeyError) Error() string { return e.Field + " " + e.Message }

// build calls a constructor, unless its section is faulty already: what it would say of half a configuration helps nobody.
func (l *loading) build(vs values, provider func() (authprovider.ProviderFactory, error)) authprovider.ProviderFactory {
	if l.faulty(vs.path) {
		return nil
	}
	factory, err := provider()
	if err == nil && factory == nil {
		err = errors.New("has no ProviderFactory")
	}
	if err != nil {
		l.vendorFault(vs, err)
		return nil
	}
	return factory
}

// notConfigured is in the place of a provider that is registered and has no section, so that its routes answer as Backstage's do.
func notConfigured(id string) authprovider.ProviderFactory {
	return func(*authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		return absent{&authprovider.Error{Kind: authprovider.ErrNotFound, Code: "provider_not_configured",
			Message: fmt.Sprintf("No auth provider registered for '%s'", id)}}, nil
	}
}
