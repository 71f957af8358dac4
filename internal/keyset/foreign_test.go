package keyset_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

// One key that we cannot use, of whatever kind, costs us none that we can, wherever it
// stands, and is not found itself.
func TestForeignKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	enc := base64.RawURLEncoding.EncodeToString
	good, other := newSigner(t, "good", jose.ES256), newSigner(t, "foreign", jose.ES256)
	rsaKey := newSigner(t, "foreign", jose.RS256)
	text := func(s *jose.Signer) string {
		j, err := jose.NewJWK(s.PublicKey())
		require.NoError(t, err)
		return jsonText(t, j)
	}
	ec, ecRSA := text(other), text(rsaKey)
	with := func(key, member string) string { return strings.Replace(key, "{", "{"+member+",", 1) }
	without := func(key, member string) string {
		return strings.Replace(key, `"`+member+`":`, `"was_`+member+`":`, 1)
	}
	replace := func(key, member, value string) string { return with(without(key, member), `"`+member+`":`+value) }

	for name, foreign := range map[string]string{
		"secp256k1":                 replace(replace(ec, "crv", `"secp256k1"`), "alg", `"ES256K"`),
		"secp256k1 without alg":     without(replace(ec, "crv", `"secp256k1"`), "alg"),
		"ML-DSA":                    `{"kty":"AKP","alg":"ML-DSA-65","kid":"foreign","use":"sig","pub":"` + enc(make([]byte, 1952)) + `"}`,
		"X25519":                    `{"kty":"OKP","crv":"X25519","kid":"foreign","x":"` + enc(x25519.PublicKey().Bytes()) + `"}`,
		"Ed448":                     `{"kty":"OKP","crv":"Ed448","kid":"foreign","x":"` + enc(make([]byte, 57)) + `"}`,
		"unknown type":              `{"kty":"FOO","kid":"foreign"}`,
		"no type":                   without(ec, "kty"),
		"empty":                     `{}`,
		"null":                      `null`,
		"number":                    `7`,
		"text":                      `"key"`,
		"array":                     `[` + ec + `]`,
		"secret":                    `{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","kid":"foreign","alg":"HS256"}`,
		"private EC":                with(ec, `"d":"`+enc(make([]byte, 32))+`"`),
		"private, null":             with(ec, `"d":""`),
		"private RSA":               with(ecRSA, `"p":"`+enc(make([]byte, 128))+`"`),
		"RSA-1024":                  `{"kty":"RSA","kid":"foreign","e":"AQAB","n":"` + enc(small.N.Bytes()) + `"}`,
		"RSA exponent 1":            replace(ecRSA, "e", `"AQ"`),
		"RSA even exponent":         replace(ecRSA, "e", `"AQAC"`),
		"RSA exponent 0":            replace(ecRSA, "e", `"AA"`),
		"RSA no exponent":           without(ecRSA, "e"),
		"RSA empty exponent":        replace(ecRSA, "e", `""`),
		"RSA no modulus":            without(ecRSA, "n"),
		"RSA empty modulus":         replace(ecRSA, "n", `""`),
		"RSA modulus of 64 KB":      replace(ecRSA, "n", `"`+strings.Repeat("x", 64<<10)+`"`),
		"EC point off the curve":    replace(ec, "x", `"`+enc(append(make([]byte, 31), 1))+`"`),
		"EC zero":                   replace(replace(ec, "x", `"`+enc(make([]byte, 32))+`"`), "y", `"`+enc(make([]byte, 32))+`"`),
		"EC coordinate beyond p":    replace(ec, "x", `"`+strings.Repeat("_", 42)+`8"`),
		"EC too long":               replace(ec, "x", `"`+enc(make([]byte, 4096))+`"`),
		"EC empty":                  replace(ec, "x", `""`),
		"EC without y":              without(ec, "y"),
		"EC on another curve":       replace(ec, "crv", `"P-384"`),
		"broken base64":             replace(ec, "x", `"!!!"`),
		"x a number":                replace(ec, "x", `5`),
		"x an object":               replace(ec, "x", `{"a":1}`),
		"kid a number":              replace(ec, "kid", `5`),
		"kid of 1 KB":               replace(ec, "kid", `"`+strings.Repeat("k", 1024)+`"`),
		"for encryption":            replace(ec, "use", `"enc"`),
		"use unknown":               replace(ec, "use", `"foo"`),
		"key_ops for signing only":  with(ec, `"key_ops":["sign"]`),
		"key_ops none":              with(ec, `"key_ops":[]`),
		"key_ops a text":            with(ec, `"key_ops":"verify"`),
		"alg unknown":               replace(ec, "alg", `"XY512"`),
		"alg none":                  replace(ec, "alg", `"none"`),
		"alg HS256":                 replace(ecRSA, "alg", `"HS256"`),
		"alg for encryption":        replace(ecRSA, "alg", `"RSA-OAEP"`),
		"alg of another type":       replace(ec, "alg", `"RS256"`),
		"alg of another curve":      replace(ec, "alg", `"ES384"`),
		"Ed25519 of 31 bytes":       `{"kty":"OKP","crv":"Ed25519","kid":"foreign","x":"` + enc(make([]byte, 31)) + `"}`,
		"Ed25519 without x":         `{"kty":"OKP","crv":"Ed25519","kid":"foreign"}`,
		"members in the wrong case": replace(ec, "kty", `null,"Kty":"EC"`),
	} {
		t.Run(name, func(t *testing.T) {
			for _, set := range []string{foreign + "," + text(good), text(good) + "," + foreign, foreign + "," + foreign + "," + text(good)} {
				i, c := newIssuer(t), newClock()
				i.serve(say(200, "application/json", `{"keys":[`+set+`]}`))
				r := newRemote(t, i, c)
				if name == "members in the wrong case" {
					// Not one broken key but a document that readers disagree on.
					require.ErrorIs(t, find(t, r, "good"), keyset.ErrUnavailable)
					continue
				}
				_, err := r.VerifySignature(t.Context(), newToken(t, good))
				require.NoError(t, err)
				for _, s := range []*jose.Signer{other, rsaKey} {
					_, err = r.VerifySignature(t.Context(), newToken(t, s))
					require.ErrorIs(t, err, jose.ErrUnknownKey)
				}
				for _, alg := range []jose.Algorithm{jose.RS256, jose.ES384, jose.EdDSA} { // no key of another type came in without a kid
					_, err = r.Key(t.Context(), "", alg)
					require.ErrorIs(t, err, jose.ErrUnknownKey)
				}
			}
		})
	}
}

