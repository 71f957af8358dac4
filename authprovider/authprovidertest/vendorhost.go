package authprovidertest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

const (
	firstUser  = "user:default/first"
	secondUser = "user:default/second"
)

// vendorHost is a host with two instances of the provider, and a person's browser.
type vendorHost struct {
	browser    *Browser
	app, other App
	log        *AuditLog
}

// host has a resolver that goes by the vendor's stable ID.
func (r *vendorRig[P]) host(t testing.TB) *vendorHost {
	t.Helper()
	byID := func(_ context.Context, in authprovider.SignInInfo[*oauthadapter.Result[P]], _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		switch in.Result.Session.Subject {
		case r.Vendor.Subject(r.first.Subject):
			return &authprovider.Identity{UserRef: firstUser}, nil
		case r.Vendor.Subject(r.second.Subject):
			return &authprovider.Identity{UserRef: secondUser}, nil
		}
		return nil, authprovider.ErrNoMatch
	}
	const other = "other"
	h := &vendorHost{browser: NewBrowser(t), log: &AuditLog{},
		app:   App{Origin: conformanceOrigin, Provider: ConformanceProvider},
		other: App{Origin: conformanceOrigin, Provider: ConformanceBaseURL + "/" + other},
	}
	r.Vendor.AllowRedirect(h.other.Provider + "/handler/frame")
	handler, err := authprovider.New(authprovider.Config{
		BaseURL: ConformanceBaseURL, Secrets: [][]byte{[]byte("conformance secret: 32 bytes long")},
		Issuer: &Issuer{Now: r.Vendor.Clock.Now}, Now: r.Vendor.Clock.Now, HTTPClient: r.Vendor.Client(), Logger: h.log.Logger(),
		Providers: map[string]authprovider.ProviderFactory{conformanceID: r.Provider(byID), other: r.Provider(byID)},
	})
	if err != nil {
		t.Fatalf("the provider cannot be built: %v", err)
	}
	h.browser.Now = r.Vendor.Clock.Now
	h.browser.Host(conformanceOrigin, handler)
	r.Vendor.Hosts(h.browser)
	return h
}

func (h *vendorHost) signIn(t testing.TB, app App, user string, scopes ...string) *Session {
	t.Helper()
	m := h.browser.SignInPopup(app, scopes...)
	if m.Response == nil || m.Response.UserRef() != user {
		t.Fatalf("%s was not signed in: %s%s", user, m.Undelivered, m.Code())
	}
	return m.Response
}

func (h *vendorHost) refresh(t testing.TB, app App, user string, scopes ...string) {
	t.Helper()
	if a := h.browser.Refresh(app, scopes...); a.Session.UserRef() != user {
		t.Errorf("the refresh of %s with %q: status %d, %s", user, scopes, a.Status, a.Code())
	}
}

// wantRefused checks that a refresh has this outcome.
func (h *vendorHost) wantRefused(t testing.TB, app App, code string, scopes ...string) {
	t.Helper()
	if a := h.browser.Refresh(app, scopes...); a.Code() != code {
		t.Errorf("the refresh with %q: status %d, %q, want %s", scopes, a.Status, a.Code(), code)
	}
}

// wantConsent checks that the app has to send the person to the vendor for a scope. The vendors have several words for that.
func (h *vendorHost) wantConsent(t testing.TB, app App, scope string) {
	t.Helper()
	a := h.browser.Refresh(app, scope)
	if a.Status != http.StatusUnauthorized || a.Code() == "session_ended" || a.Code() == "session_missing" {
		t.Errorf("the refresh with %q: status %d, %q, want one that asks for the person's consent", scope, a.Status, a.Code())
	}
}

