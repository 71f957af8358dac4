// Package jose is the one strict front for every JWT: [Parse] and [Verifier] read
// and check them, [Signer] makes them, [ParseJWKSet] and [JWK] are their keys.
//
// Reading is strict where libraries are known to differ, because two readers that
// differ are an attack: size, exactly three parts, canonical base64url, JSON without
// duplicate names or names that differ in case alone, a closed list of asymmetric
// algorithms bound to key types, no crit, no keys out of the token itself. It
// therefore stands in front of libraries that are laxer, too.
//
// The path from the text to a verified token is written for speed: one pass over
// the JSON that copies nothing, no reflection, no lock, no map of claims. Signatures are
// checked with crypto/ecdsa, crypto/rsa and crypto/ed25519 directly; for fixed-size
// R||S that is as simple as a library's call and skips its lookup of algorithms.
// Making signatures and reading key material, which are off that path, use
// github.com/lestrrat-go/jwx/v3. Nothing else imports it, and none of its types is
// exported, so that it could be replaced here alone.
package jose
