package authprovider

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// OriginPolicy says which origins may open a sign-in, receive its result and call the routes: the app's own, exact
// further ones, and patterns in which "*" stands for one DNS label. The zero value allows none. It is immutable and safe for
// concurrent use.
type OriginPolicy struct {
	app          string
	exact        []string
	patterns     []string
	insecureHTTP bool // Config.InsecurePlainHTTP: plain http is taken outside loopback too
}

// NewOriginPolicy makes a policy of the app's origin and further ones: "https://portal.example.com", or a pattern
// such as "https://*.preview.example.com". A pattern's "*" is a whole label, never one of the last two; its scheme and
// port are literal. Anything else is an error.
func NewOriginPolicy(appOrigin string, further ...string) (*OriginPolicy, error) {
	return newOriginPolicy(false, appOrigin, further)
}

func newOriginPolicy(insecureHTTP bool, appOrigin string, further []string) (*OriginPolicy, error) {
	app, err := parseOrigin(appOrigin, insecureHTTP)
	if err != nil {
		return nil, err
	}
	p := &OriginPolicy{app: app, insecureHTTP: insecureHTTP}
	for _, o := range further {
		if strings.Contains(o, "*") {
			pattern, err := p.parsePattern(o)
			if err != nil {
				return nil, err
			}
			p.patterns = append(p.patterns, pattern)
			continue
		}
		exact, err := parseOrigin(o, insecureHTTP)
		if err != nil {
			return nil, err
		}
		p.exact = append(p.exact, exact)
	}
	return p, nil
}

// AppOrigin is the origin of the app that the policy was made for.
func (p *OriginPolicy) AppOrigin() string { return p.app }

// Allowed reports whether origin, in the form that [ParseOrigin] returns and browsers send, is allowed.
func (p *OriginPolicy) Allowed(origin string) bool {
	if origin == "" {
		return false
	}
	if origin == p.app || slices.Contains(p.exact, origin) {
		return true
	}
	for _, pattern := range p.patterns {
		if matchOrigin(pattern, origin) {
			return true
		}
	}
	return false
}

// Parse reads an origin and checks that it is allowed. Errors are *[Error] of class [ErrInput] or [ErrNotAllowed].
func (p *OriginPolicy) Parse(origin string) (string, error) {
	if origin == p.app || slices.Contains(p.exact, origin) {
		return origin, nil // as it was parsed at construction
	}
	parsed, err := parseOrigin(origin, p.insecureHTTP)
	if err != nil {
		return "", &Error{Kind: ErrInput, Code: "origin_invalid", Message: "App origin is invalid, failed to parse.", Err: err}
	}
	if !p.Allowed(parsed) {
		return "", &Error{Kind: ErrNotAllowed, Code: "origin_not_allowed", Message: "This app origin is not allowed.",
			Err: fmt.Errorf("authprovider: origin %q is not allowed", parsed)}
	}
	return parsed, nil
}

const maxOriginLength = 255 + len("https://:65535")

// ParseOrigin reads "scheme://host[:port]" and returns it as a browser would serialise it: host in lower case, default
// port dropped. It is https, or http on loopback; the host is ASCII; there is no user, path, query or fragment, not even
// an empty one. It is stricter than the URL standard, because what two parsers read differently is how an origin check
// is got around. Errors wrap [ErrInput].
func ParseOrigin(origin string) (string, error) {
	return parseOrigin(origin, false)
}

