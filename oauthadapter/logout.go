package oauthadapter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"example.com/stagedoor/authprovider"
)

// revokeTimeout bounds what a person waits for at sign-out.
const revokeTimeout = 3 * time.Second

// Logout ends the session in the browser first and always, then at the provider as well as it can be done.
func (a *adapter[P]) Logout(w http.ResponseWriter, r *http.Request) error {
	if err := a.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	if _, err := parseQuery(r); err != nil {
		return err
	}
	s, err := a.sessions.load(r)
	a.sessions.clear(w, r, a.requestSameSite(r))
	attrs := []slog.Attr{slog.Bool("session", err == nil)}
	var logoutURL string
	if err == nil {
		a.flights.end(s)
		var failed error
		logoutURL, failed = a.endAtProvider(r, s)
		if failed != nil {
			attrs = append(attrs, slog.String("revocation_error", failed.Error()))
		}
	}
	a.pc.Audit(r.Context(), authprovider.AuditLoggedOut, attrs...)
	if logoutURL == "" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return writeJSON(w, struct {
		LogoutURL string `json:"logoutUrl"`
	}{logoutURL})
}

// endAtProvider revokes the tokens and returns the provider's own sign-out page, if there is one. Its error is for the log: the
// person is signed out here in any case.
func (a *adapter[P]) endAtProvider(r *http.Request, s *storedSession) (logoutURL string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), revokeTimeout)
	defer cancel()
	session := a.flights.settle(ctx, s).session
	var ended, revoked error
	if a.ender != nil {
		ended = authprovider.Contain(func() error {
			u, err := a.ender.EndSessionURL(ctx, LogoutRequest{Session: session, ReturnURL: a.returnURL(r)})
			if err == nil && safeLogoutURL(u) {
				logoutURL = u
			}
			return err
		})
	}
	if a.revoker != nil {
		revoked = authprovider.Contain(func() error { return a.revoker.Revoke(ctx, session) })
	}
	return logoutURL, errors.Join(ended, revoked)
}

func (a *adapter[P]) returnURL(r *http.Request) string {
	if origin := r.Header.Get("Origin"); a.pc.Origins.Allowed(origin) {
		return origin + "/"
	}
	return a.pc.Origins.AppOrigin() + "/"
}

// safeLogoutURL: the app navigates there, so it must not be a script or plain http.
func safeLogoutURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return false
	}
	_, err = authprovider.ParseOrigin(u.Scheme + "://" + u.Host)
	return err == nil
}
