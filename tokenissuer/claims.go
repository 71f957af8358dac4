package tokenissuer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	maxTokenSize = 32768 // Backstage's limit; header limits of proxies are near
	// maxRecordSize bounds what one sign-in can occupy of the userinfo store.
	maxRecordSize = 256 << 10
	maxClaimName  = 64
)

// reservedClaims are those that the issuer alone writes, and those that would change how a token is judged.
var reservedClaims = [...]string{"iss", "sub", "ent", "aud", "iat", "exp", "uip", "nbf", "jti", "typ"}

// statement is what a token is asked to say, checked.
type statement struct {
	subject   string
	sub       jose.Claim // subject, for both signatures
	ownership []string
	custom    []jose.Claim // in the order of their names
	record    []byte       // what userinfo answers: {"claims":{"sub":...,"ent":[...],...}}

	ownershipSize, customSize int // of their JSON texts
}

func newStatement(c authprovider.TokenClaims) (*statement, error) {
	s := &statement{subject: c.Subject, sub: jose.Claim{Name: "sub", Value: c.Subject}, ownership: c.Ownership}
	if len(s.ownership) == 0 {
		s.ownership = []string{s.subject}
	}
	if _, err := authprovider.ParseEntityRef(s.subject); err != nil {
		// %v: the caller's mistake, not the person's, so it must not be classified as invalid input.
		return nil, fmt.Errorf("%w: sub: %v", ErrClaim, err)
	}
	out := append(make([]byte, 0, 128+64*len(s.ownership)), `{"claims":{"sub":`...)
	out = appendRef(out, s.subject)
	out = append(out, `,"ent":[`...)
	start := len(out)
	for n, ref := range s.ownership {
		if _, err := authprovider.ParseEntityRef(ref); err != nil {
			return nil, fmt.Errorf("%w: ent: %v", ErrClaim, err)
		}
		if n > 0 {
			out = append(out, ',')
		}
		out = appendRef(out, ref)
	}
	s.ownershipSize = len(out) - start
	out = append(out, ']')

	start = len(out)
	for _, name := range slices.Sorted(maps.Keys(c.Claims)) {
		if err := checkClaimName(name); err != nil {
			return nil, err
		}
		value, err := encodeJSON(c.Claims[name])
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no JSON value: %w", ErrClaim, name, err)
		}
		out = append(out, `,"`...)
		out = append(out, name...) // checked: needs no escaping
		out = append(out, `":`...)
		out = append(out, value...)
		s.custom = append(s.custom, jose.Claim{Name: name, Value: c.Claims[name]})
	}
	s.customSize = len(out) - start
	s.record = append(out, `}}`...)
	if len(s.record) > maxRecordSize {
		return nil, s.tooLarge(maxRecordSize)
	}
	return s, nil
}

// checkSize is for what is so large that making a token of it is a waste; the token's own size is checked when it is made.
func (s *statement) checkSize(ownershipInToken bool) error {
	size := s.customSize
	if ownershipInToken {
		size += s.ownershipSize
	}
	if size > maxTokenSize {
		return s.tooLarge(maxTokenSize)
	}
	return nil
}

func (s *statement) tooLarge(limit int) error {
	return fmt.Errorf("%w: at most %d bytes, %d ownership references have %d and %d custom claims %d", ErrTooLarge,
		limit, len(s.ownership), s.ownershipSize, len(s.custom), s.customSize)
}

// appendRef appends an entity reference, of which every byte is printable ASCII.
func appendRef(dst []byte, ref string) []byte {
	dst, _ = jose.AppendString(dst, ref)
	return dst
}

func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// checkClaimName takes [A-Za-z0-9_.:/-]{1,64}, which no encoder has to escape: a name that some library writes as it is
// would else add claims of its own to a token. Reserved names are refused in every case of letters, since readers that
// fold case would take the twin for the claim itself.
func checkClaimName(name string) error {
	if name == "" || len(name) > maxClaimName {
		return fmt.Errorf("%w: name of %d bytes, want 1 to %d", ErrClaim, len(name), maxClaimName)
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_.:/-", c) >= 0:
		default:
			return fmt.Errorf("%w: name %q, want letters, digits and _.:/-", ErrClaim, name)
		}
	}
	for _, reserved := range reservedClaims {
		if strings.EqualFold(name, reserved) {
			return fmt.Errorf("%w: name %q is reserved", ErrClaim, name)
		}
	}
	return nil
}
