package authprovidertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/stagedoor/authprovider"
)

// Issuer is a token issuer that signs nothing and remembers what it was asked for: its tokens have the form of a JWT with
// algorithm "none", which no verifier takes. Tests that verify tokens use a tokenissuer.Issuer. The zero value is usable, and
// safe for concurrent use.
type Issuer struct {
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Lifetime is that of the tokens. If zero, one hour.
	Lifetime time.Duration
	// Err, if not nil, is returned in place of a token.
	Err error

	mu     sync.Mutex
	issued []authprovider.TokenClaims // guarded by mu
}

var _ authprovider.TokenIssuer = (*Issuer)(nil)

// IssueToken implements [authprovider.TokenIssuer].
func (i *Issuer) IssueToken(_ context.Context, c authprovider.TokenClaims) (string, error) {
	if i.Err != nil {
		return "", i.Err
	}
	now, lifetime := time.Now, time.Hour
	if i.Now != nil {
		now = i.Now
	}
	if i.Lifetime != 0 {
		lifetime = i.Lifetime
	}
	payload, err := json.Marshal(map[string]any{"sub": c.Subject, "ent": c.Ownership, "exp": now().Add(lifetime).Unix()})
	if err != nil {
		return "", fmt.Errorf("authprovidertest: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued = append(i.issued, c)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".", nil
}

// Issued returns what tokens were issued for, in order.
func (i *Issuer) Issued() []authprovider.TokenClaims {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.issued)
}
