package jose_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
)

// staticKeys is a key set that finds keys by their exact kid.
type staticKeys []jose.PublicKey

func (s staticKeys) Key(_ context.Context, kid string, _ jose.Algorithm) (jose.PublicKey, error) {
	for _, k := range s {
		if k.KeyID == kid {
			return k, nil
		}
	}
	return jose.PublicKey{}, fmt.Errorf("%w: %q", jose.ErrUnknownKey, kid)
}

func encodePart(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decodePart(tb testing.TB, text string) []byte {
	data, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(tb, err)
	return data
}
