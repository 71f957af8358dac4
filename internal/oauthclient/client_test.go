package oauthclient_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const (
	secret   = "marker-secret with space/+"
	code     = "marker-code"
	verifier = "marker-verifier"
	token    = "marker-token"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newClient(t *testing.T) *oauthclient.Client {
	t.Helper()
	c, err := oauthclient.New(oauthclient.Config{ClientID: "portal", ClientSecret: secret, Now: func() time.Time { return now }})
	require.NoError(t, err)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func exchange(t *testing.T, h http.HandlerFunc) (oauthadapter.Session, error) {
	t.Helper()
	return newClient(t).Exchange(context.Background(), serve(t, h), oauthadapter.CallbackRequest{Code: code, CodeVerifier: verifier, CallbackURL: "https://app.example/cb"})
}

func requireNoSecrets(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, s := range []string{secret, url.QueryEscape(secret), code, verifier, token} {
		require.NotContains(t, text, s)
	}
}

func TestStrictTokenAnswer(t *testing.T) {
	s, err := exchange(t, answer(200, "application/json; charset=utf-8", `{"access_token":"a","token_type":"bearer","expires_in":"60","refresh_token":"r","id_token":"i","scope":"x y","other":{"a":1}}`))
	require.NoError(t, err)
	require.Equal(t, oauthadapter.Session{AccessToken: "a", TokenType: "Bearer", RefreshToken: "r", IDToken: "i", Scope: "x y", ExpiresAt: now.Add(time.Minute)}, s)

	for name, body := range map[string]string{
		"twice":            `{"access_token":"` + token + `","access_token":"b"}`,
		"other case":       `{"Access_Token":"` + token + `"}`,
		"twin":             `{"access_token":"a","ACCESS_TOKEN":"` + token + `"}`,
		"number":           `{"access_token":5,"x":"` + token + `"}`,
		"none":             `{"x":"` + token + `"}`,
		"empty":            `{"access_token":""}`,
		"array":            `["` + token + `"]`,
		"null":             `null`,
		"nothing":          ``,
		"trailing":         `{"access_token":"` + token + `"} {}`,
		"invalid UTF-8":    "{\"access_token\":\"a\xff\"}",
		"deep":             `{"access_token":"a","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
		"more than 1 MiB":  `{"access_token":"` + token + `","x":"` + strings.Repeat("x", 1<<20) + `"}`,
		"type MAC":         `{"access_token":"` + token + `","token_type":"MAC"}`,
		"type is a number": `{"access_token":"` + token + `","token_type":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := exchange(t, answer(200, "application/json", body))
			require.ErrorIs(t, err, oauthclient.ErrAnswer)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.Zero(t, s)
			requireNoSecrets(t, err)
		})
	}
	for _, contentType := range []string{"", "text/html", "text/plain", "application/x-www-form-urlencoded", "application/jwt", ";"} {
		_, err := exchange(t, answer(200, contentType, `{"access_token":"`+token+`"}`))
		require.ErrorIs(t, err, oauthclient.ErrAnswer, contentType)
		requireNoSecrets(t, err)
	}
}

// A member that is not read may be odd.
func TestUnreadMembersAreIgnored(t *testing.T) {
	_, err := exchange(t, answer(200, "application/json", `{"access_token":"a","scope":["x"],"error_uri":5,"id_token":null,"expires_in":{}}`))
	require.NoError(t, err)
}

func TestErrorAnswers(t *testing.T) {
	for _, tt := range []struct {
		name              string
		status            int
		contentType, body string
		code, description string
		unavailable       bool
	}{
		{"standard", 400, "application/json", `{"error":"invalid_grant","error_description":"expired"}`, "invalid_grant", "expired", false},
		{"echo of the code", 400, "application/json", `{"error":"invalid_grant","error_description":"code marker-code is unknown"}`, "invalid_grant", "[redacted]", false},
		{"echo of the secret", 401, "application/json", `{"error":"` + secret + `"}`, "[redacted]", "", false},
		{"echo of Basic", 401, "application/json", `{"error":"invalid_client","error_description":"` +
			base64.StdEncoding.EncodeToString([]byte("portal:"+url.QueryEscape(secret))) + `"}`, "invalid_client", "[redacted]", false},
		{"two codes", 400, "application/json", `{"error":"invalid_grant","error":"server_error"}`, "", "", false},
		{"HTML", 403, "text/html", `<h1>marker-token</h1>`, "", "", false},
		{"form", 400, "application/x-www-form-urlencoded", `error=marker-token`, "", "", false},
		{"object", 400, "application/json", `{"error":{"code":"marker-token"}}`, "", "", false},
		{"502", 502, "text/html", `marker-token`, "", "", true},
		{"404", 404, "text/plain", `marker-token`, "", "", false},
		{"server_error", 400, "application/json", `{"error":"server_error"}`, "server_error", "", true},
		{"invalid_grant with 500", 500, "application/json", `{"error":"invalid_grant"}`, "invalid_grant", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := exchange(t, answer(tt.status, tt.contentType, tt.body))
			var p *oauthadapter.ProviderError
			require.ErrorAs(t, err, &p)
			require.Equal(t, oauthadapter.ProviderError{Endpoint: "token", Status: tt.status, Code: tt.code, Description: tt.description}, *p)
			require.Equal(t, tt.unavailable, errors.Is(err, authprovider.ErrUnavailable))
			requireNoSecrets(t, err)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 30 ": 30 * time.Second, "-1": 0, "1.5": 0, "soon": 0, "100000": time.Hour, "99999999999999999999": time.Hour,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(1e6 * time.Hour).Format(http.TimeFormat):  time.Hour,
	} {
		_, err := exchange(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		require.Equal(t, want, p.RetryAfter, header)
		var public *authprovider.Error
		require.ErrorAs(t, err, &public)
		require.Equal(t, want, public.RetryAfter, header)
	}
}

// net/http quotes a status line that it cannot read.
func TestMalformedStatusLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, token+" "+code+"\r\n\r\n")
			conn.Close()
		}
	}()
	_, err = newClient(t).Exchange(context.Background(), "http://"+l.Addr().String(), oauthadapter.CallbackRequest{Code: code})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	requireNoSecrets(t, err)
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("followed") })
	c := newClient(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	ctx := context.Background()
	_, err := c.Exchange(ctx, u, oauthadapter.CallbackRequest{Code: code})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	_, err = c.Refresh(ctx, u, token, nil)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorIs(t, c.Revoke(ctx, u, token, "access_token"), authprovider.ErrUnavailable)
	require.ErrorIs(t, c.GetJSON(ctx, "userinfo", u, token, new(any)), authprovider.ErrUnavailable)
}

