package vendortest

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
)

// Run runs the contract of [oauthadapter.OAuthHandlers] against the vendor, and what belongs to ID tokens, userinfo and sessions there.
func Run[P any](t *testing.T, v *Vendor, h oauthadapter.OAuthHandlers[P]) {
	t.Helper()
	authprovidertest.TestOAuthHandlers(t, authprovidertest.OAuthHandlersConfig[P]{
		Handlers: h, Scopes: []string{"openid"}, OpenIDConnect: true, Secrets: []string{ClientSecret}, SignIn: v.SignIn,
	})
	r := runner[P]{v, h}
	for _, fault := range []fakeidp.IDTokenFault{
		fakeidp.WrongNonce, fakeidp.MissingNonce, fakeidp.WrongAudience, fakeidp.WrongIssuer, fakeidp.WrongAzp, fakeidp.Expired, fakeidp.DuplicateClaim,
		fakeidp.CaseTwinClaim, fakeidp.AlgNone, fakeidp.BadSignature, fakeidp.ForeignKey, fakeidp.UnknownKeyID, fakeidp.NoIDToken,
	} {
		t.Run("ID token: "+string(fault), func(t *testing.T) {
			r.refused(t, authprovider.ErrAuthentication, func(b *fakeidp.Behavior) { b.IDToken = fault })
		})
	}
	if v.Calls(fakeidp.UserInfo) > 0 { // some have all they need in the ID token
		t.Run("userinfo of another person", func(t *testing.T) {
			r.refused(t, authprovider.ErrAuthentication, func(b *fakeidp.Behavior) { b.UserInfoSubject = Joe })
		})
	}
	for _, fault := range []fakeidp.AnswerFault{fakeidp.ServerError, fakeidp.Unavailable, fakeidp.HangUp, fakeidp.HTML, fakeidp.Malformed, fakeidp.Huge} {
		t.Run("token endpoint: "+string(fault), func(t *testing.T) {
			r.refused(t, authprovider.ErrUnavailable, func(b *fakeidp.Behavior) { b.TokenAnswer = fault })
		})
	}
	t.Run("rate limit", func(t *testing.T) {
		r.refused(t, authprovider.ErrUnavailable, func(b *fakeidp.Behavior) {
			b.TokenFailure = fakeidp.Failure{Times: 1, Status: 429, RetryAfter: "7"}
		})
	})
	t.Run("wrong secret", func(t *testing.T) {
		var p *oauthadapter.ProviderError
		err := r.refused(t, nil, func(b *fakeidp.Behavior) {
			b.TokenFailure = fakeidp.Failure{Times: 1, Status: 401, Code: "invalid_client"}
		})
		if !errors.As(err, &p) || p.Code != "invalid_client" {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("refresh of another person", func(t *testing.T) {
		result := r.signIn(t)
		v.Set(func(b *fakeidp.Behavior) { b.RefreshIDToken = fakeidp.OtherSubject })
		defer v.Set(func(b *fakeidp.Behavior) { b.RefreshIDToken = "" })
		_, err := h.(oauthadapter.Refresher[P]).Refresh(t.Context(), oauthadapter.RefreshRequest{Session: result.Session})
		if !errors.Is(err, oauthadapter.ErrSessionEnded) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("two people", func(t *testing.T) {
		first := r.signIn(t)
		v.SignsIn(Joe)
		defer v.SignsIn(Jane)
		second := r.signIn(t)
		if first.Session.Subject != Jane || second.Session.Subject != Joe {
			t.Errorf("the subjects are %q and %q", first.Session.Subject, second.Session.Subject)
		}
		if second.Profile.Email != "" {
			t.Errorf("an address that nobody verified is in the default profile: %q", second.Profile.Email)
		}
	})
}

type runner[P any] struct {
	v *Vendor
	h oauthadapter.OAuthHandlers[P]
}

func (r runner[P]) callback(t *testing.T) oauthadapter.CallbackRequest {
	t.Helper()
	req, verifier := StartRequest(nil)
	if s, ok := r.h.(oauthadapter.ScopeRequirer); ok {
		req.Scopes = s.RequiredScopes()
	}
	start, err := r.h.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	params := r.v.SignIn(t, start.URL)
	return oauthadapter.CallbackRequest{Code: params.Get("code"), CodeVerifier: verifier, Nonce: req.Nonce, CallbackURL: req.CallbackURL, Scopes: req.Scopes, Params: params}
}

func (r runner[P]) signIn(t *testing.T) *oauthadapter.Result[P] {
	t.Helper()
	result, err := r.h.Authenticate(t.Context(), r.callback(t))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// refused signs in at a vendor that misbehaves.
func (r runner[P]) refused(t *testing.T, want error, misbehave func(*fakeidp.Behavior)) error {
	t.Helper()
	req := r.callback(t)
	var good fakeidp.Behavior
	r.v.Set(func(b *fakeidp.Behavior) {
		good = *b
		misbehave(b)
	})
	defer r.v.Set(func(b *fakeidp.Behavior) { *b = good })
	result, err := r.h.Authenticate(t.Context(), req)
	if result != nil || err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("Authenticate returned %v, %v; want an error that wraps %v", result, err, want)
	}
	return err
}

// SignIn signs in whoever it is that signs in, and returns the result or why there is none.
func SignIn[P any](t *testing.T, v *Vendor, h oauthadapter.OAuthHandlers[P]) (*oauthadapter.Result[P], error) {
	t.Helper()
	return h.Authenticate(t.Context(), runner[P]{v, h}.callback(t))
}

// StartRequest is what the adapter asks an authenticator for, with its PKCE verifier.
func StartRequest(query url.Values, scopes ...string) (req oauthadapter.StartRequest, verifier string) {
	return oauthadapter.StartRequest{
		State: "the-state", Nonce: "the-nonce", CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		CallbackURL: authprovidertest.ConformanceCallback, Scopes: scopes, Query: query,
	}, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
}

// AuthorizationRequest returns the parameters that Start sends, and the address that it sends them to.
func AuthorizationRequest[P any](t *testing.T, h oauthadapter.OAuthHandlers[P], query url.Values, scopes ...string) (address string, q url.Values) {
	t.Helper()
	req, _ := StartRequest(query, scopes...)
	res, err := h.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	address, raw, _ := strings.Cut(res.URL, "?")
	if q, err = url.ParseQuery(raw); err != nil {
		t.Fatal(err)
	}
	return address, q
}

// PrintsNoSecret prints and logs values, such as a Config and the authenticator made of it, in every way there is.
func PrintsNoSecret(t *testing.T, values ...any) {
	t.Helper()
	var log bytes.Buffer
	for _, value := range values {
		slog.New(slog.NewJSONHandler(&log, nil)).Info("value", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("value", "value", value)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&log, verb+"\n", value)
			fmt.Fprintf(&log, verb+"\n", struct{ V any }{value})
		}
	}
	for _, secret := range []string{ClientSecret, url.QueryEscape(ClientSecret), fmt.Sprintf("%x", ClientSecret), strings.TrimSpace(ClientSecret)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the client's secret is printed")
		}
	}
}
