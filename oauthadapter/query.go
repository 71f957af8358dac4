package oauthadapter

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// ownParameters are the query parameters that the adapter or the protocol gives a meaning. Each may be there once: a router
// and a handler that read different ones of two is parameter pollution (RFC 6749 section 3.1).
var ownParameters = []string{"env", "scope", "origin", "redirectUrl", "flow", "optional",
	"state", "code", "error", "error_description", "error_uri", "iss", "session_state"}

// protocolParameters never reach a provider from a caller's query; nor does what begins with code_challenge.
var protocolParameters = []string{"nonce", "client_id", "client_secret", "redirect_uri", "response_type", "response_mode",
	"code_verifier", "request", "request_uri", "max_age", "grant_type", "prompt", "id_token_hint", "claims", "client_assertion",
	"client_assertion_type", "registration"}

// parseQuery reads a query strictly: a malformed escape, a semicolon or a doubled parameter is an error, never a guess.
func parseQuery(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, inputError("query_malformed", "The request's query is malformed.", err)
	}
	for name, values := range q {
		if len(values) > 1 && slices.Contains(ownParameters, name) {
			return nil, inputError("parameter_repeated", "A parameter stands in the request more than once.", fmt.Errorf("oauthadapter: parameter %q repeated", name))
		}
	}
	return q, nil
}

// vendorQuery returns what a vendor may look at.
func vendorQuery(q url.Values) url.Values {
	rest := make(url.Values)
	for name, values := range q {
		if !slices.Contains(ownParameters, name) && !slices.Contains(protocolParameters, name) && !strings.HasPrefix(name, "code_challenge") {
			rest[name] = values
		}
	}
	return rest
}

func inputError(code, message string, cause error) error {
	return &authprovider.Error{Kind: authprovider.ErrInput, Code: code, Message: message, Err: cause}
}