func TestGetJSON(t *testing.T) {
	var v struct {
		Sub string `json:"sub"`
	}
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"sub":"u"}`)
	})
	c := newClient(t)
	require.NoError(t, c.GetJSON(context.Background(), "userinfo", u, token, &v))
	require.Equal(t, "u", v.Sub)
	err := c.GetJSON(context.Background(), "userinfo", u, "other", &v)
	var p *oauthadapter.ProviderError
	require.ErrorAs(t, err, &p)
	require.Equal(t, http.StatusUnauthorized, p.Status)
	require.Equal(t, "userinfo", p.Endpoint)

	for _, body := range []string{`{"sub":"` + token + `","Sub":"x"}`, `{"Sub":"` + token + `"}`, `{`, ``} {
		err := c.GetJSON(context.Background(), "userinfo", serve(t, answer(200, "application/json", body)), token, &v)
		require.ErrorIs(t, err, oauthclient.ErrAnswer, body)
		requireNoSecrets(t, err)
	}
	// A token that no header can hold.
	requireNoSecrets(t, c.GetJSON(context.Background(), "userinfo", u, token+"\r\nX: y", &v))
}

func TestNewHTTPClient(t *testing.T) {
	host := &http.Client{Timeout: time.Hour, Jar: jar{}}
	c := oauthclient.NewHTTPClient(host)
	require.Nil(t, c.Jar)

	for size, ok := range map[int]bool{0: true, 1: true, 1 << 20: true, 1<<20 + 1: false, 8 << 20: false} {
		for _, zipped := range []bool{false, true} {
			u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				var out io.Writer = w
				if zipped {
					w.Header().Set("Content-Encoding", "gzip")
					z := gzip.NewWriter(w)
					defer z.Close()
					out = z
				}
				_, _ = io.WriteString(out, strings.Repeat("x", size))
			})
			res, err := c.Get(u)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			require.LessOrEqual(t, len(body), 1<<20)
			if ok {
				require.NoError(t, err)
				require.Len(t, body, size)
				continue
			}
			require.ErrorIs(t, err, oauthclient.ErrAnswer)
		}
	}
}

type jar struct{}

func (jar) SetCookies(*url.URL, []*http.Cookie) {}
func (jar) Cookies(*url.URL) []*http.Cookie     { return nil }

func TestNewRefuses(t *testing.T) {
	for _, c := range []oauthclient.Config{
		{},
		{ClientID: "a", AuthMethod: "private_key_jwt"},
		{ClientID: "a", AuthMethod: oauthclient.SecretBasic},
		{ClientID: "a", AuthMethod: oauthclient.SecretPost},
		{ClientID: "a", ClientSecret: secret, AuthMethod: oauthclient.None},
	} {
		_, err := oauthclient.New(c)
		require.ErrorContains(t, err, "oauthclient: Config.")
		requireNoSecrets(t, err)
	}
}

// Parameters of a configuration cannot take the place of those of the protocol.
func TestAuthorizationURL(t *testing.T) {
	raw := newClient(t).AuthorizationURL("https://idp.example/auth?tenant=a", oauthadapter.StartRequest{
		State: "s", Nonce: "n", CodeChallenge: "c", CallbackURL: "https://app.example/cb", Scopes: []string{"x", "y"},
	}, map[string]string{"state": "evil", "nonce": "evil", "code_challenge_method": "plain", "redirect_uri": "https://evil.example", "max_age": "1", "hd": "example.com"})
	u, err := url.Parse(raw)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"tenant": {"a"}, "response_type": {"code"}, "client_id": {"portal"}, "redirect_uri": {"https://app.example/cb"}, "scope": {"x y"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {"c"}, "code_challenge_method": {"S256"}, "hd": {"example.com"},
	}, u.Query())
}

// FuzzTokenAnswer: whatever a token endpoint answers, there is either a session with an access token and a sane end, or an error
// that repeats nothing of the answer's secrets.
func FuzzTokenAnswer(f *testing.F) {
	for _, body := range []string{`{"access_token":"a","expires_in":1e999}`, `{"access_token":"a","token_type":"bearer","expires_in":"60","scope":null}`,
		`{"error":"invalid_grant","error_description":"marker-code"}`, `{"access_token":1}`, `[]`, ``} {
		f.Add(200, body)
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		c, err := oauthclient.New(oauthclient.Config{ClientID: "portal", ClientSecret: secret, Now: func() time.Time { return now },
			HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})}})
		require.NoError(t, err)
		s, err := c.Exchange(context.Background(), "https://idp.example/token", oauthadapter.CallbackRequest{Code: code, CodeVerifier: verifier})
		if err != nil {
			require.Zero(t, s)
			for _, secret := range []string{secret, code, verifier} {
				require.NotContains(t, err.Error(), secret)
			}
			return
		}
		require.NotEmpty(t, string(s.AccessToken))
		require.Equal(t, "Bearer", s.TokenType)
		require.False(t, s.ExpiresAt.After(now.AddDate(1, 0, 0)))
		require.True(t, s.ExpiresAt.IsZero() || s.ExpiresAt.After(now.Add(-time.Second)))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
