package authprovidertest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// vendorFailureCases are about a vendor that refuses, lies and fails at a sign-in.
func vendorFailureCases[P any]() []conformanceCase[*vendorRig[P]] {
	return []conformanceCase[*vendorRig[P]]{
		{"refused code", "A code that the vendor refuses in its own words is a *ProviderError with code invalid_grant.", func(t testing.TB, r *vendorRig[P]) {
			req := r.begin(t)
			req.Code = "wrong-code"
			_, err := r.Handlers.Authenticate(t.Context(), req)
			wantCode(t, err, "invalid_grant")
		}},
		{"refused client", "A secret that the vendor refuses in its own words is a *ProviderError with code invalid_client or unauthorized_client, and nothing that the person could help.", func(t testing.TB, r *vendorRig[P]) {
			req, secret := r.begin(t), r.Vendor.ClientSecret()
			r.Vendor.ReplaceSecret("another secret")
			defer r.Vendor.ReplaceSecret(secret)
			_, err := r.Handlers.Authenticate(t.Context(), req)
			wantCode(t, err, "invalid_client", "unauthorized_client")
		}},
		{"form answers", "A vendor that can answer with a form is understood either way.", func(t testing.TB, r *vendorRig[P]) {
			if !r.spec.Dialect.FormAnswers {
				return
			}
			address := r.Vendor.endpointAddress(Token)
			r.Vendor.Handle(address, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				req.Header.Del("Accept")
				r.Vendor.fake.ServeHTTP(w, req)
			}))
			defer r.Vendor.Handle(address, nil)
			r.signIn(t)
			req := r.begin(t)
			req.Code = "wrong-code"
			_, err := r.Handlers.Authenticate(t.Context(), req)
			wantCode(t, err, "invalid_grant")
		}},
		{"ID tokens", "An ID token that is wrong in one respect is refused (OpenID Connect Core sections 3.1.3.7 and 3.1.3.8).", func(t testing.TB, r *vendorRig[P]) {
			if r.spec.Dialect.PlainOAuth {
				return
			}
			for _, fault := range idTokenFaults {
				err := r.refused(t, string(fault), func(b *Behavior) { b.IDToken = fault })
				if !errors.Is(err, authprovider.ErrAuthentication) {
					t.Errorf("%s: the error is %v", fault, err)
				}
			}
		}},
		{"profile of another person", "What the vendor's API says of another person than the ID token's is refused (OpenID Connect Core section 5.3.2).", func(t testing.TB, r *vendorRig[P]) {
			if r.spec.Dialect.PlainOAuth || !r.asksProfile(t) {
				return
			}
			err := r.refused(t, "another person", func(b *Behavior) { b.UserInfoSubject = r.second.Subject })
			if err != nil && !errors.Is(err, authprovider.ErrAuthentication) {
				t.Errorf("the error is %v", err)
			}
		}},
		{"outages", "An outage, or an answer that is none, is authprovider.ErrUnavailable, at the token endpoint and at the API; no answer is read further than a bound.", func(t testing.TB, r *vendorRig[P]) {
			asks := r.asksProfile(t)
			for _, fault := range []AnswerFault{ServerErrorAnswer, UnavailableAnswer, HangUpAnswer, HTMLAnswer, MalformedAnswer, HugeAnswer, GzipBombAnswer} {
				err := r.refused(t, "token endpoint, "+string(fault), func(b *Behavior) { b.TokenAnswer = fault })
				wantUnavailable(t, "token endpoint, "+string(fault), err)
				if asks {
					err := r.refused(t, "profile, "+string(fault), func(b *Behavior) { b.UserInfoAnswer = fault })
					wantUnavailable(t, "profile, "+string(fault), err)
				}
			}
		}},
		{"rate limits", "Too many requests, in the vendor's own way to say it, is authprovider.ErrUnavailable with the time to come back.", func(t testing.TB, r *vendorRig[P]) {
			asks := r.asksProfile(t)
			err := r.refused(t, "token endpoint", func(b *Behavior) { b.TokenAnswer = RateLimitAnswer })
			r.wantRetry(t, "token endpoint", err)
			if asks {
				err := r.refused(t, "profile", func(b *Behavior) { b.UserInfoAnswer = RateLimitAnswer })
				r.wantRetry(t, "profile", err)
			}
		}},
		{"redirects", "A redirected request is not followed: it would hand secrets to whoever the answer names.", func(t testing.TB, r *vendorRig[P]) {
			before, asks := r.Vendor.Calls(Elsewhere), r.asksProfile(t)
			r.refused(t, "token endpoint", func(b *Behavior) { b.TokenAnswer = RedirectAnswer })
			if asks {
				r.refused(t, "profile", func(b *Behavior) { b.UserInfoAnswer = RedirectAnswer })
			}
			if r.Vendor.Calls(Elsewhere) != before {
				t.Errorf("the redirect was followed")
			}
		}},
		{"token type", "A token of a type that nobody here knows is not used (RFC 6749 section 7.1).", func(t testing.TB, r *vendorRig[P]) {
			r.refused(t, "mac", func(b *Behavior) { b.TokenType = "mac" })
		}},
		{"secrets in errors", "No error shows the client's secret.", func(t testing.TB, r *vendorRig[P]) {
			err := r.refused(t, "refusal", func(b *Behavior) { b.TokenFailure = Failure{Times: 1, Code: "invalid_request"} })
			if err != nil && strings.Contains(err.Error(), r.Vendor.ClientSecret()) {
				t.Errorf("the error shows the secret")
			}
		}},
	}
}

// wantCode checks that an error is the vendor's, with one of these codes of the specifications.
func wantCode(t testing.TB, err error, codes ...string) {
	t.Helper()
	var p *oauthadapter.ProviderError
	if !errors.As(err, &p) || !slices.Contains(codes, p.Code) {
		t.Errorf("the error is %v, want a *oauthadapter.ProviderError with code %q", err, codes)
	}
}

// wantRetry checks that an error says when to come back, if the vendor does.
func (r *vendorRig[P]) wantRetry(t testing.TB, what string, err error) {
	t.Helper()
	wantUnavailable(t, what, err)
	var e *authprovider.Error
	if errors.As(err, &e) && e.RetryAfter <= 0 && !r.spec.SilentOnRetry {
		t.Errorf("%s: the error does not say when to come back: %v", what, err)
	}
}
