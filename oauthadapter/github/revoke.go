package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

func revokeURL(api, clientID string) string {
	return api + "/applications/" + url.PathEscape(clientID) + "/token"
}

// Revoke implements [oauthadapter.Revoker]. It ends this session's token and leaves the person's other sessions, and their consent, alone.
//
// GitHub takes access tokens only. A session that has none, that of a GitHub App, spends its refresh token on one: that alone ends the
// tokens before, and the new refresh token is known to nobody.
func (a *Authenticator) Revoke(ctx context.Context, s oauthadapter.Session) error {
	token := s.AccessToken
	if s.RefreshToken != "" {
		renewed, err := a.oauth.Refresh(ctx, a.tokenURL, s.RefreshToken, nil)
		var answer *oauthadapter.ProviderError
		if errors.As(err, &answer) && answer.Code == "bad_refresh_token" {
			return nil // it has ended already
		}
		if err != nil {
			return err
		}
		token = renewed.AccessToken
	}
	if token == "" {
		return nil
	}
	return a.deleteToken(ctx, token)
}

func (a *Authenticator) deleteToken(ctx context.Context, token authprovider.Secret) error {
	body, err := json.Marshal(map[string]string{"access_token": string(token)})
	if err != nil {
		return fmt.Errorf("github: revocation: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, a.revokeURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("github: revocation: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(a.clientID, string(*a.clientSecret))
	_, err = a.oauth.Do("revocation", r, string(token))
	var answer *oauthadapter.ProviderError
	if errors.As(err, &answer) && answer.Status == http.StatusNotFound {
		return nil // there is no such token any more
	}
	return err
}
