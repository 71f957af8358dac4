package proxyauth

import (
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/proxytoken"
)

// Refuse returns the error with which an [Authenticator] turns a request away: 401 with the one public message, and cause for the log.
// code is a stable reason such as "service_token_unknown". cause must not hold the credential.
func Refuse(code string, cause error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: code, Err: cause}
}

// ErrMissing means that a request has no such header. Only then may an [Authenticator] look at another source: one that is there but
// not sound must not make it believe a weaker one.
var ErrMissing = proxytoken.ErrMissing

// HeaderValue returns the one value of a header that a proxy sets, for authenticators of one's own. It refuses, with an error that
// wraps [authprovider.ErrAuthentication]: none ([ErrMissing] too), several, an empty one, more than 16 KiB, invalid UTF-8, control
// characters, white space around the value, a comma in it, a twin of the header spelled with underscores, and a Connection header that names it.
//
// The proxy must remove the header, in both spellings, from what clients send; no code behind it can.
func HeaderValue(r *http.Request, name string) (string, error) {
	return proxytoken.Value(r, http.CanonicalHeaderKey(name))
}

// HeaderList is [HeaderValue] for a header that is defined as a list. The value is returned as it is, commas and all.
func HeaderList(r *http.Request, name string) (string, error) {
	return proxytoken.List(r, http.CanonicalHeaderKey(name))
}
