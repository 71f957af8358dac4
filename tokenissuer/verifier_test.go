package tokenissuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

// site publishes keys as another service sees them.
type site struct {
	set     atomic.Pointer[[]byte] // nil: it is down
	fetches atomic.Int64
}

func (s *site) publish(t testing.TB, signers ...*jose.Signer) {
	t.Helper()
	var set struct {
		Keys []jose.JWK `json:"keys"`
	}
	for _, signer := range signers {
		key, err := jose.NewJWK(signer.PublicKey())
		require.NoError(t, err)
		set.Keys = append(set.Keys, key)
	}
	body, err := json.Marshal(set)
	require.NoError(t, err)
	s.set.Store(&body)
}

func (s *site) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.fetches.Add(1)
	body := s.set.Load()
	if body == nil {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(*body)
}

// RoundTrip answers without a network, for tests in a bubble, which sockets would leave.
func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

func newSite(t testing.TB, signers ...*jose.Signer) (*site, string) {
	t.Helper()
	s := new(site)
	s.publish(t, signers...)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func newSigner(t testing.TB, kid string, alg jose.Algorithm) *jose.Signer {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, alg, kid)
	require.NoError(t, err)
	return signer
}

// newVerifier makes one that believes the keys at url, on a clock of its own.
func newVerifier(t testing.TB, url string, change ...func(*tokenissuer.VerifierConfig)) (*tokenissuer.Verifier, *authprovidertest.Clock) {
	t.Helper()
	clock := newClock()
	c := tokenissuer.VerifierConfig{Issuer: issuerURL, JWKSURL: url, Now: clock.Now}
	for _, f := range change {
		f(&c)
	}
	v, err := tokenissuer.NewVerifier(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v, clock
}

func acceptLimited(c *tokenissuer.VerifierConfig) { c.AcceptLimited = true }
func remember(c *tokenissuer.VerifierConfig)      { c.AcceptLimited, c.CacheSize = true, 64 }

// with changes one claim of a list, appends it, or takes it out if value is nil.
func with(claims []jose.Claim, name string, value any) []jose.Claim {
	var out []jose.Claim
	found := false
	for _, c := range claims {
		if c.Name != name {
			out = append(out, c)
			continue
		}
		if found = true; value != nil {
			out = append(out, jose.Claim{Name: name, Value: value})
		}
	}
	if !found && value != nil {
		out = append(out, jose.Claim{Name: name, Value: value})
	}
	return out
}

func sign(t testing.TB, signer *jose.Signer, typ string, claims []jose.Claim) string {
	t.Helper()
	token, err := signer.SignJWT(typ, claims...)
	require.NoError(t, err)
	return token
}

// signText signs any text with ES256, as a [jose.Signer] would refuse to.
func signText(t testing.TB, key crypto.Signer, header, payload string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), sum[:])
	require.NoError(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + encode(signature)
}

const (
	user        = "vnd.backstage.user"
	limitedUser = "vnd.backstage.limited-user"
)

// janeFrom is what a user token and a limited one say, without the proof.
func janeFrom(iat int64) (full, limited []jose.Claim) {
	return []jose.Claim{{Name: "iss", Value: issuerURL}, {Name: "sub", Value: "user:default/jane"}, {Name: "aud", Value: "backstage"},
			{Name: "iat", Value: iat}, {Name: "exp", Value: iat + 3600}},
		[]jose.Claim{{Name: "sub", Value: "user:default/jane"}, {Name: "iat", Value: iat}, {Name: "exp", Value: iat + 3600}}
}

