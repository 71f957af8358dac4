package oauthclient_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

func TestIsProtocolParameter(t *testing.T) {
	for _, name := range []string{"client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri", "response_type", "response_mode", "scope",
		"state", "nonce", "request", "request_uri", "max_age", "id_token_hint", "code", "code_verifier", "code_challenge", "code_challenge_method", "grant_type", "registration"} {
		require.True(t, oauthclient.IsProtocolParameter(name), name)
	}
	for _, name := range []string{"login_hint", "domain_hint", "hd", "prompt", "ui_locales", "acr_values", "audience", "resource", "organization", "access_type"} {
		require.False(t, oauthclient.IsProtocolParameter(name), name)
	}
}

// calls are the four requests that a client makes.
var calls = map[string]func(ctx context.Context, c *oauthclient.Client, url string) (any, error){
	"exchange": func(ctx context.Context, c *oauthclient.Client, url string) (any, error) {
		return c.Exchange(ctx, url, oauthadapter.CallbackRequest{Code: code, CodeVerifier: verifier, CallbackURL: "https://app.example/cb"})
	},
	"refresh": func(ctx context.Context, c *oauthclient.Client, url string) (any, error) {
		return c.Refresh(ctx, url, token, []string{"a", "b"})
	},
	"revoke": func(ctx context.Context, c *oauthclient.Client, url string) (any, error) {
		return nil, c.Revoke(ctx, url, token, "refresh_token")
	},
	"userinfo": func(ctx context.Context, c *oauthclient.Client, url string) (any, error) {
		return nil, c.GetJSON(ctx, "userinfo", url, token, new(map[string]any))
	},
}

// A code or refresh token that is sent twice looks like theft, and ends the grant.
func TestNothingIsSentTwice(t *testing.T) {
	for name, call := range calls {
		for fault, handler := range map[string]http.HandlerFunc{
			"hang up":             func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"401 without a word":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
			"503 with a time":     func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(503) },
			"400 invalid_client":  answer(400, "application/json", `{"error":"invalid_client"}`),
			"answer that is none": answer(200, "application/json", `{`),
		} {
			var requests atomic.Int32
			u := serve(t, func(w http.ResponseWriter, r *http.Request) { requests.Add(1); handler(w, r) })
			_, err := call(context.Background(), newClient(t), u)
			if name != "revoke" || fault != "answer that is none" {
				require.Error(t, err, "%s: %s", name, fault)
				requireNoSecrets(t, err)
			}
			require.EqualValues(t, 1, requests.Load(), "%s: %s", name, fault)
		}
	}
}

func TestTimeout(t *testing.T) {
	for name, call := range calls {
		synctest.Test(t, func(t *testing.T) {
			c, err := oauthclient.New(oauthclient.Config{ClientID: "portal", ClientSecret: secret, HTTPClient: &http.Client{
				Timeout: time.Hour, Transport: roundTrip(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }),
			}})
			require.NoError(t, err)
			began := time.Now()
			_, err = call(context.Background(), c, "https://idp.example/x")
			require.ErrorIs(t, err, authprovider.ErrUnavailable, name)
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.Equal(t, 10*time.Second, time.Since(began), name)

			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err = call(ctx, c, "https://idp.example/x")
			require.ErrorIs(t, err, context.Canceled, name)
		})
	}
}

// TestTimeoutBounds: the shorter of ten seconds and the host's, for the body too, and nothing is left when a body has been closed.
func TestTimeoutBounds(t *testing.T) {
	for host, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Hour: 10 * time.Second, time.Second: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var seen context.Context
			c := oauthclient.NewHTTPClient(&http.Client{Timeout: host, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				seen = r.Context()
				body, w := io.Pipe()
				context.AfterFunc(seen, func() { w.CloseWithError(seen.Err()) })
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
			})})
			began := time.Now()
			res, err := c.Get("https://idp.example/x")
			require.NoError(t, err)
			_, err = io.ReadAll(res.Body)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, want, time.Since(began))
			require.NoError(t, res.Body.Close())

			res, err = c.Get("https://idp.example/x")
			require.NoError(t, err)
			require.NoError(t, seen.Err())
			require.NoError(t, res.Body.Close())
			require.ErrorIs(t, seen.Err(), context.Canceled)
		})
	}
}