// vendorHostCases are about the provider as a host has it.
func vendorHostCases[P any]() []conformanceCase[*vendorRig[P]] {
	return []conformanceCase[*vendorRig[P]]{
		{"from popup to sign-out", "The host's HTTP client and clock are the provider's; each person is signed in as who it is, again at each refresh, and signed out for good.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			for subject, user := range map[string]string{r.first.Subject: firstUser, r.second.Subject: secondUser} {
				r.Vendor.SignsIn(subject)
				h.signIn(t, h.app, user)
				r.Vendor.Clock.Advance(30 * time.Minute)
				h.refresh(t, h.app, user)
				h.wantRefused(t, h.other, "session_missing")
			}
			before := r.Vendor.Calls(Revoke)
			if a := h.browser.Logout(h.app); !a.OK() {
				t.Errorf("the sign-out: status %d, %s", a.Status, a.Code())
			}
			if r.Vendor.endpointAddress(Revoke) != "" && r.Vendor.Calls(Revoke) == before {
				t.Errorf("the sign-out has revoked nothing")
			}
			h.wantRefused(t, h.app, "session_missing")
		}},
		{"two instances", "Two instances of a vendor under different IDs share no session and no scope.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			h.signIn(t, h.app, firstUser, r.onDemand()...)
			r.Vendor.SignsIn(r.second.Subject)
			h.signIn(t, h.other, secondUser)
			h.refresh(t, h.app, firstUser, r.onDemand()...)
			h.refresh(t, h.other, secondUser)
			if r.spec.OnDemand != "" {
				h.wantConsent(t, h.other, r.spec.OnDemand)
				h.signIn(t, h.other, secondUser, r.onDemand()...)
				h.refresh(t, h.other, secondUser, r.onDemand()...)
			}
			if a := h.browser.Logout(h.app); !a.OK() {
				t.Errorf("the sign-out: status %d, %s", a.Status, a.Code())
			}
			h.refresh(t, h.other, secondUser)
		}},
		{"scopes on demand", "A scope that was not granted needs the person's consent, and the session goes on without it.", func(t testing.TB, r *vendorRig[P]) {
			if r.spec.OnDemand == "" {
				return
			}
			h := r.host(t)
			h.signIn(t, h.app, firstUser)
			h.wantConsent(t, h.app, r.spec.OnDemand)
			h.refresh(t, h.app, firstUser)

			r.Vendor.Set(func(b *Behavior) { b.ScopesDenied = r.onDemand() })
			h.signIn(t, h.app, firstUser, r.spec.OnDemand)
			h.wantConsent(t, h.app, r.spec.OnDemand)
			r.Vendor.Behave()

			h.signIn(t, h.app, firstUser, r.spec.OnDemand)
			h.refresh(t, h.app, firstUser, r.spec.OnDemand)
		}},
		{"withdrawn at the vendor", "A refresh notices that the person took the grant back, and clears the session.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			h.signIn(t, h.app, firstUser)
			r.Vendor.Withdraw(r.first.Subject)
			h.wantRefused(t, h.app, "session_ended")
			h.wantRefused(t, h.app, "session_missing")
		}},
		{"refused by the person", "A person who says no to the vendor reads our words, not the vendor's, which the log has.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			r.Vendor.Set(func(b *Behavior) { b.AuthorizeError = "access_denied" })
			m := h.browser.SignInPopup(h.app)
			if m.Code() != "access_denied" {
				t.Errorf("the sign-in ended with %q, want access_denied", m.Code())
			}
			h.wantOurWords(t, m, r.spec.Dialect.Denied["error_description"])

			const marker = "vendor's own words: marker"
			r.Vendor.Set(func(b *Behavior) { b.AuthorizeError, b.AuthorizeErrorDescription = "server_error", marker })
			h.wantOurWords(t, h.browser.SignInPopup(h.app), marker)
		}},
		{"refused at the token endpoint", "What the vendor says there reaches the log, and the person reads our words.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			for _, code := range []string{"invalid_grant", "invalid_client", "invalid_request"} {
				h.log.Reset()
				r.Vendor.Set(func(b *Behavior) { b.TokenFailure = Failure{Times: 1, Code: code} })
				_, words := r.spec.Refusal(code, "this failure was asked for")
				h.wantOurWords(t, h.browser.SignInPopup(h.app), words)
			}
		}},
		{"outages before a host", "Whatever fails at the vendor, the person reads that it is for the moment, and stays signed in.", func(t testing.TB, r *vendorRig[P]) {
			h := r.host(t)
			session := h.signIn(t, h.app, firstUser)
			for what, set := range map[string]func(*Behavior){
				"token endpoint": func(b *Behavior) { b.TokenAnswer = UnavailableAnswer },
				"rate limit":     func(b *Behavior) { b.TokenAnswer, b.UserInfoAnswer = RateLimitAnswer, RateLimitAnswer },
			} {
				r.Vendor.Set(set)
				m := h.browser.SignInPopup(h.app)
				r.Vendor.Behave()
				if m.Code() != "provider_unavailable" {
					t.Errorf("%s: the sign-in ended with %q, want provider_unavailable", what, m.Code())
				}
				h.refresh(t, h.app, firstUser)
			}
			if session.Profile.DisplayName == "" {
				t.Errorf("the app gets no profile")
			}
		}},
	}
}

func (r *vendorRig[P]) onDemand() []string {
	if r.spec.OnDemand == "" {
		return nil
	}
	return []string{r.spec.OnDemand}
}

// wantOurWords checks that the app gets an error without the vendor's words, and that the log has them.
func (h *vendorHost) wantOurWords(t testing.TB, m Message, vendors string) {
	t.Helper()
	if m.Error == nil {
		t.Errorf("there is no error: %s", m.Undelivered)
		return
	}
	if vendors == "" {
		return
	}
	vendors = vendors[:min(len(vendors), 40)] // a log may cut them short
	if strings.Contains(fmt.Sprintf("%+v", *m.Error)+string(m.Posted), vendors) {
		t.Errorf("the person reads the vendor's words: %q", m.Error.Message)
	}
	if !strings.Contains(h.log.Text(), vendors) {
		t.Errorf("the log lacks the vendor's words %q", vendors)
	}
}