// Of keys that share a kid the first that fits the token's algorithm counts. Trying
// them all would make a token dearer to refuse, and which one is meant is the issuer's
// to say.
func TestDuplicateKeyID(t *testing.T) {
	first, second := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.ES256)
	rsaKey, other := newSigner(t, "k", jose.RS256), newSigner(t, "other", jose.ES256)
	for _, test := range []struct {
		name        string
		set         []*jose.Signer
		good, wrong []*jose.Signer
	}{
		{"same key twice", []*jose.Signer{first, first, other}, []*jose.Signer{first, other}, []*jose.Signer{second}},
		{"two keys", []*jose.Signer{first, second, other}, []*jose.Signer{first, other}, []*jose.Signer{second}},
		{"the other order", []*jose.Signer{second, other, first}, []*jose.Signer{second, other}, []*jose.Signer{first}},
		{"two types", []*jose.Signer{first, rsaKey}, []*jose.Signer{first, rsaKey}, []*jose.Signer{second}},
		{"two types, the other order", []*jose.Signer{rsaKey, first}, []*jose.Signer{first, rsaKey}, []*jose.Signer{second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			i, c := newIssuer(t), newClock()
			i.publish(t, test.set...)
			r := newRemote(t, i, c)
			for _, s := range test.good {
				_, err := r.VerifySignature(t.Context(), newToken(t, s))
				require.NoError(t, err)
			}
			for _, s := range test.wrong {
				_, err := r.VerifySignature(t.Context(), newToken(t, s))
				require.ErrorIs(t, err, jose.ErrSignature)
			}
			require.EqualValues(t, 1, i.fetches.Load())
		})
	}
}

