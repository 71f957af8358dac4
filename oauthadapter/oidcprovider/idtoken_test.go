package oidcprovider_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

type idTokenFault struct {
	fault fakeidp.IDTokenFault
	want  error
}

// idTokenFaults are refused at a sign-in and at a refresh alike.
var idTokenFaults = []idTokenFault{
	{fakeidp.WrongNonce, jose.ErrClaim},
	{fakeidp.WrongAudience, jose.ErrAudience},
	{fakeidp.ExtraAudience, jose.ErrAudience},
	{fakeidp.MissingAudience, jose.ErrAudience},
	{fakeidp.WrongIssuer, jose.ErrIssuer},
	{fakeidp.WrongAzp, jose.ErrAudience},
	{fakeidp.WrongAtHash, jose.ErrClaim},
	{fakeidp.Expired, jose.ErrExpired},
	{fakeidp.MissingExpiry, jose.ErrClaim},
	{fakeidp.FutureIssuedAt, jose.ErrNotYetValid},
	{fakeidp.MissingSubject, jose.ErrClaim},
	{fakeidp.DuplicateClaim, jose.ErrMalformed},
	{fakeidp.CaseTwinClaim, jose.ErrMalformed},
	{fakeidp.AlgNone, jose.ErrMalformed}, // no signature part
	{fakeidp.BadSignature, jose.ErrSignature},
	{fakeidp.ForeignKey, jose.ErrSignature},
	{fakeidp.UnknownKeyID, jose.ErrUnknownKey},
}

// Each row differs from a good token in one respect.
func TestIDTokenChecks(t *testing.T) {
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, tt := range []struct {
		name  string
		claim string
		value any
		want  error // nil: accepted
	}{
		{"iss with a slash more", "iss", scriptedIssuer + "/", jose.ErrIssuer},
		{"iss in another case", "iss", strings.ToUpper(scriptedIssuer), jose.ErrIssuer},
		{"no iss", "iss", nil, jose.ErrIssuer},
		{"aud in another case", "aud", "Portal", jose.ErrAudience},
		{"aud as a list of one", "aud", []string{"portal"}, nil},
		{"sub of 255 bytes", "sub", strings.Repeat("s", 255), nil},
		{"sub of 256 bytes", "sub", strings.Repeat("s", 256), jose.ErrClaim},
		{"empty sub", "sub", "", jose.ErrClaim},
		{"azp is our own", "azp", "portal", nil},
		{"azp is empty", "azp", "", jose.ErrAudience},
		{"azp is a number", "azp", 5, jose.ErrAudience},
		{"exp passed within the leeway", "exp", at(-30 * time.Second), nil},
		{"exp passed", "exp", at(-90 * time.Second), jose.ErrExpired},
		{"no iat", "iat", nil, jose.ErrClaim},
		{"iat ahead within the leeway", "iat", at(30 * time.Second), nil},
		{"iat ahead", "iat", at(90 * time.Second), jose.ErrNotYetValid},
		{"iat of the day before", "iat", at(-23 * time.Hour), nil},
		{"iat too long ago", "iat", at(-25 * time.Hour), jose.ErrExpired},
		{"nbf ahead within the leeway", "nbf", at(30 * time.Second), nil},
		{"nbf ahead", "nbf", at(90 * time.Second), jose.ErrNotYetValid},
		{"nbf far ahead", "nbf", at(time.Hour), jose.ErrMalformed}, // go-oidc sees it first
		{"nonce is the beginning", "nonce", nonce[:5], jose.ErrClaim},
		{"nonce is empty", "nonce", "", jose.ErrClaim},
		{"nonce is a list", "nonce", []string{nonce}, jose.ErrClaim},
		{"at_hash is a number", "at_hash", 5, jose.ErrMalformed},
		{"at_hash is empty", "at_hash", "", jose.ErrClaim},
		{"a distributed claim without source", "_claim_names", map[string]any{"groups": "src1"}, jose.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScripted(t, jose.ES256)
			s.claims[tt.claim] = tt.value
			result, err := s.signIn()
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			requireRefused(t, result, err, tt.want)
		})
	}
}

func TestAudiences(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.claims["aud"] = []string{"other", "portal"}
	result, err := s.signIn()
	requireRefused(t, result, err, jose.ErrAudience)
	s.claims["azp"] = "portal"
	_, err = s.signIn()
	require.NoError(t, err)
	s.claims["aud"] = []string{"other"} // azp does not stand in for aud
	result, err = s.signIn()
	requireRefused(t, result, err, jose.ErrAudience)
}

func TestTokenType(t *testing.T) {
	for typ, want := range map[string]error{
		"": nil, "JWT": nil, "jwt": nil, "application/JWT": nil,
		"at+jwt": jose.ErrType, "logout+jwt": jose.ErrType, "application/at+jwt": jose.ErrType, "application/": nil, "J": jose.ErrType,
	} {
		t.Run(typ, func(t *testing.T) {
			s := newScripted(t, jose.ES256)
			s.typ = typ
			result, err := s.signIn()
			if want == nil {
				require.NoError(t, err)
				return
			}
			requireRefused(t, result, err, want)
		})
	}
}

