package proxytoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
)

// keys answers with one key or one error.
type keys struct {
	key jose.PublicKey
	err error
}

func (k keys) Key(context.Context, string, jose.Algorithm) (jose.PublicKey, error) {
	return k.key, k.err
}

var expected = jose.Expected{Issuer: "https://proxy.example.com", Audiences: []string{"portal"}, Now: func() time.Time { return time.Unix(1000, 0) }}

func newSigner(t testing.TB) *jose.Signer {
	t.Helper()
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	s, err := jose.NewSigner(key, jose.ES256, "k")
	require.NoError(t, err)
	return s
}

func sign(t testing.TB, s *jose.Signer, exp int) string {
	t.Helper()
	raw, err := s.SignJWT("JWT", jose.Claim{Name: "iss", Value: expected.Issuer}, jose.Claim{Name: "aud", Value: "portal"}, jose.Claim{Name: "exp", Value: exp})
	require.NoError(t, err)
	return raw
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*proxytoken.Config){
		"Config.Header is required": func(c *proxytoken.Config) { c.Header = "" },
		`Config.Header "X_Y"`:       func(c *proxytoken.Config) { c.Header = "X_Y" },
		`Config.Cookie "a b"`:       func(c *proxytoken.Config) { c.Cookie = "a b" },
		"jose: key set is required": func(c *proxytoken.Config) { c.Keys = nil },
	} {
		c := proxytoken.Config{Header: "X-Token", Expected: expected, Keys: keys{}}
		change(&c)
		v, err := proxytoken.New(c)
		require.ErrorContains(t, err, want)
		require.Nil(t, v)
	}
}

func TestVerify(t *testing.T) {
	s := newSigner(t)
	good, old := sign(t, s, 2000), sign(t, s, 100)
	for _, row := range []struct {
		name  string
		keys  keys
		raw   string
		check func(*jose.Token) error
		kind  error // nil: it is good
		code  string
	}{
		{"good", keys{key: s.PublicKey()}, good, nil, nil, ""},
		{"malformed", keys{key: s.PublicKey()}, good + ".", nil, authprovider.ErrAuthentication, proxytoken.CodeInvalid},
		{"expired", keys{key: s.PublicKey()}, old, nil, authprovider.ErrAuthentication, proxytoken.CodeExpired},
		{"unknown key", keys{err: fmt.Errorf("%w: x", jose.ErrUnknownKey)}, good, nil, authprovider.ErrAuthentication, proxytoken.CodeInvalid},
		{"keys out of reach", keys{err: fmt.Errorf("x: %w", keyset.ErrUnavailable)}, good, nil, authprovider.ErrUnavailable, "keys_unavailable"},
		{"caller gave up", keys{err: context.Canceled}, good, nil, authprovider.ErrUnavailable, "keys_unavailable"},
		{"caller's time is up", keys{err: context.DeadlineExceeded}, good, nil, authprovider.ErrUnavailable, "keys_unavailable"},
		{"checked before the key is looked for", keys{err: keyset.ErrUnavailable}, good, func(*jose.Token) error { return errors.New("no") }, authprovider.ErrAuthentication, proxytoken.CodeInvalid},
		{"class of a check's own", keys{key: s.PublicKey()}, good, func(*jose.Token) error {
			return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "own"}
		}, authprovider.ErrNotAllowed, "own"},
		{"check passes", keys{key: s.PublicKey()}, good, func(*jose.Token) error { return nil }, nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			v, err := proxytoken.New(proxytoken.Config{Header: "x-token", Check: row.check, Expected: expected, Keys: row.keys})
			require.NoError(t, err)
			token, raw, err := v.Verify(t.Context(), with(http.Header{"X-Token": {row.raw}}))
			if row.kind == nil {
				require.NoError(t, err)
				require.Equal(t, row.raw, raw)
				require.Equal(t, expected.Issuer, token.Claims().Issuer)
				return
			}
			require.Nil(t, token)
			require.Empty(t, raw)
			require.ErrorIs(t, err, row.kind)
			var e *authprovider.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, row.code, e.Code)
			require.NotErrorIs(t, err, proxytoken.ErrMissing)
		})
	}
}

func TestParseOfAnotherKind(t *testing.T) {
	s := newSigner(t)
	v, err := proxytoken.New(proxytoken.Config{Header: "X-Token", Parse: jose.ParsePadded, Expected: expected, Keys: keys{key: s.PublicKey()}})
	require.NoError(t, err)
	_, _, err = v.Verify(t.Context(), with(http.Header{"X-Token": {sign(t, s, 2000)}}))
	require.Equal(t, proxytoken.CodeInvalid, codeOf(err), "it is asked for padding")
}

func TestInvalid(t *testing.T) {
	cause := errors.New("not one of ours")
	err := proxytoken.Invalid(cause)
	require.Equal(t, proxytoken.CodeInvalid, codeOf(err))
	require.ErrorIs(t, err, cause)
}

func TestEmailVerification(t *testing.T) {
	for claims, want := range map[string]authprovider.EmailVerification{
		`{"email":"a@b","email_verified":true}`:             authprovider.EmailVerified,
		`{"email":"a@b","email_verified":"true"}`:           authprovider.EmailVerified,
		`{"email":"a@b"}`:                                   authprovider.EmailVerificationUnknown,
		`{"email":"a@b","email_verified":null}`:             authprovider.EmailVerificationUnknown,
		`{"email_verified":true}`:                           authprovider.EmailVerificationUnknown,
		`{"email":"","email_verified":true}`:                authprovider.EmailVerificationUnknown,
		`{"email":["a@b"],"email_verified":true}`:           authprovider.EmailVerificationUnknown,
		`{"email":"a@b","email_verified":false}`:            authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":"false"}`:          authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":1}`:                authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":"TRUE"}`:           authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":""}`:               authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":[true]}`:           authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":{"value":"true"}}`: authprovider.EmailUnverified,
		`{"email":"a@b","email_verified":"\u0074rue"}`:      authprovider.EmailUnverified,
	} {
		token, err := jose.ParseClaims([]byte(claims))
		require.NoError(t, err)
		require.Equal(t, want, proxytoken.EmailVerification(token), claims)
	}
}
