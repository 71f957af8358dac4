package main

import (
	"bytes"
	"embed"
	"errors"
	"html"
	"net/http"
	"time"
)

//go:embed web
var web embed.FS

// pagePolicy lets the page run its own script and style and talk to its own origin. A token in the page's memory is only as safe as the
// page is from foreign script.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handlePage serves the app: a page, its style and its script.
func handlePage(mux *http.ServeMux, providerID string, builtIn bool) error {
	index, err := indexPage(providerID, builtIn)
	if err != nil {
		return err
	}
	for path, file := range map[string]string{"/{$}": "index.html", "/app.css": "app.css", "/app.js": "app.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", pagePolicy)
			// Not same-origin, which would cut the page off from its popup.
			h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cache-Control", "no-cache")
			if file == "index.html" {
				http.ServeContent(w, r, file, time.Time{}, bytes.NewReader(index))
				return
			}
			http.ServeFileFS(w, r, web, "web/"+file)
		})
	}
	return nil
}

// indexPage is the page for a provider. As it stands it is for the built-in one; others get no scopes from the app, since each has its own, and
// its package asks for those that it needs.
func indexPage(providerID string, builtIn bool) ([]byte, error) {
	page, err := web.ReadFile("web/index.html")
	if err != nil || builtIn {
		return page, err
	}
	const forDemo = `data-provider="demo" data-scopes="openid profile email" data-built-in>`
	if !bytes.Contains(page, []byte(forDemo)) {
		return nil, errors.New("web/index.html does not say which provider it is for")
	}
	return bytes.Replace(page, []byte(forDemo), []byte(`data-provider="`+html.EscapeString(providerID)+`" data-scopes="">`), 1), nil
}
