package tokenissuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// The challenges of RFC 6750 section 3: at least one parameter, and no error code for a request that carried no token.
const (
	challengeMissing = `Bearer realm="` + audience + `"`
	challengeInvalid = `Bearer error="invalid_token"`
)

// Middleware lets only those requests through to next that carry a valid user token in the Authorization header, or a limited one in
// [VerifierConfig.LimitedCookie], and puts the token into their context; see [UserFromContext]. All others get 401 with WWW-Authenticate, or
// 503 if the keys cannot be read. Why a token was refused is logged at level Debug, and not told.
//
// An answer to a cookie is marked Cache-Control: private and Vary: Cookie before next runs, which may set them otherwise: no shared cache
// hands it on, as none does with answers to an Authorization header (RFC 9111 section 3.5).
//
// It says who the user is. What the user may do is for next to decide. A host whose app is at another origin puts its CORS handling in
// front: a preflight carries no token.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, cookie, ok := v.tokenOf(r)
		if !ok {
			refuse(w, challengeMissing)
			return
		}
		token, err := v.Verify(r.Context(), raw)
		if err == nil && cookie && !token.Limited {
			err = fmt.Errorf("%w: a user token in a cookie", ErrInvalidToken)
		}
		switch {
		case err == nil:
			if cookie {
				w.Header().Set("Cache-Control", "private")
				w.Header().Add("Vary", "Cookie")
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, token)))
		case errors.Is(err, ErrInvalidToken):
			v.logger.LogAttrs(r.Context(), slog.LevelDebug, "tokenissuer: request refused", slog.Any("error", err))
			refuse(w, challengeInvalid)
		default:
			level := slog.LevelError
			if r.Context().Err() != nil {
				level = slog.LevelDebug // whoever hangs up while keys are fetched is no failure of ours
			}
			v.logger.LogAttrs(r.Context(), level, "tokenissuer: token not verifiable", slog.Any("error", err))
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "10")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		}
	})
}

// Middleware is [Verifier.Middleware] for the tokens of this issuer, without limited ones.
func (i *Issuer) Middleware(next http.Handler) http.Handler { return i.verifier.Middleware(next) }

// tokenOf returns the request's token and whether it is from the cookie, which a header that is malformed does not make us fall back to.
func (v *Verifier) tokenOf(r *http.Request) (token string, cookie, ok bool) {
	authorization := r.Header["Authorization"]
	if len(authorization) > 0 || v.cookie == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		token, ok = bearerToken(authorization)
		return token, false, ok
	}
	found := r.CookiesNamed(v.cookie)
	if len(found) != 1 { // of several, one may have been tossed by a sibling domain
		return "", true, false
	}
	return found[0].Value, true, true
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("WWW-Authenticate", challenge)
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}

type userKey struct{}

// UserFromContext returns the token that [Verifier.Middleware] verified for the request of ctx, and whether there is one.
func UserFromContext(ctx context.Context) (*VerifiedToken, bool) {
	t, ok := ctx.Value(userKey{}).(*VerifiedToken)
	return t, ok
}
