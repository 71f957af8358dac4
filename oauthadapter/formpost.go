package oauthadapter

import (
	"errors"
	"net/http"
)

const maxFormPost = 16 << 10

// redirectFormPost turns the provider's cross-site POST into a GET of the same callback. The POST comes without our
// SameSite=Lax cookies; after a redirect the browser sends them, since it is a top-level GET, and no cookie has to be
// SameSite=None. f is the flow of the callback that is not verified.
func (f flow) redirectFormPost(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormPost)
	if err := r.ParseForm(); err != nil {
		return f.fail(inputError("form_malformed", "The provider's answer is malformed.", err))
	}
	if r.URL.RawQuery != "" || len(r.PostForm) == 0 {
		return f.fail(inputError("form_malformed", "The provider's answer is malformed.", errors.New("oauthadapter: form post with a query, or without a form")))
	}
	target := "?" + r.PostForm.Encode() // relative, so that an ingress may have changed the path
	h := w.Header()
	h.Set("Location", target)
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
