package oidcprovider_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
)

func TestTokenEndpointErrors(t *testing.T) {
	for _, tt := range []struct {
		name        string
		failure     fakeidp.Failure
		status      int
		code        string
		retry       time.Duration
		unavailable bool
	}{
		{"invalid_grant", fakeidp.Failure{Code: "invalid_grant"}, 400, "invalid_grant", 0, false},
		{"invalid_scope", fakeidp.Failure{Code: "invalid_scope"}, 400, "invalid_scope", 0, false},
		{"invalid_client", fakeidp.Failure{Status: 401, Code: "invalid_client"}, 401, "invalid_client", 0, false},
		{"error with status 200", fakeidp.Failure{Status: 200, Code: "bad_verification_code"}, 200, "bad_verification_code", 0, false},
		{"too many", fakeidp.Failure{Status: 429, RetryAfter: "17"}, 429, "", 17 * time.Second, true},
		{"too long", fakeidp.Failure{Status: 503, RetryAfter: "99999999999"}, 503, "", time.Hour, true},
		{"odd", fakeidp.Failure{Status: 503, RetryAfter: "-5"}, 503, "", 0, true},
		{"500", fakeidp.Failure{Status: 500}, 500, "", 0, true},
		{"temporarily", fakeidp.Failure{Code: "temporarily_unavailable"}, 400, "temporarily_unavailable", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.failure.Times = 1
			w.set(func(b *fakeidp.Behavior) { b.TokenFailure = tt.failure })
			_, err := w.signIn(w.authenticator())
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, "token", p.Endpoint)
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.code, p.Code)
			require.Equal(t, tt.retry, p.RetryAfter)
			require.Equal(t, tt.unavailable, errors.Is(err, authprovider.ErrUnavailable))
			require.Equal(t, 1, w.idp.Calls(fakeidp.Token), "a token request is never sent twice")
			requireNoSecrets(t, err, w)
		})
	}
}

var brokenAnswers = []fakeidp.AnswerFault{
	fakeidp.ServerError, fakeidp.Unavailable, fakeidp.HangUp, fakeidp.Redirect, fakeidp.Malformed, fakeidp.HTML, fakeidp.Huge, fakeidp.GzipBomb,
}

func TestBrokenTokenAnswers(t *testing.T) {
	for _, fault := range brokenAnswers {
		t.Run(string(fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.TokenAnswer = fault })
			_, err := w.signIn(w.authenticator())
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Equal(t, 1, w.idp.Calls(fakeidp.Token), "a token request is never sent twice")
			require.Zero(t, w.idp.Calls(fakeidp.Elsewhere), "a redirect would carry code and secret on")
			requireNoSecrets(t, err, w)
		})
	}
}

func TestBrokenUserInfoAnswers(t *testing.T) {
	for _, fault := range brokenAnswers {
		t.Run(string(fault), func(t *testing.T) {
			w := newWorld(t)
			w.set(func(b *fakeidp.Behavior) { b.UserInfoAnswer = fault })
			_, err := w.signIn(w.authenticator())
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Zero(t, w.idp.Calls(fakeidp.Elsewhere))
			requireNoSecrets(t, err, w)
		})
	}
}

func TestSlowTokenEndpoint(t *testing.T) {
	for _, change := range []func(*fakeidp.Behavior){
		func(b *fakeidp.Behavior) { b.TokenDelay = time.Hour },
		func(b *fakeidp.Behavior) { b.TokenAnswer = fakeidp.Stall },
	} {
		w := newWorld(t)
		w.config.HTTPClient = &http.Client{Timeout: 300 * time.Millisecond} // a host may only shorten the ten seconds
		a := w.authenticator()
		req := w.authorize(a)
		w.set(change)
		_, err := a.Authenticate(context.Background(), req)
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, w.idp.Calls(fakeidp.Token))
		requireNoSecrets(t, err, w)
	}
}

func TestConnectionRefused(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator()
	req := w.authorize(a)
	w.server.Close()
	_, err := a.Authenticate(context.Background(), req)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	requireNoSecrets(t, err, w)
}

func TestTokenTypes(t *testing.T) {
	for tokenType, ok := range map[string]bool{"bearer": true, "BEARER": true, fakeidp.Omit: true, "mac": false, "DPoP": false} {
		w := newWorld(t)
		w.set(func(b *fakeidp.Behavior) { b.TokenType = tokenType })
		_, err := w.signIn(w.authenticator())
		require.Equal(t, ok, err == nil, "%s: %v", tokenType, err)
	}
}

func TestExpiresIn(t *testing.T) {
	for raw, want := range map[string]time.Duration{
		"60": time.Minute, `"3600"`: time.Hour, "90.9": 90 * time.Second, "1e3": 1000 * time.Second,
		"1e30": 365 * 24 * time.Hour, "1e999": 365 * 24 * time.Hour, "99999999999999999999": 365 * 24 * time.Hour,
		fakeidp.Omit: 0, "-1": 0, "0": 0, "null": 0, `"soon"`: 0, "[]": 0, "true": 0, `"NaN"`: 0,
	} {
		w := newWorld(t)
		w.set(func(b *fakeidp.Behavior) { b.ExpiresIn = raw })
		result, err := w.signIn(w.authenticator())
		require.NoError(t, err, raw)
		if want == 0 {
			require.True(t, result.Session.ExpiresAt.IsZero(), raw)
			continue
		}
		require.WithinDuration(t, w.now().Add(want), result.Session.ExpiresAt, 10*time.Second, raw)
	}
}
