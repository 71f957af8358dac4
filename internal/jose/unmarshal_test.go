package jose_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

type common struct {
	Locale string `json:"locale"`
}

type profile struct {
	common
	Subject  string                 `json:"sub"`
	Verified bool                   `json:"email_verified,omitempty"`
	Address  *struct{ City string } `json:"address"`
	Emails   []struct {
		Value string `json:"value"`
	} `json:"emails"`
	Teams  map[string]common `json:"teams"`
	Extra  any               `json:"extra"`
	Raw    json.RawMessage   `json:"raw"`
	Hidden string            `json:"-"`
	Plain  int
}

func TestUnmarshalStrict(t *testing.T) {
	var p profile
	require.NoError(t, jose.UnmarshalStrict([]byte(` {"sub":"jane","email_verified":true,"locale":"sv","address":{"City":"Göteborg"},
		"emails":[{"value":"a"},{"value":"b"}],"teams":{"A":{"locale":"x"}},"extra":{"Sub":1},"raw":{"ANY":1},"Plain":1,"hidden":"x","unknown":{"sub":{"Sub":1}}} `), &p))
	require.Equal(t, "jane", p.Subject)
	require.True(t, p.Verified)
	require.Equal(t, "sv", p.Locale)
	require.Equal(t, "Göteborg", p.Address.City)
	require.Equal(t, "b", p.Emails[1].Value)
	require.Equal(t, "x", p.Teams["A"].Locale)
	require.Equal(t, 1, p.Plain)
	require.Empty(t, p.Hidden)

	var list []profile
	require.NoError(t, jose.UnmarshalStrict([]byte(`[{"sub":"a"},{}]`), &list))
	require.Len(t, list, 2)
	var m map[string]any
	require.NoError(t, jose.UnmarshalStrict([]byte(`{"a":{"b":[null]}}`), &m))
	var n json.Number
	require.NoError(t, jose.UnmarshalStrict([]byte(`1e400`), &n))
}

func TestUnmarshalStrictRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"twice":                      `{"sub":"a","sub":"b"}`,
		"twin":                       `{"sub":"a","Sub":"b"}`,
		"wrong case":                 `{"SUB":"a"}`,
		"Email_verified":             `{"Email_verified":true}`,
		"long s":                     `{"ſub":"a"}`,
		"wrong case, embedded":       `{"Locale":"a"}`,
		"wrong case, pointer":        `{"address":{"city":"a"}}`,
		"wrong case, slice":          `{"emails":[{"value":"a"},{"Value":"b"}]}`,
		"wrong case, map":            `{"teams":{"a":{"LOCALE":"b"}}}`,
		"wrong case, untagged":       `{"plain":1}`,
		"duplicate in unknown":       `{"unknown":{"a":1,"a":2}}`,
		"duplicate in raw":           `{"raw":[{"a":1,"a":2}]}`,
		"wrong type":                 `{"sub":1}`,
		"wrong type, object":         `{"emails":{}}`,
		"data after":                 `{} {}`,
		"empty":                      ``,
		"white space":                ` `,
		"not UTF-8":                  "{\"sub\":\"\xff\"}",
		"BOM":                        "\ufeff{}",
		"HTML":                       `<html>`,
		"cut off":                    `{"sub":"a"`,
		"cut off in a string":        `{"sub":"\`,
		"cut off in an escape":       `{"sub":"\u00`,
		"cut off before a surrogate": `{"sub":"\ud83d\u`,
	} {
		t.Run(name, func(t *testing.T) {
			var p profile
			require.ErrorIs(t, jose.UnmarshalStrict([]byte(text), &p), jose.ErrJSON)
		})
	}
	require.ErrorIs(t, jose.UnmarshalStrict([]byte(`{}`), nil), jose.ErrJSON)
	require.ErrorIs(t, jose.UnmarshalStrict([]byte(`{}`), profile{}), jose.ErrJSON)
	var none *profile
	require.ErrorIs(t, jose.UnmarshalStrict([]byte(`{}`), none), jose.ErrJSON)
}

func TestClaimAccess(t *testing.T) {
	payload := `{"iss":"i","sub":"s","jti":"j","aud":["a","\u0062"],"exp":1.5,"nbf":0,"text":"\u00e9","number":1,"object":{"sub":"x"},"bad":{"SUB":"x"}}`
	token, err := jose.Parse(encodePart(`{"alg":"ES256","kid":"k","typ":"t","signer":"arn"}`) + "." + encodePart(payload) + ".AA")
	require.NoError(t, err)
	c := token.Claims()
	require.Equal(t, []string{"i", "s", "j"}, []string{c.Issuer, c.Subject, c.ID})
	require.Equal(t, []string{"a", "b"}, c.Audiences)
	require.EqualValues(t, 1500, c.Expiry.UnixMilli())
	require.False(t, c.NotBefore.IsZero(), "the epoch is not the same as absent")
	require.True(t, c.IssuedAt.IsZero())
	require.Equal(t, payload, string(token.Payload()))

	signer, ok := token.HeaderString("signer")
	require.True(t, ok)
	require.Equal(t, "arn", signer)
	_, ok = token.HeaderString("Signer")
	require.False(t, ok)

	text, ok := token.String("text")
	require.True(t, ok)
	require.Equal(t, "é", text)
	for _, name := range []string{"Text", "number", "absent"} {
		_, ok := token.String(name)
		require.False(t, ok, name)
	}
	require.True(t, token.Has("number"))
	require.False(t, token.Has("Number"))
	raw, ok := token.Raw("number")
	require.True(t, ok)
	require.Equal(t, "1", string(raw))

	var p profile
	require.NoError(t, token.Decode("object", &p))
	require.Equal(t, "x", p.Subject)
	for name, into := range map[string]any{"absent": &p, "bad": &p, "number": &p, "object": new(string)} {
		require.ErrorIs(t, token.Decode(name, into), jose.ErrClaim, name)
	}
	p = profile{}
	require.NoError(t, token.DecodeAll(&p))
	require.Equal(t, "s", p.Subject)
	require.ErrorIs(t, token.DecodeAll(new([]string)), jose.ErrClaim)
}
