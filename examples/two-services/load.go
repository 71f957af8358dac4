package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// step is how far the clock moves at once. In between, every request is answered. So a machine that stalls changes nothing: no token
// expires, and no key comes late, because a process had to wait for its turn.
const step = 3 * time.Minute

// clock is the time of both services. It moves only when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// load is people who sign in at one service and use the other, and what befalls the first meanwhile. It is for one goroutine.
type load struct {
	clock   *clock
	cluster *cluster
	signIn  string // URL, of the first service
	hello   string // URL, of the other
	people  int
	client  *http.Client
	event   func(time.Time, string)

	tokens []string      // of the last hour, the oldest first; empty where a sign-in failed
	period time.Duration // for how long the newest key has signed

	mu    sync.Mutex // guards tally while people are at it
	tally tally
}

// tally is what came of it.
type tally struct {
	issued, accepted, failures   int
	rotations, restarts, outages int
	made                         int             // keys
	signed                       map[string]bool // kids of the tokens that were issued
	verified                     map[string]bool // kids of the tokens that the other service accepted
	newest                       string          // kid
	failure                      string          // the last
}

func (t *tally) fail(where string, err error) {
	t.failures++
	t.failure = where + ": " + err.Error()
}

func newLoad(clock *clock, cluster *cluster, hello string, people int, event func(time.Time, string)) *load {
	return &load{
		clock:   clock,
		cluster: cluster,
		signIn:  cluster.baseURL + "/guest/refresh",
		hello:   hello,
		people:  people,
		client:  &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: people}},
		event:   event,
		tally:   tally{signed: make(map[string]bool), verified: make(map[string]bool)},
	}
}

// step lets everybody sign in, and use the other service with the new token and with an older one. Then time passes.
func (l *load) step(ctx context.Context) error {
	if err := l.happen(); err != nil {
		return err
	}
	before, fresh := l.tally.rotations, make([]string, l.people)
	var people sync.WaitGroup
	for n := range l.people {
		people.Go(func() { fresh[n] = l.visit(ctx) })
	}
	people.Wait()
	l.tokens = append(l.tokens, fresh...)
	if alive := l.people * int(tokenTTL/step-1); len(l.tokens) > alive {
		l.tokens = l.tokens[len(l.tokens)-alive:]
	}
	l.tally.made = int(l.cluster.store.made.Load())
	if l.tally.rotations > before {
		l.period = 0
		l.event(l.clock.Now(), fmt.Sprintf("rotation %d: key %.8s signs", l.tally.rotations, l.tally.newest))
	}
	l.clock.advance(step)
	l.period += step
	return nil
}

// happen is what befalls the first service. By turns, a replica restarts in a key's period, or the store is down for half an hour, just
// when the next key is due.
func (l *load) happen() error {
	t, odd := &l.tally, l.tally.rotations%2 == 1
	switch {
	case odd && l.period == time.Hour:
		n := t.restarts % len(l.cluster.replicas)
		t.restarts++
		l.event(l.clock.Now(), fmt.Sprintf("replica %d restarts, without a key in memory", n+1))
		return l.cluster.restart(n)
	case !odd && l.period == 2*time.Hour:
		t.outages++
		l.event(l.clock.Now(), "the key store is down")
		l.cluster.store.down.Store(true)
	case !odd && l.period == 2*time.Hour+30*time.Minute:
		l.event(l.clock.Now(), "the key store is up again")
		l.cluster.store.down.Store(false)
	}
	return nil
}

// visit is one person's. It returns the token of the sign-in, or nothing if that failed.
func (l *load) visit(ctx context.Context) string {
	token, kid, err := l.signInOnce(ctx)
	l.count(func(t *tally) {
		if err != nil {
			t.fail("sign-in", err)
			return
		}
		t.issued++
		if !t.signed[kid] { // two may sign at once: who finds a replica busy with the change gets the key before
			t.signed[kid] = true
			t.rotations, t.newest = len(t.signed)-1, kid
		}
	})
	if err != nil {
		return ""
	}
	l.use(ctx, token)
	if len(l.tokens) > 0 {
		if older := l.tokens[rand.N(len(l.tokens))]; older != "" {
			l.use(ctx, older)
		}
	}
	return token
}

// use calls the other service.
func (l *load) use(ctx context.Context, token string) {
	var who struct{ Subject string }
	err := l.get(ctx, l.hello, "Authorization", "Bearer "+token, &who)
	if err == nil && who.Subject != userRef {
		err = fmt.Errorf("it takes us for %q", who.Subject)
	}
	kid, _ := keyID(token) // it was read when the token was new
	l.count(func(t *tally) {
		if err != nil {
			t.fail("the other service", err)
			return
		}
		t.accepted++
		t.verified[kid] = true
	})
}

func (l *load) signInOnce(ctx context.Context) (token, kid string, err error) {
	var session struct {
		BackstageIdentity struct{ Token string }
	}
	// The header is what the app's script sends; no foreign page can.
	if err := l.get(ctx, l.signIn, "X-Requested-With", "XMLHttpRequest", &session); err != nil {
		return "", "", err
	}
	token = session.BackstageIdentity.Token
	kid, err = keyID(token)
	return token, kid, err
}

// get reads an answer in JSON.
func (l *load) get(ctx context.Context, url, header, value string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set(header, value)
	answer, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body) // to its end, so that the connection is used again
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s", answer.Status, bytes.TrimSpace(body))
	}
	return json.Unmarshal(body, into)
}

// keyID reads which key signed a token, for the view. Whether it is valid is not for a client to know.
func keyID(token string) (string, error) {
	header, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return "", fmt.Errorf("header of the token: %w", err)
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(text, &h); err != nil {
		return "", fmt.Errorf("header of the token: %w", err)
	}
	return h.Kid, nil
}

func (l *load) count(f func(*tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.tally)
}
