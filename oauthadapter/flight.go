package oauthadapter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/stagedoor/authprovider"
)

const (
	// stragglerTime is how long the result of a refresh is kept for requests that were sent with the session's previous cookie.
	stragglerTime = 10 * time.Second
	// flightTimeout bounds a refresh, which no caller's leaving ends, and before that the wait for its turn.
	flightTimeout = 20 * time.Second
	// maxFlights is how many refreshes of one session may be under way or kept. Only somebody who makes scopes up needs more.
	maxFlights = 32
)

// refreshFlights sees to it that a session is refreshed once at a time in this process. A provider that rotates refresh tokens and detects
// reuse would take two parallel refreshes for a theft and end the session (RFC 9700 section 4.14.2). Requests that ask for the same share
// one; requests that ask for different scopes follow each other, each with the newest token.
type refreshFlights[P any] struct {
	now func() time.Time

	mu       sync.Mutex
	sessions map[string]*sessionFlights[P] // guarded by mu; by session ID
	swept    time.Time                     // guarded by mu
}

// sessionFlights are the refreshes of one session. Its fields are guarded by refreshFlights.mu.
type sessionFlights[P any] struct {
	newest  *storedSession
	flights map[string]*flight[P] // by scopes asked for: under way, or kept for stragglers
	turn    chan struct{}         // holds one token: the flight that has it may call the provider
	ended   bool                  // signed out or replaced: nothing may bring the session back
	last    time.Time
}

// flight is one refresh. ended is guarded by refreshFlights.mu; stored, result and err are written before done is closed.
type flight[P any] struct {
	scopes string
	from   int64 // generation that it was started with
	ended  time.Time
	done   chan struct{}
	stored *storedSession
	result *Result[P]
	err    error
}

// refreshCall asks the provider. It returns the session as it is then, also beside an error if the provider has renewed it all the same.
type refreshCall[P any] func(context.Context, *storedSession) (*storedSession, *Result[P], error)

// refresh returns the result of call for this session and scopes, its own or one that it shares. It returns early only if ctx ends, and the
// refresh goes on for the others then.
func (f *refreshFlights[P]) refresh(ctx context.Context, s *storedSession, scopes []string, call refreshCall[P]) (*storedSession, *Result[P], error) {
	fl, err := f.join(ctx, s, scopes, call)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-fl.done:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if fl.result == nil {
		return fl.stored, nil, fl.err
	}
	result := *fl.result // each caller's own, for a profile transform that writes to it
	return fl.stored, &result, fl.err
}

func (f *refreshFlights[P]) join(ctx context.Context, s *storedSession, scopes []string, call refreshCall[P]) (*flight[P], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sf := f.session(s)
	if sf.ended {
		return nil, errNoSession
	}
	key := strings.Join(slices.Sorted(slices.Values(scopes)), " ")
	if fl := sf.flights[key]; fl != nil && (fl.ended.IsZero() || s.generation <= fl.from) {
		return fl, nil // under way, or it has made what this older copy is to become
	}
	if len(sf.flights) >= maxFlights {
		return nil, &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "too_many_refreshes"}
	}
	fl := &flight[P]{scopes: key, from: s.generation, done: make(chan struct{})}
	sf.flights[key] = fl
	go f.run(context.WithoutCancel(ctx), sf, fl, call)
	return fl, nil
}

// session returns the flights of a session, and forgets what nobody can ask for any more. Called with mu held.
func (f *refreshFlights[P]) session(s *storedSession) *sessionFlights[P] {
	now := f.now()
	if !recent(f.swept, now) {
		f.swept = now
		for id, sf := range f.sessions {
			if sf.forget(now); len(sf.flights) == 0 && !recent(sf.last, now) {
				delete(f.sessions, id)
			}
		}
	}
	sf := f.sessions[s.id]
	if sf == nil {
		if f.sessions == nil {
			f.sessions = make(map[string]*sessionFlights[P])
		}
		sf = &sessionFlights[P]{newest: s, flights: make(map[string]*flight[P]), turn: make(chan struct{}, 1), last: now}
		f.sessions[s.id] = sf
	}
	if s.generation > sf.newest.generation {
		sf.newest = s // refreshed elsewhere, by another replica
	}
	sf.forget(now)
	return sf
}

func (sf *sessionFlights[P]) forget(now time.Time) {
	for key, fl := range sf.flights {
		if !fl.ended.IsZero() && !recent(fl.ended, now) {
			delete(sf.flights, key)
		}
	}
}

// recent is false for the future too, so that a clock that was set back keeps nothing for longer.
func recent(then, now time.Time) bool { return now.Sub(then).Abs() < stragglerTime }

// run makes the call when its turn comes, and ends within twice flightTimeout.
func (f *refreshFlights[P]) run(ctx context.Context, sf *sessionFlights[P], fl *flight[P], call refreshCall[P]) {
	wait, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	select {
	case sf.turn <- struct{}{}:
		defer func() { <-sf.turn }()
	case <-wait.Done():
		f.land(sf, fl, nil, nil, wait.Err())
		return
	}
	f.mu.Lock()
	newest, ended := sf.newest, sf.ended
	f.mu.Unlock()
	if ended {
		f.land(sf, fl, nil, nil, errNoSession)
		return
	}
	// A time-out of its own: a call that is cut off after the provider has rotated loses the session.
	ctx, cancel = context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	stored, result, err := call(ctx, newest)
	f.land(sf, fl, stored, result, err)
}

func (f *refreshFlights[P]) land(sf *sessionFlights[P], fl *flight[P], stored *storedSession, result *Result[P], err error) {
	f.mu.Lock()
	if stored != nil {
		sf.newest = stored // of a session that was ended too: it holds the token to revoke
	}
	if sf.ended {
		stored, result, err = nil, nil, errNoSession
	}
	fl.stored, fl.result, fl.err = stored, result, err
	fl.ended, sf.last = f.now(), f.now()
	if err != nil {
		delete(sf.flights, fl.scopes) // the next request tries again
	}
	f.mu.Unlock()
	close(fl.done)
}

// newest returns the newest copy of a session that a flight has returned, or nil if the session has been ended since. Answers to different
// scopes overtake each other: the last to be written must not put a spent refresh token back into the browser.
func (f *refreshFlights[P]) newest(s *storedSession) *storedSession {
	f.mu.Lock()
	defer f.mu.Unlock()
	sf := f.sessions[s.id]
	switch {
	case sf == nil:
		return s
	case sf.ended:
		return nil
	case sf.newest.generation > s.generation:
		return sf.newest
	}
	return s
}

// end marks a session as signed out or replaced. Neither a refresh under way nor one that was sent at the same time brings it back.
func (f *refreshFlights[P]) end(s *storedSession) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sf := f.session(s)
	sf.ended, sf.last = true, f.now()
}

// settle waits for a refresh of an ended session that is under way, as long as ctx allows, and returns the newest copy: its tokens
// are the ones to revoke.
func (f *refreshFlights[P]) settle(ctx context.Context, s *storedSession) *storedSession {
	f.mu.Lock()
	sf := f.session(s)
	f.mu.Unlock()
	select {
	case sf.turn <- struct{}{}:
		<-sf.turn
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return sf.newest
}
