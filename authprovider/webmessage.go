package authprovider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
)

// WebMessage is the result of a popup sign-in: either a response or an error.
type WebMessage struct {
	Response *ClientAuthResponse
	Error    *WebMessageError
}

// WebMessageError is an error as the popup page posts and shows it. Its message must be one for the person.
type WebMessageError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
}

// WriteWebMessage writes the page that a popup ends on. It is the only writer of that page. The page posts the app's origin
// to whoever opened it, so that a frontend at the wrong origin can say so, then the message to appOrigin and nobody
// else, and closes. It can be read without JavaScript, and when the opener is gone (a sign-in page that sends
// Cross-Origin-Opener-Policy cuts it off).
//
// appOrigin must be an allowed origin; what is no origin at all, "*" first of all, is an error. The status is 200 for errors
// too, as in Backstage: only intermediaries read it, and one that replaces error pages would cut the message off. Nothing is
// written if an error is returned.
func WriteWebMessage(w http.ResponseWriter, appOrigin string, m WebMessage) error {
	if (m.Response == nil) == (m.Error == nil) {
		return errors.New("authprovider: a WebMessage needs exactly one of Response and Error")
	}
	// The result holds tokens. Whoever forgets the policy must not post them to "*".
	if canonical, err := parseOrigin(appOrigin, true); err != nil || canonical != appOrigin {
		return fmt.Errorf("authprovider: %.100q is not an origin to post a sign-in result to", appOrigin)
	}
	message := struct {
		Type     string              `json:"type"`
		Response *ClientAuthResponse `json:"response,omitempty"`
		Error    *WebMessageError    `json:"error,omitempty"`
	}{"authorization_response", m.Response, m.Error}
	// encoding/json writes <, >, &, U+2028 and U+2029 as \u escapes, so that no value can end the script element.
	data, err := json.Marshal(struct {
		TargetOrigin string `json:"targetOrigin"`
		Message      any    `json:"message"`
	}{appOrigin, message})
	if err != nil {
		return fmt.Errorf("authprovider: encode the sign-in result: %w", err)
	}

	title, text := "You are signed in", "This window closes by itself. If it stays open, you can close it and go back to the app."
	if m.Error != nil {
		title, text = "Sign-in did not work", m.Error.Message
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, webMessagePage, html.EscapeString(title), webMessageStyle, html.EscapeString(title),
		html.EscapeString(text), html.EscapeString(appOrigin), data, webMessageScript)

	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", webMessageCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	// A host that sets "same-origin" for all its pages would cut the opener off and lose every popup's result.
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(page.Bytes()) // the browser may be gone; nobody is left to tell
	return nil
}

// The page is constant but for data in text, one attribute and a JSON block. Script and style are constant to the byte, so
// their hashes in the policy are constants as well; a test recomputes them.
const (
	webMessageCSP = "default-src 'none'; script-src 'sha256-tDRt/5DuQ4xhOpJqurj/G2svlBECALSUscYseivtKbg='; " +
		"style-src 'sha256-roMjZTYxsnOrchyXKpe+k5dM9ULtc86iY6/8VR+/mCc='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

	webMessagePage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>%s</style>
</head>
<body>
<main>
<h1>%s</h1>
<p>%s</p>
<p><a href="%s/" rel="noreferrer">Back to the app</a></p>
</main>
<script type="application/json" id="message">%s</script>
<script>%s</script>
</body>
</html>
`

	webMessageStyle = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}` +
		`main{max-width:26rem;padding:2rem}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 1rem;overflow-wrap:anywhere}`

	// The code and the state leave the address bar first. Only the origin goes to an unknown opener.
	webMessageScript = `"use strict";
(function () {
  history.replaceState(null, "", location.pathname);
  var data = JSON.parse(document.getElementById("message").textContent);
  var opener = window.opener;
  if (!opener) { return; }
  opener.postMessage({ type: "config_info", targetOrigin: data.targetOrigin }, "*");
  opener.postMessage(data.message, data.targetOrigin);
  setTimeout(function () { window.close(); }, 100);
})();`
)
