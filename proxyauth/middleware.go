package proxyauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"example.com/stagedoor/authprovider"
)

// MiddlewareOptions configure [Middleware]. The zero value is usable.
type MiddlewareOptions struct {
	// Logger hears why a request was refused, at level Debug, and of failures, at level Error. If nil, nobody does.
	Logger *slog.Logger
}

// Middleware lets only those requests through to next for which a vouches, and puts its result into their context; see [FromContext]. All
// others get 401, 403, or 503 if the proxy's keys cannot be read. Why is logged, and not told. It panics if a is nil, as a constructor's
// result is whose error nobody looked at.
//
// It says who sent the request, not that the person meant it: behind a proxy with a cookie, as behind any cookie, next needs its own
// protection against cross-site requests, such as [http.CrossOriginProtection].
func Middleware[R any](a Authenticator[R], o MiddlewareOptions) func(next http.Handler) http.Handler {
	if isNil(a) {
		panic("proxyauth: Middleware needs an Authenticator")
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			result := new(R)
			err := authprovider.Contain(func() (err error) {
				*result, err = authenticate(r.Context(), a, r)
				return err
			})
			if err != nil {
				turnAway(w, r, logger, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), resultKey[R]{}, result)))
		})
	}
}

// turnAway answers by the class of err, by the rule by which the routes of providers do.
func turnAway(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	class := err
	var e *authprovider.Error
	if errors.As(err, &e) && e.Kind != nil {
		class = e.Kind
	}
	status, level := http.StatusInternalServerError, slog.LevelError
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		status, level = http.StatusServiceUnavailable, slog.LevelDebug // nobody is left to read it
	case errors.Is(class, authprovider.ErrUnavailable):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "10")
	case errors.Is(class, authprovider.ErrAuthentication):
		status, level = http.StatusUnauthorized, slog.LevelDebug
	case errors.Is(class, authprovider.ErrNotAllowed):
		status, level = http.StatusForbidden, slog.LevelDebug
	}
	logger.LogAttrs(r.Context(), level, "proxyauth: request refused", slog.Int("status", status), slog.Any("error", err))
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}

type resultKey[R any] struct{}

// FromContext returns what the authenticator of [Middleware] vouched for in the request of ctx, and whether there is something. R
// must be the authenticator's own: another type, even an interface that it implements, finds nothing.
func FromContext[R any](ctx context.Context) (R, bool) {
	if result, ok := ctx.Value(resultKey[R]{}).(*R); ok {
		return *result, true
	}
	var none R
	return none, false
}
