package proxyauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"example.com/stagedoor/authprovider"
)

// Options are what a host may set for any proxy provider. The zero value is usable.
type Options[R any] struct {
	// ProfileTransform makes the profile that the app shows, and may refuse the person. If nil, it is the authenticator's own.
	ProfileTransform authprovider.ProfileTransform[R]
}

// Provider turns an authenticator into a provider. The app polls its refresh route; start and handler/frame answer 501, and logout tells
// the app the URL of the proxy's own sign-out, or answers 501 if there is none. At least one sign-in resolver is required, since a
// person whom the proxy let in is not yet one of our users. They are tried in order.
//
// Resolvers see the headers that the app sends along, in [authprovider.SignInInfo].Header, without the credentials in them. An app at
// another origin needs their names in [authprovider.Config].AllowedHeaders.
func Provider[R any](a Authenticator[R], o Options[R], signIn ...authprovider.SignInResolver[R]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		return newProvider(pc, a, o, signIn)
	}
}

// provider serves the routes of one proxy provider.
type provider[R any] struct {
	authprovider.Unsupported

	pc            *authprovider.ProviderContext
	authenticator Authenticator[R]
	describer     Describer[R]
	credentials   []string
	signOut       *signOut // nil if there is none
	transform     authprovider.ProfileTransform[R]
	signIn        []authprovider.SignInResolver[R]
}

var _ authprovider.RouteHandlers = (*provider[any])(nil)

func newProvider[R any](pc *authprovider.ProviderContext, a Authenticator[R], o Options[R], signIn []authprovider.SignInResolver[R]) (*provider[R], error) {
	switch {
	case isNil(a):
		return nil, errors.New("proxyauth: an Authenticator is required")
	case len(signIn) == 0:
		return nil, errors.New("proxyauth: a sign-in resolver is required: without one nobody is signed in")
	case slices.ContainsFunc(signIn, func(f authprovider.SignInResolver[R]) bool { return f == nil }):
		return nil, errors.New("proxyauth: a sign-in resolver is nil")
	case pc.Issuer == nil:
		return nil, errors.New("proxyauth: Config.Issuer is required for a provider with a sign-in resolver")
	}
	p := &provider[R]{pc: pc, authenticator: a, transform: o.ProfileTransform, signIn: slices.Clone(signIn)}
	p.describer, _ = a.(Describer[R])
	if c, ok := a.(CredentialHeaders); ok {
		for _, name := range c.CredentialHeaders() {
			p.credentials = append(p.credentials, http.CanonicalHeaderKey(name))
		}
	}
	var err error
	p.signOut, err = newSignOut(pc, a)
	return p, err
}

// Refresh signs in whom the proxy vouches for, each time anew: there is no session of ours, and nothing is set.
func (p *provider[R]) Refresh(w http.ResponseWriter, r *http.Request) error {
	// The browser sends the proxy's cookie with whatever a foreign page asks for.
	if err := p.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	resp, err := p.respond(r)
	if err != nil {
		return err
	}
	p.pc.Audit(r.Context(), authprovider.AuditSucceeded, slog.String("user", resp.BackstageIdentity.Identity.UserEntityRef))
	w.Header().Set("Content-Type", "application/json") // the edge has said no-store
	_ = resp.WriteJSON(w)                              // the app may be gone; nobody is left to tell
	return nil
}

// providerInfo is the proxy's part of the answer. The credential is not in it: the app has no use for it, and a script that runs
// there would.
type providerInfo struct {
	ExpiresInSeconds int64 `json:"expiresInSeconds"`
}

// maxExpiresIn bounds what a proxy says: apps reckon with it.
const maxExpiresIn = 365 * 24 * time.Hour

func (p *provider[R]) respond(r *http.Request) (*authprovider.ClientAuthResponse, error) {
	ctx := r.Context()
	result, err := authenticate(ctx, p.authenticator, r)
	if err != nil {
		return nil, err
	}
	resp := &authprovider.ClientAuthResponse{}
	if p.describer != nil {
		d := p.describer.Describe(result)
		resp.Profile = d.Profile
		if !d.ExpiresAt.IsZero() {
			left := min(max(0, d.ExpiresAt.Sub(p.pc.Now())), maxExpiresIn)
			resp.ProviderInfo = providerInfo{int64(left / time.Second)}
		}
	}
	if p.transform != nil {
		if resp.Profile, err = p.transform(ctx, result, p.pc.ResolverContext); err != nil {
			return nil, fmt.Errorf("proxyauth: profile transform: %w", err)
		}
	}
	header := authprovider.SignInHeader(r, p.credentials...)
	id, err := authprovider.ResolveSignIn(ctx, authprovider.SignInInfo[R]{Profile: resp.Profile, Result: result, Header: header}, p.pc.ResolverContext, p.signIn...)
	if err != nil {
		return nil, err
	}
	resp.BackstageIdentity, err = p.pc.IssueIdentity(ctx, id)
	return resp, err
}
