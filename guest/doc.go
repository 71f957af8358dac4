// Package guest signs in everybody as one and the same user, for development: an app works before an identity provider is set up.
//
//	Providers: map[string]authprovider.ProviderFactory{
//		"guest": guest.Provider(guest.Config{DangerouslyAllowGuests: true}),
//	}
//
// The user is user:development/guest unless [Config] names another. If the catalog
// has it, it signs in with its profile and its groups, and otherwise with nothing but its name; a catalog that fails is
// a failure. Further resolvers take the place of this rule.
//
// Nothing is verified, so nothing works unless it was asked for by name: without [Config].DangerouslyAllowGuests construction fails, and so
// it does on a base URL that is not on loopback, without [Config].DangerouslyAllowOutsideDevelopment. Requests for another host than
// the machine itself are refused too: a name of somebody else's that leads to 127.0.0.1 would make a foreign page one of the app's own
// (DNS rebinding). What is left to the host: to leave the provider out of production, and to listen on loopback, since whatever is no
// browser can name any host. There is no authenticator for [proxyauth.Middleware] here, since it would let everybody through.
package guest
