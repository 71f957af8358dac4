// Package authprovider is the vocabulary and the HTTP edge of sign-in: the routes that an app's frontend calls, the
// contracts that providers, sign-in resolvers, user catalogs and token issuers fulfil, and the rules that every request
// and every answer goes by. It imports the standard library only.
//
// Start from [New], which serves all providers, and [Config], which says what it needs:
//
//	auth, err := authprovider.New(authprovider.Config{
//		BaseURL:   "https://portal.example.com/api/auth",
//		Secrets:   [][]byte{secret},
//		Issuer:    issuer, // usually a *tokenissuer.Issuer
//		Users:     users,  // usually a *memcatalog.Catalog, or your own UserCatalog
//		Providers: map[string]authprovider.ProviderFactory{"corp": oidcprovider.Provider(corp, signIn)},
//	})
//	if err != nil {
//		return err
//	}
//	mux.Handle("/api/auth/", auth)
//
// Each provider is then served under its ID:
//
//	GET       {base}/{provider}/start           begins a sign-in
//	GET       {base}/{provider}/handler/frame   is where the identity provider sends the browser back to (POST too, if the provider takes form_post)
//	GET, POST {base}/{provider}/refresh         renews it
//	POST      {base}/{provider}/logout          ends it
//
// and the issuer's documents, if it has them, under {base}/.well-known/jwks.json, {base}/.well-known/openid-configuration
// and {base}/v1/userinfo. A host that wants one provider and no more uses [NewProviderContext] and [ProviderContext.Handler].
//
// # What it stands up to
//
// The attacker of this package owns a web site that the person visits and a neighbouring host name, chooses every URL, query, header
// that a page can set and cookie that a sibling domain can set, and may be the person who signs in. The attacker does not read
// the connection to the host, run code in the app's own origin, or know a secret.
//
//   - One [OriginPolicy] decides for start, callback, refresh, logout and CORS alike. An origin is compared as a whole, read
//     strictly ([ParseOrigin]); a pattern's star is one DNS label and never one of the last two.
//   - A redirect flow returns to the origin that started it and nowhere else ([OriginPolicy.ParseRedirectURL]).
//   - Routes that act on a cookie take requests of the app's own script only ([OriginPolicy.CheckRequest]).
//   - The popup page posts its result to one exact origin, under a content security policy that runs one constant script
//     ([WriteWebMessage]).
//   - URLs and cookies are made from [Config.BaseURL], never from Host, Forwarded or X-Forwarded headers.
//   - An error has two audiences: [Error.Message] is for the person, the cause is for the log. An error of no known class
//     is shown as a bare status text with a log ID. A panic fails one request.
//   - What can hold a token is never cached ("no-store", "nosniff"). A [Secret] does not show in logs, and audit entries hold
//     no token, code, cookie or header.
//   - Configuration that would be unsafe fails [New], by the field's name; what turns a rule off is called Insecure.
//
// # What it leaves to others
//
//   - The protocol with the identity provider (state, nonce, PKCE, tokens, session cookies) is package oauthadapter's and
//     package proxyauth's; verifying what a vendor says is its authenticator's.
//   - Signing in identifies a person and protects no route of the host: verify the user token where it is used.
//   - TLS, rate limits, request size and time limits are the host's server's.
//   - Who may sign in is the resolvers' decision. Without a resolver an OAuth provider gives tokens and no identity.
//   - Whoever can run script in an allowed origin can use the sign-in of the person there. List an origin only if you trust its pages; a
//     pattern trusts everybody who can publish under it.
package authprovider
