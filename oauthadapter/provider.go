package oauthadapter

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/cookies"
)

// Provider turns OAuth handlers into the route handlers of a provider. The sign-in resolvers are tried in order; without one, the
// app gets the provider's tokens and a profile, but no identity.
func Provider[P any](h OAuthHandlers[P], o Options[P], signIn ...authprovider.SignInResolver[*Result[P]]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		return newAdapter(pc, h, o, signIn)
	}
}

// adapter serves the routes of one provider in one environment.
type adapter[P any] struct {
	pc *authprovider.ProviderContext

	handlers  OAuthHandlers[P]
	refresher Refresher[P]
	revoker   Revoker
	ender     SessionEnder
	implier   ScopeImplier
	formPost  bool

	transform      authprovider.ProfileTransform[*Result[P]]
	signIn         []authprovider.SignInResolver[*Result[P]]
	requiredScopes []string

	callbackURL  string
	callbackHost string
	secure       bool
	fixedSite    http.SameSite // zero for the rule
	appSite      http.SameSite // by the rule, for the app's own origin

	states   stateCodec
	used     usedStates
	browser  browserCookie
	attempts attemptCookies
	sessions sessionStore
	flights  refreshFlights[P]
}

var (
	_ authprovider.RouteHandlers    = (*adapter[any])(nil)
	_ authprovider.FormPostHandlers = (*adapter[any])(nil)
)

func newAdapter[P any](pc *authprovider.ProviderContext, h OAuthHandlers[P], o Options[P], signIn []authprovider.SignInResolver[*Result[P]]) (*adapter[P], error) {
	// A nil pointer is a constructor's result whose error nobody looked at.
	if v := reflect.ValueOf(h); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("oauthadapter: OAuthHandlers are required")
	}
	if slices.ContainsFunc(signIn, func(f authprovider.SignInResolver[*Result[P]]) bool { return f == nil }) {
		return nil, errors.New("oauthadapter: a sign-in resolver is nil")
	}
	if len(signIn) > 0 && pc.Issuer == nil {
		return nil, errors.New("oauthadapter: Config.Issuer is required for a provider with a sign-in resolver")
	}
	callback, err := parseCallbackURL(o.CallbackURL, pc)
	if err != nil {
		return nil, err
	}
	duration, idle, err := sessionTimes(o.SessionDuration, o.SessionIdleTimeout)
	if err != nil {
		return nil, err
	}

	a := &adapter[P]{
		pc:           pc,
		handlers:     h,
		transform:    o.ProfileTransform,
		signIn:       slices.Clone(signIn),
		callbackURL:  callback.String(),
		callbackHost: callback.Hostname(),
		secure:       callback.Scheme == "https",
		fixedSite:    o.CookieSameSite,
	}
	a.appSite = siteOf(pc.Origins.AppOrigin(), a.callbackHost, a.secure)
	switch {
	case a.fixedSite == http.SameSiteNoneMode && !a.secure:
		return nil, errors.New("oauthadapter: Options.CookieSameSite None needs an https base URL: browsers take it only with Secure")
	case a.fixedSite != 0 && a.fixedSite != http.SameSiteLaxMode && a.fixedSite != http.SameSiteNoneMode:
		return nil, errors.New("oauthadapter: Options.CookieSameSite must be Lax or None: no other cookie comes back from the provider")
	}
	a.refresher, _ = h.(Refresher[P])
	a.revoker, _ = h.(Revoker)
	a.ender, _ = h.(SessionEnder)
	a.implier, _ = h.(ScopeImplier)
	if f, ok := h.(FormPoster); ok {
		a.formPost = f.UsesFormPost()
	}
	var required []string
	if s, ok := h.(ScopeRequirer); ok {
		if required, err = parseScope(strings.Join(s.RequiredScopes(), " ")); err != nil {
			return nil, fmt.Errorf("oauthadapter: the scopes that the vendor requires: %w", err)
		}
	}
	additional, err := parseScope(strings.Join(o.AdditionalScopes, " "))
	if err != nil {
		return nil, fmt.Errorf("oauthadapter: Options.AdditionalScopes: %w", err)
	}
	a.requiredScopes = unique(required, additional)
	a.flights.now = pc.Now
	a.states = newStateCodec(pc.Keys("oauth state"), pc.ProviderID, pc.Environment)
	if err := a.initCookies(callback.Path, duration, idle); err != nil {
		return nil, err
	}
	return a, nil
}

