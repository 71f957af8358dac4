package authprovidertest

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/oauthadapter"
)

// refreshCases are for handlers that can refresh.
func refreshCases[P any]() []conformanceCase[*oauthRig[P]] {
	return []conformanceCase[*oauthRig[P]]{
		{"refresh", "A refresh gives the same person a new access token, again and again, also with the refresh token of the last answer.", func(t testing.TB, r *oauthRig[P]) {
			refresher := r.Handlers.(oauthadapter.Refresher[P])
			session := r.signIn(t).Session
			for range 2 {
				result, err := refresher.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored(session)})
				if err != nil || result == nil {
					t.Fatalf("Refresh: %v, %v", result, err)
				}
				if result.Session.Subject != session.Subject {
					t.Errorf("the refreshed session is of %q, the first was of %q", result.Session.Subject, session.Subject)
				}
				if result.Session.AccessToken == "" {
					t.Errorf("Session.AccessToken is empty")
				}
				if result.Session.RefreshToken == "" {
					result.Session.RefreshToken = session.RefreshToken // the adapter keeps the old one
				}
				session = result.Session
			}
		}},
		{"ended session", "A refresh token that the vendor does not take is a *ProviderError with code invalid_grant: the adapter ends the session for that and for nothing else.", func(t testing.TB, r *oauthRig[P]) {
			session := r.signIn(t).Session
			if session.RefreshToken == "" {
				return
			}
			session = stored(session)
			session.RefreshToken = "wrong-refresh-token-marker"
			result, err := r.Handlers.(oauthadapter.Refresher[P]).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
			r.wantFailure(t, "a wrong refresh token", result, err, string(session.RefreshToken))
			var p *oauthadapter.ProviderError
			if !errors.As(err, &p) || p.Code != "invalid_grant" {
				t.Errorf("the error is %v", err)
			}
		}},
	}
}

// stored is what the adapter keeps of a session that has a refresh token.
func stored(s oauthadapter.Session) oauthadapter.Session {
	if s.RefreshToken != "" {
		s.AccessToken = ""
	}
	s.Scope = ""
	return s
}

// abilityCases are about the other optional interfaces.
func abilityCases[P any]() []conformanceCase[*oauthRig[P]] {
	return []conformanceCase[*oauthRig[P]]{
		{"scopes", "What granted scopes imply includes them; required scopes are valid scope tokens (RFC 6749 section 3.3).", func(t testing.TB, r *oauthRig[P]) {
			if i, ok := r.Handlers.(oauthadapter.ScopeImplier); ok {
				implied := i.ImpliedScopes(slices.Clone(r.Scopes))
				for _, scope := range r.Scopes {
					if !slices.Contains(implied, scope) {
						t.Errorf("%q does not imply itself", scope)
					}
				}
			}
			if s, ok := r.Handlers.(oauthadapter.ScopeRequirer); ok {
				for _, scope := range s.RequiredScopes() {
					if scope == "" || strings.ContainsFunc(scope, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) {
						t.Errorf("the required scope %q is none", scope)
					}
				}
			}
		}},
		{"sign-out", "Revoke takes what a sign-in gave; the vendor's sign-out page is on https, or http on loopback.", func(t testing.TB, r *oauthRig[P]) {
			session := r.signIn(t).Session
			if e, ok := r.Handlers.(oauthadapter.SessionEnder); ok {
				raw, err := e.EndSessionURL(t.Context(), oauthadapter.LogoutRequest{Session: session, ReturnURL: conformanceOrigin + "/"})
				if err != nil {
					t.Errorf("EndSessionURL: %v", err)
				} else if u, err := url.Parse(raw); raw != "" && (err != nil || !secureURL(u)) {
					t.Errorf("the sign-out page is at %q", raw)
				}
			}
			if v, ok := r.Handlers.(oauthadapter.Revoker); ok {
				if err := v.Revoke(t.Context(), stored(session)); err != nil {
					t.Errorf("Revoke: %v", err)
				}
			}
		}},
	}
}