// Every token here but those of foreign keys is signed with a key that the verifier believes: the issuer's other tokens must not pass either.
func TestVerifierRefuses(t *testing.T) {
	ec, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	es256, err := jose.NewSigner(ec, jose.ES256, "es256")
	require.NoError(t, err)
	es384 := newSigner(t, "es384", jose.ES384)
	private, err := jose.GenerateKey(jose.RS256)
	require.NoError(t, err)
	rs256, err := jose.NewSigner(private, jose.RS256, "rsa")
	require.NoError(t, err)
	ps256, err := jose.NewSigner(private, jose.PS256, "rsa")
	require.NoError(t, err)
	_, url := newSite(t, es256, es384, rs256)

	strict, clock := newVerifier(t, url, func(c *tokenissuer.VerifierConfig) { c.Algorithms = []string{"ES256", "RS256"} })
	lax, _ := newVerifier(t, url, acceptLimited, func(c *tokenissuer.VerifierConfig) { c.Algorithms = []string{"ES256", "RS256", "PS256"} })
	now := clock.Now().Unix()
	full, small := janeFrom(now)
	good, goodLimited := sign(t, es256, user, full), sign(t, es256, limitedUser, small)
	for _, token := range []string{good, sign(t, rs256, user, full), sign(t, es256, "application/"+user, full), // RFC 7515 section 4.1.9
		sign(t, es256, user, with(full, "aud", []string{"other", "backstage"})),
		sign(t, es256, user, with(full, "exp", now-59)),  // within the leeway
		sign(t, es256, user, with(full, "iat", now+300)), // by a replica whose clock is ahead
	} {
		for _, v := range []*tokenissuer.Verifier{strict, lax} {
			verified, err := v.Verify(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, "user:default/jane", verified.Subject)
			require.False(t, verified.Limited)
		}
	}
	verified, err := lax.Verify(t.Context(), goodLimited)
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", verified.Subject)
	require.True(t, verified.Limited)
	require.Nil(t, verified.Ownership)

	odd := func(from, to string) string {
		header, payload := texts(t, good)
		require.Contains(t, payload, from)
		return signText(t, ec, header, strings.Replace(payload, from, to, 1))
	}
	unsigned := func(header string) string {
		encode := base64.RawURLEncoding.EncodeToString
		_, payload := texts(t, good)
		return encode([]byte(header)) + "." + encode([]byte(payload)) + good[strings.LastIndexByte(good, '.'):]
	}
	tests := map[string]struct {
		v     *tokenissuer.Verifier
		token string
		why   error
	}{
		"empty":              {strict, "", jose.ErrMalformed},
		"garbage":            {strict, "a.b.c", jose.ErrMalformed},
		"huge":               {strict, strings.Repeat("a", 1<<20), jose.ErrMalformed},
		"second spelling":    {strict, good + "=", jose.ErrMalformed},
		"with its scheme":    {strict, "Bearer " + good, jose.ErrMalformed},
		"two tokens":         {strict, good + "," + good, jose.ErrMalformed},
		"limited":            {strict, goodLimited, jose.ErrType},
		"typ JWT":            {strict, sign(t, es256, "JWT", full), jose.ErrType},
		"no typ":             {strict, sign(t, es256, "", full), jose.ErrType},
		"plugin token":       {lax, sign(t, es256, "vnd.backstage.plugin", full), jose.ErrType},
		"typ in capitals":    {lax, sign(t, es256, strings.ToUpper(user), full), jose.ErrType},
		"typ of neither":     {lax, sign(t, es256, "application/"+limitedUser, small), jose.ErrType},
		"alg none":           {strict, unsigned(`{"typ":"` + user + `","alg":"none","kid":"es256"}`), jose.ErrAlgorithm},
		"alg HS256":          {strict, unsigned(`{"typ":"` + user + `","alg":"HS256","kid":"es256"}`), jose.ErrAlgorithm},
		"crit":               {strict, unsigned(`{"typ":"` + user + `","alg":"ES256","kid":"es256","crit":["b64"],"b64":false}`), jose.ErrMalformed},
		"alg not allowed":    {strict, sign(t, es384, user, full), jose.ErrAlgorithm},
		"alg not the key's":  {lax, sign(t, ps256, user, full), jose.ErrAlgorithm},
		"key of another alg": {strict, unsigned(`{"typ":"` + user + `","alg":"RS256","kid":"es256"}`), jose.ErrAlgorithm},
		"kid unknown":        {strict, sign(t, newSigner(t, "other", jose.ES256), user, full), jose.ErrUnknownKey},
		"kid taken":          {strict, sign(t, newSigner(t, "es256", jose.ES256), user, full), jose.ErrSignature},
		"kid of another":     {strict, unsigned(`{"typ":"` + user + `","alg":"ES384","kid":"es384"}`), jose.ErrAlgorithm},
		"no kid":             {strict, unsigned(`{"typ":"` + user + `","alg":"ES256"}`), jose.ErrSignature},
		"subject changed":    {strict, changed(t, good, "jane", "john"), jose.ErrSignature},
		"life prolonged":     {strict, changed(t, good, `"exp":1`, `"exp":2`), jose.ErrSignature},
		"iss of another":     {strict, sign(t, es256, user, with(full, "iss", "https://other.example.com")), jose.ErrIssuer},
		"iss with a slash":   {strict, sign(t, es256, user, with(full, "iss", issuerURL+"/")), jose.ErrIssuer},
		"no iss":             {strict, sign(t, es256, user, with(full, "iss", nil)), jose.ErrIssuer},
		"aud of another":     {strict, sign(t, es256, user, with(full, "aud", "other")), jose.ErrAudience},
		"aud of others":      {strict, sign(t, es256, user, with(full, "aud", []string{"backstage-other", "Backstage"})), jose.ErrAudience},
		"no aud":             {strict, sign(t, es256, user, with(full, "aud", nil)), jose.ErrAudience},
		"expired":            {strict, sign(t, es256, user, with(full, "exp", now-60)), jose.ErrExpired},
		"no exp":             {strict, sign(t, es256, user, with(full, "exp", nil)), jose.ErrClaim},
		"exp a text":         {strict, odd(`"exp":1800003600`, `"exp":"1800003600"`), jose.ErrClaim},
		"exp overflows":      {strict, odd(`"exp":1800003600`, `"exp":1e300`), jose.ErrClaim},
		"exp twice":          {strict, odd(`"exp":`, `"exp":1900000000,"exp":`), jose.ErrMalformed},
		"no iat":             {strict, sign(t, es256, user, with(full, "iat", nil)), jose.ErrClaim},
		"from the future":    {strict, sign(t, es256, user, with(full, "iat", now+301)), jose.ErrNotYetValid},
		"not yet":            {strict, sign(t, es256, user, with(full, "nbf", now+61)), jose.ErrNotYetValid},
		"no sub":             {strict, sign(t, es256, user, with(full, "sub", nil)), tokenissuer.ErrInvalidToken},
		"sub empty":          {strict, sign(t, es256, user, with(full, "sub", "")), tokenissuer.ErrInvalidToken},
		"sub no text":        {strict, odd(`"user:default/jane"`, `1`), jose.ErrClaim},
		"sub in capitals":    {strict, odd(`"sub":`, `"Sub":"user:default/root","sub":`), jose.ErrMalformed},
		"ent a text":         {strict, sign(t, es256, user, with(full, "ent", "group:default/admins")), jose.ErrClaim},
		"ent of numbers":     {strict, sign(t, es256, user, with(full, "ent", []int{1})), jose.ErrClaim},

		// What the uip signs must be good for nothing but what a limited token is good for, and the other way round.
		"limited claims, full typ":   {lax, sign(t, es256, user, small), jose.ErrIssuer},
		"full claims, limited typ":   {lax, sign(t, es256, limitedUser, full), tokenissuer.ErrInvalidToken},
		"limited: one claim more":    {lax, sign(t, es256, limitedUser, with(small, "ent", []string{"group:default/admins"})), tokenissuer.ErrInvalidToken},
		"limited: another order":     {lax, sign(t, es256, limitedUser, []jose.Claim{small[1], small[0], small[2]}), tokenissuer.ErrInvalidToken},
		"limited: sub empty":         {lax, sign(t, es256, limitedUser, with(small, "sub", "")), tokenissuer.ErrInvalidToken},
		"limited: no exp":            {lax, sign(t, es256, limitedUser, small[:2]), tokenissuer.ErrInvalidToken},
		"limited: expired":           {lax, sign(t, es256, limitedUser, with(small, "exp", now-60)), tokenissuer.ErrInvalidToken},
		"limited: from the future":   {lax, sign(t, es256, limitedUser, with(small, "iat", now+301)), tokenissuer.ErrInvalidToken},
		"limited: alg not allowed":   {lax, sign(t, es384, limitedUser, small), jose.ErrAlgorithm},
		"limited: alg not the key's": {lax, sign(t, ps256, limitedUser, small), jose.ErrAlgorithm},
		"limited: kid unknown":       {lax, sign(t, newSigner(t, "another", jose.ES256), limitedUser, small), jose.ErrUnknownKey},
		"limited: kid taken":         {lax, sign(t, newSigner(t, "es256", jose.ES256), limitedUser, small), jose.ErrSignature},
		"limited: subject changed":   {lax, changed(t, goodLimited, "jane", "john"), jose.ErrSignature},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			verified, err := tt.v.Verify(t.Context(), tt.token)
			require.Nil(t, verified)
			require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
			require.ErrorIs(t, err, tt.why)
			require.NotErrorIs(t, err, authprovider.ErrUnavailable)
			require.Less(t, len(err.Error()), 300)
		})
	}
}

