// Package password signs people in with a user name and a password of the host's own, in a form that this package shows. It is neither OAuth
// nor a proxy, so it implements the routes itself. It is an example to copy: of what whoever serves a form has to think of, at every line.
//
//	GET  {provider}/start      shows the form, in the popup that the app opened
//	POST {provider}/sign-in    checks it, and posts the result to the app
//
// There is no session of ours: refresh and logout answer 501, and the person signs in again when the user token ends.
//
// It is left to the host to limit requests by client address, which only its own edge knows; to lock or watch an account that is being guessed at
// (here it rests for a while, and its owner with it); second factors; lost passwords; and what a good password is.
package password

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"example.com/stagedoor/authprovider"
)

// ErrNoAccount means that there is no account of that name.
var ErrNoAccount = errors.New("password: no such account")

// Account is somebody who can sign in. It holds no hash: transforms and resolvers have no use for it.
type Account struct {
	// ID is the account's for good.
	ID string
	// Name is what the person types.
	Name        string
	DisplayName string
	Email       string
	// Expired says that the password has to be changed first.
	Expired bool
}

// Accounts is where the accounts are. It may be called concurrently.
type Accounts interface {
	// FindAccount returns the account of that very name and the hash of its password, or [ErrNoAccount]. Every other error is an outage.
	FindAccount(ctx context.Context, name string) (Account, Hash, error)
}

// SignInInfo is the argument of sign-in resolvers.
type SignInInfo = authprovider.SignInInfo[Account]

// Config configures the provider.
type Config struct {
	// Accounts is required.
	Accounts Accounts
	// ProfileTransform makes the profile that the app shows, and may refuse the person. If nil, it is the account's name and address.
	ProfileTransform authprovider.ProfileTransform[Account]
}

// Provider is what goes into authprovider.Config. At least one sign-in resolver is required.
func Provider(c Config, signIn ...authprovider.SignInResolver[Account]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		switch {
		case c.Accounts == nil:
			return nil, errors.New("password: Config.Accounts is required")
		case len(signIn) == 0 || slices.ContainsFunc(signIn, func(f authprovider.SignInResolver[Account]) bool { return f == nil }):
			return nil, errors.New("password: a sign-in resolver is required")
		case pc.Issuer == nil:
			return nil, errors.New("password: authprovider.Config.Issuer is required")
		}
		base, err := url.Parse(pc.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("password: base URL: %w", err)
		}
		p := &provider{
			pc: pc, config: c, signIn: slices.Clone(signIn),
			form: newForm(pc, base.Scheme == "https"), checker: newChecker(), guesses: newGuesses(pc.Now),
		}
		// Behind an ingress the Host header may be another than the one in the address bar.
		if err := p.sameOrigin.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
			return nil, fmt.Errorf("password: base URL: %w", err)
		}
		return p, nil
	}
}

type provider struct {
	authprovider.Unsupported // handler/frame, refresh and logout

	pc         *authprovider.ProviderContext
	config     Config
	signIn     []authprovider.SignInResolver[Account]
	form       *form
	sameOrigin http.CrossOriginProtection
	checker    *checker
	guesses    *guesses
}

var (
	_ authprovider.RouteHandlers = (*provider)(nil)
	_ authprovider.RouteLister   = (*provider)(nil)
)

// Routes implements [authprovider.RouteLister].
func (p *provider) Routes() []authprovider.Route {
	return []authprovider.Route{{Path: "/sign-in", Methods: []string{http.MethodPost}, Serve: p.signInRoute}}
}

// Start shows the form.
func (p *provider) Start(w http.ResponseWriter, r *http.Request) error {
	q, err := parse(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if flow := q.Get("flow"); flow != "" && flow != "popup" {
		return input("flow_unsupported", errors.New("password: only the popup flow is supported: there is no session for an app to refresh"))
	}
	// The result goes to this origin, so it is checked here, where a wrong one is still a mistake of the app's, and again below.
	origin := p.pc.Origins.AppOrigin()
	if asked := q.Get("origin"); asked != "" {
		if origin, err = p.pc.Origins.Parse(asked); err != nil {
			return err
		}
	}
	// A form in a frame could be laid under another page's buttons. The policy on the page says so too, to browsers without Fetch Metadata.
	if mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest"); mode != "" && mode != "navigate" || dest != "" && dest != "document" {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "navigation_required", Message: "A sign-in must be opened in a window."}
	}
	p.pc.Audit(r.Context(), authprovider.AuditStarted, slog.String("origin", origin))
	return p.form.show(w, r, http.StatusOK, formView{Origin: origin})
}

const (
	maxForm = 8 << 10 // bytes, far above what the form sends
	maxName = 128
)

