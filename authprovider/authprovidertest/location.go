package authprovidertest

import (
	"net/url"
	"strings"
)

// resolve reads a URL reference as browsers do (WHATWG URL Standard), where that differs from net/url: white space around it, tabs and
// newlines in it, back-slashes for slashes, too few or too many slashes. A redirect that net/url takes for a path of ours may be one to a
// foreign host there. It returns "" for what is no URL.
func resolve(base *url.URL, reference string) string {
	reference = strings.TrimFunc(reference, func(c rune) bool { return c <= ' ' })
	reference = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(reference)
	scheme, rest, hasScheme := cutScheme(reference)
	if hasScheme && scheme != "http" && scheme != "https" {
		return scheme + ":" + rest
	}
	tail := ""
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest, tail = rest[:i], rest[i:]
	}
	rest = strings.ReplaceAll(rest, `\`, "/")
	switch {
	case strings.HasPrefix(rest, "//"), hasScheme && scheme != base.Scheme:
		// An authority follows, however many slashes there are.
		if !hasScheme {
			scheme = base.Scheme
		}
		rest = scheme + "://" + strings.TrimLeft(rest, "/")
	}
	target, err := base.Parse(rest + tail)
	if err != nil {
		return ""
	}
	return target.String()
}

// cutScheme splits off a scheme, in lower case.
func cutScheme(reference string) (scheme, rest string, ok bool) {
	before, after, ok := strings.Cut(reference, ":")
	if !ok || before == "" || !isLetter(before[0]) {
		return "", reference, false
	}
	for i := 1; i < len(before); i++ {
		if c := before[i]; !isLetter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.' {
			return "", reference, false
		}
	}
	return strings.ToLower(before), after, true
}