// The address of the keys follows from the issuer's; what an issuer of each algorithm makes verifies, and what another one makes does not.
func TestVerifierOfAnIssuer(t *testing.T) {
	for _, alg := range []string{"ES256", "ES384", "RS256", "PS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			url := server.URL + "/api/auth"
			issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.Issuer, c.Algorithm, c.OwnershipInToken = url, alg, true })
			other, _ := newIssuer(t, func(c *tokenissuer.Config) { c.Issuer, c.Algorithm = url, alg })
			mux.HandleFunc("GET /api/auth/.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
				if err := issuer.ServeJWKS(w, r); err != nil {
					t.Error(err)
				}
			})
			remote, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{Issuer: url, AcceptLimited: true, Now: clock.Now})
			require.NoError(t, err)
			defer remote.Close()
			inProcess, err := issuer.NewVerifier(tokenissuer.VerifierConfig{AcceptLimited: true, Algorithms: []string{alg}})
			require.NoError(t, err)
			defer inProcess.Close()

			token := issue(t, issuer, jane)
			small, expiry, err := tokenissuer.LimitedToken(token)
			require.NoError(t, err)
			for _, v := range []*tokenissuer.Verifier{remote, inProcess} {
				verified, err := v.Verify(t.Context(), token)
				require.NoError(t, err)
				require.Equal(t, jane.Subject, verified.Subject)
				require.Equal(t, jane.Ownership, verified.Ownership)
				require.False(t, verified.Limited)

				verified, err = v.Verify(t.Context(), small)
				require.NoError(t, err)
				require.Equal(t, jane.Subject, verified.Subject)
				require.Equal(t, expiry, verified.Expiry)
				require.True(t, verified.Limited)

				_, err = v.Verify(t.Context(), issue(t, other, jane))
				require.ErrorIs(t, err, jose.ErrUnknownKey)
			}
		})
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	issuer, _ := newIssuer(t)
	for name, tt := range map[string]struct {
		c    tokenissuer.VerifierConfig
		text string
	}{
		"issuer, slash":       {tokenissuer.VerifierConfig{Issuer: issuerURL + "/"}, "VerifierConfig.Issuer"},
		"issuer, query":       {tokenissuer.VerifierConfig{Issuer: issuerURL + "?a"}, "VerifierConfig.Issuer"},
		"issuer, plain http":  {tokenissuer.VerifierConfig{Issuer: "http://portal.example.com"}, "VerifierConfig.Issuer"},
		"keys, plain http":    {tokenissuer.VerifierConfig{Issuer: issuerURL, JWKSURL: "http://portal.example.com/keys"}, "VerifierConfig.JWKSURL"},
		"algorithm":           {tokenissuer.VerifierConfig{Issuer: issuerURL, Algorithms: []string{"ES256", "none"}}, `"none"`},
		"algorithm not ours":  {tokenissuer.VerifierConfig{Issuer: issuerURL, Algorithms: []string{"ES512"}}, `"ES512"`},
		"no algorithm":        {tokenissuer.VerifierConfig{Issuer: issuerURL, Algorithms: []string{}}, "Algorithms permits none"},
		"leeway":              {tokenissuer.VerifierConfig{Issuer: issuerURL, Leeway: 6 * time.Minute}, "Leeway is 6m0s"},
		"negative leeway":     {tokenissuer.VerifierConfig{Issuer: issuerURL, Leeway: -1}, "Leeway is -1ns"},
		"cache":               {tokenissuer.VerifierConfig{Issuer: issuerURL, CacheSize: 1<<20 + 1}, "CacheSize is 1048577"},
		"negative cache":      {tokenissuer.VerifierConfig{Issuer: issuerURL, CacheSize: -1}, "CacheSize is -1"},
		"cookie, not limited": {tokenissuer.VerifierConfig{Issuer: issuerURL, LimitedCookie: "backstage-auth"}, "needs AcceptLimited"},
		"no cookie's name":    {tokenissuer.VerifierConfig{Issuer: issuerURL, LimitedCookie: "a b", AcceptLimited: true}, `"a b"`},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := tokenissuer.NewVerifier(tt.c)
			require.ErrorContains(t, err, tt.text)
			require.Nil(t, v)
			if !strings.Contains(tt.text, "VerifierConfig.") { // what does not concern the network
				_, err = issuer.NewVerifier(tt.c)
				require.ErrorContains(t, err, tt.text)
			}
		})
	}
	_, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{})
	require.EqualError(t, err, "tokenissuer: VerifierConfig.Issuer is required")
}