// signInRoute takes the form. Nothing in it is believed before it is known that our own page sent it.
func (p *provider) signInRoute(w http.ResponseWriter, r *http.Request) error {
	// Another site's page must not sign its visitor in as somebody of its own choice (login CSRF). The token below says the same to browsers
	// that send neither Sec-Fetch-Site nor Origin.
	if err := p.sameOrigin.Check(r); err != nil {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "cross_site_refused", Message: "This request is not allowed.", Err: err}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return input("form_unreadable", err)
	}
	f, err := parse(string(body)) // not r.FormValue, which looks into the query too: passwords in URLs end up in logs
	if err != nil {
		return err
	}
	origin, err := p.pc.Origins.Parse(f.Get("origin"))
	if err != nil {
		return err
	}
	again := func(err error) error { return &formError{err, p.form, formView{Origin: origin, Name: f.Get("name")}} }
	if err := p.form.check(r, f.Get("token"), origin); err != nil {
		return again(err)
	}
	account, err := p.authenticate(w, r, f.Get("name"), f.Get("password"))
	if err != nil {
		return again(err)
	}
	resp, err := p.respond(r, account)
	if err != nil {
		return &popupError{err, origin}
	}
	if err := authprovider.WriteWebMessage(w, origin, authprovider.WebMessage{Response: resp}); err != nil {
		return err
	}
	p.pc.Audit(r.Context(), authprovider.AuditSucceeded, slog.String("user", resp.BackstageIdentity.Identity.UserEntityRef))
	return nil
}

// authenticate finds out whose name and password these are. A name that nobody has costs as much time as one that somebody has, and gets the
// same answer, so that the form does not tell who has an account.
func (p *provider) authenticate(w http.ResponseWriter, r *http.Request, name, password string) (Account, error) {
	wrong := &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: "credentials_wrong", Message: "User name or password is wrong."}
	if name == "" || len(name) > maxName {
		return Account{}, wrong // nobody has such a name
	}
	giveBack, wait := p.guesses.take(name)
	if wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		return Account{}, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "too_many_attempts",
			Message: "Too many attempts. Please try again in a quarter of an hour."}
	}
	account, hash, err := p.config.Accounts.FindAccount(r.Context(), name)
	if err != nil && !errors.Is(err, ErrNoAccount) {
		giveBack() // nothing was learnt
		return Account{}, &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "accounts_unavailable", Err: err}
	}
	known := err == nil && account.Name == name // a store that folds case would give as many guesses as there are spellings
	if !known {
		hash = p.checker.nobody
	}
	matches, err := p.checker.check(r.Context(), hash, password)
	if err != nil {
		giveBack()
		return Account{}, err
	}
	if !known || !matches {
		return Account{}, wrong // which names nobody: people type their password into the wrong field, and errors are logged
	}
	giveBack()
	return account, nil
}

// respond is what every provider does with a person whom it is sure of: profile, resolver, token. In this order, so that nothing is issued to
// somebody who is refused.
func (p *provider) respond(r *http.Request, account Account) (*authprovider.ClientAuthResponse, error) {
	ctx, rc := r.Context(), p.pc.ResolverContext
	resp := &authprovider.ClientAuthResponse{Profile: authprovider.Profile{DisplayName: account.DisplayName, Email: account.Email}}
	if p.config.ProfileTransform != nil {
		var err error
		if resp.Profile, err = p.config.ProfileTransform(ctx, account, rc); err != nil {
			return nil, err
		}
	}
	in := SignInInfo{Profile: resp.Profile, Result: account, Header: authprovider.SignInHeader(r)}
	identity, err := authprovider.ResolveSignIn(ctx, in, rc, p.signIn...)
	if err != nil {
		return nil, err
	}
	resp.BackstageIdentity, err = p.pc.IssueIdentity(ctx, identity)
	return resp, err
}

// popupError is shown in the flow: posted to the app, whose origin has been checked, in our words.
type popupError struct {
	error
	origin string
}

var _ authprovider.Responder = (*popupError)(nil)

func (e *popupError) Unwrap() error { return e.error }

// Respond implements [authprovider.Responder].
func (e *popupError) Respond(w http.ResponseWriter, _ *http.Request, p authprovider.PublicError) {
	_ = authprovider.WriteWebMessage(w, e.origin, authprovider.WebMessage{
		Error: &authprovider.WebMessageError{Name: p.Name, Message: p.Message, Code: p.Code},
	})
}

// parse reads a query or a form strictly. What stands in it twice is refused: whatever stands in front may have looked at the other one.
func parse(text string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, input("request_malformed", errors.New("password: malformed query or form")) // the error would quote it
	}
	for _, v := range values {
		if len(v) > 1 {
			return nil, input("parameter_repeated", errors.New("password: repeated parameter"))
		}
	}
	return values, nil
}

func input(code string, cause error) error {
	return &authprovider.Error{Kind: authprovider.ErrInput, Code: code, Err: cause}
}

// RefuseExpired is a profile transform that turns away whoever has to change the password first.
func RefuseExpired(_ context.Context, a Account, _ *authprovider.ResolverContext) (authprovider.Profile, error) {
	if a.Expired {
		return authprovider.Profile{}, &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "password_expired",
			Message: "Your password has expired. Please ask the service desk."}
	}
	return authprovider.Profile{DisplayName: a.DisplayName, Email: a.Email}, nil
}

// AccountIDMatchingAnnotation is a sign-in resolver: the user whose annotation example.com/account-id is the account's ID.
func AccountIDMatchingAnnotation(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Annotations: map[string]string{"example.com/account-id": in.Result.ID}})
}
