package jose_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

func TestNewVerifierRefuses(t *testing.T) {
	good := jose.Expected{Issuer: "i", Audiences: []string{"a"}}
	_, err := jose.NewVerifier(good, staticKeys{})
	require.NoError(t, err)
	_, err = jose.NewVerifier(good, nil)
	require.Error(t, err)
	for name, change := range map[string]func(*jose.Expected){
		"no issuer":            func(e *jose.Expected) { e.Issuer = "" },
		"no audience":          func(e *jose.Expected) { e.Audiences = nil },
		"empty audience":       func(e *jose.Expected) { e.Audiences = []string{"a", ""} },
		"audience and skipped": func(e *jose.Expected) { e.InsecureSkipAudience = true },
		"negative leeway":      func(e *jose.Expected) { e.Leeway = -1 },
		"large leeway":         func(e *jose.Expected) { e.Leeway = 5*time.Minute + 1 },
		"negative age":         func(e *jose.Expected) { e.MaxAge = -1 },
		"unknown algorithm":    func(e *jose.Expected) { e.Algorithms = []jose.Algorithm{jose.ES256, "HS256"} },
	} {
		t.Run(name, func(t *testing.T) {
			e := good
			change(&e)
			_, err := jose.NewVerifier(e, staticKeys{})
			require.Error(t, err)
		})
	}
}

func TestVerifierOptions(t *testing.T) {
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	at := func(seconds int) string { return fmt.Sprint(nowSeconds + seconds) }
	for _, test := range []struct {
		name   string
		typ    string
		claims string
		change func(*jose.Expected)
		want   error
	}{
		{"typ demanded", "vnd.backstage.user", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, nil},
		{"typ demanded, prefixed", "application/vnd.backstage.user", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, nil},
		{"typ demanded, case", "vnd.Backstage.user", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, jose.ErrType},
		{"typ demanded, limited", "vnd.backstage.limited-user", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, jose.ErrType},
		{"typ demanded, JWT", "JWT", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, jose.ErrType},
		{"typ demanded, absent", "", claims(), func(e *jose.Expected) { e.Types = []string{"vnd.backstage.user"} }, jose.ErrType},
		{"typ may be absent", "", claims(), func(e *jose.Expected) { e.Types = []string{"x", ""} }, nil},
		{"algorithm allowed", "", claims(), func(e *jose.Expected) { e.Algorithms = []jose.Algorithm{jose.ES256} }, nil},
		{"algorithm not allowed", "", claims(), func(e *jose.Expected) { e.Algorithms = []jose.Algorithm{jose.RS256} }, jose.ErrAlgorithm},
		{"no algorithm allowed", "", claims(), func(e *jose.Expected) { e.Algorithms = []jose.Algorithm{} }, jose.ErrAlgorithm},
		{"no type allowed", "JWT", claims(), func(e *jose.Expected) { e.Types = []string{} }, jose.ErrType},
		{"audience skipped", "", claims("aud", ""), func(e *jose.Expected) { e.Audiences, e.InsecureSkipAudience = nil, true }, nil},
		{"leeway", "", claims("exp", at(-299)), func(e *jose.Expected) { e.Leeway = 5 * time.Minute }, nil},
		{"beyond leeway", "", claims("exp", at(-300)), func(e *jose.Expected) { e.Leeway = 5 * time.Minute }, jose.ErrExpired},
		{"leeway of 1 ns", "", claims("exp", at(0)), func(e *jose.Expected) { e.Leeway = 1 }, nil},
		{"iat required", "", claims("iat", ""), func(e *jose.Expected) { e.RequireIssuedAt = true }, jose.ErrClaim},
		{"young", "", claims("iat", at(-660)), func(e *jose.Expected) { e.MaxAge = 10 * time.Minute }, nil},
		{"old", "", claims("iat", at(-661)), func(e *jose.Expected) { e.MaxAge = 10 * time.Minute }, jose.ErrExpired},
		{"age unknown", "", claims("iat", ""), func(e *jose.Expected) { e.MaxAge = 10 * time.Minute }, jose.ErrClaim},
		{"order: type first", "x", claims("iss", "", "aud", "", "exp", "0"), func(*jose.Expected) {}, jose.ErrType},
		{"order: issuer before audience", "", claims("iss", "", "aud", "", "exp", "0"), func(*jose.Expected) {}, jose.ErrIssuer},
		{"order: audience before times", "", claims("aud", "", "exp", "0"), func(*jose.Expected) {}, jose.ErrAudience},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := jose.Expected{Issuer: issuerURL, Audiences: []string{"app"}, Now: func() time.Time { return time.Unix(nowSeconds, 0) }}
			test.change(&e)
			v, err := jose.NewVerifier(e, staticKeys{{KeyID: "k", Algorithm: jose.ES256, Key: key.Public()}})
			require.NoError(t, err)
			header := `{"alg":"ES256","kid":"k"}`
			if test.typ != "" {
				header = `{"typ":"` + test.typ + `","alg":"ES256","kid":"k"}`
			}
			_, err = v.Verify(t.Context(), forge(key, header, test.claims))
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.want)
		})
	}
}

type brokenKeys struct{ err error }

func (b brokenKeys) Key(context.Context, string, jose.Algorithm) (jose.PublicKey, error) {
	return jose.PublicKey{}, b.err
}

// What a key set reports reaches the caller; it is not mistaken for a bad token.
func TestKeySetErrors(t *testing.T) {
	outage := errors.New("outage")
	v, err := jose.NewVerifier(jose.Expected{Issuer: issuerURL, Audiences: []string{"app"}}, brokenKeys{outage})
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), encodePart(goodHeader)+"."+encodePart(claims())+".AA")
	require.ErrorIs(t, err, outage)
	require.NotErrorIs(t, err, jose.ErrSignature)
	require.NotErrorIs(t, err, jose.ErrUnknownKey)
}

// The verifier keeps what it was given at construction.
func TestExpectedIsCopied(t *testing.T) {
	e := jose.Expected{Issuer: issuerURL, Audiences: []string{"app"}, Now: func() time.Time { return time.Unix(nowSeconds, 0) }}
	key, err := jose.GenerateKey(jose.ES256)
	require.NoError(t, err)
	v, err := jose.NewVerifier(e, staticKeys{{KeyID: "ec", Key: key.Public()}})
	require.NoError(t, err)
	e.Audiences[0] = "evil"
	_, err = v.Verify(t.Context(), forge(key, goodHeader, claims("aud", `"evil"`)))
	require.ErrorIs(t, err, jose.ErrAudience)
}
