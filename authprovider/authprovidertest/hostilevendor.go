package authprovidertest

import (
	"net/http"
	"testing"

	"example.com/stagedoor/oauthadapter"
)

// hostileCases make the vendor lie and fail.
func hostileCases[P any]() []conformanceCase[*oauthRig[P]] {
	return []conformanceCase[*oauthRig[P]]{
		{"ID tokens", "An ID token that is wrong in one respect is refused (OpenID Connect Core sections 3.1.3.7 and 3.1.3.8).", func(t testing.TB, r *oauthRig[P]) {
			if !r.OpenIDConnect {
				return
			}
			for _, fault := range idTokenFaults {
				r.wantRefusal(t, string(fault), func(b *Behavior) { b.IDToken = fault })
			}
		}},
		{"spoiled answers", "An answer that is malformed, of another type or without end is an error, read no further than a bound.", func(t testing.TB, r *oauthRig[P]) {
			for _, fault := range []AnswerFault{MalformedAnswer, HTMLAnswer, HugeAnswer, GzipBombAnswer} {
				r.wantRefusal(t, string(fault), func(b *Behavior) { b.TokenAnswer = fault })
			}
			r.wantRefusal(t, "no token type of ours", func(b *Behavior) { b.TokenType = "mac" })
		}},
		{"redirects", "A redirected token request is not followed: it would hand code and client secret to whoever the answer names.", func(t testing.TB, r *oauthRig[P]) {
			before := r.Provider.Calls(Elsewhere)
			r.wantRefusal(t, "redirect", func(b *Behavior) { b.TokenAnswer = RedirectAnswer })
			if r.Provider.Calls(Elsewhere) != before {
				t.Errorf("the redirect was followed")
			}
		}},
		{"outages", "A vendor that cannot be reached is a *ProviderError with its status, or wraps authprovider.ErrUnavailable: it must sign nobody out.", func(t testing.TB, r *oauthRig[P]) {
			for _, fault := range []AnswerFault{ServerErrorAnswer, UnavailableAnswer, HangUpAnswer} {
				err := r.wantRefusal(t, string(fault), func(b *Behavior) { b.TokenAnswer = fault })
				wantOutage(t, string(fault), err)
			}
			err := r.wantRefusal(t, "status 429", func(b *Behavior) {
				b.TokenFailure = Failure{Times: -1, Status: http.StatusTooManyRequests, RetryAfter: "7"}
			})
			wantOutage(t, "status 429", err)
		}},
		{"outages at a refresh", "An outage at a refresh is none of the session's: the same refresh token works afterwards.", func(t testing.TB, r *oauthRig[P]) {
			refresher, ok := r.Handlers.(oauthadapter.Refresher[P])
			if !ok {
				return
			}
			session := stored(r.signIn(t).Session)
			r.Provider.Set(func(b *Behavior) { b.TokenAnswer = UnavailableAnswer })
			_, err := refresher.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session})
			r.Provider.Behave()
			if session.RefreshToken == "" {
				return // what there is to ask is the vendor's business
			}
			wantOutage(t, "refresh", err)
			if _, err := refresher.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: session}); err != nil {
				t.Errorf("the refresh after the outage: %v", err)
			}
		}},
	}
}

// idTokenFaults are those that no client may take.
var idTokenFaults = []IDTokenFault{
	WrongNonce, MissingNonce, WrongAudience, ExtraAudience, MissingAudience, WrongIssuer, WrongAzp, WrongAtHash, Expired, MissingExpiry, FutureIssuedAt,
	MissingSubject, DuplicateClaim, CaseTwinClaim, AlgNone, BadSignature, ForeignKey, UnknownKeyID, NoIDToken,
}

// wantRefusal signs in at a vendor that misbehaves in the token request, and returns the error.
func (r *oauthRig[P]) wantRefusal(t testing.TB, what string, misbehave func(*Behavior)) error {
	t.Helper()
	req := r.callback(t, r.begin(t, nil))
	r.Provider.Set(misbehave)
	defer r.Provider.Behave()
	result, err := r.Handlers.Authenticate(t.Context(), req)
	r.wantFailure(t, what, result, err, req.Code, req.CodeVerifier)
	return err
}
