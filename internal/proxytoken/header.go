package proxytoken

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
)

// MaxValue is the longest header value that is read, in bytes.
const MaxValue = 16 << 10

// ErrMissing means that the request has no such header or cookie. Only then may another source be looked at: one that is there but not
// sound must not make us believe a weaker one.
var ErrMissing = errors.New("proxytoken: no credential")

// Codes of the errors.
const (
	CodeMissing   = "credential_missing"
	CodeAmbiguous = "credential_ambiguous"
	CodeInvalid   = "credential_invalid"
	CodeExpired   = "credential_expired"
)

// Value returns the one value of a header. name must be in canonical form. If there is none, the error wraps [ErrMissing].
func Value(r *http.Request, name string) (string, error) {
	value, err := List(r, name)
	if err != nil {
		return "", err
	}
	// Proxies that join two headers of one name into one line write a comma. No credential and no name has one.
	if strings.IndexByte(value, ',') >= 0 {
		return "", ambiguous(fmt.Errorf("proxytoken: header %s has a comma", name))
	}
	return value, nil
}

// List is [Value] for a header whose value is a list separated by commas. It must still be there once.
func List(r *http.Request, name string) (string, error) {
	if err := twins(r.Header, name); err != nil {
		return "", err
	}
	values := r.Header[name]
	switch {
	case len(values) == 0:
		return "", missing("header " + name)
	case len(values) > 1:
		// Which of two a proxy wrote cannot be known.
		return "", ambiguous(fmt.Errorf("proxytoken: header %s is there %d times", name, len(values)))
	case values[0] == "":
		return "", invalid(fmt.Errorf("proxytoken: header %s is empty", name))
	case len(values[0]) > MaxValue:
		return "", invalid(fmt.Errorf("proxytoken: header %s has %d bytes, at most %d", name, len(values[0]), MaxValue))
	case !isText(values[0]):
		return "", invalid(fmt.Errorf("proxytoken: header %s is not UTF-8 text", name))
	}
	return values[0], nil
}

// isText takes UTF-8 without control characters, which can forge a line of a log, and without white space around it, which HTTP/1 takes
// off and others do not: "jane " must not be a second name of jane.
func isText(value string) bool {
	return utf8.ValidString(value) && strings.IndexFunc(value, unicode.IsControl) < 0 && strings.TrimSpace(value) == value
}

// twins refuses X_Forwarded_User beside or instead of X-Forwarded-User: a proxy strips the one and gateways of the CGI kind take the
// other for it (CVE-2025-64484). It also refuses a Connection header that names the header: a hop before us would drop the proxy's
// value and leave whatever is weaker (CVE-2024-45410, CVE-2025-48865).
func twins(h http.Header, name string) error {
	for other := range h {
		if len(other) == len(name) && other != name && isTwin(other, name) {
			return ambiguous(fmt.Errorf("proxytoken: header %s has a twin", name))
		}
	}
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if option = strings.TrimSpace(option); len(option) == len(name) && isTwin(option, name) {
				return ambiguous(fmt.Errorf("proxytoken: header %s is named in Connection", name))
			}
		}
	}
	return nil
}

// isTwin compares two names of the same length without regard to case, "_" and "-" being the same.
func isTwin(a, b string) bool {
	for i := range len(a) {
		if plain(a[i]) != plain(b[i]) {
			return false
		}
	}
	return true
}

func plain(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	}
	return c
}

// Cookie returns the value of the one cookie of that name. If there is none, the error wraps [ErrMissing].
func Cookie(r *http.Request, name string) (string, error) {
	found := r.CookiesNamed(name)
	switch {
	case len(found) == 0:
		return "", missing("cookie " + name)
	case len(found) > 1:
		// One of them may have been tossed by a sibling domain.
		return "", ambiguous(fmt.Errorf("proxytoken: cookie %s is there %d times", name, len(found)))
	case found[0].Value == "" || len(found[0].Value) > MaxValue:
		return "", invalid(fmt.Errorf("proxytoken: cookie %s has %d bytes", name, len(found[0].Value)))
	}
	return found[0].Value, nil
}

func missing(what string) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: CodeMissing, Err: fmt.Errorf("%w: %s", ErrMissing, what)}
}

func ambiguous(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: CodeAmbiguous, Err: err}
}

func invalid(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: CodeInvalid, Err: err}
}
