package tokenissuer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

func TestLimitedToken(t *testing.T) {
	issuer, clock := newIssuer(t)
	token := issue(t, issuer, jane)
	small, expiry, err := tokenissuer.LimitedToken(token)
	require.NoError(t, err)
	require.Equal(t, limited(t, token), small)
	require.Equal(t, clock.Now().Add(time.Hour), expiry)

	again, expiryAgain, err := tokenissuer.LimitedToken(small)
	require.NoError(t, err)
	require.Equal(t, small, again, "is returned as it is")
	require.Equal(t, expiry, expiryAgain)

	for _, escaped := range []string{`user:default/<j&"\>'`, "user:default/j\u00e4ne", "user:default/\U0001F600", "user:default/'"} {
		token, err := issuer.IssueToken(t.Context(), authprovider.TokenClaims{Subject: escaped})
		if err != nil {
			require.ErrorIs(t, err, tokenissuer.ErrClaim)
			continue
		}
		small, _, err := tokenissuer.LimitedToken(token)
		require.NoError(t, err)
		verifyAsBackstage(t, servedKeys(t, issuer), small, limitedUser, clock.Now())
		v, err := issuer.NewVerifier(tokenissuer.VerifierConfig{AcceptLimited: true})
		require.NoError(t, err)
		require.Equal(t, escaped, verifyOK(t, v, small).Subject)
	}
}

func TestLimitedTokenRefuses(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	const header = `{"typ":"vnd.backstage.user","alg":"ES256","kid":"k"}`
	const payload = `{"sub":"user:default/jane","iat":1800000000,"exp":1800003600,"uip":"AAAA"}`
	replaced := func(from, to string) string {
		require.Contains(t, header+payload, from)
		return signText(t, key, strings.Replace(header, from, to, 1), strings.Replace(payload, from, to, 1))
	}
	_, _, err = tokenissuer.LimitedToken(signText(t, key, header, payload))
	require.NoError(t, err, "nothing is verified")
	for name, tt := range map[string]struct{ token, why string }{
		"empty":            {"", "malformed"},
		"garbage":          {"a.b.c", "malformed"},
		"plugin token":     {replaced("backstage.user", "backstage.plugin"), "typ"},
		"typ JWT":          {replaced("vnd.backstage.user", "JWT"), "typ"},
		"typ, other form":  {replaced("vnd.", "application/vnd."), "typ"},
		"no typ":           {replaced(`"typ":"vnd.backstage.user",`, ""), "typ"},
		"no kid":           {replaced(`,"kid":"k"`, ""), "kid"},
		"no uip":           {replaced(`,"uip":"AAAA"`, ""), "uip"},
		"uip empty":        {replaced("AAAA", ""), "uip"},
		"uip a number":     {replaced(`"AAAA"`, "1"), "uip"},
		"uip of two parts": {replaced("AAAA", "AA.AA"), "uip"},
		"uip ends cookie":  {replaced("AAAA", "AA; Domain=example.com"), "uip"},
		"uip of two lines": {replaced("AAAA", `AA\r\nAA`), "uip"},
		"uip padded":       {replaced("AAAA", "AA=="), "uip"},
		"no sub":           {replaced(`"sub":"user:default/jane",`, ""), "sub"},
		"sub empty":        {replaced("user:default/jane", ""), "sub"},
		"no iat":           {replaced(`"iat":1800000000,`, ""), "iat"},
		"no exp":           {replaced(`"exp":1800003600,`, ""), "exp"},
		"iat a fraction":   {replaced("1800000000", "1800000000.5"), "fraction"},
		"exp a fraction":   {replaced("1800003600", "1800003600.5"), "fraction"},
	} {
		t.Run(name, func(t *testing.T) {
			small, expiry, err := tokenissuer.LimitedToken(tt.token)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.ErrorContains(t, err, tt.why)
			require.Empty(t, small)
			require.Zero(t, expiry)
		})
	}
}

