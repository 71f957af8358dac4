package authprovider

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoMatchError means that no resolver knew the person. It holds what each of them said, in their order, and wraps [ErrNotAllowed]:
// the person is told the same as somebody who is refused.
type NoMatchError struct{ Errs []error }

// Error returns what each resolver said: it is for logs.
func (e *NoMatchError) Error() string {
	texts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		texts[i] = err.Error()
	}
	return "authprovider: no sign-in resolver matched: " + strings.Join(texts, "; ")
}

// Unwrap returns ErrNotAllowed alone: that each resolver said "not me" ends here.
func (e *NoMatchError) Unwrap() error { return ErrNotAllowed }

// ResolveSignIn tries the resolvers in order and returns the first identity, checked, with its references in the spelling of
// [EntityRef.String]. A resolver's [ErrNoMatch] lets the next one try; any other error ends the search, since a catalog that
// is down must never fall through to a laxer rule. An error that wraps ErrNoMatch and another class ends it too, unless
// it is an *[Error] of kind ErrNoMatch: who refuses a person because a lookup found nobody has decided.
// If all pass, the error is a *[NoMatchError]. A panic in a resolver is an error like any other.
func ResolveSignIn[R any](ctx context.Context, in SignInInfo[R], rc *ResolverContext, resolvers ...SignInResolver[R]) (*Identity, error) {
	var passed []error
	for _, resolve := range resolvers {
		var id *Identity
		err := Contain(func() (err error) {
			id, err = resolve(ctx, in, rc)
			return err
		})
		switch {
		case err == nil:
			return checkIdentity(id)
		case !passesOn(err):
			return nil, err
		}
		passed = append(passed, err)
	}
	return nil, &NoMatchError{Errs: passed}
}

// passesOn reports whether err is of the class ErrNoMatch, by the rule by which errors are shown.
func passesOn(err error) bool {
	var e *Error
	if errors.As(err, &e) && e.Kind != nil {
		err = e.Kind
	}
	for _, c := range errorClasses {
		if errors.Is(err, c.kind) {
			return c.kind == ErrNoMatch // the last of the classes
		}
	}
	return false
}

// checkIdentity returns a copy of id with references that compare equal as text, as the readers of a token compare them. Its kind is the
// resolver's affair: a robot can be one of ours, and [UserQuery.Kinds] is where a lookup says so.
func checkIdentity(id *Identity) (*Identity, error) {
	if id == nil {
		return nil, errors.New("authprovider: sign-in resolver returned neither an identity nor an error")
	}
	checked := &Identity{Claims: id.Claims}
	var err error
	if checked.UserRef, err = canonicalRef(id.UserRef); err == nil && len(id.OwnershipRefs) > 0 {
		checked.OwnershipRefs = make([]string, len(id.OwnershipRefs))
		for i := 0; i < len(id.OwnershipRefs) && err == nil; i++ {
			checked.OwnershipRefs[i], err = canonicalRef(id.OwnershipRefs[i])
		}
	}
	if err != nil {
		// The resolver's fault, not the person's: do not answer with the class of the parse error.
		return nil, fmt.Errorf("authprovider: sign-in resolver returned a bad identity: %v", err)
	}
	return checked, nil
}

// IssueIdentity has a token issued for id and returns it with the rest of what the app gets. The token is issued once, at
// the end of a sign-in, so nothing is minted for a person who is refused later. Issuer must not be nil.
func (pc *ProviderContext) IssueIdentity(ctx context.Context, id *Identity) (*BackstageIdentity, error) {
	ownership := id.OwnershipRefs
	if len(ownership) == 0 {
		ownership = []string{id.UserRef}
	}
	token, err := pc.Issuer.IssueToken(ctx, TokenClaims{Subject: id.UserRef, Ownership: ownership, Claims: id.Claims})
	if err != nil {
		return nil, fmt.Errorf("authprovider: issue token: %w", err)
	}
	left, err := secondsLeft(token, pc.Now())
	if err != nil {
		return nil, err
	}
	return &BackstageIdentity{Token: token, ExpiresInSeconds: left,
		Identity: UserIdentity{Type: "user", UserEntityRef: id.UserRef, OwnershipEntityRefs: ownership}}, nil
}

// secondsLeft reads the exp claim of a token that our own issuer just made, so nothing is verified here.
func secondsLeft(token string, now time.Time) (*int64, error) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, ok := strings.Cut(rest, ".")
	if !ok {
		return nil, errors.New("authprovider: the issuer returned something that is not a compact JWT")
	}
	exp, err := expiry(payload)
	if err != nil {
		return nil, err
	}
	if exp == nil {
		return nil, nil
	}
	left := int64(math.Round(*exp - float64(now.UnixMilli())/1000))
	if left < 0 {
		return nil, errors.New("authprovider: the issuer returned an expired token")
	}
	return &left, nil
}

// expiry returns the member exp of an encoded JSON object, or nil if there is none. The usual form, a whole number in a payload that
// fits on the stack, is found without decoding the rest, which is most of what a sign-in costs beside its signatures.
func expiry(payload string) (*float64, error) {
	encoding := base64.RawURLEncoding
	var usual [1024]byte
	if encoding.DecodedLen(len(payload)) <= len(usual) {
		if size, err := encoding.Decode(usual[:], []byte(payload)); err == nil {
			if n, ok := wholeMember(usual[:size], "exp"); ok {
				exp := float64(n)
				return &exp, nil
			}
		}
	}
	raw, err := encoding.DecodeString(payload)
	if err != nil {
		return nil, errors.New("authprovider: the issuer returned a token whose payload is not base64url")
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, errors.New("authprovider: the issuer returned a token whose payload is not JSON")
	}
	return claims.Exp, nil
}

// wholeMember finds a member of a JSON object, not of one inside it, that is a whole number. It says no to whatever it is not sure of.
func wholeMember(object []byte, name string) (int64, bool) {
	depth := 0
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			start := i + 1
			for i = start; i < len(object) && object[i] != '"'; i++ {
				if object[i] == '\\' {
					i++
				}
			}
			if depth != 1 || i+1 >= len(object) || object[i+1] != ':' || string(object[start:i]) != name {
				continue
			}
			value := object[i+2:]
			end := bytes.IndexAny(value, ",}")
			if end < 0 {
				return 0, false
			}
			n, err := strconv.ParseInt(string(value[:end]), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// SignInHeader returns the copy of a request's header that sign-in resolvers get: without the credentials in it, those
// of HTTP and those named in canonical form, which a resolver that logs its input would leak.
func SignInHeader(r *http.Request, credentials ...string) http.Header {
	left := len(r.Header)
	isCredential := func(name string) bool {
		return name == "Cookie" || name == "Authorization" || name == "Proxy-Authorization" || slices.Contains(credentials, name)
	}
	all := 0
	for name, values := range r.Header {
		if isCredential(name) {
			left--
			continue
		}
		all += len(values)
	}
	h := make(http.Header, left)
	copies := make([]string, 0, all) // one array for all values
	for name, values := range r.Header {
		if isCredential(name) {
			continue
		}
		start := len(copies)
		copies = append(copies, values...)
		h[name] = copies[start:len(copies):len(copies)]
	}
	return h
}