// How long an answer is fresh, by its headers. Whatever they say, it is 5 min at least
// and half of the hard TTL at most.
func TestFreshness(t *testing.T) {
	const softTTL, least, most = 40 * time.Minute, 5 * time.Minute, 12 * time.Hour
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a synctest bubble begins
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		header string // lines
		fresh  time.Duration
	}{
		"nothing":                    {"", softTTL},
		"plain":                      {"Cache-Control: max-age=1200", minutes(20)},
		"quoted":                     {`Cache-Control: max-age="1200"`, minutes(20)},
		"upper case":                 {"cache-control: MAX-AGE=1200", minutes(20)},
		"among others":               {"Cache-Control: public,  max-age=1200 , must-revalidate, x=\"y\"", minutes(20)},
		"several headers":            {"Cache-Control: public\r\nCache-Control: max-age=1200", minutes(20)},
		"the first of two":           {"Cache-Control: max-age=1200, max-age=2400", minutes(20)},
		"the first of two headers":   {"Cache-Control: max-age=1200\r\nCache-Control: max-age=2400", minutes(20)},
		"the first that is one":      {"Cache-Control: max-age=x, max-age=1200", minutes(20)},
		"zero":                       {"Cache-Control: max-age=0", least},
		"zero, then more":            {"Cache-Control: max-age=0, max-age=2400", least},
		"one":                        {"Cache-Control: max-age=1", least},
		"leading zeros":              {"Cache-Control: max-age=0001200", minutes(20)},
		"negative":                   {"Cache-Control: max-age=-1200", softTTL},
		"signed":                     {"Cache-Control: max-age=+1200", softTTL},
		"fraction":                   {"Cache-Control: max-age=1200.5", softTTL},
		"hexadecimal":                {"Cache-Control: max-age=0x4b0", softTTL},
		"underscore":                 {"Cache-Control: max-age=1_200", softTTL},
		"text":                       {"Cache-Control: max-age=soon", softTTL},
		"empty":                      {"Cache-Control: max-age=", softTTL},
		"without value":              {"Cache-Control: max-age", softTTL},
		"only commas":                {"Cache-Control: ,,,", softTTL},
		"other names":                {"Cache-Control: x-max-age=1200, s-maxage=1200, max-age-x=1200", softTTL},
		"huge":                       {"Cache-Control: max-age=99999999999", most},
		"31 bits":                    {"Cache-Control: max-age=2147483648", most},
		"63 bits":                    {"Cache-Control: max-age=9223372036854775807", most},
		"64 bits in nanoseconds":     {"Cache-Control: max-age=18446744074", most},
		"beyond 64 bits":             {"Cache-Control: max-age=99999999999999999999999", most},
		"no-store":                   {"Cache-Control: no-store", least},
		"no-cache":                   {"Cache-Control: No-Cache", least},
		"no-store first":             {"Cache-Control: no-store, max-age=1200", least},
		"no-store last":              {"Cache-Control: max-age=1200, no-store", least},
		"no-store in another header": {"Cache-Control: max-age=1200\r\nCache-Control: no-store", least},
		"Age":                        {"Cache-Control: max-age=1200\r\nAge: 300", minutes(15)},
		"Age, most of it":            {"Cache-Control: max-age=1200\r\nAge: 1199", least},
		"Age, all of it":             {"Cache-Control: max-age=1200\r\nAge: 1200", least},
		"Age, beyond":                {"Cache-Control: max-age=1200\r\nAge: 99999999999999999999999", least},
		"Age negative":               {"Cache-Control: max-age=1200\r\nAge: -300", minutes(20)},
		"Age no number":              {"Cache-Control: max-age=1200\r\nAge: old", minutes(20)},
		"Age alone":                  {"Age: 300", softTTL},
		"Expires":                    {"Expires: " + date(minutes(20)), softTTL},
		"Expires in the past":        {"Expires: 0", softTTL},
		"Expires next to max-age":    {"Cache-Control: max-age=1200\r\nExpires: " + date(minutes(100)), minutes(20)},
		"Date behind":                {"Cache-Control: max-age=1200\r\nDate: " + date(-100*time.Hour), minutes(20)},
		"Date ahead":                 {"Cache-Control: max-age=1200\r\nDate: " + date(100*time.Hour), minutes(20)},
		"Pragma":                     {"Pragma: no-cache", least}, // net/http turns it into Cache-Control: no-cache
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := keysText(t, newSigner(t, "k", jose.ES256), 1)
				lines := test.header
				if lines != "" {
					lines += "\r\n"
				}
				n, _, r := newStage(t, keyset.Config{SoftTTL: softTTL}, raw(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", lines, len(body), body)))
				require.NoError(t, find(t, r, "k"))
				time.Sleep(test.fresh - 1)
				require.NoError(t, find(t, r, "k"))
				synctest.Wait()
				require.Len(t, n.fetches(), 1, "fresh until then")
				time.Sleep(time.Nanosecond)
				require.NoError(t, find(t, r, "k"))
				synctest.Wait()
				require.Len(t, n.fetches(), 2, "stale from then on")
			})
		})
	}
}
