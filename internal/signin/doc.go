// Package signin is what the sign-in resolvers of vendors and proxies share: a user by an ID in an annotation, by an address in one, and by name.
//
// Each says in an [authprovider.ResolverError] which rule of which resolver decided, with the package in front of the resolver's name. The
// person is told the same in every case, since who can tell "unknown" from "refused" can find out who has an account.
package signin
