package oauthadapter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"example.com/stagedoor/authprovider"
)

// Refresh gets new tokens with the stored session, and runs the profile transform and the sign-in resolvers again.
func (a *adapter[P]) Refresh(w http.ResponseWriter, r *http.Request) error {
	if a.refresher == nil {
		return authprovider.ErrNotSupported
	}
	if err := a.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	q, err := parseQuery(r)
	if err != nil {
		return err
	}
	asked, err := parseScope(q.Get("scope"))
	if err != nil {
		return inputError("scope_invalid", "The requested scope is not valid.", err)
	}
	sameSite := a.requestSameSite(r)
	s, err := a.sessions.load(r)
	if err != nil {
		return sessionMissing(err)
	}
	wanted := a.widerScope(s, asked)
	stored, result, err := a.flights.refresh(r.Context(), s, wanted, func(ctx context.Context, newest *storedSession) (*storedSession, *Result[P], error) {
		return a.refreshUpstream(ctx, newest, wanted)
	})
	if errors.Is(err, ErrSessionEnded) {
		a.sessions.clear(w, r, sameSite)
	}
	var resp *authprovider.ClientAuthResponse
	var userRef string
	if err != nil {
		err = refreshFailure(err)
	} else {
		err = authprovider.Contain(func() (err error) {
			resp, userRef, err = a.respond(r.Context(), r, result, stored.granted)
			return err
		})
	}
	// Whatever failed, here or half-way at the provider: it may have spent the old token, and a browser that keeps that one is signed out
	// by its next refresh. What is saved is the newest by now.
	if stored != nil {
		newest := a.flights.newest(stored)
		if newest == nil {
			return sessionMissing(errNoSession)
		}
		if err := a.sessions.save(w, r, newest, sameSite); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	a.pc.Audit(r.Context(), authprovider.AuditRefreshed, slog.String("user", userRef))
	w.Header().Set("Content-Type", "application/json")
	_ = resp.WriteJSON(w) // the app may be gone; nobody is left to tell
	return nil
}

// ErrSessionEnded means that a session is of no more use, so that its cookie goes. A [Refresher] wraps it for what is neither a
// *[ProviderError] with code invalid_grant nor a difference in [Session].Subject.
var ErrSessionEnded = errors.New("oauthadapter: the session has ended")

var errOtherPerson = errors.New("oauthadapter: the refreshed tokens are another person's")

func sessionMissing(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "session_missing", Message: "There is no session. Please sign in.", Err: err}
}

// widerScope returns what to ask the provider for: nothing, which means what was granted (RFC 6749 section 6), unless the
// request wants more.
func (a *adapter[P]) widerScope(s *storedSession, asked []string) []string {
	if covers(a.implied(s.granted), asked) {
		return nil
	}
	return unique(asked, s.granted, a.requiredScopes)
}

// refreshUpstream makes one call to the provider and returns the session as it is then; beside an error, if the provider
// renewed it all the same.
func (a *adapter[P]) refreshUpstream(ctx context.Context, s *storedSession, wanted []string) (*storedSession, *Result[P], error) {
	if s.session.RefreshToken == "" && !s.session.ExpiresAt.IsZero() && !a.pc.Now().Before(s.session.ExpiresAt) {
		return nil, nil, fmt.Errorf("%w: access token expired and there is no refresh token", ErrSessionEnded)
	}
	session := s.session
	session.Scope = strings.Join(s.granted, " ")
	var result *Result[P]
	err := authprovider.Contain(func() (err error) {
		result, err = a.refresher.Refresh(ctx, RefreshRequest{Session: session, Scopes: wanted})
		return checkResult(result, err)
	})
	var p *ProviderError
	// A request for more scope may be refused by this code while the session is good, but not after the provider has given new tokens.
	if errors.As(err, &p) && p.Code == "invalid_grant" && (len(wanted) == 0 || result != nil) {
		return nil, nil, fmt.Errorf("%w: %w", ErrSessionEnded, err)
	}
	if err != nil && (errors.Is(err, ErrSessionEnded) || result == nil || result.Session.RefreshToken == "") {
		return nil, nil, err
	}
	// OpenID Connect Core 12.2, and the same for plain OAuth: a provider or a middleman must not turn one person's session into another's.
	if s.session.Subject != result.Session.Subject {
		return nil, nil, fmt.Errorf("%w: %w", ErrSessionEnded, errOtherPerson)
	}
	return a.renewed(s, result.Session), result, err
}

// renewed returns the session with what the provider's answer changes.
func (a *adapter[P]) renewed(s *storedSession, answer Session) *storedSession {
	next := &storedSession{id: s.id, generation: s.generation + 1, created: s.created, granted: s.granted, session: answer}
	if answer.Scope != "" {
		next.granted = splitScope(answer.Scope)
	}
	if next.session.RefreshToken == "" {
		next.session.RefreshToken = s.session.RefreshToken
	}
	if next.session.IDToken == "" {
		next.session.IDToken = s.session.IDToken
	}
	next.session = a.kept(next.session)
	return next
}

// refreshFailure is what a failed refresh is answered with. Only an ended session is cleared: an outage or a missing consent
// must sign nobody out.
func refreshFailure(err error) error {
	switch {
	case errors.Is(err, ErrSessionEnded):
		return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "session_ended", Message: "Your session has ended. Please sign in again.", Err: err}
	case errors.Is(err, errNoSession):
		return sessionMissing(err)
	}
	return providerFailure(err)
}
