package oidcprovider

import (
	"context"
	"fmt"
	"net/url"

	"example.com/stagedoor/oauthadapter"
)

// Revoke implements [oauthadapter.Revoker]: it revokes the refresh token, and with it the whole grant at most providers, or the access
// token if there is no other. It does nothing if the provider has no revocation endpoint.
func (a *Authenticator) Revoke(ctx context.Context, s oauthadapter.Session) error {
	token, hint := s.RefreshToken, "refresh_token"
	if token == "" {
		token, hint = s.AccessToken, "access_token"
	}
	if token == "" {
		return nil
	}
	m, err := a.discovery.metadata(ctx)
	if err != nil || m.RevocationEndpoint == "" {
		return err
	}
	return a.oauth.Revoke(ctx, m.RevocationEndpoint, token, hint)
}

// EndSessionURL implements [oauthadapter.SessionEnder] (OpenID Connect RP-Initiated Logout 1.0 section 2). It is empty unless
// Config.EndSession is set and the provider has such a page, whose address comes from its metadata alone.
func (a *Authenticator) EndSessionURL(ctx context.Context, req oauthadapter.LogoutRequest) (string, error) {
	if !a.endSession {
		return "", nil
	}
	m, err := a.discovery.metadata(ctx)
	if err != nil || m.EndSessionEndpoint == "" {
		return "", err
	}
	u, err := url.Parse(m.EndSessionEndpoint)
	if err != nil {
		return "", fmt.Errorf("oidcprovider: end_session_endpoint: %w", err)
	}
	q := u.Query()
	q.Set("client_id", a.clientID)
	if req.Session.IDToken != "" { // without it most providers ask the person first
		q.Set("id_token_hint", string(req.Session.IDToken))
	}
	if a.postLogoutRedirect && req.ReturnURL != "" {
		q.Set("post_logout_redirect_uri", req.ReturnURL)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
