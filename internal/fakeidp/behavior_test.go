package fakeidp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeidp"
)

// Each fault changes what it names and leaves the rest as it was.
func TestIDTokenFaults(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for fault, want := range map[fakeidp.IDTokenFault]map[string]any{
		"":                      {},
		fakeidp.WrongNonce:      {"nonce": "another nonce"},
		fakeidp.MissingNonce:    {"nonce": nil},
		fakeidp.WrongAudience:   {"aud": "another-client"},
		fakeidp.ExtraAudience:   {"aud": []any{"app", "another-client"}},
		fakeidp.MissingAudience: {"aud": nil},
		fakeidp.WrongIssuer:     {"iss": "https://another-issuer.example"},
		fakeidp.WrongAzp:        {"azp": "another-client"},
		fakeidp.WrongAtHash:     {"at_hash": "?"},
		fakeidp.Expired:         {"iat": float64(now.Add(-2 * time.Hour).Unix()), "exp": float64(now.Add(-time.Hour).Unix())},
		fakeidp.MissingExpiry:   {"exp": nil},
		fakeidp.FutureIssuedAt:  {"iat": float64(now.Add(time.Hour).Unix()), "exp": float64(now.Add(2 * time.Hour).Unix())},
		fakeidp.MissingSubject:  {"sub": nil},
		fakeidp.OtherSubject:    {"sub": "jane-1-other"},
		fakeidp.DuplicateClaim:  {"sub": "jane-1-other"}, // as encoding/json reads it
		fakeidp.CaseTwinClaim:   {"Sub": "jane-1-other"},
	} {
		t.Run(string(fault), func(t *testing.T) {
			r := newRig(t, func(c *fakeidp.Config) { c.Behavior.IDToken = fault })
			got := r.signIn()
			claims, payload := claimsOf(t, got.IDToken)
			expected := map[string]any{
				"iss": r.Issuer(), "sub": "jane-1", "aud": "app", "nonce": "n-1", "auth_time": float64(now.Unix()),
				"iat": float64(now.Unix()), "exp": float64(now.Add(time.Hour).Unix()), "at_hash": claims["at_hash"],
				"name": "Jane <Doe>", "preferred_username": "jane", "picture": "https://img.example.com/jane.png",
				"email": "jane@example.com", "email_verified": true, "department": "stage",
			}
			for name, value := range want {
				if value == nil {
					delete(expected, name)
				} else if value != "?" {
					expected[name] = value
				}
			}
			require.Equal(t, expected, claims)
			subjects := 1
			switch fault {
			case fakeidp.DuplicateClaim:
				subjects = 2
			case fakeidp.MissingSubject:
				subjects = 0
			}
			require.Equal(t, subjects, strings.Count(payload, `"sub":`))

			ctx := oidc.ClientContext(t.Context(), r.browser)
			token, err := oidc.NewVerifier(r.Issuer(), oidc.NewRemoteKeySet(ctx, r.URL(fakeidp.JWKS)), &oidc.Config{
				SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true, SupportedSigningAlgs: []string{"ES256"},
			}).Verify(ctx, got.IDToken)
			require.NoError(t, err, "the signature is right")
			require.Equal(t, fault != fakeidp.WrongAtHash, token.VerifyAccessToken(got.AccessToken) == nil)
		})
	}
}

func TestIDTokenSignatureFaults(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		r := newRig(t, func(c *fakeidp.Config) { c.Algorithm = algorithm })
		_, keys := r.json(r.URL(fakeidp.JWKS))
		published := keys["keys"].([]any)[0].(map[string]any)["kid"]
		for _, fault := range []fakeidp.IDTokenFault{fakeidp.AlgNone, fakeidp.BadSignature, fakeidp.ForeignKey, fakeidp.UnknownKeyID} {
			t.Run(algorithm+" "+string(fault), func(t *testing.T) {
				r.Set(func(b *fakeidp.Behavior) { b.IDToken = fault })
				got := r.signIn()
				claims, _ := claimsOf(t, got.IDToken)
				require.Equal(t, "jane-1", claims["sub"])
				head, _, _ := strings.Cut(got.IDToken, ".")
				raw, err := base64.RawURLEncoding.DecodeString(head)
				require.NoError(t, err)
				var header map[string]any
				require.NoError(t, json.Unmarshal(raw, &header))
				if fault == fakeidp.AlgNone {
					require.Equal(t, "none", header["alg"])
					require.True(t, strings.HasSuffix(got.IDToken, "."))
					return
				}
				require.Equal(t, algorithm, header["alg"])
				require.Equal(t, fault == fakeidp.UnknownKeyID, header["kid"] != published)
				ctx := oidc.ClientContext(context.Background(), r.browser)
				_, err = oidc.NewRemoteKeySet(ctx, r.URL(fakeidp.JWKS)).VerifySignature(ctx, got.IDToken)
				require.Error(t, err)
			})
		}
	}
}

