package oauthadapter

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"example.com/stagedoor/authprovider"
)

// OAuthHandlers is what a vendor implements. P is the vendor's own profile type.
//
// The adapter makes state, nonce, PKCE and scopes, keeps them in the browser's cookie, and hands them back; an
// implementation builds URLs, exchanges and verifies. The methods are called concurrently. Construction must not need the
// network. Abilities that not every vendor has are the optional interfaces [ScopeRequirer], [ScopeImplier],
// [Refresher], [Revoker], [SessionEnder] and [FormPoster], looked for once, at construction.
//
// An error from the vendor's OAuth endpoints is returned as a *[ProviderError], so that the adapter can tell a refusal
// from an outage; a person who is turned down, as an error that wraps [authprovider.ErrNotAllowed] or
// [authprovider.ErrAuthentication]; a vendor that cannot be reached, as one that wraps [authprovider.ErrUnavailable]. Any other error is a
// failure of ours, and all of its text is logged. The Example of [Provider] is a whole vendor on golang.org/x/oauth2.
type OAuthHandlers[P any] interface {
	// Start returns where to send the browser. It must pass on State, Nonce (OpenID Connect), CodeChallenge (method S256), Scopes
	// and CallbackURL as they are.
	Start(ctx context.Context, req StartRequest) (StartResponse, error)
	// Authenticate exchanges the code, verifies what comes back and reads the profile.
	Authenticate(ctx context.Context, req CallbackRequest) (*Result[P], error)
}

// StartRequest is one authorization request to be built.
type StartRequest struct {
	// State is the state parameter: opaque, URL-safe.
	State string
	// Nonce goes into the authorization request, and must come back in the ID token.
	Nonce string
	// CodeChallenge is the PKCE challenge, method S256.
	CodeChallenge string
	// CallbackURL is the redirect_uri.
	CallbackURL string
	// Scopes are all scopes to ask for.
	Scopes []string
	// Query are the caller's query parameters without those of the adapter and of the OAuth protocol: a vendor may pick one
	// that it knows by name, such as an organization. They come from anybody.
	Query url.Values
}

// StartResponse is where the browser goes.
type StartResponse struct {
	// URL is the complete authorization request.
	URL string
	// Issuer is the authorization server's issuer identifier, if known. An iss parameter on the callback must then be
	// equal to it (RFC 9207).
	Issuer string
	// IssuerRequired says that the server announces the iss parameter, so that an answer without it is somebody else's.
	IssuerRequired bool
}

// CallbackRequest is a verified callback: state, attempt cookie and issuer have been checked, and there is a code.
type CallbackRequest struct {
	// Code is the authorization code.
	Code string
	// CodeVerifier is the PKCE verifier, which goes to the token endpoint.
	CodeVerifier string
	// Nonce is what the ID token's nonce claim must be equal to.
	Nonce string
	// CallbackURL is the redirect_uri of the authorization request, which the token endpoint wants to see again.
	CallbackURL string
	// Scopes are those that the attempt asked for.
	Scopes []string
	// Params are the callback's parameters, for vendors that send more than a code.
	Params url.Values
}

// RefreshRequest asks for new tokens, or, for a session without refresh token, for the profile again.
type RefreshRequest struct {
	// Session is the stored session: at least its RefreshToken, or its AccessToken if the vendor gave no refresh token. Its Scope is all
	// that was granted.
	Session Session
	// Scopes is empty to refresh what was granted, and the whole wanted set if the request asks for more than that.
	Scopes []string
}

// LogoutRequest describes a session that has just been ended here.
type LogoutRequest struct {
	Session Session
	// ReturnURL is the app's URL, for vendors that send the browser back.
	ReturnURL string
}

// Result is what a vendor vouches for after a sign-in or a refresh.
type Result[P any] struct {
	// Profile is the default profile.
	Profile authprovider.Profile
	// FullProfile is the vendor's own.
	FullProfile P
	// Session holds the tokens; they are there for resolvers that call the vendor.
	Session Session
}

// Claims decodes what the vendor says about the person into v, by exact name, as its profile's own Claims does. It is an error if that
// has none.
func (r *Result[P]) Claims(v any) error {
	c, ok := any(r.FullProfile).(interface{ Claims(v any) error })
	if !ok {
		return fmt.Errorf("oauthadapter: a profile of type %T has no claims", r.FullProfile)
	}
	return c.Claims(v)
}

// Session is what the vendor granted.
type Session struct {
	AccessToken authprovider.Secret
	// TokenType is "Bearer" if empty.
	TokenType    string
	IDToken      authprovider.Secret
	RefreshToken authprovider.Secret
	// Scope is the scope of the vendor's answer, separated by spaces; empty if the answer named none.
	Scope string
	// ExpiresAt is when the access token ends; zero if the vendor does not say.
	ExpiresAt time.Time
	// Subject is the person's stable ID at the vendor. Required. A refresh whose result has another one ends the session.
	Subject string
}

// ScopeRequirer is implemented by vendors that need scopes with every request.
type ScopeRequirer interface{ RequiredScopes() []string }

// ScopeImplier is implemented by vendors that grant scopes under other names than they were asked for, or that have scopes
// that contain others. ImpliedScopes returns what granted covers, granted itself included.
type ScopeImplier interface {
	ImpliedScopes(granted []string) []string
}

// Refresher is implemented by vendors whose sessions can be refreshed. Without it there is no session: refresh answers 501
// and the redirect flow is refused, since the app could not get its result.
//
// If the answer has no refresh token, the stored one stays. An ended session is a *[ProviderError] with code invalid_grant, or
// an error that wraps [ErrSessionEnded]. If something fails after the provider has given a new refresh token, such as reading the
// profile, the result is returned beside the error: the adapter keeps its session, since the old token is spent.
type Refresher[P any] interface {
	Refresh(ctx context.Context, req RefreshRequest) (*Result[P], error)
}

// Revoker is implemented by vendors that can revoke tokens at sign-out (RFC 7009).
type Revoker interface {
	Revoke(ctx context.Context, s Session) error
}

// SessionEnder is implemented by vendors that have a page which ends their own session. The URL must be https, or http on loopback; ""
// means that there is none.
type SessionEnder interface {
	EndSessionURL(ctx context.Context, req LogoutRequest) (string, error)
}

// FormPoster is implemented by vendors that answer with a POST (OAuth 2.0 Form Post Response Mode).
type FormPoster interface{ UsesFormPost() bool }
