package authprovider_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

func TestSecretDoesNotShow(t *testing.T) {
	const marker = "MARKER-7f3a"
	secret := authprovider.Secret(marker)
	type config struct {
		Name   string
		Secret authprovider.Secret
		Ptr    *authprovider.Secret
		More   []authprovider.Secret
		ByName map[string]authprovider.Secret
		Any    any
	}
	values := map[string]any{
		"value":             secret,
		"pointer":           &secret,
		"slice":             []authprovider.Secret{secret},
		"array":             [1]authprovider.Secret{secret},
		"map value":         map[string]authprovider.Secret{"k": secret},
		"struct":            config{"n", secret, &secret, []authprovider.Secret{secret}, map[string]authprovider.Secret{"k": secret}, secret},
		"pointer to struct": &config{Secret: secret, Any: &secret},
		"error":             fmt.Errorf("bad secret: %v", secret),
	}
	secretHex, secretHEX := fmt.Sprintf("%x", marker), fmt.Sprintf("%X", marker)
	hidden := func(t *testing.T, text string) {
		t.Helper()
		for _, leak := range []string{marker, secretHex, secretHEX, fmt.Sprintf("%d", []byte(marker)), fmt.Sprintf("% x", marker)} {
			require.NotContains(t, text, leak)
		}
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%e", "%g", "%t", "%b", "%o", "%O", "%z", "%20s", "%.3s", "%-40q", "%+q", "%#q"} {
				hidden(t, fmt.Sprintf(verb, v))
			}
			hidden(t, fmt.Sprint(v))
			hidden(t, fmt.Sprintln(v))
			hidden(t, fmt.Sprintf([]string{"none"}[0], v)) // "%!(EXTRA ...)" must not show it either

			var text, js bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			hidden(t, text.String())
			hidden(t, js.String())

			data, err := json.Marshal(v)
			require.NoError(t, err)
			hidden(t, string(data))
		})
	}
	data, err := xml.Marshal(config{Secret: secret}.Secret)
	require.NoError(t, err)
	hidden(t, string(data))
	require.Equal(t, marker, string(secret))
}

func TestSecretForms(t *testing.T) {
	for _, tc := range []struct {
		secret       authprovider.Secret
		plain, quote string
	}{
		{"x", "[redacted]", `"[redacted]"`},
		{"", "", `""`}, // so that a missing secret can be told from one that is there
	} {
		require.Equal(t, tc.plain, tc.secret.String())
		require.Equal(t, tc.quote, tc.secret.GoString())
		require.Equal(t, tc.plain, fmt.Sprintf("%v", tc.secret))
		require.Equal(t, tc.quote, fmt.Sprintf("%#v", tc.secret))
		require.Equal(t, tc.quote, fmt.Sprintf("%q", tc.secret))
		data, err := json.Marshal(tc.secret)
		require.NoError(t, err)
		require.Equal(t, tc.quote, string(data))
	}
}
