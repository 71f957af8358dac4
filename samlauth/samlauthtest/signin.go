package samlauthtest

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
)

// Outcome is what a sign-in ended with.
type Outcome struct {
	// URL and Status are those of the last page, which for a redirect sign-in is the app's; zero if nobody serves it.
	URL    string
	Status int
	// TargetOrigin is the origin that a popup's page posts its result to.
	TargetOrigin string
	// Response is what a popup's page posts to the app.
	Response *authprovidertest.Session
	// Error is what a popup's page posts to the app, or what the app reads from the parameters of its URL.
	Error *authprovider.WebMessageError
}

// Code returns the error's code, or "".
func (o Outcome) Code() string {
	if o.Error == nil {
		return ""
	}
	return o.Error.Code
}

// Trust registers the app's provider, by its metadata.
func (p *Provider) Trust(b *authprovidertest.Browser, a authprovidertest.App) {
	p.t.Helper()
	target := a.Provider + "/metadata"
	if a.Env != "" {
		target += "?env=" + url.QueryEscape(a.Env)
	}
	hop := b.Do(authprovidertest.Request{URL: target})
	if hop.Status != http.StatusOK {
		p.t.Fatalf("samlauthtest: %s answered %d", target, hop.Status)
	}
	p.TrustMetadata(hop.Body)
}

// SignInPopup signs in with the popup flow.
func (p *Provider) SignInPopup(b *authprovidertest.Browser, a authprovidertest.App) Outcome {
	p.t.Helper()
	return p.Finish(b, p.Begin(b, a, "popup", ""))
}

// SignInRedirect signs in with the redirect flow. The app has to call [authprovidertest.Browser.Refresh] for the result.
func (p *Provider) SignInRedirect(b *authprovidertest.Browser, a authprovidertest.App, redirectURL string) Outcome {
	p.t.Helper()
	return p.Finish(b, p.Begin(b, a, "redirect", redirectURL))
}

// Begin goes through a sign-in up to the provider's answer, which is a page with a form that is yet to be sent: by [Provider.Finish] with
// this or another browser, or by the test itself.
func (p *Provider) Begin(b *authprovidertest.Browser, a authprovidertest.App, flow, redirectURL string) *authprovidertest.Hop {
	p.t.Helper()
	q := url.Values{"flow": {flow}, "origin": {a.Origin}}
	if redirectURL != "" {
		q.Set("redirectUrl", redirectURL)
	}
	if a.Env != "" {
		q.Set("env", a.Env)
	}
	for name, values := range a.Query {
		q[name] = values
	}
	hop := b.Open(a.Origin, a.Provider+"/start?"+q.Encode())
	if form := Form(hop); form.Has("SAMLRequest") {
		hop = b.Submit(hop, form)
	}
	return hop
}

// Finish sends the forms of pages that send themselves, as long as there are any.
func (p *Provider) Finish(b *authprovidertest.Browser, hop *authprovidertest.Hop) Outcome {
	p.t.Helper()
	for range 10 {
		form := Form(hop)
		if len(form) == 0 {
			return outcome(hop)
		}
		hop = b.Submit(hop, form)
	}
	p.t.Fatalf("samlauthtest: forms without end, the last at %s", hop.URL)
	return Outcome{}
}

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	resultBlock = regexp.MustCompile(`(?s)<script type="application/json" id="message">(.*?)</script>`)
)

// Form returns the hidden fields of a page that sends itself.
func Form(hop *authprovidertest.Hop) url.Values {
	form := make(url.Values)
	for _, m := range hiddenField.FindAllSubmatch(hop.Body, -1) {
		form.Set(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	return form
}

func outcome(hop *authprovidertest.Hop) Outcome {
	o := Outcome{URL: hop.URL, Status: hop.Status}
	if m := resultBlock.FindSubmatch(hop.Body); m != nil {
		var page struct {
			TargetOrigin string `json:"targetOrigin"`
			Message      struct {
				Response *authprovidertest.Session     `json:"response"`
				Error    *authprovider.WebMessageError `json:"error"`
			} `json:"message"`
		}
		if json.Unmarshal(m[1], &page) == nil {
			o.TargetOrigin, o.Response, o.Error = page.TargetOrigin, page.Message.Response, page.Message.Error
		}
		return o
	}
	if u, err := url.Parse(hop.URL); err == nil && u.Query().Has("error_code") {
		o.Error = &authprovider.WebMessageError{Message: u.Query().Get("error"), Code: u.Query().Get("error_code")}
		return o
	}
	var failure struct {
		Error *authprovider.WebMessageError `json:"error"`
	}
	if strings.HasPrefix(hop.Header.Get("Content-Type"), "application/json") && json.Unmarshal(hop.Body, &failure) == nil {
		o.Error = failure.Error
	}
	return o
}
