package jose

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Claims are the registered claims (RFC 7519 section 4.1), read once, by exact
// name. A text is empty and a time is zero if the claim is absent.
type Claims struct {
	Issuer    string
	Subject   string
	Audiences []string // not to be modified
	ID        string   // jti
	Expiry    time.Time
	NotBefore time.Time
	IssuedAt  time.Time
}

// maxNumericDate is the end of the year 9999. Larger numbers are milliseconds
// written by mistake, or made to overflow somebody's arithmetic.
const maxNumericDate = 253402300799

func (t *Token) readClaims() error {
	c := &t.claims
	for _, m := range t.members {
		ok := true
		switch m.name {
		case "iss":
			c.Issuer, ok = unquote(m.value)
		case "sub":
			c.Subject, ok = unquote(m.value)
		case "jti":
			c.ID, ok = unquote(m.value)
		case "aud":
			c.Audiences, ok = audiences(m.value)
		case "exp":
			c.Expiry, ok = numericDate(m.value)
		case "nbf":
			c.NotBefore, ok = numericDate(m.value)
		case "iat":
			c.IssuedAt, ok = numericDate(m.value)
		default:
			if name, twin := foldsTo(m.name, registeredClaim); twin {
				return fmt.Errorf("%w: claim %q instead of %q", ErrMalformed, m.name, name)
			}
		}
		if !ok {
			return fmt.Errorf("%w: %q has the wrong shape", ErrClaim, m.name)
		}
	}
	return nil
}

// registeredClaim lists the claims that decide who signs in: those of RFC 7519 section
// 4.1 and of OpenID Connect Core (sections 2, 5.1 and 5.6.2) that readers act on.
func registeredClaim(name string) (string, bool) {
	switch name {
	case "iss", "sub", "aud", "exp", "nbf", "iat", "jti",
		"nonce", "azp", "at_hash", "c_hash", "acr", "amr", "auth_time", "sid",
		"email", "email_verified", "_claim_names", "_claim_sources":
		return name, true
	}
	return "", false
}

// audiences reads one text or an array of texts (RFC 7519 section 4.1.3).
func audiences(raw string) ([]string, bool) {
	if one, ok := unquote(raw); ok {
		return []string{one}, true
	}
	if raw[0] != '[' {
		return nil, false
	}
	list := make([]string, 0, min(strings.Count(raw, ",")+1, 8))
	s := scanner{text: raw, pos: 1}
	for {
		s.space()
		switch s.peek() {
		case ']':
			return list, true
		case ',':
			s.pos++
		case '"':
			v, err := s.str()
			if err != nil {
				return nil, false
			}
			list = append(list, v)
		default:
			return nil, false
		}
	}
}

// numericDate reads seconds since the epoch, with an optional fraction (RFC 7519
// section 2). Text is refused, and so is what no clock will ever show.
func numericDate(raw string) (time.Time, bool) {
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return time.Time{}, false
	}
	if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return time.Unix(n, 0), 0 <= n && n <= maxNumericDate
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(0 <= f && f <= maxNumericDate) {
		return time.Time{}, false
	}
	whole := int64(f)
	return time.Unix(whole, int64((f-float64(whole))*1e9)), true
}
