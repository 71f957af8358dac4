package oauthadapter

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/stagedoor/internal/cookies"
)

// maxAttempts is how many attempts of one browser may be alive at once: one for each tab, bounded so that requests stay small.
const maxAttempts = 5

// attempt is one sign-in on its way: what start decided and the callback must find unchanged.
type attempt struct {
	flow           flow
	scopes         []string
	nonce          string
	verifier       string // PKCE
	issuer         string
	issuerRequired bool
}

const attemptVersion = 1

func (a attempt) marshal() []byte {
	b := make([]byte, 0, 512)
	b = appendInt(b, attemptVersion)
	b = appendField(b, a.flow.origin)
	b = appendField(b, a.flow.redirectURL)
	b = appendField(b, strings.Join(a.scopes, " "))
	b = appendField(b, a.nonce)
	b = appendField(b, a.verifier)
	b = appendField(b, a.issuer)
	required := int64(0)
	if a.issuerRequired {
		required = 1
	}
	return appendInt(b, required)
}

func unmarshalAttempt(b []byte) (attempt, error) {
	r := fieldReader{rest: b}
	if r.int() != attemptVersion {
		return attempt{}, errFields
	}
	a := attempt{
		flow:     flow{origin: r.string(), redirectURL: r.string()},
		scopes:   strings.Fields(r.string()),
		nonce:    r.string(),
		verifier: r.string(),
		issuer:   r.string(),
	}
	a.issuerRequired = r.int() == 1
	return a, r.done()
}

// attemptCookies keeps each attempt in a sealed cookie of its own, so that parallel tabs do not disturb each other.
type attemptCookies struct {
	scope       cookies.Scope
	prefix      string
	sealer      *cookies.Sealer
	provider    string
	environment string
}

// name is made of the state: its age, to tell the oldest without opening any, and a hash of its ID.
func (c attemptCookies) name(s state) string {
	sum := sha256.Sum256(s.id[:])
	made := strconv.FormatInt(s.made.Unix(), 16)
	return c.prefix + "0000000000"[min(len(made), 10):] + made + "-" + base64Text(sum[:8])
}

// place binds an attempt to its cookie's name, the provider, the environment, the state and the browser: a cookie that was
// tossed in from another browser does not open, even if its state was tossed in with it (login CSRF, RFC 9700 section 4.7).
func (c attemptCookies) place(name string, s state, browser string) []byte {
	return cookies.Place("attempt", name, c.provider, c.environment, s.text, browser)
}

// seal returns the cookie of an attempt, or an error if it does not fit into one.
func (c attemptCookies) seal(a attempt, s state, browser string) (name, value string, err error) {
	name = c.name(s)
	value = c.sealer.Seal(a.marshal(), c.place(name, s, browser))
	if len(value) > cookies.ChunkSize(c.scope, name) {
		return "", "", fmt.Errorf("oauthadapter: attempt of %d bytes does not fit into a cookie", len(value))
	}
	return name, value, nil
}

// open returns the attempt that belongs to a verified state. Errors are those of package cookies.
func (c attemptCookies) open(r *http.Request, s state, browser string) (attempt, error) {
	name := c.name(s)
	value, err := cookies.Get(r, name)
	if err != nil {
		return attempt{}, err
	}
	plaintext, err := c.sealer.Open(value, c.place(name, s, browser))
	if err != nil {
		return attempt{}, err
	}
	return unmarshalAttempt(plaintext)
}

// makeRoom expires the oldest attempts of this browser, so that with one more there are at most maxAttempts.
func (c attemptCookies) makeRoom(w http.ResponseWriter, r *http.Request, sameSite http.SameSite) {
	names := cookies.NamesWithPrefix(r, c.prefix)
	// Ours are of one length and begin with their time; anything else under the prefix is not ours and goes first.
	slices.SortFunc(names, func(a, b string) int {
		return strings.Compare(c.sortKey(a), c.sortKey(b))
	})
	for i := 0; i <= len(names)-maxAttempts; i++ {
		c.scope.Expire(w, names[i], sameSite)
	}
}

func (c attemptCookies) sortKey(name string) string {
	made, _, _ := strings.Cut(strings.TrimPrefix(name, c.prefix), "-")
	if _, err := strconv.ParseInt(made, 16, 64); err != nil || len(made) != 10 {
		return ""
	}
	return made
}

// set writes the cookie of an attempt.
func (c attemptCookies) set(w http.ResponseWriter, name, value string, sameSite http.SameSite) {
	c.scope.Set(w, name, value, attemptLifetime, sameSite)
}

// expire removes the cookie of an attempt.
func (c attemptCookies) expire(w http.ResponseWriter, s state, sameSite http.SameSite) {
	c.scope.Expire(w, c.name(s), sameSite)
}
