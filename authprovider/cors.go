package authprovider

import (
	"fmt"
	"net/http"
	"strings"
)

// corsPolicy answers cross-origin requests of scripts by the origin policy. Nil leaves CORS to the host.
type corsPolicy struct {
	allowedHeaders string
}

func newCORSPolicy(disabled bool, headers []string) (*corsPolicy, error) {
	for _, h := range headers {
		if h == "" || strings.Trim(h, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return nil, fmt.Errorf("authprovider: Config.AllowedHeaders: %q is not a header name", h)
		}
	}
	if disabled {
		return nil, nil
	}
	all := append([]string{"Authorization", "Content-Type", "X-Requested-With"}, headers...)
	return &corsPolicy{allowedHeaders: strings.Join(all, ", ")}, nil
}

// setHeaders sets rather than adds, so that a second CORS layer in front does not double a header, which browsers refuse.
func (c *corsPolicy) setHeaders(h http.Header, origins *OriginPolicy, origin string) (allowed bool) {
	if c == nil {
		return false
	}
	addVary(h, "Origin")
	if !origins.Allowed(origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	return true
}

// preflight answers an OPTIONS request for a route with the given methods, unless CORS is the host's.
func (c *corsPolicy) preflight(w http.ResponseWriter, r *http.Request, origins *OriginPolicy, methods string) bool {
	if c == nil || r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := w.Header()
	if c.setHeaders(h, origins, r.Header.Get("Origin")) {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", c.allowedHeaders)
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

func addVary(h http.Header, name string) {
	for _, line := range h.Values("Vary") {
		for v := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(v), name) {
				return
			}
		}
	}
	h.Add("Vary", name)
}
