package proxyauth

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"example.com/stagedoor/authprovider"
)

// Authenticator says who sent a request, by what the proxy in front put into it. R is what it vouches for.
//
// A request that does not carry the proxy's word, or carries it in doubt, is an error that wraps [authprovider.ErrAuthentication] (see
// [Refuse]); keys or endpoints that cannot be reached, one that wraps [authprovider.ErrUnavailable]. Any other error is a failure of
// ours, and so is a nil pointer or interface without an error. No error may hold the credential. It must believe only what the proxy alone can have written: a signature, or a
// request that passes a [TrustAnchor]. It is called concurrently. Construction must not need the network.
//
// Abilities that not every proxy has are the optional interfaces [Describer], [SignOuter] and [CredentialHeaders], looked for once.
type Authenticator[R any] interface {
	Authenticate(ctx context.Context, r *http.Request) (R, error)
}

// AuthenticatorFunc is a function as an [Authenticator].
type AuthenticatorFunc[R any] func(ctx context.Context, r *http.Request) (R, error)

// Authenticate calls f.
func (f AuthenticatorFunc[R]) Authenticate(ctx context.Context, r *http.Request) (R, error) {
	return f(ctx, r)
}

// authenticate calls a. A result that is nil is nobody: an authenticator that forgets its error for "not signed in" must let nobody in.
func authenticate[R any](ctx context.Context, a Authenticator[R], r *http.Request) (R, error) {
	result, err := a.Authenticate(ctx, r)
	if err == nil && isNil(result) {
		err = errors.New("proxyauth: the Authenticator returned neither a result nor an error")
	}
	return result, err
}

// isNil finds the nil pointer that is not a nil interface too: a constructor's result whose error nobody looked at.
func isNil(a any) bool {
	v := reflect.ValueOf(a)
	return !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// Description is what a result says for the app.
type Description struct {
	// Profile is the default profile.
	Profile authprovider.Profile
	// ExpiresAt is when the proxy's word ends; zero if it does not say.
	ExpiresAt time.Time
}

// Describer is implemented by authenticators that know a person's profile. Without it the profile is empty unless
// [Options].ProfileTransform makes one. An e-mail address that the proxy's identity provider calls unverified belongs in no profile.
type Describer[R any] interface {
	Describe(result R) Description
}

// SignOuter is implemented by authenticators that know how the proxy's own session is ended. origin is that of the base URL,
// such as "https://portal.example.com", which the proxy stands in front of. It is asked once, at construction; the zero SignOut
// says that there is no way.
type SignOuter interface {
	SignOut(origin string) SignOut
}

// SignOut is how a proxy's session is ended.
type SignOut struct {
	// URL is the absolute URL to which the app sends the person; apps follow https, and http on localhost.
	URL string
	// Cookies are set with the answer: for proxies whose session cookies the application has to expire.
	Cookies []*http.Cookie
}

// CredentialHeaders is implemented by authenticators that know which headers hold a credential, or what the proxy says of a person without a
// signature. Sign-in resolvers get a copy of the request's header without them: one that logs its input would leak the former, and one that
// reads the latter would believe whoever reaches the application around the proxy.
type CredentialHeaders interface {
	CredentialHeaders() []string
}
