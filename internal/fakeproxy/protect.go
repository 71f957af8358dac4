package fakeproxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signInPath is where the page of [Edge.Protect] sends its form.
const signInPath = "/.fakeproxy/sign-in"

// Protect stands in front of next, an application's handler or a reverse proxy that leads to one. Whoever has no session is asked who
// they are on a page, or told 401 if a script asks; see [Behavior].SignsIn. A request with one reaches next with the vendor's word for the
// person, and without what the client sent in its place. The vendor's sign-out ends the session.
func (e *Edge) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case e.vendor.signsOut(r):
			e.signOut(w, r)
		case r.URL.Path == signInPath:
			e.signIn(w, r)
		default:
			e.forward(w, r, next)
		}
	})
}

func (e *Edge) forward(w http.ResponseWriter, r *http.Request, next http.Handler) {
	b := e.currentBehavior()
	person, ok := e.session(r)
	if !ok {
		if person, ok = e.Person(b.SignsIn); !ok {
			e.ask(w, r)
			return
		}
		http.SetCookie(w, e.cookie(r, person.Subject))
	}
	through := r.Clone(r.Context())
	if !b.Careless {
		e.strip(through.Header)
	}
	if err := e.decorate(through, person, b.Careless); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	next.ServeHTTP(w, through)
}

// decorate adds the vendor's headers. A careless proxy adds them beside those of the client.
func (e *Edge) decorate(r *http.Request, p Person, careless bool) error {
	sent := r.Header.Clone()
	if err := e.Decorate(r, p); err != nil || !careless {
		return err
	}
	for name, values := range sent {
		if e.vendor.owns(name) {
			r.Header[name] = slices.Concat(values, r.Header[name])
		}
	}
	return nil
}

// strip removes what clients send in the vendor's headers, in either spelling, and what would make the next hop remove the vendor's own
// (RFC 9110 section 7.6.1).
func (e *Edge) strip(h http.Header) {
	for name := range h {
		if e.vendor.owns(canonical(name)) {
			delete(h, name)
		}
	}
	var kept []string
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if option = strings.TrimSpace(option); option != "" && !e.vendor.owns(canonical(option)) {
				kept = append(kept, option)
			}
		}
	}
	setText(h, "Connection", strings.Join(kept, ", "))
}

// canonical is how gateways of the CGI kind read a header's name: X_Forwarded_User is X-Forwarded-User to them.
func canonical(name string) string {
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// session returns the person of the request's session.
func (e *Edge) session(r *http.Request) (Person, bool) {
	for _, c := range r.CookiesNamed(e.wire.session) {
		subject, mac, _ := strings.Cut(c.Value, ".")
		raw, err := base64.RawURLEncoding.DecodeString(subject)
		if err == nil && hmac.Equal([]byte(mac), []byte(e.mac(string(raw)))) {
			return e.Person(string(raw))
		}
	}
	return Person{}, false
}

func (e *Edge) cookie(r *http.Request, subject string) *http.Cookie {
	return &http.Cookie{
		Name: e.wire.session, Value: base64.RawURLEncoding.EncodeToString([]byte(subject)) + "." + e.mac(subject),
		Path: "/", HttpOnly: true, Secure: r.TLS != nil || r.URL.Scheme == "https", SameSite: http.SameSiteLaxMode,
	}
}

func (e *Edge) mac(subject string) string {
	mac := hmac.New(sha256.New, e.sessionKey)
	mac.Write([]byte(subject))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ask shows the page to people, and scripts a status that they can act on.
func (e *Edge) ask(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Requested-With") != "" || r.Method != http.MethodGet {
		http.Error(w, "no session at the proxy", http.StatusUnauthorized)
		return
	}
	writePage(w, http.StatusUnauthorized, page{
		Title: "Choose who you are", Action: signInPath + "?to=" + url.QueryEscape(r.URL.RequestURI()), People: e.people,
	})
}

func (e *Edge) signIn(w http.ResponseWriter, r *http.Request) {
	// Another site must not choose for the person.
	if err := new(http.CrossOriginProtection).Check(r); err != nil || r.Method != http.MethodPost {
		http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	person, ok := e.Person(r.PostFormValue("person"))
	if !ok {
		http.Error(w, "nobody of that name", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, e.cookie(r, person.Subject))
	w.Header().Set("Location", localPath(r.URL.Query().Get("to")))
	w.WriteHeader(http.StatusSeeOther)
}

// localPath refuses to lead anywhere else.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}

func (e *Edge) signOut(w http.ResponseWriter, r *http.Request) {
	gone := e.cookie(r, "")
	gone.Value, gone.MaxAge = "", -1
	http.SetCookie(w, gone)
	writePage(w, http.StatusOK, page{Title: "You are signed out", Message: fmt.Sprintf("Of the proxy in front of %s.", r.Host)})
}
