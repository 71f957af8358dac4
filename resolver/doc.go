// Package resolver has ready-made sign-in resolvers, and combinators that make a policy out of them.
//
// A sign-in resolver maps what a provider vouches for to one of our users. Hand one or more to a provider, in the order
// in which they are tried:
//
//	"corp": oidcprovider.Provider(corp, resolver.EmailMatchingUserEntityProfileEmail),
//	"lab": oidcprovider.Provider(lab, resolver.EmailLocalPartMatchingUserEntityNameWith[oidcprovider.Result](
//		resolver.EmailOptions{AllowedDomains: []string{"example.com"}})),
//	"partners": oidcprovider.Provider(partners, resolver.RequireDomain("example.com",
//		resolver.EmailMatchingUserEntityProfileEmail[oidcprovider.Result])),
//
// There are resolvers that go by an ID ([AnnotationMatching]), an address ([EmailMatchingUserEntityProfileEmail],
// [EmailLocalPartMatchingUserEntityName]) or a user name ([UsernameMatchingUserEntityName]); each has a form with [EmailOptions], whose
// rules about domains and verified addresses hold in all of them. Prefer an ID to an address and an address to a name: names are
// taken over, and most of them are chosen.
//
// Combinators take a resolver, or several, and are one again: [FirstMatch]; [RequireDomain], [RequireClaim] and [RequireGroup], which refuse;
// [WhenDomain] and [WhenClaim], which pass on; [Deny]; [WithOwnership] and [WithClaims], which add to what was found. [NestedGroups] is a
// rule about ownership for all resolvers.
//
// Go infers the provider's result type for a resolver that is a direct argument of Provider, and from a function that takes the result;
// everywhere else it is spelled out, as for lab and partners here. A policy of your own is a plain function; see the example
// named Custom.
//
// # Who goes on, who is refused
//
// A resolver that has nothing to go by (the profile holds no e-mail address, the catalog has no such user) passes on with
// [authprovider.ErrNoMatch], and the next one tries. Whatever speaks against the person ends the sign-in with
// [authprovider.ErrNotAllowed]: an address that nobody verified, one that is malformed, a domain that is not allowed. A
// laxer resolver further down must not undo that. A catalog that fails, or that knows several such users, ends it too, and so does a panic.
//
// The person is told the same in all the cases of refusal. The log is told which rule of which resolver decided, with every combinator
// on the way: see [Error].
//
// # Addresses
//
// An address that a rule reads has exactly one '@', a local part of RFC 5322's dot-atom form and a host name in ASCII, within
// the lengths of RFC 5321. Nothing is repaired: an address such as "a@evil.example@example.com", which two
// readers would split in two ways, is refused. Addresses and domains are compared exactly but for ASCII case; a domain does
// not stand for its subdomains.
//
// # Mistakes in options
//
// A resolver is only a function, with no error to return when it is made. One that is made with bad options (a
// domain such as "@example.com", no inner resolver) therefore fails every sign-in, with an error that names the option.
package resolver