// The digest of at_hash goes with the algorithm.
func TestAccessTokenHash(t *testing.T) {
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	digests := map[string]func(string) string{
		"SHA-256": func(s string) string { d := sha256.Sum256([]byte(s)); return half(d[:]) },
		"SHA-384": func(s string) string { d := sha512.Sum384([]byte(s)); return half(d[:]) },
		"SHA-512": func(s string) string { d := sha512.Sum512([]byte(s)); return half(d[:]) },
	}
	for alg, right := range map[jose.Algorithm]string{
		jose.RS256: "SHA-256", jose.PS256: "SHA-256", jose.ES256: "SHA-256",
		jose.RS384: "SHA-384", jose.PS384: "SHA-384", jose.ES384: "SHA-384",
		jose.RS512: "SHA-512", jose.PS512: "SHA-512", jose.ES512: "SHA-512", jose.EdDSA: "SHA-512",
	} {
		t.Run(string(alg), func(t *testing.T) {
			s := newScripted(t, alg)
			for name, digest := range digests {
				s.claims["at_hash"] = digest(accessToken)
				result, err := s.signIn()
				if name == right {
					require.NoError(t, err)
					continue
				}
				requireRefused(t, result, err, jose.ErrClaim)
			}
			s.claims["at_hash"] = digests[right]("another access token")
			result, err := s.signIn()
			requireRefused(t, result, err, jose.ErrClaim)
		})
	}
}

// Whoever reads JSON as encoding/json does takes the last of two names, in whatever case.
func TestTwinClaims(t *testing.T) {
	for _, twin := range []string{
		`"sub":"u-admin"`, `"Sub":"u-admin"`, `"SUB":"u-admin"`, `"ſub":"u-admin"`, `"Iss":"x"`, `"AUD":"portal"`, `"EXP":9999999999`, `"nonce":"x"`, `"s\u0075b":"u-admin"`,
		`"email":"a@example.com","email":"b@example.com"`, `"email_verified":false,"Email_Verified":true`, `"name":"Jane","_claims":{"a":1,"A":2}`,
	} {
		t.Run(twin, func(t *testing.T) {
			s := newScripted(t, jose.ES256)
			s.rawToken = unsafeToken(t, s, fmt.Sprintf(`{"iss":%q,"sub":"u-jane","aud":"portal","nonce":%q,"iat":%d,"exp":%d,%s}`,
				scriptedIssuer, nonce, time.Now().Unix(), time.Now().Add(time.Hour).Unix(), twin))
			result, err := s.signIn()
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			requireRefused(t, result, err, jose.ErrMalformed)
		})
	}
}

// unsafeToken has a signature that is not its own: package jose signs nothing that it would not read, and refuses these before
// it looks at signatures.
func unsafeToken(t *testing.T, s *scripted, payload string) string {
	t.Helper()
	good := strings.Split(s.idToken(), ".")
	return good[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + good[2]
}

func TestHostileTokens(t *testing.T) {
	s := newScripted(t, jose.ES256)
	good := s.idToken()
	for name, tt := range map[string]struct {
		token string
		want  error
	}{
		"not a token":   {"marker", jose.ErrMalformed},
		"white space":   {good + "\n", jose.ErrMalformed},
		"padding":       {good + "=", jose.ErrMalformed},
		"flattened":     {`{"payload":"","signature":""}`, jose.ErrMalformed},
		"five parts":    {good + ".x.y", jose.ErrMalformed},
		"too large":     {strings.Repeat("x", jose.MaxSize+1), jose.ErrMalformed},
		"HMAC":          {unsafeHeader(good, `{"alg":"HS256","kid":"k"}`), jose.ErrAlgorithm},
		"crit":          {unsafeHeader(good, `{"alg":"ES256","kid":"k","crit":["exp"]}`), jose.ErrMalformed},
		"other key":     {newScripted(t, jose.ES256).idToken(), jose.ErrSignature},
		"alg of no key": {unsafeHeader(good, `{"alg":"RS256","kid":"k"}`), jose.ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			s.rawToken = tt.token
			result, err := s.signIn()
			require.ErrorIs(t, err, oidcprovider.ErrIDToken)
			requireRefused(t, result, err, tt.want)
		})
	}
	s.rawToken = "-"
	result, err := s.signIn()
	requireRefused(t, result, err, oidcprovider.ErrIDToken)
}

func unsafeHeader(token, header string) string {
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
}

// The code tells a provider that is not set up for OpenID Connect from a forgery.
func TestMissingIDTokenHasItsCode(t *testing.T) {
	s := newScripted(t, jose.ES256)
	for raw, code := range map[string]string{"-": "id_token_missing", "x": "id_token_invalid"} {
		s.rawToken = raw
		_, err := s.signIn()
		var public *authprovider.Error
		require.ErrorAs(t, err, &public)
		require.Equal(t, code, public.Code)
	}
}
