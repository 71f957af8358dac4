// Package oauthclient makes the outbound requests of an OAuth 2.0 client: code exchange, refresh, revocation and reading a profile.
// Start from [New]; [NewHTTPClient] alone bounds the requests of another library.
//
// What every request has in common: no redirect is followed, it takes ten seconds at most, an answer is one mebibyte at most after
// decompression and strict JSON, and a token request is never sent twice. Errors are translated into those that package
// oauthadapter documents and never repeat an answer, a code, a token or a secret.
package oauthclient
