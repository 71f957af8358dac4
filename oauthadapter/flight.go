package oauthadapter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// stragglerTime is how long the result of a refresh is kept for requests that were sent with the session's previous cookie.
	stragglerTime = 10 * time.Second
	// flightTimeout bounds a refresh, which no caller's leaving ends.
	flightTimeout = 20 * time.Second
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
	flights map[string]*flight[P] // by scopes asked for
	turn    chan struct{}         // holds one token: the flight that has it may call the provider
	waiting int                   // flights under way
	ended   bool                  // signed out: nothing may bring the session back
	last    time.Time
}

// flight is one refresh. stored, result and err are written before done is closed.
type flight[P any] struct {
	done   chan struct{}
	from   int64 // generation that it was started with
	ended  time.Time
	stored *storedSession
	result *Result[P]
	err    error
}

// refresh returns the result of call for this session and scopes, its own or one that it shares. It returns early only if ctx ends, and the
// refresh goes on for the others then.
func (f *refreshFlights[P]) refresh(ctx context.Context, s *storedSession, scopes []string,
	call func(context.Context, *storedSession) (*storedSession, *Result[P], error)) (*storedSession, *Result[P], error) {
	fl := f.join(ctx, s, scopes, call)
	select {
	case <-fl.done:
		return fl.stored, fl.result, fl.err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (f *refreshFlights[P]) join(ctx context.Context, s *storedSession, scopes []string,
	call func(context.Context, *storedSession) (*storedSession, *Result[P], error)) *flight[P] {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweep()
	sf := f.sessions[s.id]
	if sf == nil {
		if f.sessions == nil {
			f.sessions = make(map[string]*sessionFlights[P])
		}
		sf = &sessionFlights[P]{newest: s, flights: make(map[string]*flight[P]), turn: make(chan struct{}, 1)}
		f.sessions[s.id] = sf
	}
	if s.generation > sf.newest.generation {
		sf.newest = s // refreshed elsewhere, by another replica
	}
	key := strings.Join(slices.Sorted(slices.Values(scopes)), " ")
	if fl := sf.flights[key]; fl != nil && fl.serves(s, f.now()) {
		return fl
	}
	fl := &flight[P]{done: make(chan struct{}), from: s.generation}
	sf.flights[key] = fl
	sf.waiting++
	go f.run(context.WithoutCancel(ctx), sf, fl, call)
	return fl
}

// serves reports whether a request with this copy of the session may have the flight's result: it is under way, or it has just succeeded
// and the copy is older than what it made.
func (fl *flight[P]) serves(s *storedSession, now time.Time) bool {
	select {
	case <-fl.done:
		return fl.err == nil && s.generation <= fl.from && now.Sub(fl.ended) < stragglerTime
	default:
		return true
	}
}

// run makes the call when its turn comes. It ends within flightTimeout of its turn; its turn comes because every flight before it ends too.
func (f *refreshFlights[P]) run(ctx context.Context, sf *sessionFlights[P], fl *flight[P],
	call func(context.Context, *storedSession) (*storedSession, *Result[P], error)) {
	sf.turn <- struct{}{}
	ctx, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	f.mu.Lock()
	newest, ended := sf.newest, sf.ended
	f.mu.Unlock()
	stored, result, err := (*storedSession)(nil), (*Result[P])(nil), errNoSession
	if !ended {
		stored, result, err = call(ctx, newest)
	}

	f.mu.Lock()
	if sf.ended {
		stored, result, err = nil, nil, errNoSession // signed out, before or meanwhile
	}
	if stored != nil {
		sf.newest = stored
	}
	fl.stored, fl.result, fl.err = stored, result, err
	fl.ended, sf.last = f.now(), f.now()
	sf.waiting--
	f.mu.Unlock()
	close(fl.done)
	<-sf.turn
}

// end marks a session as signed out, so that a refresh under way does not bring it back.
func (f *refreshFlights[P]) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if sf := f.sessions[id]; sf != nil {
		sf.ended = true
		sf.last = f.now()
	}
}

// sweep forgets sessions that nobody is waiting for. Called with mu held.
func (f *refreshFlights[P]) sweep() {
	now := f.now()
	if now.Sub(f.swept) < stragglerTime {
		return
	}
	f.swept = now
	for id, sf := range f.sessions {
		if sf.waiting == 0 && now.Sub(sf.last) >= stragglerTime {
			delete(f.sessions, id)
		}
	}
}
