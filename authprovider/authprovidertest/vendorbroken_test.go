package authprovidertest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/oauthadapter/gitlab"
)

// brokenGitHub makes one mistake.
type brokenGitHub struct {
	*github.Authenticator // a sound one
	gitHubMistake

	withdraw func(subject string, scopes ...string)
	mu       sync.Mutex
	last     github.Result // guarded by mu
	spent    int           // guarded by mu
}

// gitHubMistake is one way to be wrong. One of the functions is set.
type gitHubMistake struct {
	// result changes what a sign-in and a refresh return, and failure why there is nothing to return.
	result  func(r github.Result)
	failure func(err error) error
	// refresh and revoke replace the whole.
	refresh func(b *brokenGitHub, r github.Result, err error) (github.Result, error)
	revoke  func(b *brokenGitHub, ctx context.Context, s oauthadapter.Session) error
	implied func(granted []string) []string
	// transport changes the answers of the vendor.
	transport func(next http.RoundTripper, r *http.Request) (*http.Response, error)
	// config is printed.
	config func(c github.Config) any
	// routes changes the provider.
	routes func(authprovider.ProviderFactory) authprovider.ProviderFactory
}

func (b *brokenGitHub) answer(r github.Result, err error) (github.Result, error) {
	if err != nil && b.failure != nil {
		err = b.failure(err)
	}
	if err == nil && b.result != nil {
		b.result(r)
	}
	return r, err
}

func (b *brokenGitHub) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (github.Result, error) {
	r, err := b.answer(b.Authenticator.Authenticate(ctx, req))
	if err == nil {
		b.mu.Lock()
		b.last = r
		b.mu.Unlock()
	}
	return r, err
}

func (b *brokenGitHub) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (github.Result, error) {
	r, err := b.answer(b.Authenticator.Refresh(ctx, req))
	if b.refresh != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.refresh(b, r, err)
	}
	return r, err
}

func (b *brokenGitHub) Revoke(ctx context.Context, s oauthadapter.Session) error {
	if b.revoke != nil {
		return b.revoke(b, ctx, s)
	}
	return b.Authenticator.Revoke(ctx, s)
}

func (b *brokenGitHub) ImpliedScopes(granted []string) []string {
	if b.implied != nil {
		return b.implied(granted)
	}
	return b.Authenticator.ImpliedScopes(granted)
}

type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// lastInstead is for refreshes that look at nothing.
func lastInstead(when error) func(*brokenGitHub, github.Result, error) (github.Result, error) {
	return func(b *brokenGitHub, r github.Result, err error) (github.Result, error) {
		if errors.Is(err, when) {
			return b.last, nil
		}
		return r, err
	}
}

// reclassified turns errors of one class into another.
func reclassified(from, to error) func(error) error {
	return func(err error) error {
		if errors.Is(err, from) {
			return fmt.Errorf("%w: no more is known", to)
		}
		return err
	}
}

// brokenFrame answers callbacks of people who said no.
type brokenFrame struct{ authprovider.RouteHandlers }

func (b brokenFrame) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	if q := r.URL.Query(); q.Has("error") {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: q.Get("error"), Message: q.Get("error_description")}
	}
	return b.RouteHandlers.FrameHandler(w, r)
}