func TestTokenAnswerBehaviors(t *testing.T) {
	for name, test := range map[string]struct {
		set   func(*fakeidp.Behavior)
		check func(t *testing.T, got tokens)
	}{
		"scope omitted":  {func(b *fakeidp.Behavior) { b.Scope = fakeidp.Omit }, func(t *testing.T, got tokens) { require.Nil(t, got.Scope) }},
		"scope replaced": {func(b *fakeidp.Behavior) { b.Scope = "a,b" }, func(t *testing.T, got tokens) { require.Equal(t, "a,b", *got.Scope) }},
		"scope denied": {func(b *fakeidp.Behavior) { b.ScopesDenied = []string{"email"} }, func(t *testing.T, got tokens) {
			require.Equal(t, "openid profile", *got.Scope)
			claims, _ := claimsOf(t, got.IDToken)
			require.NotContains(t, claims, "email")
		}},
		"no refresh token":  {func(b *fakeidp.Behavior) { b.NoRefreshToken = true }, func(t *testing.T, got tokens) { require.Empty(t, got.RefreshToken) }},
		"token type":        {func(b *fakeidp.Behavior) { b.TokenType = "mac" }, func(t *testing.T, got tokens) { require.Equal(t, "mac", got.TokenType) }},
		"no ID token":       {func(b *fakeidp.Behavior) { b.IDToken = fakeidp.NoIDToken }, func(t *testing.T, got tokens) { require.Empty(t, got.IDToken) }},
		"expires_in -1":     {func(b *fakeidp.Behavior) { b.ExpiresIn = "-1" }, func(t *testing.T, got tokens) { require.Equal(t, "-1", string(got.ExpiresIn)) }},
		"expires_in string": {func(b *fakeidp.Behavior) { b.ExpiresIn = `"3600"` }, func(t *testing.T, got tokens) { require.Equal(t, `"3600"`, string(got.ExpiresIn)) }},
		"expires_in huge":   {func(b *fakeidp.Behavior) { b.ExpiresIn = "1e30" }, func(t *testing.T, got tokens) { require.Equal(t, "1e30", string(got.ExpiresIn)) }},
		"expires_in absent": {func(b *fakeidp.Behavior) { b.ExpiresIn = fakeidp.Omit }, func(t *testing.T, got tokens) { require.Empty(t, got.ExpiresIn) }},
		"azp": {func(b *fakeidp.Behavior) { b.AuthorizedParty = true }, func(t *testing.T, got tokens) {
			claims, _ := claimsOf(t, got.IDToken)
			require.Equal(t, "app", claims["azp"])
		}},
		"huge tokens": {func(b *fakeidp.Behavior) {
			b.AccessTokenPadding, b.RefreshTokenPadding, b.IDTokenPadding = 5000, 13000, 7000
		}, func(t *testing.T, got tokens) {
			require.Greater(t, len(got.AccessToken), 5000)
			require.Greater(t, len(got.RefreshToken), 13000)
			require.Greater(t, len(got.IDToken), 7000)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.Set(test.set)
			test.check(t, r.signIn())
		})
	}
}

func TestPaddingIsPartOfTheSecret(t *testing.T) {
	r := newRig(t)
	r.Set(func(b *fakeidp.Behavior) { b.AccessTokenPadding, b.RefreshTokenPadding = 5000, 5000 })
	got := r.signIn()
	status, _ := r.userinfo(got.AccessToken[:4000])
	require.Equal(t, http.StatusUnauthorized, status)
	_, cut := r.token(refreshForm(got.RefreshToken[:4000]))
	require.Equal(t, "invalid_grant", cut.Error)
	_, whole := r.token(refreshForm(got.RefreshToken))
	require.Empty(t, whole.Error)
}

func TestRefreshIDToken(t *testing.T) {
	r := newRig(t)
	r.Set(func(b *fakeidp.Behavior) { b.RefreshIDToken = fakeidp.OtherSubject })
	first := r.signIn()
	claims, _ := claimsOf(t, first.IDToken)
	require.Equal(t, "jane-1", claims["sub"])
	_, second := r.token(refreshForm(first.RefreshToken))
	claims, _ = claimsOf(t, second.IDToken)
	require.Equal(t, "jane-1-other", claims["sub"])
	r.Set(func(b *fakeidp.Behavior) { b.RefreshIDToken = fakeidp.NoIDToken })
	_, third := r.token(refreshForm(second.RefreshToken))
	require.Empty(t, third.IDToken)
	require.NotEmpty(t, third.AccessToken)
}

