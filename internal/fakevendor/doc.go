// Package fakevendor has the vendors that people sign in at: their addresses, parameters, JSON and errors, as their public documentation
// has them. Each is a [Spec] over the one server of package fakeidp, which knows the protocols; what is here is what a vendor does in
// its own way.
//
// To add a vendor, write one file with one type:
//
//   - a struct with what differs between its instances, such as BaseURL, whose zero value is usable;
//   - a method Spec that returns the addresses (Issuer, Endpoints), what the vendor does when it behaves (Behavior, Lifetime),
//     and, as far as it departs from the specifications, a [fakeidp.Dialect];
//   - for a vendor that is plain OAuth 2.0: Dialect.PlainOAuth, and in Dialect.Resources the APIs that say whose a token is. The one
//     at Endpoints[UserInfo] is that which [fakeidp.Behavior].UserInfoAnswer spoils. A person's Claims are merged into its answer, so
//     that a test can add a member or replace one; a person's ID is made from Person.Subject, and Spec.Subject returns it;
//   - Dialect.Refuse, RateLimit, Problem and Denied for the vendor's own forms of errors.
//
// Its public face is one file in authprovidertest: an alias of the type, and a constructor that calls newVendor. GitHub is the model of a
// plain OAuth 2.0 vendor, GitLab of one that speaks OpenID Connect.
//
// The package shares no code with the library: a fake that did could share its defects.
package fakevendor
