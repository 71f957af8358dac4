package authprovider

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// parseBaseURL reads a URL without query, fragment and user, drops a slash at its end, and returns its origin too.
func parseBaseURL(raw string, insecureHTTP bool) (*url.URL, string, error) {
	if raw == "" {
		return nil, "", errors.New("is required")
	}
	u, err := url.Parse(raw)
	if err == nil && u.User != nil || err != nil && strings.Contains(raw, "@") {
		return nil, "", errors.New("must not hold a user") // not shown: there may be a password in it
	}
	if err != nil || u.Opaque != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "" {
		return nil, "", fmt.Errorf("%q must be an absolute URL without user, query and fragment", raw)
	}
	if u.Scheme == "" || u.Host == "" {
		return nil, "", fmt.Errorf("%q must begin with a scheme and a host, such as https://host", raw)
	}
	origin, err := parseOrigin(u.Scheme+"://"+u.Host, insecureHTTP)
	if err != nil {
		return nil, "", fmt.Errorf("%q: %w", raw, err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if !validPath(u.Path) {
		return nil, "", fmt.Errorf("%q has a path that is not clean or has characters that need escaping", raw)
	}
	u.Scheme, u.Host, _ = strings.Cut(origin, "://")
	return u, origin, nil
}

// validPath takes "" or a clean absolute path without a slash at its end that reads the same in a URL, in a request line and in a
// cookie's Path: nothing that net/url or a proxy may percent-encode, and no ";", which ends a cookie attribute.
func validPath(p string) bool {
	if p == "" {
		return true
	}
	if p[0] != '/' || p == "/" || path.Clean(p) != p {
		return false
	}
	for i := 0; i < len(p); i++ {
		c := p[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && strings.IndexByte("/-._~$&+,=:@", c) < 0 {
			return false
		}
	}
	return true
}
