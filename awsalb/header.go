package awsalb

import (
	"encoding/base64"
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// headerClaims reads the protected header of a token that was parsed already as if it were a payload: ALB writes iss and exp there, and
// so they are held to the same rules as anybody's.
func headerClaims(raw string) (jose.Claims, error) {
	part, _, _ := strings.Cut(raw, ".")
	header, err := base64.URLEncoding.Strict().DecodeString(part)
	if err != nil {
		return jose.Claims{}, fmt.Errorf("%w: %w", jose.ErrMalformed, err)
	}
	t, err := jose.ParseClaims(header)
	if err != nil {
		return jose.Claims{}, err
	}
	return t.Claims(), nil
}