// What is on the wire, for each way to authenticate.
func TestRequests(t *testing.T) {
	for _, tt := range []struct {
		method oauthclient.AuthMethod
		secret authprovider.Secret
		id     string
		basic  string
		form   url.Values
	}{
		{"", secret, "portal/x y", "Basic " + base64.StdEncoding.EncodeToString([]byte("portal%2Fx+y:"+url.QueryEscape(secret))), url.Values{}},
		{oauthclient.SecretPost, secret, "portal/x y", "", url.Values{"client_id": {"portal/x y"}, "client_secret": {secret}}},
		{oauthclient.None, "", "portal/x y", "", url.Values{"client_id": {"portal/x y"}}},
	} {
		for name, own := range map[string]url.Values{
			"exchange": {"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {"https://app.example/cb"}},
			"refresh":  {"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {"a b"}},
			"revoke":   {"token": {token}, "token_type_hint": {"refresh_token"}},
		} {
			for field, values := range tt.form {
				own[field] = values
			}
			var form, query url.Values
			var header http.Header
			u := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				form, query, header = r.PostForm, r.URL.Query(), r.Header
				answer(200, "application/json", `{"access_token":"a"}`)(w, r)
			})
			c, err := oauthclient.New(oauthclient.Config{ClientID: tt.id, ClientSecret: tt.secret, AuthMethod: tt.method})
			require.NoError(t, err)
			_, err = calls[name](context.Background(), c, u)
			require.NoError(t, err)
			require.Equal(t, own, form, name)
			require.Empty(t, query, "addresses end in logs")
			require.Equal(t, tt.basic, header.Get("Authorization"))
			require.Equal(t, "application/json", header.Get("Accept"))
			require.Equal(t, "application/x-www-form-urlencoded", header.Get("Content-Type"))
		}
	}
}

// What may help later is told from what will not.
func TestTransientAnswers(t *testing.T) {
	for _, tt := range []struct {
		status    int
		code      string
		transient bool
	}{
		{408, "", true}, {429, "", true}, {500, "", true}, {504, "", true}, {302, "", true},
		{400, "slow_down", true}, {400, "server_error", true}, {400, "temporarily_unavailable", true},
		{400, "", false}, {401, "invalid_client", false}, {403, "access_denied", false}, {503, "invalid_grant", false},
	} {
		u := serve(t, answer(tt.status, "application/json", fmt.Sprintf(`{"error":%q}`, tt.code)))
		for name, call := range calls {
			_, err := call(context.Background(), newClient(t), u)
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, tt.code, p.Code)
			require.Equal(t, tt.transient, errors.Is(err, authprovider.ErrUnavailable), "%s: %d %s", name, tt.status, tt.code)
		}
	}
}

// Where a gateway prints the request that it did not like.
func TestEchoedSecrets(t *testing.T) {
	for _, call := range calls {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_request","error_description":%q}`, string(body)+" "+r.Header.Get("Authorization"))
		})
		_, err := call(context.Background(), newClient(t), u)
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "invalid_request", p.Code)
		require.Equal(t, "[redacted]", p.Description)
		requireNoSecrets(t, err)
	}
}

// client_secret_post sends the secret form-encoded, and that is what a gateway repeats.
func TestEncodedEcho(t *testing.T) {
	_, err := exchange(t, answer(400, "application/json", fmt.Sprintf(`{"error":"invalid_request","error_description":"client_secret=%s"}`, url.QueryEscape(secret))))
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "[redacted]", p.Description)
}

func TestNoBody(t *testing.T) {
	client := oauthclient.NewHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Request: r}, nil
	})})
	res, err := client.Get("https://idp.example/x")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Empty(t, body)
}

// FuzzAnswers: whatever the endpoints answer, nobody panics, nothing is beside an error, and no error repeats a secret of the request.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"access_token":"a","expires_in":1e999}`, `{"error":"marker-code","error_description":"marker-token marker-verifier"}`,
		`{"error":"invalid_grant","error_description":"marker-secret with space/+"}`, `{"sub":"u"}`, `<h1>marker-token</h1>`, `null`, "{\"a\":\"\xff\"}"} {
		for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "text/html; charset=\"", ""} {
			f.Add(200, contentType, "", []byte(body))
			f.Add(400, contentType, "-5", []byte(body))
			f.Add(503, contentType, "Sun, 06 Nov 1994 08:49:37 GMT", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter string, body []byte) {
		if status < 200 || status > 999 {
			return
		}
		c, err := oauthclient.New(oauthclient.Config{ClientID: "portal", ClientSecret: secret, HTTPClient: &http.Client{
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				header := http.Header{"Content-Type": {contentType}, "Retry-After": {retryAfter}, "Location": {"https://evil.example/marker-code"}}
				return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			}),
		}})
		require.NoError(t, err)
		for name, call := range calls {
			result, err := call(context.Background(), c, "https://idp.example/x")
			session, ok := result.(oauthadapter.Session)
			if err != nil {
				require.Zero(t, session, name)
				sent := []string{secret, url.QueryEscape(secret), token}
				if name == "exchange" {
					sent = []string{secret, url.QueryEscape(secret), code, verifier}
				}
				for _, s := range sent {
					require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), s, name)
				}
				continue
			}
			require.Equal(t, ok, session.AccessToken != "", name)
			require.True(t, status < 300, "%s: %d", name, status)
		}
	})
}
