package jose

import "errors"

// Why a token, a key or a text was refused, for errors.Is. A malformed token may
// be an [ErrJSON] as well, a claim that does not decode too. Messages quote at most
// a few bytes of the token, and never its signature.
var (
	// ErrMalformed means that the text is not one canonical, strict JWS in
	// compact form. Nothing in it was believed.
	ErrMalformed = errors.New("jose: malformed token")
	// ErrAlgorithm means that the algorithm is unknown, not allowed, or does
	// not fit the key.
	ErrAlgorithm = errors.New("jose: algorithm not allowed")
	// ErrType means that the header's typ is not one that the caller expects.
	ErrType = errors.New("jose: unexpected token type")
	// ErrIssuer means that iss is missing or another one.
	ErrIssuer = errors.New("jose: unexpected issuer")
	// ErrAudience means that aud names nobody that the caller is.
	ErrAudience = errors.New("jose: unexpected audience")
	// ErrUnknownKey means that the key set has no key for the token. Key sets
	// wrap it.
	ErrUnknownKey = errors.New("jose: unknown key")
	// ErrSignature means that the signature does not verify with the key.
	ErrSignature = errors.New("jose: invalid signature")
	// ErrExpired means that exp has passed, or that iat is older than the
	// permitted age. The signature was good.
	ErrExpired = errors.New("jose: token has expired")
	// ErrNotYetValid means that nbf or iat lies in the future. The signature
	// was good.
	ErrNotYetValid = errors.New("jose: token is not valid yet")
	// ErrClaim means that a claim is missing or has the wrong shape.
	ErrClaim = errors.New("jose: invalid claim")
	// ErrKey means that a key cannot be used: its type, size or shape.
	ErrKey = errors.New("jose: unusable key")
	// ErrJSON means that a text is not strict JSON, or does not fit the value
	// that it should be decoded into.
	ErrJSON = errors.New("jose: invalid JSON")
)

// excerpt bounds what an error may repeat of a hostile token.
func excerpt(s string) string {
	const limit = 64
	if len(s) > limit {
		return s[:limit] + "..."
	}
	return s
}
