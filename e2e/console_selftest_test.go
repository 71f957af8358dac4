package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"testing"
)

// What the other tests rest on: a page that is there for the tenth of a second before it closes itself does not violate its policy unseen.
func TestConsoleNoticesAViolationInAPopupThatClosesItself(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<!doctype html><title>Page</title><link rel="icon" href="data:,">`+body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", page(`<button id="open" onclick="open('/provider', '', 'width=450,height=730')">Open</button>`))
	mux.HandleFunc("/provider", page(`<a href="/callback">On</a>`))
	const closing = "setTimeout(function () { window.close(); }, 100);"
	hash := sha256.Sum256([]byte(closing))
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
		page(`<script>`+closing+`</script><script>"not what was hashed"</script>`)(w, r)
	})
	s.serve(mux)

	b := newBrowser(t)
	opener := b.newTab()
	opener.open(s.origin)
	popup := opener.popup("#open")
	popup.waitFor("a")
	b.console.expect("security error", "Content Security Policy", s.origin+"/callback")
	popup.click("a")
	popup.waitClosed()
	waitUntil(t, "the violation is seen", func() bool { return b.console.seen("Content Security Policy", s.origin+"/callback") })
}