func TestTokenFailure(t *testing.T) {
	r := newRig(t)
	form := codeForm(r.choose(query(), "jane-1"))
	r.Set(func(b *fakeidp.Behavior) {
		b.TokenFailure = fakeidp.Failure{Times: 2, Status: 503, Code: "temporarily_unavailable", RetryAfter: "7"}
	})
	for range 2 {
		res, body := r.post(r.URL(fakeidp.Token), form)
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		require.Equal(t, "7", res.Header.Get("Retry-After"))
		require.Contains(t, body, `"error":"temporarily_unavailable"`)
	}
	status, _ := r.token(form)
	require.Equal(t, http.StatusOK, status, "the code is not spent by failures")
	require.Equal(t, 3, r.Calls(fakeidp.Token))

	r.Set(func(b *fakeidp.Behavior) { b.TokenFailure = fakeidp.Failure{Times: -1} })
	for range 3 {
		res, body := r.post(r.URL(fakeidp.Token), form)
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
		require.Empty(t, body)
	}
}

func TestAnswerFaults(t *testing.T) {
	endpoints := map[fakeidp.Endpoint]func(*fakeidp.Behavior, fakeidp.AnswerFault){
		fakeidp.Token:     func(b *fakeidp.Behavior, f fakeidp.AnswerFault) { b.TokenAnswer = f },
		fakeidp.UserInfo:  func(b *fakeidp.Behavior, f fakeidp.AnswerFault) { b.UserInfoAnswer = f },
		fakeidp.Revoke:    func(b *fakeidp.Behavior, f fakeidp.AnswerFault) { b.RevokeAnswer = f },
		fakeidp.Discovery: func(b *fakeidp.Behavior, f fakeidp.AnswerFault) { b.DiscoveryAnswer = f },
		fakeidp.JWKS:      func(b *fakeidp.Behavior, f fakeidp.AnswerFault) { b.JWKSAnswer = f },
	}
	for endpoint, set := range endpoints {
		t.Run(string(endpoint), func(t *testing.T) {
			r := newRig(t)
			r.browser.Timeout = time.Minute
			signedIn := r.signIn()
			call := func(ctx context.Context, fault fakeidp.AnswerFault) (*http.Response, error) {
				r.Set(func(b *fakeidp.Behavior) { set(b, "") })
				form := codeForm(r.choose(query(), "jane-1"), "token", "unknown")
				r.Set(func(b *fakeidp.Behavior) { set(b, fault) })
				method := http.MethodPost
				if endpoint == fakeidp.Discovery || endpoint == fakeidp.JWKS || endpoint == fakeidp.UserInfo {
					method, form = http.MethodGet, nil
				}
				req, err := http.NewRequestWithContext(ctx, method, r.URL(endpoint), strings.NewReader(form.Encode()))
				require.NoError(t, err)
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				if endpoint == fakeidp.UserInfo {
					req.Header.Set("Authorization", "Bearer "+signedIn.AccessToken)
				}
				return r.browser.Do(req)
			}
			read := func(fault fakeidp.AnswerFault) (int, http.Header, []byte) {
				res, err := call(t.Context(), fault)
				require.NoError(t, err, fault)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err, fault)
				return res.StatusCode, res.Header, body
			}
			status, _, body := read("")
			require.Equal(t, http.StatusOK, status)
			require.True(t, json.Valid(body))
			status, _, _ = read(fakeidp.ServerError)
			require.Equal(t, http.StatusInternalServerError, status)
			status, _, _ = read(fakeidp.Unavailable)
			require.Equal(t, http.StatusServiceUnavailable, status)
			status, header, _ := read(fakeidp.Redirect)
			require.Equal(t, http.StatusTemporaryRedirect, status)
			require.Equal(t, r.URL(fakeidp.Elsewhere), header.Get("Location"))
			require.Zero(t, r.Calls(fakeidp.Elsewhere))
			_, _, body = read(fakeidp.Malformed)
			require.False(t, json.Valid(body))
			_, header, body = read(fakeidp.HTML)
			require.Contains(t, header.Get("Content-Type"), "text/html")
			require.False(t, json.Valid(body))
			_, _, body = read(fakeidp.Huge)
			require.Greater(t, len(body), 10<<20)
			start := bytes.TrimLeft(bytes.TrimPrefix(body, []byte(`{"padding":"`)), "x")
			require.True(t, json.Valid(append([]byte(`{"padding":"`), start...)), "right for a reader without a limit")
			_, err := call(t.Context(), fakeidp.HangUp)
			require.Error(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			res, err := call(ctx, fakeidp.Stall)
			require.NoError(t, err)
			first := make([]byte, 1)
			_, err = io.ReadFull(res.Body, first)
			require.NoError(t, err)
			cancel()
			_, err = io.ReadAll(res.Body)
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, res.Body.Close())
		})
	}
}

