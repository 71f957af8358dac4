// Package oidcprovider signs people in with any OpenID Connect provider, known by its issuer URL.
//
// [Provider] is what goes into [authprovider.Config]; [New] gives the [Authenticator] alone, for a host with flows of its own. [NewVendor] is the
// base of a package for one vendor, with a profile of its own.
//
//	"sso": oidcprovider.Provider(oidcprovider.Config{
//		Issuer: "https://sso.example.com", ClientID: id, ClientSecret: secret,
//	}, resolver.EmailMatchingUserEntityProfileEmail),
//
// It finds the endpoints by discovery at first use, so that the provider may be down when the host starts, reads them again once an
// hour, and uses the last good ones while that fails, for a day at most. Every sign-in uses PKCE and a nonce.
//
// ID tokens are checked completely (OpenID Connect Core 1.0 section 3.1.3.7): signature by a published key with an asymmetric algorithm,
// iss, aud, azp, exp, nbf, iat, nonce, at_hash and sub, over a strict reading in which neither a second claim of the same name
// nor one in another case can stand in for the first. No check can be turned off. The userinfo endpoint is read too, if there is
// one, because that is where section 5.4 puts name and e-mail address; its sub must be the ID token's. A refresh must stay with the
// person who signed in (section 12.2).
//
// It leaves to the caller who may sign in, by a sign-in resolver or by Config.CheckIDToken: e-mail addresses are vouched for by
// [Profile].EmailVerified only, and the one stable identifier is issuer and subject together.
package oidcprovider
