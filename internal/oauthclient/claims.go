package oauthclient

import (
	"encoding/json"
	"errors"
	"fmt"

	"example.com/stagedoor/internal/jose"
)

// DecodeClaims decodes the answer that a profile of package pkg was made of into v, by exact name. A profile that was made by hand has none.
func DecodeClaims(pkg string, raw json.RawMessage, v any) error {
	if raw == nil {
		return errors.New(pkg + ": the profile has no claims")
	}
	if err := jose.UnmarshalStrict(raw, v); err != nil {
		return fmt.Errorf("%s: claims: %w", pkg, err)
	}
	return nil
}
