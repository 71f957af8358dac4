package proxyauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
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
	signOuter     SignOuter
	credentials   []string
	origin        string
	transform     authprovider.ProfileTransform[R]
	signIn        []authprovider.SignInResolver[R]
}

var _ authprovider.RouteHandlers = (*provider[any])(nil)

func newProvider[R any](pc *authprovider.ProviderContext, a Authenticator[R], o Options[R], signIn []authprovider.SignInResolver[R]) (*provider[R], error) {
	// A nil pointer is a constructor's result whose error nobody looked at.
	if v := reflect.ValueOf(a); !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil() {
		return nil, errors.New("proxyauth: an Authenticator is required")
	}
	switch {
	case len(signIn) == 0:
		return nil, errors.New("proxyauth: a sign-in resolver is required: without one nobody is signed in")
	case slices.ContainsFunc(signIn, func(f authprovider.SignInResolver[R]) bool { return f == nil }):
		return nil, errors.New("proxyauth: a sign-in resolver is nil")
	case pc.Issuer == nil:
		return nil, errors.New("proxyauth: Config.Issuer is required for a provider with a sign-in resolver")
	}
	base, err := url.Parse(pc.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("proxyauth: base URL: %w", err)
	}
	p := &provider[R]{pc: pc, authenticator: a, origin: base.Scheme + "://" + base.Host, transform: o.ProfileTransform, signIn: slices.Clone(signIn)}
	p.describer, _ = a.(Describer[R])
	p.signOuter, _ = a.(SignOuter)
	if c, ok := a.(CredentialHeaders); ok {
		p.credentials = c.CredentialHeaders()
	}
	return p, nil
}

// Refresh signs in whom the proxy vouches for, each time anew: there is no session of ours, and nothing is set.
func (p *provider[R]) Refresh(w http.ResponseWriter, r *http.Request) error {
	// The browser sends the proxy's cookie with whatever a foreign page asks for.
	if err := p.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	resp, userRef, err := p.respond(r.Context(), r)
	if err != nil {
		return err
	}
	body, err := json.Marshal(resp)
	if err != nil {
		return fmt.Errorf("proxyauth: encode the answer: %w", err)
	}
	p.pc.Audit(r.Context(), authprovider.AuditSucceeded, slog.String("user", userRef))
	writeJSON(w, body)
	return nil
}

// providerInfo is the proxy's part of the answer. The credential is not in it: the app has no use for it, and a script that runs
// there would.
type providerInfo struct {
	ExpiresInSeconds int64 `json:"expiresInSeconds"`
}

// maxExpiresIn bounds what a proxy says: apps reckon with it.
const maxExpiresIn = 365 * 24 * time.Hour

func (p *provider[R]) respond(ctx context.Context, r *http.Request) (*authprovider.ClientAuthResponse, string, error) {
	var result R
	err := authprovider.Contain(func() (err error) {
		result, err = p.authenticator.Authenticate(ctx, r)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	var d Description
	if p.describer != nil {
		d = p.describer.Describe(result)
	}
	resp := &authprovider.ClientAuthResponse{Profile: d.Profile}
	if !d.ExpiresAt.IsZero() {
		resp.ProviderInfo = providerInfo{int64(min(max(0, d.ExpiresAt.Sub(p.pc.Now())), maxExpiresIn) / time.Second)}
	}
	if p.transform != nil {
		if resp.Profile, err = p.transform(ctx, result, p.pc.ResolverContext); err != nil {
			return nil, "", fmt.Errorf("proxyauth: profile transform: %w", err)
		}
	}
	header := authprovider.SignInHeader(r)
	for _, name := range p.credentials {
		header.Del(name)
	}
	id, err := authprovider.ResolveSignIn(ctx, authprovider.SignInInfo[R]{Profile: resp.Profile, Result: result, Header: header}, p.pc.ResolverContext, p.signIn...)
	if err != nil {
		return nil, "", err
	}
	if resp.BackstageIdentity, err = p.pc.IssueIdentity(ctx, id); err != nil {
		return nil, "", err
	}
	return resp, id.UserRef, nil
}

// Logout tells the app where the proxy's own session ends. We hold no session to end.
func (p *provider[R]) Logout(w http.ResponseWriter, r *http.Request) error {
	if p.signOuter == nil {
		return authprovider.ErrNotSupported
	}
	if err := p.pc.Origins.CheckRequest(r); err != nil {
		return err
	}
	out := p.signOuter.SignOut(p.origin)
	for _, c := range out.Cookies {
		http.SetCookie(w, c)
	}
	p.pc.Audit(r.Context(), authprovider.AuditLoggedOut)
	if out.URL == "" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	body, err := json.Marshal(struct {
		LogoutURL string `json:"logoutUrl"`
	}{out.URL})
	if err != nil {
		return fmt.Errorf("proxyauth: encode the answer: %w", err)
	}
	writeJSON(w, body)
	return nil
}

func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the app may be gone; nobody is left to tell
}
