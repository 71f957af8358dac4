package proxytoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

// Config configures a [Verifier].
type Config struct {
	// Header is where the token is read from. Its value may begin with "Bearer ", and must if Header is Authorization. It
	// may be empty if Cookie is not.
	Header string
	// Cookie is read only if the header is absent. If empty, no cookie is.
	Cookie string
	// Parse reads the token. If nil, it is [jose.Parse].
	Parse func(raw string) (*jose.Token, error)
	// Check looks at a token that nothing vouches for yet, before its key is looked for. It may be nil.
	Check func(*jose.Token) error
	// Expected and Keys verify the token.
	Expected jose.Expected
	Keys     jose.KeySet
}

// Verifier finds the token of a request and verifies it. It is immutable and safe for concurrent use.
type Verifier struct {
	header, cookie string
	bearerOnly     bool
	parse          func(string) (*jose.Token, error)
	check          func(*jose.Token) error
	verifier       *jose.Verifier
}

// New checks c.
func New(c Config) (*Verifier, error) {
	if c.Header == "" && c.Cookie == "" {
		return nil, errors.New("proxytoken: Config.Header is required")
	}
	if err := CheckHeaderName(c.Header); c.Header != "" && err != nil {
		return nil, fmt.Errorf("proxytoken: Config.Header %w", err)
	}
	if c.Cookie != "" && (&http.Cookie{Name: c.Cookie, Value: "x"}).Valid() != nil {
		return nil, fmt.Errorf("proxytoken: Config.Cookie %q is not a cookie's name", c.Cookie)
	}
	verifier, err := jose.NewVerifier(c.Expected, c.Keys)
	if err != nil {
		return nil, err
	}
	v := &Verifier{header: http.CanonicalHeaderKey(c.Header), cookie: c.Cookie, parse: c.Parse, check: c.Check, verifier: verifier}
	v.bearerOnly = v.header == "Authorization"
	if v.parse == nil {
		v.parse = jose.Parse
	}
	return v, nil
}

// CheckHeaderName refuses what cannot be the name of a header that a proxy sets. Its errors follow the name of a field.
func CheckHeaderName(name string) error {
	if name == "" {
		return errors.New("is required")
	}
	for i := range len(name) {
		c := plain(name[i])
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || name[i] == '-') {
			return fmt.Errorf("%q is not a header's name of letters, digits and hyphens", name)
		}
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Cookie", "Connection", "Origin", "X-Requested-With":
		return fmt.Errorf("%q is a header that browsers set", name)
	}
	return nil
}

// Verify returns the request's token and its text. A request without one is an error that wraps [ErrMissing].
func (v *Verifier) Verify(ctx context.Context, r *http.Request) (*jose.Token, string, error) {
	raw, err := v.find(r)
	if err != nil {
		return nil, "", err
	}
	t, err := v.verify(ctx, raw)
	if err != nil {
		return nil, "", err
	}
	return t, raw, nil
}

func (v *Verifier) verify(ctx context.Context, raw string) (*jose.Token, error) {
	t, err := v.parse(raw)
	if err != nil {
		return nil, refusal(err)
	}
	if v.check != nil {
		if err := v.check(t); err != nil {
			return nil, refusal(err)
		}
	}
	if err := v.verifier.VerifyToken(ctx, t); err != nil {
		return nil, refusal(err)
	}
	return t, nil
}

func (v *Verifier) find(r *http.Request) (string, error) {
	if v.header == "" {
		return Cookie(r, v.cookie)
	}
	value, err := Value(r, v.header)
	switch {
	case err == nil:
		return v.bearer(value)
	case v.cookie != "" && errors.Is(err, ErrMissing):
		return Cookie(r, v.cookie)
	}
	return "", err
}

// bearer takes the scheme off (RFC 9110 section 11.1: its name has no case; RFC 6750 section 2.1: one space).
func (v *Verifier) bearer(value string) (string, error) {
	const scheme = "bearer "
	if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		return value[len(scheme):], nil
	}
	if v.bearerOnly {
		return "", invalid(fmt.Errorf("proxytoken: header %s is not of scheme Bearer", v.header))
	}
	return value, nil
}

// refusal gives an error its class: keys that cannot be had are nobody's fault.
func refusal(err error) error {
	var own *authprovider.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, keyset.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "keys_unavailable", Err: err}
	case errors.Is(err, jose.ErrExpired):
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: CodeExpired, Err: err}
	}
	return invalid(err)
}

// Invalid is the error for a token that verifies but is not one that a package takes.
func Invalid(err error) error { return invalid(err) }