func TestGzipBomb(t *testing.T) {
	r := newRig(t)
	r.Set(func(b *fakeidp.Behavior) { b.JWKSAnswer = fakeidp.GzipBomb })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL(fakeidp.JWKS), nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip") // the transport then leaves it packed
	_, packed := r.do(req)
	require.Less(t, len(packed), 1<<20)
	unpacked, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, io.LimitReader(unpacked, 64<<20))
	require.NoError(t, err)
	require.EqualValues(t, 64<<20, n)
	rest, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	require.Contains(t, string(rest), `","keys":[`)
}

func TestTokenDelayEndsWithTheRequest(t *testing.T) {
	r := newRig(t)
	form := codeForm(r.choose(query(), "jane-1"))
	r.Set(func(b *fakeidp.Behavior) { b.TokenDelay = 24 * time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL(fakeidp.Token), strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			_, err = r.browser.Do(req)
		}
		done <- err
	}()
	require.Eventually(t, func() bool { return r.Calls(fakeidp.Token) == 1 }, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	r.Set(func(b *fakeidp.Behavior) { b.TokenDelay = time.Millisecond })
	status, _ := r.token(form)
	require.Equal(t, http.StatusOK, status, "a request that was given up spends no code")
	// The server closes at the end of the test, which waits for its handlers.
}

func TestIssuerParameter(t *testing.T) {
	r := newRig(t)
	advertised := func() any {
		_, metadata := r.json(r.URL(fakeidp.Discovery))
		return metadata["authorization_response_iss_parameter_supported"]
	}
	require.Equal(t, true, advertised())
	r.Set(func(b *fakeidp.Behavior) { b.IssuerParameter = "https://evil.example" })
	require.Equal(t, "https://evil.example", r.authorize(query("login_hint", "jane")).Get("iss"))
	r.Set(func(b *fakeidp.Behavior) { b.IssuerParameter = fakeidp.Omit })
	require.False(t, r.authorize(query("login_hint", "jane")).Has("iss"))
	require.Equal(t, true, advertised())
	r.Set(func(b *fakeidp.Behavior) { b.IssuerParameterUnadvertised = true })
	require.Nil(t, advertised())
}

func TestMetadata(t *testing.T) {
	r := newRig(t)
	status, m := r.json(r.Issuer() + "/.well-known/openid-configuration")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, r.Issuer(), m["issuer"])
	require.Equal(t, []any{"S256"}, m["code_challenge_methods_supported"])
	require.Equal(t, []any{"code"}, m["response_types_supported"])
	require.Equal(t, []any{"ES256"}, m["id_token_signing_alg_values_supported"])
	for name, endpoint := range map[string]fakeidp.Endpoint{
		"authorization_endpoint": fakeidp.Authorize, "token_endpoint": fakeidp.Token, "userinfo_endpoint": fakeidp.UserInfo,
		"jwks_uri": fakeidp.JWKS, "revocation_endpoint": fakeidp.Revoke, "end_session_endpoint": fakeidp.EndSession,
	} {
		require.Equal(t, r.URL(endpoint), m[name])
		require.True(t, strings.HasPrefix(r.URL(endpoint), r.Issuer()+"/"))
	}
	r.Set(func(b *fakeidp.Behavior) {
		b.DiscoveryIssuer = "https://evil.example"
		b.NoUserInfo, b.NoRevoke, b.NoEndSession = true, true, true
	})
	_, m = r.json(r.URL(fakeidp.Discovery))
	require.Equal(t, "https://evil.example", m["issuer"])
	for _, name := range []string{"userinfo_endpoint", "revocation_endpoint", "end_session_endpoint"} {
		require.NotContains(t, m, name)
	}
	for _, endpoint := range []fakeidp.Endpoint{fakeidp.UserInfo, fakeidp.Revoke, fakeidp.EndSession} {
		res, _ := r.post(r.URL(endpoint), nil)
		require.Equal(t, http.StatusNotFound, res.StatusCode, endpoint)
	}
}

