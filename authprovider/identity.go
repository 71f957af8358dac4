package authprovider

import (
	"context"
	"net/http"
)

// EmailVerification says what the provider vouches for about an e-mail address.
type EmailVerification int

const (
	// EmailVerificationUnknown is the zero value: the provider says nothing about it.
	EmailVerificationUnknown EmailVerification = iota
	// EmailVerified means that the provider says that the person controls the address.
	EmailVerified
	// EmailUnverified means that the provider says that nobody checked the address.
	// Anybody could have typed it, so it must never become an identity.
	EmailUnverified
)

// Profile is what an app shows about the person who signed in. It is not an identity.
type Profile struct {
	Email       string `json:"email,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	// Picture is a URL, or a data URL.
	Picture string `json:"picture,omitempty"`

	// EmailVerification is read by sign-in resolvers and never sent to the app.
	EmailVerification EmailVerification `json:"-"`
}

// Identity is one of our users, as a sign-in resolver returns it.
type Identity struct {
	// UserRef is the entity reference of the user, such as "user:default/jane". It is of kind user unless a resolver means something
	// else: lookups find users only ([UserQuery.Kinds]), and what a resolver puts together itself is its own word.
	UserRef string
	// OwnershipRefs are the entity references through which the user owns things:
	// the user and, by default, its direct groups. If empty, it is UserRef alone.
	OwnershipRefs []string
	// Claims are added to the token. Reserved names are refused by the issuer.
	Claims map[string]any
}

// SignInInfo is what a sign-in resolver gets to know about a sign-in. R is the provider's result type.
type SignInInfo[R any] struct {
	// Profile is the result of the profile transform.
	Profile Profile
	// Result is what the provider vouches for.
	Result R
	// Header is a copy of the request's header without Cookie, Authorization and Proxy-Authorization.
	// Anybody can send a header: nothing in it is verified.
	Header http.Header
}

// SignInResolver maps what a provider vouches for to one of our users, or refuses.
//
// An error that wraps [ErrNoMatch] lets the next resolver try. Every other error ends the sign-in:
// one that wraps [ErrNotAllowed] or [ErrAuthentication] is a refusal, any other a failure of ours.
// It runs on every sign-in and on every refresh, and may be called concurrently.
type SignInResolver[R any] func(ctx context.Context, in SignInInfo[R], rc *ResolverContext) (*Identity, error)

// ProfileTransform turns a provider's result into the profile that the app shows. It may refuse the person
// with an error that wraps [ErrNotAllowed] or [ErrAuthentication]. It may be called concurrently.
type ProfileTransform[R any] func(ctx context.Context, result R, rc *ResolverContext) (Profile, error)