func TestBrokenVendorsFail(t *testing.T) {
	gone := errors.New("gone")
	tests := []struct {
		name    string
		mistake gitHubMistake
		want    string // the rule, or a part of it
	}{
		{"known by the login", gitHubMistake{result: func(r github.Result) { r.Session.Subject = r.FullProfile.Username }}, "is the vendor's stable ID"},
		{"nobody's name", gitHubMistake{result: func(r github.Result) { r.Profile.DisplayName = "somebody" }}, "shows the person's name"},
		{"any address", gitHubMistake{result: func(r github.Result) { r.Profile.Email = r.FullProfile.Email }}, "no address is more verified"},
		{"verified by wishing", gitHubMistake{result: func(r github.Result) {
			r.Profile.Email, r.Profile.EmailVerification = r.FullProfile.Email, authprovider.EmailVerified
		}}, "no address is more verified"},
		{"a printed secret", gitHubMistake{config: func(c github.Config) any { return struct{ Secret string }{c.ClientSecret} }}, "however they are printed"},
		{"codes of the vendor's own", gitHubMistake{failure: func(err error) error {
			var p *oauthadapter.ProviderError
			if errors.As(err, &p) && p.Code == "invalid_grant" {
				return &oauthadapter.ProviderError{Endpoint: p.Endpoint, Status: p.Status, Code: "bad_verification_code"}
			}
			return err
		}}, "A code that the vendor refuses"},
		{"the person's fault", gitHubMistake{failure: func(err error) error {
			var p *oauthadapter.ProviderError
			if errors.As(err, &p) && p.Code == "invalid_client" {
				return &oauthadapter.ProviderError{Endpoint: p.Endpoint, Status: p.Status, Code: "access_denied"}
			}
			return err
		}}, "A secret that the vendor refuses"},
		{"JSON alone", gitHubMistake{transport: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err == nil && res.Header.Get("Content-Type") == "application/x-www-form-urlencoded; charset=utf-8" {
				res.Body.Close()
				return nil, gone
			}
			return res, err
		}}, "understood either way"},
		{"outages are refusals", gitHubMistake{failure: reclassified(authprovider.ErrUnavailable, authprovider.ErrAuthentication)}, "An outage, or an answer that is none"},
		{"no time to come back", gitHubMistake{failure: func(err error) error {
			if errors.Is(err, authprovider.ErrUnavailable) {
				return &authprovider.Error{Kind: authprovider.ErrUnavailable, Err: gone}
			}
			return err
		}}, "with the time to come back"},
		{"redirects are followed", gitHubMistake{transport: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err != nil || res.StatusCode != http.StatusTemporaryRedirect {
				return res, err
			}
			res.Body.Close()
			again, err := http.NewRequestWithContext(r.Context(), http.MethodGet, res.Header.Get("Location"), nil)
			if err != nil {
				return nil, err
			}
			return next.RoundTrip(again)
		}}, "A redirected request is not followed"},
		{"any token type", gitHubMistake{transport: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err != nil || res.ContentLength < 0 { // an answer of unknown length is not the one that is meant
				return res, err
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			res.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte(`"mac"`), []byte(`"Bearer"`))))
			res.ContentLength = -1
			return res, err
		}}, "A token of a type that nobody here knows"},
		{"a secret in an error", gitHubMistake{failure: func(err error) error { return fmt.Errorf("%w: secret-marker", err) }}, "No error shows the client's secret"},
		{"a stale profile", gitHubMistake{refresh: func(b *brokenGitHub, _ github.Result, _ error) (github.Result, error) { return b.last, nil }}, "with the profile as it is now"},
		{"a person is swapped", gitHubMistake{refresh: lastInstead(oauthadapter.ErrSessionEnded)}, "another person's end the session"},
		{"revoked or not", gitHubMistake{refresh: lastInstead(oauthadapter.ErrSessionEnded)}, "took back at the vendor, or whose account is gone"},
		{"outages end sessions", gitHubMistake{failure: reclassified(authprovider.ErrUnavailable, oauthadapter.ErrSessionEnded)}, "An outage or a rate limit ends no session"},
		{"revokes nothing", gitHubMistake{revoke: func(*brokenGitHub, context.Context, oauthadapter.Session) error { return nil }}, "lets a client end a session's tokens"},
		{"revokes everything", gitHubMistake{revoke: func(b *brokenGitHub, _ context.Context, _ oauthadapter.Session) error {
			b.withdraw(authprovidertest.Jane)
			return nil
		}}, "and of no other session"},
		{"revokes once", gitHubMistake{revoke: func(b *brokenGitHub, ctx context.Context, s oauthadapter.Session) error {
			b.mu.Lock()
			b.spent++
			second := b.spent > 1
			b.mu.Unlock()
			if second {
				return gone
			}
			return b.Authenticator.Revoke(ctx, s)
		}}, "one that has ended already is no error"},
		{"no outage at a revocation", gitHubMistake{revoke: func(b *brokenGitHub, ctx context.Context, s oauthadapter.Session) error {
			_ = b.Authenticator.Revoke(ctx, s)
			return nil
		}}, "an outage is"},
		{"a client of its own", gitHubMistake{routes: func(authprovider.ProviderFactory) authprovider.ProviderFactory {
			return github.Provider(github.Config{ClientID: authprovidertest.DefaultClientID, ClientSecret: "secret-marker",
				HTTPClient: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, gone })}})
		}}, "The host's HTTP client and clock"},
		{"sign-out here alone", gitHubMistake{revoke: func(*brokenGitHub, context.Context, oauthadapter.Session) error { return nil }}, "signed out for good"},
		{"one for two", gitHubMistake{routes: func(f authprovider.ProviderFactory) authprovider.ProviderFactory {
			var first authprovider.RouteHandlers
			return func(pc *authprovider.ProviderContext) (_ authprovider.RouteHandlers, err error) {
				if first == nil {
					first, err = f(pc)
				}
				return first, err
			}
		}}, "share no session and no scope"},
		{"scopes of nobody's", gitHubMistake{implied: func(granted []string) []string { return append(granted, "repo", "user") }}, "needs the person's consent"},
		{"no end of the session", gitHubMistake{refresh: lastInstead(oauthadapter.ErrSessionEnded)}, "A refresh notices that the person took the grant back"},
		{"the vendor's words", gitHubMistake{failure: func(err error) error {
			var p *oauthadapter.ProviderError
			if errors.As(err, &p) && p.Description != "" {
				return &authprovider.Error{Kind: authprovider.ErrAuthentication, Message: p.Description, Err: err}
			}
			return err
		}}, "What the vendor says there reaches the log"},
		{"words that nobody logs", gitHubMistake{failure: func(err error) error {
			var p *oauthadapter.ProviderError
			if errors.As(err, &p) {
				return authprovider.ErrAuthentication
			}
			return err
		}}, "What the vendor says there reaches the log"},
		{"the vendor's words on the callback", gitHubMistake{routes: func(f authprovider.ProviderFactory) authprovider.ProviderFactory {
			return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
				h, err := f(pc)
				return brokenFrame{h}, err
			}
		}}, "A person who says no to the vendor reads our words"},
		{"outages are for ever", gitHubMistake{failure: reclassified(authprovider.ErrUnavailable, authprovider.ErrAuthentication)}, "the person reads that it is for the moment"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			authprovidertest.TestVendor(r, brokenVendorTest(t, test.mistake))
			r.requireFailure(t, test.want)
		})
	}
}

