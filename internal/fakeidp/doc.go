// Package fakeidp is a small OpenID Provider for demonstrations and tests: a real authorization code flow with PKCE, refresh,
// revocation and logout (OpenID Connect Core 1.0, RFC 6749, 7009, 7636, 9207) for a fixed list of clients and people, who sign in
// by being chosen from a page, without a password.
//
// Start from [New] and mount the [Server] in an http.Server at the path of its issuer. A server with a zero [Behavior] follows the
// specifications; [Server.Set] makes it break them in one chosen way, at run time, so that a test can see how a relying party takes it.
//
// Tokens are made with the standard library alone. A provider that has to be able to sign wrong tokens must not share
// code with the verifier that has to refuse them.
//
// It keeps everything in bounded memory, records secrets for its observers, and has no passwords: it must not guard anything real.
package fakeidp