// initCookies names the cookies after provider and environment. "~" occurs in neither.
func (a *adapter[P]) initCookies(callbackPath string, duration, idle time.Duration) error {
	attempts, err := cookies.NewSealer(a.pc.Keys("oauth attempt"))
	if err != nil {
		return err
	}
	sessions, err := cookies.NewSealer(a.pc.Keys("oauth session"))
	if err != nil {
		return err
	}
	scope := cookies.Scope{Path: a.cookiePath(callbackPath), Secure: a.secure}
	name := a.pc.ProviderID
	if a.pc.Environment != "" {
		name += "~" + a.pc.Environment
	}
	a.browser = newBrowserCookie(a.secure)
	a.attempts = attemptCookies{
		scope: scope, prefix: scope.Name(name + "~attempt~"), sealer: attempts,
		provider: a.pc.ProviderID, environment: a.pc.Environment,
	}
	a.sessions = &cookieSessions{
		cookie: cookies.Chunked{Scope: scope, Name: scope.Name(name + "~session")}, sealer: sessions, browser: a.browser,
		provider: a.pc.ProviderID, environment: a.pc.Environment, duration: duration, idle: idle, now: a.pc.Now,
	}
	return nil
}

// cookiePath is the provider's path, so that requests to the rest of the host stay small; a callback elsewhere needs the whole host.
func (a *adapter[P]) cookiePath(callbackPath string) string {
	if u, err := url.Parse(a.pc.URL); err == nil && strings.HasPrefix(callbackPath, u.Path+"/") {
		return u.Path
	}
	return "/"
}

// sameSite is Backstage's rule: cookies cross sites only if the app's host name differs from the callback's. origin must be an allowed one.
// Browsers take SameSite=None only with Secure.
func (a *adapter[P]) sameSite(origin string) http.SameSite {
	if a.fixedSite != 0 {
		return a.fixedSite
	}
	if origin == a.pc.Origins.AppOrigin() {
		return a.appSite
	}
	return siteOf(origin, a.callbackHost, a.secure)
}

func siteOf(origin, callbackHost string, secure bool) http.SameSite {
	if u, err := url.Parse(origin); secure && (err != nil || u.Hostname() != callbackHost) {
		return http.SameSiteNoneMode
	}
	return http.SameSiteLaxMode
}

// requestSameSite is the rule for requests that scripts make: by the Origin header only if it is an allowed one.
func (a *adapter[P]) requestSameSite(r *http.Request) http.SameSite {
	if origin := r.Header.Get("Origin"); a.pc.Origins.Allowed(origin) {
		return a.sameSite(origin)
	}
	return a.sameSite(a.pc.Origins.AppOrigin())
}

// implied returns what the granted scopes cover.
func (a *adapter[P]) implied(granted []string) []string {
	if a.implier == nil {
		return granted
	}
	return unique(granted, a.implier.ImpliedScopes(granted))
}

// parseCallbackURL: cookies belong to the base URL's origin, so a callback anywhere else could never read them.
func parseCallbackURL(raw string, pc *authprovider.ProviderContext) (*url.URL, error) {
	base, err := url.Parse(pc.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("oauthadapter: base URL: %w", err)
	}
	if raw == "" {
		raw = pc.URL + "/handler/frame"
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Path == "" {
		return nil, fmt.Errorf("oauthadapter: Options.CallbackURL %q must be an absolute URL without user, query and fragment", raw)
	}
	if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path {
		return nil, fmt.Errorf("oauthadapter: Options.CallbackURL %q must have a clean path: browsers resolve it before they choose cookies by it", raw)
	}
	if u.Scheme != base.Scheme || u.Host != base.Host {
		return nil, fmt.Errorf("oauthadapter: Options.CallbackURL %q must have the same origin as the base URL %q", raw, pc.BaseURL)
	}
	return u, nil
}

func sessionTimes(duration, idle time.Duration) (time.Duration, time.Duration, error) {
	if duration < 0 || idle < 0 {
		return 0, 0, errors.New("oauthadapter: Options.SessionDuration and Options.SessionIdleTimeout must not be negative")
	}
	if duration == 0 {
		duration = defaultSessionDuration
	}
	if idle == 0 {
		idle = defaultSessionIdleTimeout
	}
	return duration, min(idle, duration), nil
}
