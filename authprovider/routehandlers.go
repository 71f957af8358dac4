package authprovider

import (
	"context"
	"net/http"
)

// RouteHandlers serves the routes of one provider. A non-nil error means that neither status nor body was written to w;
// headers already set (Set-Cookie, Retry-After) are kept by the edge, which classifies, logs and renders the error.
// The methods are called concurrently.
type RouteHandlers interface {
	// Start begins a sign-in: GET {provider}/start.
	Start(w http.ResponseWriter, r *http.Request) error
	// FrameHandler ends it: GET {provider}/handler/frame, and POST with [FormPostHandlers].
	FrameHandler(w http.ResponseWriter, r *http.Request) error
	// Refresh answers with a [ClientAuthResponse] as JSON: GET and POST {provider}/refresh.
	Refresh(w http.ResponseWriter, r *http.Request) error
	// Logout ends the session: POST {provider}/logout.
	Logout(w http.ResponseWriter, r *http.Request) error
}

// Unsupported answers each route with [ErrNotSupported] (501). Embed it in RouteHandlers that serve only some.
type Unsupported struct{}

var _ RouteHandlers = Unsupported{}

// Start returns [ErrNotSupported].
func (Unsupported) Start(http.ResponseWriter, *http.Request) error { return ErrNotSupported }

// FrameHandler returns [ErrNotSupported].
func (Unsupported) FrameHandler(http.ResponseWriter, *http.Request) error { return ErrNotSupported }

// Refresh returns [ErrNotSupported].
func (Unsupported) Refresh(http.ResponseWriter, *http.Request) error { return ErrNotSupported }

// Logout returns [ErrNotSupported].
func (Unsupported) Logout(http.ResponseWriter, *http.Request) error { return ErrNotSupported }

// ProviderFactory builds the route handlers of one provider. It is called once, by [New]; its error fails the
// construction with the provider's ID in front. It must not need the network.
type ProviderFactory func(*ProviderContext) (RouteHandlers, error)

// Responder may be implemented by errors that know how they are shown: the adapter alone knows a flow's verified
// origin and redirect. Respond writes status and body. Every other error is written as JSON.
type Responder interface {
	Respond(w http.ResponseWriter, r *http.Request, e PublicError)
}

// FormPostHandlers may be implemented by [RouteHandlers] whose frame handler takes a POST too (OAuth 2.0 Form Post
// Response Mode). Without it, or if AcceptsFormPost reports false, a POST on the frame route is 405.
type FormPostHandlers interface {
	AcceptsFormPost() bool
}

// Route is one more route of a provider.
type Route struct {
	// Path is below the provider's, such as "/metadata".
	Path string
	// Methods are those that the route takes, in upper case.
	Methods []string
	// Serve answers under the contract of [RouteHandlers].
	Serve func(w http.ResponseWriter, r *http.Request) error
}

// RouteLister may be implemented by [RouteHandlers] that have further routes: a document about the provider, or an endpoint that its
// protocol demands. Routes is called once. A path that is malformed, or one of the four, fails the construction.
type RouteLister interface {
	Routes() []Route
}

// TokenClaims is what a user token says.
type TokenClaims struct {
	// Subject is the user's entity reference.
	Subject string
	// Ownership are the entity references through which the user owns things.
	Ownership []string
	// Claims are further claims.
	Claims map[string]any
}

// TokenIssuer makes user tokens: signed JWTs in compact form. It may be called concurrently.
//
// An issuer may further implement [JWKSServer], [DiscoveryServer] and [UserInfoServer], which [Handler] then mounts, and
// IssuerURL() string, which must then equal [Config.BaseURL].
type TokenIssuer interface {
	IssueToken(ctx context.Context, c TokenClaims) (string, error)
}

// JWKSServer serves the issuer's public keys at {base}/.well-known/jwks.json.
type JWKSServer interface {
	ServeJWKS(w http.ResponseWriter, r *http.Request) error
}

// DiscoveryServer serves the OpenID Provider metadata at {base}/.well-known/openid-configuration.
type DiscoveryServer interface {
	ServeDiscovery(w http.ResponseWriter, r *http.Request) error
}

// UserInfoServer serves the claims of the presented token's user at {base}/v1/userinfo.
type UserInfoServer interface {
	ServeUserInfo(w http.ResponseWriter, r *http.Request) error
}
