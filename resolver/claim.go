package resolver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"example.com/stagedoor/authprovider"
)

// Claimer is a provider's result that has the claims which the provider makes about the person, as a JSON object. Claims decodes all of
// them into v.
type Claimer interface{ Claims(v any) error }

// RequireClaim lets inner decide about people of whom the provider claims this, and refuses everybody else. The claim is the value, or a
// list with the value in it: RequireClaim("groups", "staff", ...) is about a group that the provider names.
//
// Name and value are compared exactly. The name is that of a member of the claims and no path into them. Beside texts, the value can be
// true, false or a whole number, as JSON writes it; nothing else is ever equal to it. A result whose claims cannot be
// read fails the sign-in.
//
// Whoever may set the claim at the provider decides who comes in here.
func RequireClaim[R Claimer](name, value string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	return claimRule("RequireClaim", authprovider.ErrNotAllowed, name, value, inner)
}

// WhenClaim lets inner decide about people of whom the provider claims this, and passes on everybody whom [RequireClaim] would refuse:
// another resolver may know them.
func WhenClaim[R Claimer](name, value string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	return claimRule("WhenClaim", authprovider.ErrNoMatch, name, value, inner)
}

func claimRule[R Claimer](combinator string, otherwise error, name, value string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	switch {
	case name == "" || value == "": // absent never matches absent
		return misconfigured[R](fmt.Errorf("resolver: %s: the name or the value of the claim is empty", combinator))
	case inner == nil:
		return misconfigured[R](fmt.Errorf("resolver: %s: the inner resolver is nil", combinator))
	}
	combinator += " " + strconv.Quote(name) + " " + strconv.Quote(value)
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		var claims map[string]json.RawMessage
		if err := in.Result.Claims(&claims); err != nil {
			// %v: that the claims cannot be read is no word against the person, whatever it wraps.
			return nil, fmt.Errorf("resolver: %s: %v", combinator, err)
		}
		claim := claims[name]
		switch {
		case claim == nil || string(claim) == "null":
			return nil, &Error{Resolver: combinator, Reason: ReasonClaimMissing, Err: otherwise}
		case !claimIs(claim, value):
			return nil, &Error{Resolver: combinator, Reason: ReasonClaimDiffers, Detail: shown(string(claim)), Err: otherwise}
		}
		return within(ctx, combinator, inner, in, rc)
	}
}

// claimIs reports whether a claim is the value or a list with the value in it.
func claimIs(claim json.RawMessage, value string) bool {
	if isValue(claim, value) {
		return true
	}
	var list []json.RawMessage
	if json.Unmarshal(claim, &list) != nil {
		return false
	}
	for _, element := range list {
		if isValue(element, value) {
			return true
		}
	}
	return false
}

func isValue(raw json.RawMessage, value string) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return false
	}
	switch c := raw[0]; {
	case c == '"':
		var text string
		return json.Unmarshal(raw, &text) == nil && text == value
	case c == '-' || '0' <= c && c <= '9':
		_, err := strconv.ParseInt(string(raw), 10, 64)
		return string(raw) == value && (err == nil || errors.Is(err, strconv.ErrRange))
	}
	return (value == "true" || value == "false") && string(raw) == value
}
