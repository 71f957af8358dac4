package openshift

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"example.com/stagedoor/oauthadapter"
)

// tokenPrefix is that of access tokens, and of the names of the objects that stand for them.
const tokenPrefix = "sha256~"

// Revoke implements [oauthadapter.Revoker]: it deletes the OAuthAccessToken object of this session's token, by that token's own right. The
// person's other sessions stay. It does nothing with Config.IdentityOnly.
func (a *Authenticator) Revoke(ctx context.Context, s oauthadapter.Session) error {
	if s.AccessToken == "" || a.identityOnly {
		return nil
	}
	name, err := objectName(string(s.AccessToken))
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, a.tokensURL+name, nil)
	if err != nil {
		return fmt.Errorf("openshift: revocation: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+string(s.AccessToken))
	_, err = a.oauth.Do("revocation", r, string(s.AccessToken))
	var answer *oauthadapter.ProviderError
	if errors.As(err, &answer) && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusNotFound) {
		return nil // it has ended already
	}
	return err
}

// objectName returns the name of the object that stands for a token: the digest of what follows the prefix. A token without it, of a cluster
// before 4.6, has itself for a name, and an address is no place for a secret.
func objectName(token string) (string, error) {
	secret, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return "", errors.New("openshift: revocation: an access token without the prefix sha256~ cannot be deleted")
	}
	sum := sha256.Sum256([]byte(secret))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
