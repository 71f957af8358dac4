// Package oauth2proxy signs in people whom oauth2-proxy in front of the application has signed in already.
//
// [Provider] is what goes into [authprovider.Config]; [New] gives the [Authenticator] alone, for routes of the host's own behind
// [proxyauth.Middleware].
//
//	"oauth2Proxy": oauth2proxy.Provider(oauth2proxy.Config{
//		Issuer:   "https://sso.example.com", // oauth2-proxy's --oidc-issuer-url
//		Audience: []string{"portal"},        // its --client-id
//	}, oauth2proxy.ForwardedPreferredUsernameMatchingUserEntityName),
//
// What is believed is for the configuration to say, and never depends on the request:
//
//   - With Config.Issuer, the ID token of the identity provider that oauth2-proxy forwards: in X-OAUTH2-PROXY-ID-TOKEN, where nginx or an
//     alpha configuration puts it, or in Authorization (--pass-authorization-header). Its signature is verified with the
//     issuer's published keys, and iss, aud, azp, exp, nbf, iat and sub are checked (OpenID Connect Core 1.0 section 3.1.3.7). Its
//     nonce was oauth2-proxy's to check: whoever gets hold of a token can use it here until it expires.
//   - Without, the plain headers of [HeaderStyle]. Nothing about them is signed, so each request must pass the trust anchor of
//     Config.Trust.
//   - With both, the token says who it is, the anchor is demanded as well, and what the headers say is beside it in
//     [Result].Headers: groups that oauth2-proxy asked the provider for, say.
//
// It is left to the host that the proxy removes what clients send in its headers, X-Forwarded-User and X_Forwarded_User alike, and who
// may sign in.
package oauth2proxy
