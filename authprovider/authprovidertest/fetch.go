package authprovidertest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

// Answer is what a script got for a fetch.
type Answer struct {
	// Blocked says why the script was not allowed to see the answer (CORS), or, if Status is zero, why there was none: the request was not
	// even sent, or nobody answered.
	Blocked string
	Status  int
	Header  http.Header
	Body    []byte
	// Session is the body of a successful refresh.
	Session *Session
	// Error is the error in the body of an unsuccessful answer, in the form of [authprovider.Handler].
	Error *authprovider.WebMessageError
	// LogoutURL is where a successful logout wants the app to go, if anywhere.
	LogoutURL string
}

// OK reports whether the script got an answer of status 2xx.
func (a Answer) OK() bool { return a.Blocked == "" && a.Status >= 200 && a.Status < 300 }

// Code returns the error's code, or "".
func (a Answer) Code() string {
	if a.Error == nil {
		return ""
	}
	return a.Error.Code
}

// Session is what an app knows after a sign-in or a refresh.
type Session struct {
	Profile           authprovider.Profile            `json:"profile"`
	ProviderInfo      ProviderInfo                    `json:"providerInfo"`
	BackstageIdentity *authprovider.BackstageIdentity `json:"backstageIdentity"`
}

// UserRef returns the entity reference of the user, or "" without an identity.
func (s *Session) UserRef() string {
	if s == nil || s.BackstageIdentity == nil {
		return ""
	}
	return s.BackstageIdentity.Identity.UserEntityRef
}

// ProviderInfo is the provider's part of a session. OAuth providers fill the fields; Raw is what there was, for the others.
type ProviderInfo struct {
	AccessToken      string
	IDToken          string
	Scope            string
	ExpiresInSeconds *int64
	Raw              json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *ProviderInfo) UnmarshalJSON(data []byte) error {
	var known struct {
		AccessToken      string `json:"accessToken"`
		IDToken          string `json:"idToken"`
		Scope            string `json:"scope"`
		ExpiresInSeconds *int64 `json:"expiresInSeconds"`
	}
	_ = json.Unmarshal(data, &known) // another kind of provider: Raw alone
	*p = ProviderInfo{AccessToken: known.AccessToken, IDToken: known.IDToken, Scope: known.Scope, ExpiresInSeconds: known.ExpiresInSeconds, Raw: slices.Clone(data)}
	return nil
}

// Fetch makes a request as a script of a page at the origin from does with fetch(url, {credentials: "include"}): with a preflight where
// the standard asks for one, and without following redirects.
func (b *Browser) Fetch(from, method, target string, header http.Header) Answer {
	b.t.Helper()
	b.hops = nil
	u := b.parse(target)
	crossOrigin := from != originOf(u)
	if crossOrigin && needsPreflight(method, header) {
		if reason := b.preflight(from, method, target, header); reason != "" {
			return Answer{Blocked: reason}
		}
	}
	hop := b.Do(Request{Method: method, URL: target, From: from, Mode: "cors", Dest: "empty", Header: header})
	a := Answer{Status: hop.Status, Header: hop.Header, Body: hop.Body}
	switch {
	case hop.Status == 0:
		a.Blocked = "there was no answer"
	case crossOrigin:
		a.Blocked = corsRefusal(hop, from)
	}
	a.Error = jsonError(hop)
	if a.Error == nil && hop.Status == http.StatusOK {
		var body struct {
			Session
			LogoutURL string `json:"logoutUrl"`
		}
		if json.Unmarshal(hop.Body, &body) == nil {
			a.Session, a.LogoutURL = &body.Session, body.LogoutURL
			if body.LogoutURL != "" {
				a.Session = nil
			}
		}
	}
	return a
}

func jsonError(hop *Hop) *authprovider.WebMessageError {
	var body struct {
		Error *authprovider.WebMessageError `json:"error"`
	}
	if hop.Status < http.StatusBadRequest || json.Unmarshal(hop.Body, &body) != nil {
		return nil
	}
	return body.Error
}

func needsPreflight(method string, header http.Header) bool {
	if method != http.MethodGet && method != http.MethodHead && method != http.MethodPost {
		return true
	}
	return len(unsafeHeaders(header)) > 0
}

// unsafeHeaders are the headers that a script may send to another origin only with leave (Fetch, section 2.2.2), in lower case and sorted.
func unsafeHeaders(header http.Header) []string {
	var names []string
	for name := range header {
		switch lower := strings.ToLower(name); lower {
		case "accept", "accept-language", "content-language":
		default:
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}

// preflight asks for leave, without cookies, and returns why it was not given.
func (b *Browser) preflight(from, method, target string, header http.Header) string {
	asked := http.Header{"Access-Control-Request-Method": {method}}
	names := unsafeHeaders(header)
	if len(names) > 0 {
		asked.Set("Access-Control-Request-Headers", strings.Join(names, ","))
	}
	saved := b.jar
	b.jar = jar{}
	hop := b.Do(Request{Method: http.MethodOptions, URL: target, From: from, Mode: "cors", Dest: "empty", Header: asked})
	b.jar = saved
	if hop.Status < 200 || hop.Status > 299 {
		return "the preflight was not answered with success"
	}
	if reason := corsRefusal(hop, from); reason != "" {
		return "preflight: " + reason
	}
	if simple := method == http.MethodGet || method == http.MethodHead || method == http.MethodPost; !simple && !listed(hop.Header, "Access-Control-Allow-Methods", method) {
		return "preflight: the method is not allowed"
	}
	for _, name := range names {
		if !listed(hop.Header, "Access-Control-Allow-Headers", name) {
			return "preflight: the header " + name + " is not allowed"
		}
	}
	return ""
}

// listed looks for a value in a list. "*" means nothing in a request with credentials.
func listed(header http.Header, list, value string) bool {
	for part := range strings.SplitSeq(strings.Join(header.Values(list), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(part), value) {
			return true
		}
	}
	return false
}

// corsRefusal is the CORS check for a request with credentials (Fetch, section 4.10).
func corsRefusal(hop *Hop, from string) string {
	allowed := hop.Header.Values("Access-Control-Allow-Origin")
	switch {
	case len(allowed) != 1:
		return "there is not one Access-Control-Allow-Origin header"
	case allowed[0] != from:
		return "Access-Control-Allow-Origin is not the page's origin"
	case hop.Header.Get("Access-Control-Allow-Credentials") != "true":
		return "Access-Control-Allow-Credentials is not true"
	}
	return ""
}
