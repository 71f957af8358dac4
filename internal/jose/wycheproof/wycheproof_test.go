package wycheproof_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// vectors is one file. public and private are a JWK, or a set of them.
type vectors struct {
	TestGroups []struct {
		Comment string
		Public  json.RawMessage
		Private json.RawMessage
		Tests   []vector
	}
}

type vector struct {
	ID      int `json:"tcId"`
	Comment string
	JWS     json.RawMessage // a text, or JSON serialisation
	Result  string
	Flags   []string
}

func load(t *testing.T, name string) vectors {
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(data, &v))
	require.NotEmpty(t, v.TestGroups)
	return v
}

// keySet returns a JWK or a JWK set as a JWK set.
func keySet(jwk json.RawMessage) []byte {
	var set struct{ Keys json.RawMessage }
	if json.Unmarshal(jwk, &set) == nil && set.Keys != nil {
		return jwk
	}
	return []byte(`{"keys":[` + string(jwk) + `]}`)
}

var (
	errNoKey   = errors.New("the key set has no such key")
	errPayload = errors.New("the payload is no JSON object")
)

// verify takes a token all the way: the key through ParseJWKSet, the text through Parse,
// the signature through the key. Most payloads of the vectors are no claims ("foo", or
// nothing), which Parse refuses whatever the signature: then the header and the
// signature are parsed with claims in between, and the signature is checked over the
// vector's own bytes. Such a token, if its signature is good, is an errPayload.
func verify(jwks []byte, raw string) error {
	keys, skipped, err := jose.ParseJWKSet(jwks)
	if err != nil {
		return err
	}
	token, parseErr := jose.Parse(raw)
	part := strings.Split(raw, ".")
	if parseErr != nil {
		if len(part) != 3 || strings.HasPrefix(raw, "{") {
			return parseErr
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part[1]); err != nil || strings.ContainsAny(part[1], "\r\n") {
			return parseErr
		}
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{}`))
		if token, err = jose.Parse(part[0] + "." + claims + "." + part[2]); err != nil {
			return err
		}
	}
	var found []jose.PublicKey
	for _, k := range keys {
		if k.KeyID == token.Header().KeyID {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%w: %d of %d, skipped %v", errNoKey, len(found), len(keys), skipped)
	}
	if parseErr == nil {
		return token.Verify(found[0])
	}
	signature, err := base64.RawURLEncoding.DecodeString(part[2])
	if err != nil {
		return err
	}
	if err := found[0].Verify(token.Header().Algorithm, []byte(part[0]+"."+part[1]), signature); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", errPayload, parseErr)
}

// text returns the token of a vector.
func (v vector) text(t *testing.T) string {
	var raw string
	if json.Unmarshal(v.JWS, &raw) != nil {
		raw = string(v.JWS)
	}
	require.NotEqual(t, "null", raw)
	return raw
}

// deviation returns why jose decides otherwise on purpose, and its error.
func deviation(group string, v vector, secret bool) (reason string, want error) {
	switch {
	case strings.HasPrefix(v.Comment, "InvalidCharacterInserted"):
		return "a letter outside the alphabet, which the vectors pass over", jose.ErrMalformed
	case secret:
		return "HMAC is not supported", jose.ErrAlgorithm
	case strings.HasPrefix(group, "rfc7520") && v.Comment == "Figure20":
		return "the key is published for PS256, the token says PS384", jose.ErrAlgorithm
	case strings.HasPrefix(group, "rfc7520") && v.Comment == "Figure27":
		return "the key's alg is ES521, which does not exist", errNoKey
	case v.Comment == "rejectsKeyWithRocaVulnerability":
		// The modulus is recognisable (CVE-2017-15361), but a key set is the issuer's word,
		// and an issuer with a key that others can compute is lost in other ways, too.
		return "weak primes are not looked for", errPayload
	}
	return "", nil
}

func TestSignatures(t *testing.T) {
	counts := make(map[string]int)
	for _, name := range []string{"json_web_signature_test.json", "json_web_crypto_test.json", "json_web_key_test.json"} {
		for _, group := range load(t, name).TestGroups {
			for _, v := range group.Tests {
				if v.JWS == nil {
					counts["JWE"]++ // no token of ours is ever one
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d %s", strings.TrimSuffix(name, "_test.json"), group.Comment, v.ID, v.Comment), func(t *testing.T) {
					jwk := group.Public
					if jwk == nil {
						jwk = group.Private // a secret
					}
					err := verify(keySet(jwk), v.text(t))
					require.Contains(t, []string{"valid", "invalid"}, v.Result)
					reason, want := deviation(group.Comment, v, group.Public == nil)
					good := errors.Is(want, errPayload) // in jose's eyes, if reason is not empty
					switch {
					case reason != "" && good != (v.Result == "valid"):
						counts[reason]++
						require.ErrorIs(t, err, want)
					case v.Result == "invalid":
						counts["refused"]++
						require.Error(t, err)
						require.NotErrorIs(t, err, errPayload)
					default:
						counts["accepted"]++
						if err != nil {
							require.ErrorIs(t, err, errPayload, "refused for more than its payload")
							require.ErrorIs(t, err, jose.ErrMalformed)
						}
					}
				})
			}
		}
	}
	t.Log(counts)
	require.GreaterOrEqual(t, counts["accepted"], 35)
	require.GreaterOrEqual(t, counts["refused"], 400)
}

// The deviations that are about the alg of the key alone: without it they verify.
func TestWithoutKeyAlgorithm(t *testing.T) {
	found := 0
	for _, group := range load(t, "json_web_signature_test.json").TestGroups {
		for _, v := range group.Tests {
			if !strings.HasPrefix(group.Comment, "rfc7520") || group.Public == nil {
				continue
			}
			found++
			var jwk map[string]any
			require.NoError(t, json.Unmarshal(group.Public, &jwk))
			delete(jwk, "alg")
			bare, err := json.Marshal(jwk)
			require.NoError(t, err)
			require.ErrorIs(t, verify(keySet(bare), v.text(t)), errPayload, v.Comment)
		}
	}
	require.Equal(t, 6, found)
}
