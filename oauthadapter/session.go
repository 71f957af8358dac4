package oauthadapter

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/cookies"
)

const (
	defaultSessionDuration    = 30 * 24 * time.Hour
	defaultSessionIdleTimeout = 7 * 24 * time.Hour

	maxSessionSize = 12 << 10
	sessionIDSize  = 16
	sessionVersion = 1
)

// errNoSession means that the request has no session that opens.
var errNoSession = errors.New("oauthadapter: no session")

// storedSession is what is kept between sign-in and sign-out.
type storedSession struct {
	id         string // random, the same for the life of the session
	generation int64  // counts refreshes: tells a straggler's copy from the newest
	created    time.Time
	granted    []string // scopes
	session    Session  // Scope is not stored; granted is
}

// newSessionID is not a secret: it tells the sessions of this process apart.
func newSessionID() string {
	id := make([]byte, sessionIDSize)
	rand.Read(id)
	return string(id)
}

// sessionStore is where sessions rest. Nothing outside it may assume that they are in a cookie.
type sessionStore interface {
	// load returns the request's session or errNoSession.
	load(r *http.Request) (*storedSession, error)
	// save keeps the session; nothing has been set if it fails.
	save(w http.ResponseWriter, r *http.Request, s *storedSession, sameSite http.SameSite) error
	// clear ends the session in the browser.
	clear(w http.ResponseWriter, r *http.Request, sameSite http.SameSite)
}

// cookieSessions keeps sessions in the browser alone, encrypted, bound to cookie name, provider, environment and browser.
type cookieSessions struct {
	cookie                cookies.Chunked
	sealer                *cookies.Sealer
	browser               browserCookie
	provider, environment string
	duration, idle        time.Duration
	now                   func() time.Time
}

var _ sessionStore = (*cookieSessions)(nil)

func (c *cookieSessions) load(r *http.Request) (*storedSession, error) {
	text, err := c.cookie.Get(r)
	if err != nil {
		return nil, errNoSession
	}
	browser, err := c.browser.get(r)
	if err != nil {
		return nil, errNoSession
	}
	plaintext, err := c.sealer.Open(text, c.place(browser))
	if err != nil {
		return nil, errNoSession
	}
	s, seen, err := unmarshalSession(plaintext)
	if err != nil {
		return nil, errNoSession
	}
	// Max-Age binds only honest browsers.
	if now := c.now(); now.Sub(s.created) > c.duration || now.Sub(seen) > c.idle {
		return nil, errNoSession
	}
	return s, nil
}

func (c *cookieSessions) save(w http.ResponseWriter, r *http.Request, s *storedSession, sameSite http.SameSite) error {
	browser, err := c.browser.get(r)
	if err != nil {
		return fmt.Errorf("oauthadapter: save session: %w", err)
	}
	now := c.now()
	plaintext := s.marshal(now)
	if len(plaintext) > maxSessionSize && s.session.IDToken != "" {
		// It is only a hint at sign-out (OpenID Connect RP-Initiated Logout 2), and the largest part.
		smaller := *s
		smaller.session.IDToken = ""
		plaintext = smaller.marshal(now)
	}
	if len(plaintext) > maxSessionSize {
		return fmt.Errorf("oauthadapter: the session has %d bytes and cookies hold at most %d: tokens of this size need a server-side session store", len(plaintext), maxSessionSize)
	}
	lifetime := min(c.idle, s.created.Add(c.duration).Sub(now))
	return c.cookie.Set(w, r, c.sealer.Seal(plaintext, c.place(browser)), lifetime, sameSite)
}

func (c *cookieSessions) clear(w http.ResponseWriter, r *http.Request, sameSite http.SameSite) {
	c.cookie.Expire(w, r, sameSite)
}

func (c *cookieSessions) place(browser string) []byte {
	return cookies.Place("session", c.cookie.Name, c.provider, c.environment, browser)
}

// kept is what of a session is stored. An access token rests only where there is no refresh token to get another with.
func (a *adapter[P]) kept(s Session) Session {
	if s.RefreshToken != "" {
		s.AccessToken = ""
	}
	if a.ender == nil {
		s.IDToken = ""
	}
	s.Scope = ""
	return s
}

func (s *storedSession) marshal(seen time.Time) []byte {
	t := s.session
	b := make([]byte, 0, 256+len(t.AccessToken)+len(t.IDToken)+len(t.RefreshToken))
	b = appendInt(b, sessionVersion)
	b = appendField(b, s.id)
	b = appendInt(b, s.generation)
	b = appendInt(b, s.created.Unix())
	b = appendInt(b, seen.Unix())
	b = appendInt(b, int64(len(s.granted)))
	for _, scope := range s.granted {
		b = appendField(b, scope)
	}
	b = appendField(b, string(t.AccessToken))
	b = appendField(b, t.TokenType)
	b = appendField(b, string(t.IDToken))
	b = appendField(b, string(t.RefreshToken))
	expires := int64(0)
	if !t.ExpiresAt.IsZero() {
		expires = t.ExpiresAt.Unix()
	}
	b = appendInt(b, expires)
	return appendField(b, t.Subject)
}

func unmarshalSession(b []byte) (s *storedSession, seen time.Time, err error) {
	r := fieldReader{rest: b}
	if r.int() != sessionVersion {
		return nil, time.Time{}, errFields
	}
	s = &storedSession{id: r.string(), generation: r.int(), created: time.Unix(r.int(), 0)}
	seen = time.Unix(r.int(), 0)
	for n := r.int(); n > 0 && !r.failed; n-- {
		s.granted = append(s.granted, r.string())
	}
	s.session.AccessToken = authprovider.Secret(r.string())
	s.session.TokenType = r.string()
	s.session.IDToken = authprovider.Secret(r.string())
	s.session.RefreshToken = authprovider.Secret(r.string())
	if expires := r.int(); expires != 0 {
		s.session.ExpiresAt = time.Unix(expires, 0)
	}
	s.session.Subject = r.string()
	if err := r.done(); err != nil {
		return nil, time.Time{}, err
	}
	return s, seen, nil
}
