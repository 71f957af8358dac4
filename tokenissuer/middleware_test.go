package tokenissuer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

func TestVerify(t *testing.T) {
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.OwnershipInToken = true })
	other, _ := newIssuer(t)
	otherURL, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Issuer = "https://other.example.com" })
	issued := clock.Now()
	token := issue(t, issuer, authprovider.TokenClaims{Subject: jane.Subject, Ownership: jane.Ownership, Claims: map[string]any{"role": "admin"}})

	verified, err := issuer.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, jane.Subject, verified.Subject)
	require.Equal(t, jane.Ownership, verified.Ownership)
	require.Equal(t, issued, verified.IssuedAt)
	require.Equal(t, issued.Add(time.Hour), verified.Expiry)
	var claims struct{ Role, Email string }
	require.Error(t, verified.Claims(&claims), "names are matched exactly")
	var tagged struct {
		Role string `json:"role"`
	}
	require.NoError(t, verified.Claims(&tagged))
	require.Equal(t, "admin", tagged.Role)

	for name, bad := range map[string]string{
		"empty":             "",
		"limited":           limited(t, token),
		"another issuer":    issue(t, otherURL, jane),
		"another key":       issue(t, other, jane),
		"changed":           changed(t, token, "jane", "john"),
		"foreign signature": foreign(t, token, "vnd.backstage.user", jose.Claim{Name: "sub", Value: "user:default/jane"}),
	} {
		t.Run(name, func(t *testing.T) {
			verified, err := issuer.Verify(t.Context(), bad)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.Nil(t, verified)
		})
	}

	clock.Advance(time.Hour + 59*time.Second) // within the leeway
	_, err = issuer.Verify(t.Context(), token)
	require.NoError(t, err)
	clock.Advance(time.Second)
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	clock.Advance(-3 * time.Hour)
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "issued in the future")
}

func TestMiddleware(t *testing.T) {
	issuer, _ := newIssuer(t)
	broken, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Keys = &failingStore{down: true} })
	token := issue(t, issuer, jane)
	whoami := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := tokenissuer.UserFromContext(r.Context())
		require.True(t, ok)
		_, _ = io.WriteString(w, user.Subject)
	})
	tests := map[string]struct {
		issuer        *tokenissuer.Issuer
		authorization string
		status        int
		challenge     string
	}{
		"token":         {issuer, "Bearer " + token, 200, ""},
		"no token":      {issuer, "", 401, "Bearer"},
		"other scheme":  {issuer, "Basic YTpi", 401, "Bearer"},
		"limited token": {issuer, "Bearer " + limited(t, token), 401, `Bearer error="invalid_token"`},
		"garbage":       {issuer, "Bearer a.b.c", 401, `Bearer error="invalid_token"`},
		"keys down":     {broken, "Bearer " + token, 503, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/todos", nil)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := httptest.NewRecorder()
			tt.issuer.Middleware(whoami).ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
			if tt.status == http.StatusOK {
				require.Equal(t, "user:default/jane", w.Body.String())
				return
			}
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, http.StatusText(tt.status), strings.TrimSpace(w.Body.String()))
		})
	}
	_, ok := tokenissuer.UserFromContext(t.Context())
	require.False(t, ok)
}