// Nothing is known about a token while its key cannot be looked up: that is neither good nor bad.
func TestVerifierWithoutKeys(t *testing.T) {
	signer := newSigner(t, "k", jose.ES256)
	at, url := newSite(t, signer)
	at.set.Store(nil)
	v, clock := newVerifier(t, url, remember)
	full, small := janeFrom(clock.Now().Unix())
	tokens := []string{sign(t, signer, user, full), sign(t, signer, limitedUser, small)}
	unavailable := func() {
		t.Helper()
		for _, token := range tokens {
			verified, err := v.Verify(t.Context(), token)
			require.Nil(t, verified)
			require.ErrorIs(t, err, authprovider.ErrUnavailable)
			require.NotErrorIs(t, err, tokenissuer.ErrInvalidToken)
		}
	}
	unavailable()
	_, err := v.Verify(t.Context(), "garbage")
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "that takes no key")

	clock.Advance(10 * time.Second)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Verify(gone, tokens[0])
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, tokenissuer.ErrInvalidToken)

	at.publish(t, signer)
	clock.Advance(10 * time.Second)
	for _, token := range tokens {
		_, err := v.Verify(t.Context(), token)
		require.NoError(t, err, "it is asked again ten seconds later at the latest")
	}
	_, err = v.Verify(gone, tokens[0])
	require.NoError(t, err, "known keys take no time, so nobody looks whether the caller has gone")

	at.set.Store(nil)
	clock.Advance(50 * time.Minute)
	for _, token := range tokens {
		_, err := v.Verify(t.Context(), token)
		require.NoError(t, err, "known keys are used while the issuer is down")
	}
	clock.Advance(24 * time.Hour)
	unavailable() // though they have expired: whether they were good once cannot be said any more
}

