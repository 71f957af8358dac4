// Package tokenissuer makes the tokens with which users go to a portal's services, publishes the keys that verify them, and
// verifies them. The tokens are those of a Backstage auth backend, byte for byte where it matters: an unmodified Backstage
// backend accepts them, and makes limited user tokens of them.
//
// Start with [New] and hand the [Issuer] to [authprovider.Config.Issuer]; the handler then serves the keys, the discovery document
// and userinfo below the base URL:
//
//	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth"})
//	auth, err := authprovider.New(authprovider.Config{BaseURL: issuer.IssuerURL(), Issuer: issuer, ...})
//	mux.Handle("/api/auth/", auth)
//	mux.Handle("/api/todos", issuer.Middleware(todos)) // tokenissuer.UserFromContext(ctx) says who asks
//
// A service in another process needs no more than the issuer's URL:
//
//	users, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{Issuer: "https://portal.example.com/api/auth"})
//	mux.Handle("/api/todos", users.Middleware(todos))
//
// Signing in gives a user a token and protects no route by itself: every route of the host's own that is not for everybody needs
// [Issuer.Middleware] or [Issuer.Verify], or those of a [Verifier].
//
// # Tokens
//
// A user token is a JWT of type vnd.backstage.user, signed with [Config.Algorithm], for the audience "backstage", about one user (sub, an
// entity reference), for [Config.TTL]. Its uip claim is the signature of a limited user token, which says who the user is and is
// no more than that: [LimitedToken] makes it, [Issuer.Verify] and [Issuer.Middleware] refuse it, userinfo and a [Verifier] with
// [VerifierConfig.AcceptLimited] take it. Ownership (ent) and custom claims
// are what they were at the sign-in; userinfo answers them per token, so that a later sign-in changes nothing about an
// earlier token.
//
// # Keys
//
// A key is published at least ten minutes before it signs, which is twice as long as caches may keep the published set, signs
// for [Config.KeyPeriod], and is published until the last token that it signed has expired. Only a key without a living
// predecessor signs at once: the first of a process, the one after a key that was revoked, or the first after a silence longer than a key's life. Keys are made when
// a token is issued or the set is asked for; there is no goroutine.
//
// By default keys live in the memory of the process alone: when it ends, its tokens end with it, and users sign in again. Replicas that share
// [Config.Keys] and [Config.Secrets] sign with one key, on which they agree through the store; its private half is encrypted there. With
// [Config.PerReplicaKeys] each has a key of its own, whose private half stays in memory. Either way a record carries a code that only a replica can make, so
// that write access to the store alone makes no token. Package sqlkeystore keeps keys and userinfo in a database.
//
// A token needs no query, but for a look at the store every two minutes. A store that is down stops neither signing nor the published
// keys: a successor is in everybody's memory for 30 % of a period before it signs, and a key whose successor could not be made signs for
// an hour more.
//
// # What it leaves to the host
//
// The clock. Times in tokens never go back within a process; if the clock is set back by more than five minutes, signing stops
// with [ErrClock] until it has caught up. And revocation of one token: it is good until it expires, so keep
// [Config.TTL] short; [Issuer.Revoke] withdraws a key, and with it every token that it signed.
package tokenissuer
