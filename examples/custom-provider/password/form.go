package password

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
)

// formLifetime is how long a form may lie open. A person who comes back later types once more.
const formLifetime = 10 * time.Minute

// form is the page with the form, and the token in it. The token is bound to a cookie, so that a form works only in the browser that it was
// shown in: an attacker can fetch a form of their own, but cannot put its cookie into somebody else's browser.
type form struct {
	pc     *authprovider.ProviderContext
	keys   [][]byte // the first makes, all check
	cookie string
	secure bool
	policy string
}

func newForm(pc *authprovider.ProviderContext, secure bool) *form {
	f := &form{pc: pc, keys: pc.Keys("password form"), cookie: pc.ProviderID + "-form", secure: secure}
	if pc.Environment != "" {
		f.cookie += "~" + pc.Environment
	}
	if secure {
		f.cookie = "__Host-" + f.cookie // which no sibling domain can set
	}
	digest := sha256.Sum256([]byte(formStyle))
	// No script at all, no framing, and the form goes to us alone.
	f.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return f
}

// formView is what the page shows.
type formView struct {
	Origin  string // of the app, where the result goes
	Name    string // as the person typed it
	Message string

	Token, Environment string
	Style              template.CSS
}

// show writes the page.
func (f *form) show(w http.ResponseWriter, r *http.Request, status int, v formView) error {
	browser, err := f.browser(r)
	if err != nil {
		browser = rand.Text()
	}
	v.Token, v.Environment, v.Style = f.token(browser, v.Origin), f.pc.Environment, formStyle
	var page bytes.Buffer
	if err := formPage.Execute(&page, v); err != nil {
		return err
	}
	// The same value again, so that several windows work side by side. Lax: the app that opens the popup may be on another site.
	http.SetCookie(w, &http.Cookie{
		Name: f.cookie, Value: browser, Path: "/", MaxAge: int(formLifetime / time.Second),
		Secure: f.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", f.policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none") // a host's "same-origin" would cut the popup off from the app
	h.Set("Referrer-Policy", "same-origin")            // with no-referrer browsers send "Origin: null" with the form
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the browser may be gone; nobody is left to tell
	return nil
}

// browser returns the form cookie's value. One that is there twice is none: which of the two is ours cannot be told.
func (f *form) browser(r *http.Request) (string, error) {
	found := r.CookiesNamed(f.cookie)
	if len(found) != 1 || len(found[0].Value) != len(rand.Text()) || strings.Trim(found[0].Value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", errors.New("password: no form cookie, or several")
	}
	return found[0].Value, nil
}

// token is when the form ends, and a MAC over that and all that it is bound to.
func (f *form) token(browser, origin string) string {
	ends := binary.BigEndian.AppendUint64(nil, uint64(f.pc.Now().Add(formLifetime).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(ends, f.mac(f.keys[0], ends, browser, origin)...))
}

func (f *form) mac(key, ends []byte, browser, origin string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(ends)
	m.Write([]byte(strings.Join([]string{f.pc.ProviderID, f.pc.Environment, browser, origin}, "\n"))) // none of which can hold a line break
	return m.Sum(nil)
}

// check says whether the token was made here, for this browser and this origin, and not long ago.
func (f *form) check(r *http.Request, token, origin string) error {
	refuse := func(why string) error {
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "form_expired", Message: "This form is too old. Please try again.",
			Err: errors.New("password: " + why)}
	}
	browser, err := f.browser(r)
	if err != nil {
		return refuse(err.Error())
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 8+sha256.Size {
		return refuse("malformed form token")
	}
	ends, mac := raw[:8], raw[8:]
	for _, key := range f.keys {
		if !hmac.Equal(mac, f.mac(key, ends, browser, origin)) {
			continue
		}
		if f.pc.Now().Unix() >= int64(binary.BigEndian.Uint64(ends)) {
			return refuse("form token has ended")
		}
		return nil
	}
	return refuse("form token is not of this browser, or not ours")
}

// formError shows the form again, with our words.
type formError struct {
	error
	form *form
	view formView
}

var _ authprovider.Responder = (*formError)(nil)

func (e *formError) Unwrap() error { return e.error }

// Respond implements [authprovider.Responder].
func (e *formError) Respond(w http.ResponseWriter, r *http.Request, p authprovider.PublicError) {
	view := e.view
	view.Message = p.Message
	_ = e.form.show(w, r, p.Status, view)
}

const formStyle = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}` +
	`main{max-width:22rem;padding:2rem}h1{font-size:1.25rem}` +
	`label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit;margin:0 0 .75rem}`

// The action is relative, so that it is right behind any ingress.
var formPage = template.Must(template.New("form").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1>Sign in</h1>
<p>to go on to {{.Origin}}</p>
{{with .Message}}<p role="alert">{{.}}</p>
{{end}}<form method="post" action="sign-in{{with .Environment}}?env={{.}}{{end}}">
<input type="hidden" name="origin" value="{{.Origin}}">
<input type="hidden" name="token" value="{{.Token}}">
<label>User name
<input name="name" value="{{.Name}}" autocomplete="username" autocapitalize="off" spellcheck="false" maxlength="128" required{{if not .Name}} autofocus{{end}}></label>
<label>Password
<input name="password" type="password" autocomplete="current-password" maxlength="1024" required{{if .Name}} autofocus{{end}}></label>
<button>Sign in</button>
</form>
</main>
</body>
</html>
`))