// FuzzLimitedToken: what comes out verifies if, and only if, the uip is what the issuer signed for exactly this subject and these times.
func FuzzLimitedToken(f *testing.F) {
	signer := newSigner(f, "k", jose.ES256)
	_, url := newSite(f, signer)
	v, clock := newVerifier(f, url, acceptLimited)
	now := clock.Now().Unix()
	f.Add("user:default/jane", int64(0), int64(3600), "", false)
	f.Add(`user:default/<j&"\>'`, int64(-5), int64(60), "", true)
	f.Add("user:default/\u2028\x7f\x01\ufeff\U0001F600", int64(300), int64(1), "", false)
	f.Add("user:default/jane", int64(0), int64(3600), strings.Repeat("A", 86), false)
	f.Add("user:default/jane", int64(0), int64(3600), "a.b", false)
	f.Add("\xff", int64(0), int64(3600), "", false)
	f.Fuzz(func(t *testing.T, subject string, ago, ttl int64, uip string, another bool) {
		iat, exp := now+ago%300, now+ttl%10_000
		wanted := []jose.Claim{{Name: "sub", Value: subject}, {Name: "iat", Value: iat}, {Name: "exp", Value: exp}}
		proved := wanted
		if another { // the proof of somebody else, or of another time
			proved = with(with(wanted, "sub", subject+"x"), "exp", exp+1)
		}
		right := uip == "" && !another
		if uip == "" {
			small, err := signer.SignJWT(limitedUser, proved...)
			if err != nil {
				require.False(t, utf8.ValidString(subject))
				return
			}
			uip = small[strings.LastIndexByte(small, '.')+1:]
		}
		claims := append(append([]jose.Claim{{Name: "iss", Value: issuerURL}}, wanted...), jose.Claim{Name: "aud", Value: "backstage"}, jose.Claim{Name: "uip", Value: uip})
		token, err := signer.SignJWT(user, claims...)
		if err != nil {
			return
		}
		small, expiry, err := tokenissuer.LimitedToken(token)
		if err != nil {
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.False(t, right && subject != "", err)
			return
		}
		require.Equal(t, exp, expiry.Unix())
		header, payload := texts(t, small)
		require.Equal(t, `{"typ":"vnd.backstage.limited-user","alg":"ES256","kid":"k"}`, header)
		var said struct {
			Sub      string
			Iat, Exp int64
		}
		require.NoError(t, json.Unmarshal([]byte(payload), &said))
		require.Equal(t, subject, said.Sub)
		require.Equal(t, [2]int64{iat, exp}, [2]int64{said.Iat, said.Exp})
		again, _, err := tokenissuer.LimitedToken(small)
		require.NoError(t, err)
		require.Equal(t, small, again)

		verified, err := v.Verify(t.Context(), small)
		require.Equal(t, right && exp+60 > now, err == nil, err)
		if err != nil {
			require.Equal(t, !right, errors.Is(err, jose.ErrSignature))
			return
		}
		require.True(t, verified.Limited)
		require.Equal(t, subject, verified.Subject)
	})
}

// FuzzLimitedTokenOfAnyText: whatever the text is, what comes out is a limited token that says the same.
func FuzzLimitedTokenOfAnyText(f *testing.F) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(f, err)
	f.Add(`{"typ":"vnd.backstage.user","alg":"ES256","kid":"k"}`, `{"sub":"user:default/jane","iat":1.8e9,"exp":1800003600.0,"uip":"AAAA"}`)
	f.Add(`{"typ":"vnd.backstage.limited-user","alg":"ES256"}`, `{"sub":"\u2028","iat":-0,"exp":1,"uip":"A"}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := signText(t, key, header, payload)
		small, expiry, err := tokenissuer.LimitedToken(token)
		if err != nil {
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			return
		}
		from, err := jose.Parse(token)
		require.NoError(t, err)
		made, err := jose.Parse(small)
		require.NoError(t, err)
		require.Equal(t, limitedUser, made.Header().Type)
		require.Equal(t, from.Header().KeyID, made.Header().KeyID)
		require.Equal(t, from.Header().Algorithm, made.Header().Algorithm)
		require.Equal(t, from.Claims().Subject, made.Claims().Subject)
		require.True(t, from.Claims().IssuedAt.Equal(made.Claims().IssuedAt))
		require.True(t, expiry.Equal(made.Claims().Expiry))
	})
}
