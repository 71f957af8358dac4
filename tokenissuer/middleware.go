package tokenissuer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// The challenges of RFC 6750 section 3: no error code for a request that carried no token.
const (
	challengeMissing = `Bearer`
	challengeInvalid = `Bearer error="invalid_token"`
)

// Middleware lets only those requests through to next that carry a valid user token of this issuer in the Authorization header,
// and puts the token into their context; see [UserFromContext]. All others get 401 with WWW-Authenticate, or 503 if
// the keys cannot be read. Why a token was refused is logged at level Debug, and not told.
//
// It says who the user is. What the user may do is for next to decide. A host whose app is at another origin puts its CORS handling in
// front: a preflight carries no token.
func (i *Issuer) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, ok := bearerToken(r.Header["Authorization"])
		if !ok {
			refuse(w, challengeMissing)
			return
		}
		token, err := i.Verify(r.Context(), raw)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, token)))
		case errors.Is(err, ErrInvalidToken):
			i.logger.LogAttrs(r.Context(), slog.LevelDebug, "tokenissuer: request refused", slog.Any("error", err))
			refuse(w, challengeInvalid)
		default:
			i.logger.LogAttrs(r.Context(), slog.LevelError, "tokenissuer: token not verifiable", slog.Any("error", err))
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "10")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		}
	})
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("WWW-Authenticate", challenge)
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}

type userKey struct{}

// UserFromContext returns the token that [Issuer.Middleware] verified for the request of ctx, and whether there is one.
func UserFromContext(ctx context.Context) (*VerifiedToken, bool) {
	t, ok := ctx.Value(userKey{}).(*VerifiedToken)
	return t, ok
}
