package tokenissuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// document is a public JSON text that changes rarely, with everything that is sent along.
type document struct {
	body                       []byte
	etag, length, cacheControl string
}

// newDocument writes v. With a maxAge of zero caches must ask each time.
func newDocument(v any, maxAge time.Duration) (*document, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	d := &document{body: body, length: strconv.Itoa(len(body)), cacheControl: "no-cache",
		etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
	if maxAge > 0 {
		d.cacheControl = "public, max-age=" + strconv.Itoa(int(maxAge/time.Second))
	}
	return d, nil
}

// serve answers GET and HEAD; net/http drops the body of the latter.
func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", d.cacheControl)
	h.Set("Etag", d.etag)
	if matchesETag(r.Header["If-None-Match"], d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", d.length)
	_, _ = w.Write(d.body) // the client may be gone; nobody is left to tell
}

// matchesETag compares weakly (RFC 9110 section 13.1.2). Our tags hold no comma, so that lists split at every comma.
func matchesETag(ifNoneMatch []string, etag string) bool {
	for _, list := range ifNoneMatch {
		for tag := range strings.SplitSeq(list, ",") {
			tag = strings.Trim(tag, " \t")
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}