func parseOrigin(origin string, insecureHTTP bool) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("authprovider: origin %.100q: %s: %w", origin, why, ErrInput)
	}
	if len(origin) > maxOriginLength {
		return bad("too long")
	}
	scheme, authority, ok := strings.Cut(origin, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return bad("scheme must be https, or http on loopback")
	}
	for i := 0; i < len(authority); i++ {
		if authority[i] >= 0x80 { // before ToLower, which makes an ASCII "k" of the Kelvin sign
			return bad("host is not ASCII")
		}
	}
	if strings.Contains(authority, "/") {
		return bad("nothing may follow host and port, not even a slash")
	}
	host, port, err := splitHostPort(strings.ToLower(authority))
	if err != nil {
		return bad(err.Error())
	}
	if scheme == "http" && !insecureHTTP && !isLoopbackHost(host) {
		return bad("plain http is for loopback only")
	}
	if port == "443" && scheme == "https" || port == "80" && scheme == "http" {
		port = ""
	}
	if port != "" {
		return scheme + "://" + host + ":" + port, nil
	}
	return scheme + "://" + host, nil
}

// splitHostPort splits an authority without user into a valid host and a port, which may be empty.
func splitHostPort(authority string) (host, port string, err error) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
		// strconv alone would take "+80" and "080".
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return "", "", errors.New("bad port")
		}
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		addr, err := netip.ParseAddr(host[1 : len(host)-1])
		// Browsers write a mapped IPv4 address in hexadecimal and netip does not: no origin that is sent would equal it.
		if err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || addr.String() != host[1:len(host)-1] {
			return "", "", errors.New("bad IPv6 address")
		}
		return host, port, nil
	}
	if !validHostname(host) {
		return "", "", errors.New("bad host")
	}
	return host, port, nil
}

// validHostname takes lower-case DNS names and dotted IPv4. A last label that is a number is taken for IPv4 by browsers,
// in forms such as "0x7f.1" too, so it must be the canonical four decimal parts.
func validHostname(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	last := host
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(label) {
			return false
		}
		last = label
	}
	if last[0] >= '0' && last[0] <= '9' {
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := 0; i < len(label); i++ {
		if c := label[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// isLoopbackHost reports whether traffic to host stays on the machine. "localhost" counts: browsers and
// RFC 6761 section 6.3 keep it on loopback.
func isLoopbackHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// hostOf returns the host of an origin that ParseOrigin returned, without the port.
func hostOf(origin string) string {
	_, authority, _ := strings.Cut(origin, "://")
	host, _, err := splitHostPort(authority)
	if err != nil {
		return ""
	}
	return host
}

func (p *OriginPolicy) parsePattern(pattern string) (string, error) {
	scheme, authority, _ := strings.Cut(pattern, "://")
	labels := strings.Split(authority, ".")
	for i, label := range labels {
		if label != "*" {
			continue
		}
		if i >= len(labels)-2 {
			return "", fmt.Errorf("authprovider: origin pattern %q: * must not be one of the last two labels: %w", pattern, ErrInput)
		}
		labels[i] = "x" // a stand-in, so that the rest is checked as an origin
	}
	concrete, err := parseOrigin(scheme+"://"+strings.Join(labels, "."), p.insecureHTTP)
	if err != nil {
		return "", fmt.Errorf("authprovider: origin pattern %q: * must be a whole label of a valid origin: %w", pattern, ErrInput)
	}
	// Put the stars back into the canonical form.
	out := strings.Split(strings.TrimPrefix(concrete, scheme+"://"), ".")
	for i, label := range strings.Split(authority, ".") {
		if label == "*" {
			out[i] = "*"
		}
	}
	return scheme + "://" + strings.Join(out, "."), nil
}

// matchOrigin compares label by label: neither side's star or label can reach over a dot, a port or a scheme.
func matchOrigin(pattern, origin string) bool {
	pScheme, p, _ := strings.Cut(pattern, "://")
	oScheme, o, ok := strings.Cut(origin, "://")
	if !ok || pScheme != oScheme {
		return false
	}
	for {
		pLabel, pRest, pMore := strings.Cut(p, ".")
		oLabel, oRest, oMore := strings.Cut(o, ".")
		if pMore != oMore {
			return false
		}
		if pLabel == "*" {
			if !validLabel(oLabel) {
				return false
			}
		} else if pLabel != oLabel {
			return false
		}
		if !pMore {
			return true
		}
		p, o = pRest, oRest
	}
}