func TestUserInfoSubject(t *testing.T) {
	r := newRig(t)
	got := r.signIn()
	r.Set(func(b *fakeidp.Behavior) { b.UserInfoSubject = "omar-2" })
	_, claims := r.userinfo(got.AccessToken)
	require.Equal(t, "omar-2", claims["sub"])
	require.Equal(t, "Jane <Doe>", claims["name"])
	r.Set(func(b *fakeidp.Behavior) { b.UserInfoSubject = fakeidp.Omit })
	_, claims = r.userinfo(got.AccessToken)
	require.NotContains(t, claims, "sub")
}

func TestObservation(t *testing.T) {
	r := newRig(t)
	require.Zero(t, r.Last(fakeidp.Token))
	r.signIn()
	require.Equal(t, 1, r.Calls("token"))
	require.Equal(t, 1, r.Calls(fakeidp.Authorize))
	last := r.Last(fakeidp.Token)
	require.Equal(t, "s3cret&+ %", last.Form.Get("client_secret"))
	require.Equal(t, verifier, last.Form.Get("code_verifier"))
	require.Equal(t, "n-1", r.Last(fakeidp.Authorize).Query.Get("nonce"))
	require.Equal(t, "jane-1", r.Last(fakeidp.Authorize).Form.Get("person"))
	last.Form.Set("client_secret", "changed")
	require.Equal(t, "s3cret&+ %", r.Last(fakeidp.Token).Form.Get("client_secret"))
}

func TestSetDoesNotReachRequestsUnderWay(t *testing.T) {
	r := newRig(t)
	mine := []string{"email"}
	r.Set(func(b *fakeidp.Behavior) { b.ScopesDenied = mine })
	mine[0] = "profile"
	require.Equal(t, "openid profile", *r.signIn().Scope)
	r.Set(func(b *fakeidp.Behavior) { b.ScopesDenied = []string{"email"} })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				r.Set(func(b *fakeidp.Behavior) { b.ScopesDenied[0] = "profile" })
				_ = r.PutPerson(fakeidp.Person{Subject: "jane-1"})
				r.Last(fakeidp.Authorize)
			}
		})
	}
	for range 10 {
		r.signIn()
	}
	wg.Wait()
}

func TestRouting(t *testing.T) {
	r := newRig(t)
	host := strings.TrimSuffix(r.Issuer(), "/tenant/one")
	for _, target := range []string{host + "/authorize", host + "/tenant/onetoken", r.Issuer(), r.Issuer() + "/nothing"} {
		res, _ := r.get(target)
		require.Equal(t, http.StatusNotFound, res.StatusCode, target)
	}
	res, _ := r.get(r.URL(fakeidp.Token))
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	require.Equal(t, http.MethodPost, res.Header.Get("Allow"))
	res, body := r.post(r.URL(fakeidp.Token)+"?x=%zz", url.Values{})
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, body, "invalid_request")
}

func TestNewRefuses(t *testing.T) {
	people := []fakeidp.Person{{Subject: "a"}}
	for name, test := range map[string]struct {
		config fakeidp.Config
		want   string
	}{
		"no issuer":       {fakeidp.Config{People: people}, "Config.Issuer is required"},
		"issuer query":    {fakeidp.Config{People: people, Issuer: "https://x?y"}, "Config.Issuer"},
		"issuer scheme":   {fakeidp.Config{People: people, Issuer: "ftp://x"}, "Config.Issuer"},
		"issuer relative": {fakeidp.Config{People: people, Issuer: "/x"}, "Config.Issuer"},
		"no people":       {fakeidp.Config{Issuer: "https://x"}, "Config.People is required"},
		"no subject":      {fakeidp.Config{Issuer: "https://x", People: []fakeidp.Person{{}}}, "Person.Subject is required"},
		"algorithm":       {fakeidp.Config{Issuer: "https://x", People: people, Algorithm: "HS256"}, "Config.Algorithm"},
		"no client ID":    {fakeidp.Config{Issuer: "https://x", People: people, Clients: []fakeidp.Client{{}}}, "Client.ID is required"},
		"fragment": {fakeidp.Config{Issuer: "https://x", People: people, Clients: []fakeidp.Client{
			{ID: "a", RedirectURIs: []string{"https://x/#f"}},
		}}, "redirect URI"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fakeidp.New(test.config)
			require.ErrorContains(t, err, test.want)
		})
	}
	idp, err := fakeidp.New(fakeidp.Config{Issuer: "https://x.example/", People: people})
	require.NoError(t, err)
	require.Equal(t, "https://x.example/", idp.Issuer())
	require.Equal(t, "https://x.example/token", idp.URL(fakeidp.Token))
}
