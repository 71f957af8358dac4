package tokenissuer

import (
	"encoding/base64"
	"fmt"
	"time"

	"example.com/stagedoor/internal/jose"
)

// LimitedToken makes the limited user token of a user token, and says when it expires: a token that says who the user is and no more,
// for a cookie, say, that a page's images are loaded with. It needs no key, since the user token carries the signature (uip). A limited
// token is returned as it is.
//
// It verifies nothing: hand it what [Verifier.Verify] has accepted. An error wraps [ErrInvalidToken].
func LimitedToken(token string) (string, time.Time, error) {
	t, err := jose.Parse(token)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	h, c := t.Header(), t.Claims()
	switch h.Type {
	case typeLimitedUser:
		return token, c.Expiry, nil
	case typeUser:
	default:
		return "", time.Time{}, fmt.Errorf("%w: typ is not that of a user token", ErrInvalidToken)
	}
	proof, ok := t.String("uip")
	if !ok || proof == "" {
		return "", time.Time{}, fmt.Errorf("%w: no uip", ErrInvalidToken)
	}
	if h.KeyID == "" || c.Subject == "" || c.IssuedAt.IsZero() || c.Expiry.IsZero() {
		return "", time.Time{}, fmt.Errorf("%w: no kid, sub, iat or exp", ErrInvalidToken)
	}
	if c.IssuedAt.Nanosecond() != 0 || c.Expiry.Nanosecond() != 0 {
		return "", time.Time{}, fmt.Errorf("%w: iat or exp is a fraction", ErrInvalidToken) // of which there are many spellings
	}
	// The text whose signature the uip is: see identityProof.
	header := append(make([]byte, 0, 128), `{"typ":"`+typeLimitedUser+`","alg":"`+string(h.Algorithm)+`","kid":`...)
	if header, err = jose.AppendString(header, h.KeyID); err != nil {
		return "", time.Time{}, fmt.Errorf("%w: kid: %w", ErrInvalidToken, err)
	}
	payload := append(make([]byte, 0, 128), `{"sub":`...)
	if payload, err = jose.AppendString(payload, c.Subject); err != nil {
		return "", time.Time{}, fmt.Errorf("%w: sub: %w", ErrInvalidToken, err)
	}
	payload = fmt.Appendf(payload, `,"iat":%d,"exp":%d}`, c.IssuedAt.Unix(), c.Expiry.Unix())

	enc := base64.RawURLEncoding
	limited := enc.AppendEncode(nil, append(header, '}'))
	limited = append(limited, '.')
	limited = enc.AppendEncode(limited, payload)
	limited = append(append(limited, '.'), proof...)
	made := string(limited)
	if _, err := jose.Parse(made); err != nil { // a uip that is no signature, but what ends a cookie, say
		return "", time.Time{}, fmt.Errorf("%w: uip: %w", ErrInvalidToken, err)
	}
	return made, c.Expiry, nil
}
