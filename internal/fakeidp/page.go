package fakeidp

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"unicode"
	"unicode/utf8"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

const hues = 8 // classes of the style sheet that colour an avatar

// pages writes the HTML of the provider.
type pages struct {
	template *template.Template
	policy   string
}

func newPages() (*pages, error) {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("fakeidp: page: %w", err)
	}
	digest := sha256.Sum256([]byte(pageCSS))
	// There is no form-action, on purpose: Chromium applies it to every redirect that follows the form, and these lead to the
	// application's callback and from there to wherever the application goes on. The page holds no markup but its own.
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
	return &pages{template: t, policy: policy}, nil
}

// view is what the template shows. One of the parts is set.
type view struct {
	CSS     template.CSS
	Title   string
	Action  string // where the form goes
	Chooser *chooserView
	SignOut *personView
	Message string
}

type chooserView struct {
	ClientID string
	Host     string // where the browser goes afterwards
	Scopes   []scopeView
	People   []personView
}

type scopeView struct {
	Text string // in plain words; empty for a scope that is not ours
	Name string
}

type personView struct {
	Subject string
	Name    string
	Detail  string
	Initial string
	Hue     int
	Focused bool
}

// chooser shows the people. The action repeats the request, so that the provider keeps nothing for a page that nobody answers.
func (p *pages) chooser(w http.ResponseWriter, action string, req *authRequest, people []Person, hinted string) {
	c := &chooserView{ClientID: req.client.ID, Host: hostOf(req.redirectURI)}
	for _, scope := range req.scopes {
		c.Scopes = append(c.Scopes, scopeView{Text: scopeText(scope), Name: scope})
	}
	for i, person := range people {
		v := newPersonView(person)
		v.Hue = i % hues
		v.Focused = person.Subject == hinted || (hinted == "" && i == 0)
		c.People = append(c.People, v)
	}
	p.write(w, http.StatusOK, view{Title: "Sign in", Action: action, Chooser: c})
}

func (p *pages) signOut(w http.ResponseWriter, action string, person Person) {
	v := newPersonView(person)
	p.write(w, http.StatusOK, view{Title: "Sign out?", Action: action, SignOut: &v})
}

func (p *pages) signedOut(w http.ResponseWriter) {
	p.write(w, http.StatusOK, view{Title: "Signed out", Message: "You are signed out here. You can close this window."})
}

func (p *pages) problem(w http.ResponseWriter, status int, message string) {
	p.write(w, status, view{Title: "This does not work", Message: message})
}

// write sends no Cross-Origin-Opener-Policy: "same-origin" would cut the popup off from the application that opened it.
func (p *pages) write(w http.ResponseWriter, status int, v view) {
	v.CSS = template.CSS(pageCSS)
	var page bytes.Buffer
	if err := p.template.Execute(&page, v); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", p.policy)
	// Not no-referrer: the browser would then send "Origin: null" with the form, which looks like another site's.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

func newPersonView(p Person) personView {
	v := personView{Subject: p.Subject, Name: p.Name, Detail: p.Email}
	if v.Name == "" {
		v.Name = p.PreferredUsername
	}
	if v.Name == "" {
		v.Name = p.Subject
	}
	if v.Detail == "" {
		v.Detail = p.PreferredUsername
	}
	first, _ := utf8.DecodeRuneInString(v.Name)
	v.Initial = string(unicode.ToUpper(first))
	return v
}

func scopeText(scope string) string {
	switch scope {
	case "openid":
		return "Know who you are"
	case "profile":
		return "See your name, user name and picture"
	case "email":
		return "See your e-mail address"
	case "groups":
		return "See which groups you are in"
	case "offline_access":
		return "Stay signed in while you are away"
	}
	return ""
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Host
}
