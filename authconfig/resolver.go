package authconfig

import (
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// Resolver is a sign-in resolver that signIn.resolvers may name. [ResolverFunc], [ResolverWith] and [ResolverRefused] make it.
type Resolver[R any] struct {
	options reflect.Type // nil if there are none
	refused bool
	decode  func(l *loading, n *node, path string) authprovider.SignInResolver[R]
}

// resolverName is the part of an entry that every resolver has.
type resolverName struct {
	Resolver string `key:"resolver,required" example:"emailMatchingUserEntityProfileEmail" doc:"The name of the resolver."`
}

// ResolverFunc makes a Resolver without options of a sign-in resolver.
func ResolverFunc[R any](signIn authprovider.SignInResolver[R]) Resolver[R] {
	return Resolver[R]{decode: func(l *loading, n *node, path string) authprovider.SignInResolver[R] {
		l.structs(n, n.at, path, reflect.ValueOf(new(resolverName)).Elem())
		return signIn
	}}
}

// ResolverWith makes a Resolver with options of type O: a struct as [NewOAuth] says. An error about one of them is a [KeyError].
func ResolverWith[R, O any](signIn func(O) (authprovider.SignInResolver[R], error)) Resolver[R] {
	return Resolver[R]{options: reflect.TypeFor[O](), decode: func(l *loading, n *node, path string) authprovider.SignInResolver[R] {
		var options O
		failed := len(l.errs)
		vs := l.structs(n, n.at, path, reflect.ValueOf(new(resolverName)).Elem(), reflect.ValueOf(&options).Elem())
		if len(l.errs) > failed {
			return nil
		}
		r, err := signIn(options)
		if err != nil {
			l.vendorFault(vs, err)
		}
		return r
	}}
}

// ResolverRefused makes a Resolver that is known by name, and refused: why says what to name instead.
func ResolverRefused[R any](why string) Resolver[R] {
	return Resolver[R]{refused: true, decode: func(l *loading, n *node, path string) authprovider.SignInResolver[R] {
		l.fault(n.get("resolver").at, path+".resolver", "%s", why)
		return nil
	}}
}

type signInSection struct {
	Resolvers []*node `key:"resolvers" doc:"Sign-in resolvers, tried in order."`
}

// resolvers returns those of a section, or those in code.
func resolvers[R any](l *loading, id string, s *signInSection, path string,
	code []authprovider.SignInResolver[R], named map[string]Resolver[R]) []authprovider.SignInResolver[R] {
	if s == nil || len(s.Resolvers) == 0 {
		return code
	}
	path += ".signIn.resolvers"
	if len(code) > 0 {
		l.fault(s.Resolvers[0].at, path, "there is a sign-in resolver for %q in code too, %s: remove one of the two", id, functionName(code[0]))
		return nil
	}
	var all []authprovider.SignInResolver[R]
	for i, n := range s.Resolvers {
		at := indexed(path, i)
		if n.kind != mapping {
			l.fault(n.at, at, "is %s, want a mapping", n.kind).Paste = "- resolver: emailMatchingUserEntityProfileEmail"
			continue
		}
		name := n.get("resolver")
		if name == nil {
			l.fault(n.at, at+".resolver", "is required")
			continue
		}
		text, ok := l.text(name, at+".resolver")
		if !ok {
			continue
		}
		r, ok := named[text]
		if !ok {
			if name.kind == reference || variable.MatchString(name.text) {
				text = ""
			}
			l.fault(name.at, at+".resolver", "this provider has no resolver of that name%s", suggest(text, names(named)))
			continue
		}
		if signIn := r.decode(l, n, at); signIn != nil {
			all = append(all, signIn)
		}
	}
	return all
}

// names returns those that are not refused.
func names[R any](named map[string]Resolver[R]) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !named[name].refused {
			all = append(all, name)
		}
	}
	return all
}

// functionName is the name of a function without the path of its package's directory.
func functionName(f any) string {
	fn := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if fn == nil {
		return "a function"
	}
	name := fn.Name()
	name = name[strings.LastIndexByte(name, '/')+1:]
	return strings.TrimSuffix(strings.TrimSuffix(name, "[...]"), "-fm")
}
