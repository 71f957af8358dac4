package jose_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// Parse never panics, and a text that it accepts has no other spelling: the parts are
// what encoding their content gives.
func FuzzParse(f *testing.F) {
	f.Add(backstageToken)
	f.Add(encodePart(goodHeader) + "." + encodePart(claims()) + ".AA")
	f.Add("..")
	f.Add(encodePart(`{"alg":"ES256"}`) + "." + encodePart(`{}`) + ".A")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, parse := range []func(string) (*jose.Token, error){jose.Parse, jose.ParsePadded} {
			token, err := parse(raw)
			if err != nil {
				require.Nil(t, token)
				continue
			}
			payload := strings.Split(raw, ".")[1]
			require.Equal(t, encodePart(string(token.Payload())), strings.TrimRight(payload, "="))
		}
	})
}

// What the strict reader accepts, encoding/json accepts, with the same names and the
// same values.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		claims(), `{}`, ` { "a" : [ 1 , { "b" : "\ud83d\ude00" } ] } `, `{"a":1,"A":2}`, `{"exp":1.5e9,"aud":["a" , "b"]}`,
		`{"ſub":1}`, `{"a":-0.0e-1,"b":true,"c":null,"d":"\\\"\/\b\f\n\r\t\u0000"}`, `{"aud":[,]}`, `{"aud":["a",]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		token, err := jose.Parse(encodePart(goodHeader) + "." + encodePart(payload) + ".AA")
		if err != nil {
			return
		}
		var want map[string]any
		d := json.NewDecoder(strings.NewReader(payload))
		d.UseNumber()
		require.NoError(t, d.Decode(&want))
		require.False(t, d.More())
		require.Len(t, token.Names(), len(want))
		for _, name := range token.Names() {
			value, there := want[name]
			require.True(t, there, "%q", name)
			raw, ok := token.Raw(name)
			require.True(t, ok)
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			var got any
			require.NoError(t, d.Decode(&got))
			require.Equal(t, value, got)
			if text, ok := token.String(name); ok {
				require.Equal(t, value, text)
			}
		}
		// A reader that folds case, as go-oidc is, sees the same registered claims.
		var folding struct {
			Issuer    string          `json:"iss"`
			Subject   string          `json:"sub"`
			Audience  json.RawMessage `json:"aud"`
			Expiry    json.Number     `json:"exp"`
			NotBefore json.Number     `json:"nbf"`
		}
		require.NoError(t, json.Unmarshal([]byte(payload), &folding))
		c := token.Claims()
		require.Equal(t, c.Issuer, folding.Issuer)
		require.Equal(t, c.Subject, folding.Subject)
		require.Equal(t, c.Expiry.IsZero(), folding.Expiry == "")
		require.Equal(t, c.NotBefore.IsZero(), folding.NotBefore == "")
		var one string
		var several []string
		switch {
		case folding.Audience == nil:
		case json.Unmarshal(folding.Audience, &one) == nil:
			several = []string{one}
		default:
			require.NoError(t, json.Unmarshal(folding.Audience, &several))
		}
		if len(several) > 0 || len(c.Audiences) > 0 {
			require.Equal(t, several, c.Audiences)
		}
	})
}

// Every text that is valid UTF-8 comes back; no other is written.
func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", `x":0,"admin`, "\x00\x1f\x7f\u2028\ufffd😀", "\xff", "\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := jose.AppendString(nil, s)
		if err != nil {
			require.ErrorIs(t, err, jose.ErrJSON)
			return
		}
		var back string
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
		require.NoError(t, jose.UnmarshalStrict(text, &back))
		require.Equal(t, s, back)
	})
}

// Whatever a claim is called and holds, the token has it and nothing else.
func FuzzSignJWT(f *testing.F) {
	key, err := jose.GenerateKey(jose.EdDSA)
	require.NoError(f, err)
	s, err := jose.NewSigner(key, jose.EdDSA, "k")
	require.NoError(f, err)
	f.Add(`x":0,"admin`, `","b":"`, `1`)
	f.Add("sub", "jane", `{"a":[1]}`)
	f.Fuzz(func(t *testing.T, name, value, number string) {
		raw, err := s.SignJWT("JWT", jose.Claim{Name: name, Value: value},
			jose.Claim{Name: "n", Value: []any{json.Number(number), value}}, jose.Claim{Name: "r", Value: json.RawMessage(number)})
		if err != nil {
			require.Empty(t, raw)
			return
		}
		token, err := jose.Parse(raw)
		require.NoError(t, err)
		require.NoError(t, token.Verify(s.PublicKey()))
		var all map[string]any
		d := json.NewDecoder(bytes.NewReader(token.Payload()))
		d.UseNumber()
		require.NoError(t, d.Decode(&all))
		n := json.Number(number)
		require.Equal(t, map[string]any{name: value, "n": []any{n, value}, "r": n}, all)
	})
}

func FuzzParseJWKSet(f *testing.F) {
	f.Add([]byte(backstageKeys))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, _, err := jose.ParseJWKSet(data)
		if err != nil {
			require.Nil(t, keys)
			return
		}
		for _, key := range keys {
			j, err := jose.NewJWK(key)
			require.NoError(t, err)
			back, err := j.PublicKey()
			require.NoError(t, err)
			require.Equal(t, key, back)
		}
	})
}
