package jose_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
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

// object writes members in the order of names, with changes: "name" to a raw JSON value,
// or to "" to leave it out. New names come last. It writes to values.
func object(names []string, values map[string]string, changes []string) string {
	for i := 0; i < len(changes); i += 2 {
		if _, there := values[changes[i]]; !there {
			names = append(names, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var members []string
	for _, name := range names {
		if values[name] != "" {
			members = append(members, `"`+name+`":`+values[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}
