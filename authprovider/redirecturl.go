package authprovider

import (
	"fmt"
	"net/url"
	"strings"
)

const maxRedirectURL = 2048

// ParseRedirectURL checks where a redirect flow wants to return to: an absolute URL with exactly the given origin, which must
// be an allowed one. It returns the URL as it may stand in a Location header: without the "error" and "error_code" parameters
// that the redirect flow itself adds, and, if it is over 2,048 bytes, without fragment and query (the origin's root, if the
// path alone is longer), since a person on a top-level page is better off on the page than on an error. Errors are *[Error].
//
// Scheme and authority are read strictly rather than by net/url, which differs from browsers on back-slashes, tabs,
// missing slashes and users: each difference is an open redirect.
func (p *OriginPolicy) ParseRedirectURL(redirectURL, origin string) (string, error) {
	bad := func(why string) (string, error) {
		shown, _, _ := strings.Cut(redirectURL, "#")
		shown, _, _ = strings.Cut(shown, "?") // what an app keeps in its query is none of the log's business
		return "", &Error{Kind: ErrInput, Code: "redirect_url_invalid", Message: "The redirect URL is not valid.",
			Err: fmt.Errorf("authprovider: redirect URL %.200q: %s", shown, why)}
	}
	for i := 0; i < len(redirectURL); i++ {
		if c := redirectURL[i]; c <= ' ' || c >= 0x7f {
			return bad("not printable ASCII")
		}
	}
	scheme, rest, ok := strings.Cut(redirectURL, "://")
	if !ok {
		return bad("not absolute")
	}
	end := strings.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	parsed, err := parseOrigin(scheme+"://"+authority, p.insecureHTTP)
	if err != nil {
		return bad(err.Error())
	}
	if parsed != origin || !p.Allowed(parsed) {
		return "", &Error{Kind: ErrNotAllowed, Code: "redirect_url_not_allowed", Message: "This redirect URL is not allowed.",
			Err: fmt.Errorf("authprovider: redirect URL has origin %q, the app has %q", parsed, origin)}
	}
	path, fragment, hasFragment := strings.Cut(tail, "#")
	path, query, hasQuery := strings.Cut(path, "?")
	if strings.Contains(path, `\`) {
		return bad("back-slash in the path")
	}
	if path == "" {
		path = "/"
	}
	out := parsed + path
	if len(out) > maxRedirectURL {
		return parsed + "/", nil
	}
	full := out
	if hasQuery {
		if query = withoutErrorParameters(query); query != "" {
			full += "?" + query
		}
	}
	if hasFragment {
		full += "#" + fragment
	}
	if len(full) > maxRedirectURL {
		return out, nil
	}
	return full, nil
}

// withoutErrorParameters leaves the other parameters byte for byte as they are: the app may read them in its own way.
func withoutErrorParameters(query string) string {
	kept := make([]string, 0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if n, err := url.QueryUnescape(name); err == nil && (n == "error" || n == "error_code") {
			continue
		}
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}
