package main

import (
	"embed"
	"net/http"
)

//go:embed web
var web embed.FS

// pagePolicy lets the page run its own script and style and talk to its own origin. A token in the page's memory is only as safe as the
// page is from foreign script.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handlePage serves the app: a page, its style and its script.
func handlePage(mux *http.ServeMux) {
	for path, file := range map[string]string{"/{$}": "index.html", "/app.css": "app.css", "/app.js": "app.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", pagePolicy)
			// Not same-origin, which would cut the page off from its popup.
			h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, web, "web/"+file)
		})
	}
}