// In a bubble, where time and the fetches in the background are the test's.
func TestVerifierFollowsRotation(t *testing.T) {
	for name, change := range map[string]func(*tokenissuer.VerifierConfig){"": acceptLimited, "remembered": remember} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := newSigner(t, "first", jose.ES256), newSigner(t, "second", jose.ES256)
				at := new(site)
				at.publish(t, first)
				c := tokenissuer.VerifierConfig{Issuer: issuerURL, HTTPClient: &http.Client{Transport: at}}
				change(&c)
				v, err := tokenissuer.NewVerifier(c)
				require.NoError(t, err)
				defer v.Close()
				make := func(s *jose.Signer) [2]string {
					full, small := janeFrom(time.Now().Unix())
					return [2]string{sign(t, s, user, full), sign(t, s, limitedUser, small)}
				}
				verify := func(tokens [2]string, want error) {
					t.Helper()
					for _, token := range tokens {
						_, err := v.Verify(t.Context(), token)
						require.ErrorIs(t, err, want)
					}
					synctest.Wait()
				}
				old := make(first)
				verify(old, nil)
				at.publish(t, first, second)
				time.Sleep(5 * time.Second)
				verify(make(second), nil) // found at once, since its kid is new
				verify(old, nil)

				at.publish(t, second)
				time.Sleep(5*time.Minute - time.Second)
				verify(old, nil)        // withdrawn, and nobody knows yet
				time.Sleep(time.Second) // the set is no longer fresh
				_, err = v.Verify(t.Context(), old[0])
				require.NoError(t, err) // it starts the refresh and does not wait for it
				synctest.Wait()
				verify(old, tokenissuer.ErrInvalidToken)
				verify(make(second), nil)
				require.EqualValues(t, 3, at.fetches.Load())
			})
		})
	}
}

func TestRevokedKeyVerifiesNothing(t *testing.T) {
	issuer, _ := newIssuer(t)
	for name, change := range map[string]func(*tokenissuer.VerifierConfig){"": acceptLimited, "remembered": remember} {
		t.Run(name, func(t *testing.T) {
			c := tokenissuer.VerifierConfig{}
			change(&c)
			v, err := issuer.NewVerifier(c)
			require.NoError(t, err)
			token := issue(t, issuer, jane)
			parsed, err := jose.Parse(token)
			require.NoError(t, err)
			for _, presented := range []string{token, limited(t, token)} {
				_, err := v.Verify(t.Context(), presented)
				require.NoError(t, err)
			}
			require.NoError(t, issuer.Revoke(t.Context(), parsed.Header().KeyID))
			for _, presented := range []string{token, limited(t, token)} {
				_, err := v.Verify(t.Context(), presented)
				require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
				require.ErrorIs(t, err, jose.ErrUnknownKey)
			}
			_, err = v.Verify(t.Context(), issue(t, issuer, jane))
			require.NoError(t, err, "under the next key")
		})
	}
}