func brokenVendorTest(t *testing.T, mistake gitHubMistake) authprovidertest.VendorTest[github.Profile] {
	t.Helper()
	v := authprovidertest.NewGitHub(t, authprovidertest.GitHubVendor{}, authprovidertest.VendorConfig{ClientSecret: "secret-marker"})
	sound := func(client *http.Client) *brokenGitHub {
		if mistake.transport != nil {
			next := client.Transport
			client = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return mistake.transport(next, r) })}
		}
		a, err := github.New(github.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: client, Now: v.Clock.Now})
		require.NoError(t, err)
		return &brokenGitHub{Authenticator: a, gitHubMistake: mistake, withdraw: v.Withdraw}
	}
	test := authprovidertest.VendorTest[github.Profile]{
		Vendor: v, Handlers: sound(v.Client()), Scopes: []string{"user:email"},
		Provider: func(signIn ...authprovider.SignInResolver[github.Result]) authprovider.ProviderFactory {
			return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
				return oauthadapter.Provider(sound(pc.HTTPClient), oauthadapter.Options[github.Profile]{}, signIn...)(pc)
			}
		},
	}
	if mistake.config != nil {
		test.Config = mistake.config(github.Config{ClientSecret: v.ClientSecret()})
	}
	if mistake.routes != nil {
		build := test.Provider
		var shared authprovider.ProviderFactory
		test.Provider = func(signIn ...authprovider.SignInResolver[github.Result]) authprovider.ProviderFactory {
			if shared == nil {
				shared = mistake.routes(build(signIn...))
			}
			return shared
		}
	}
	return test
}

// A sound one passes, so that each failure above has its mistake for a reason.
func TestSoundVendorPasses(t *testing.T) {
	authprovidertest.TestVendor(t, brokenVendorTest(t, gitHubMistake{}))
}

// brokenGitLab takes what somebody else's answer says for the last one's.
type brokenGitLab struct {
	*gitlab.Authenticator
	mu   sync.Mutex
	last gitlab.Result // guarded by mu
}

func (b *brokenGitLab) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (gitlab.Result, error) {
	r, err := b.Authenticator.Authenticate(ctx, req)
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(err, authprovider.ErrAuthentication) && b.last != nil {
		return b.last, nil
	}
	if err == nil {
		b.last = r
	}
	return r, err
}

func TestVendorWhoseIDTokensNobodyReadsFails(t *testing.T) {
	v := authprovidertest.NewGitLab(t, authprovidertest.GitLabVendor{}, authprovidertest.VendorConfig{})
	c := gitlab.Config{ClientID: v.ClientID(), ClientSecret: v.ClientSecret(), HTTPClient: v.Client(), Now: v.Clock.Now}
	a, err := gitlab.New(c)
	require.NoError(t, err)
	r := &recorder{TB: t}
	authprovidertest.TestVendor(r, authprovidertest.VendorTest[gitlab.Profile]{
		Vendor: v, Handlers: &brokenGitLab{Authenticator: a},
		Provider: func(signIn ...authprovider.SignInResolver[gitlab.Result]) authprovider.ProviderFactory {
			return gitlab.Provider(c, signIn...)
		},
	})
	r.requireFailure(t, "wrong in one respect is refused")
	r.requireFailure(t, "of another person than the ID token's is refused")
}
