package oauthadapter

import (
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
)

// Options are what a host may set for any OAuth provider. The zero value is usable.
type Options[P any] struct {
	// ProfileTransform makes the profile that the app shows. If nil, it is the vendor's default profile.
	ProfileTransform authprovider.ProfileTransform[*Result[P]]
	// AdditionalScopes are asked for with every sign-in.
	AdditionalScopes []string
	// CallbackURL is the redirect URI, as registered with the vendor. It must have the base URL's origin, and requests to it
	// must reach the provider's handler/frame route. If empty, it is {BaseURL}/{provider}/handler/frame.
	CallbackURL string
	// SessionDuration is how long a session may live, however often it is refreshed. If zero, it is 30 days.
	SessionDuration time.Duration
	// SessionIdleTimeout is how long a session lives without a refresh. If zero, it is 7 days, or SessionDuration if that is less.
	SessionIdleTimeout time.Duration
	// CookieSameSite is the SameSite attribute of every cookie. If zero, it is Lax where the host names of app and callback are equal, and
	// None otherwise. It must be Lax, or None with an https base URL: a Strict cookie would not come back with the callback.
	CookieSameSite http.SameSite
}
