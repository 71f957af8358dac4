package samlauth

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net/http"
)

type field struct{ name, value string }

// postForm is a form that sends itself. An empty action is the page's own address.
type postForm struct {
	action string
	fields []field
}

type formKey struct{}

// withForm lets Start, which can only name a URL, hand a form to the routes around the adapter.
func withForm(ctx context.Context, form *postForm) context.Context {
	return context.WithValue(ctx, formKey{}, form)
}

func formFrom(ctx context.Context) (*postForm, bool) {
	form, ok := ctx.Value(formKey{}).(*postForm)
	return form, ok
}

// write writes the page. Without JavaScript there is a button to press.
func (f postForm) write(w http.ResponseWriter) {
	var inputs, page bytes.Buffer
	for _, x := range f.fields {
		fmt.Fprintf(&inputs, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", html.EscapeString(x.name), html.EscapeString(x.value))
	}
	action := ""
	if f.action != "" {
		action = ` action="` + html.EscapeString(f.action) + `"`
	}
	fmt.Fprintf(&page, formPage, action, inputs.Bytes(), formScript)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", formCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: browsers would then call the origin of the post "null", and a host's own check against forgery refuse it.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none") // a popup must not lose its opener here
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(page.Bytes()) // the browser may be gone; nobody is left to tell
}

// The page is constant but for the form's address and fields. There is no form-action: Chromium holds it against every redirect that follows
// too, and those lead to the app, or through the identity provider.
const (
	formCSP = "default-src 'none'; script-src 'sha256-8lDeP0UDwCO6/RhblgeH/ctdBzjVpJxrXizsnIk3cEQ='; base-uri 'none'; frame-ancestors 'none'"

	formPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signing in</title>
</head>
<body>
<form method="post"%s>
%s<p>One moment, please. If nothing happens: <button type="submit">Continue</button></p>
</form>
<script>%s</script>
</body>
</html>
`

	// While the page is still loading the next one takes its place in the history, so that the way back does not lead here.
	formScript = `document.forms[0].submit();`
)
