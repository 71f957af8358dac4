package fakeproxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint names an endpoint of a vendor.
type Endpoint string

// The endpoints. No vendor has them all.
const (
	Discovery Endpoint = "discovery" // OpenID Connect metadata
	JWKS      Endpoint = "jwks"      // all keys as a JWK set
	PEMMap    Endpoint = "pem map"   // all keys as an object of PEM texts by kid
	PEMByID   Endpoint = "pem by id" // one key as PEM; its address ends in the kid
	Identity  Endpoint = "identity"  // more about a person, for the person's token
)

// URL returns the address of an endpoint, or "" if the vendor has none. That of [PEMByID] lacks the kid.
func (e *Edge) URL(of Endpoint) string { return e.wire.endpoints[of] }

// hosts are those that the endpoints are at, with ports where there are.
func (e *Edge) hosts() map[string]bool {
	hosts := make(map[string]bool)
	for _, address := range e.wire.endpoints {
		if u, err := url.Parse(address); err == nil {
			hosts[u.Host] = true
		}
	}
	return hosts
}

// Calls returns how many requests have reached an endpoint.
func (e *Edge) Calls(of Endpoint) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls[of]
}

// ServeHTTP serves the endpoints, told apart by host and path.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := "://" + r.Host + r.URL.Path
	for endpoint, address := range e.wire.endpoints {
		_, rest, found := strings.Cut(at, address[strings.Index(address, "://"):])
		if !found || rest != "" && (endpoint != PEMByID || strings.Contains(rest, "/")) {
			continue
		}
		e.mu.Lock()
		e.calls[endpoint]++
		e.mu.Unlock()
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		e.serve(w, r, endpoint, rest)
		return
	}
	http.NotFound(w, r)
}

func (e *Edge) serve(w http.ResponseWriter, r *http.Request, endpoint Endpoint, rest string) {
	b := e.currentBehavior()
	fault := b.KeysAnswer
	switch endpoint {
	case Discovery:
		fault = b.DiscoveryAnswer
	case Identity:
		fault = b.IdentityAnswer
	}
	status, contentType, body := e.answer(r, endpoint, rest)
	switch fault {
	case ServerError:
		status, contentType, body = http.StatusInternalServerError, "text/plain", []byte("no")
	case Unavailable:
		status, contentType, body = http.StatusServiceUnavailable, "text/plain", []byte("no")
	case HangUp:
		panic(http.ErrAbortHandler)
	case Redirect:
		http.Redirect(w, r, Elsewhere, http.StatusTemporaryRedirect)
		return
	case Malformed:
		body = body[:len(body)/2]
	case HTML:
		contentType, body = "text/html; charset=utf-8", []byte("<!doctype html><title>Portal</title><p>Please sign in to the network.</p>")
	case Huge:
		body = append(bytes.Repeat([]byte(" "), 10<<20), body...)
	case Stall:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

func (e *Edge) answer(r *http.Request, endpoint Endpoint, rest string) (status int, contentType string, body []byte) {
	var answer any
	status, contentType = http.StatusOK, "application/json"
	switch endpoint {
	case Discovery:
		answer = map[string]any{
			"issuer":                                strings.TrimSuffix(e.URL(Discovery), "/.well-known/openid-configuration"),
			"jwks_uri":                              e.URL(JWKS),
			"authorization_endpoint":                e.origin() + "/authorize",
			"token_endpoint":                        e.origin() + "/token",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{e.wire.algorithm},
		}
	case JWKS:
		keys := []map[string]any{}
		for _, k := range e.publishedKeys() {
			keys = append(keys, k.jwk())
		}
		answer = map[string]any{"keys": keys}
	case PEMMap:
		keys := make(map[string]string)
		for _, k := range e.publishedKeys() {
			if text, err := k.pem(); err == nil {
				keys[k.id] = string(text)
			}
		}
		answer = keys
	case PEMByID:
		for _, k := range e.publishedKeys() {
			if text, err := k.pem(); k.id == rest && err == nil {
				return http.StatusOK, "application/x-pem-file", text
			}
		}
		// S3 says so to those who may not list what there is.
		return http.StatusForbidden, "application/xml", []byte("<Error><Code>AccessDenied</Code></Error>")
	case Identity:
		status, answer = e.identity(r)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return http.StatusInternalServerError, "text/plain", []byte(err.Error())
	}
	return status, contentType, body
}

func (e *Edge) origin() string {
	u, err := url.Parse(e.URL(Discovery))
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
