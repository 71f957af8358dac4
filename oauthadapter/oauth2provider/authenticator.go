package oauth2provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// maxSubject bounds what a session keeps of the provider's words.
const maxSubject = 255

// Authenticator talks to one provider whose profiles are of type P. [New] and [NewWithProfile] make it. It is safe for concurrent use.
type Authenticator[P any] struct {
	authURL       string
	tokenURL      string
	revocationURL string
	scopes        []string
	authParams    map[string]string
	errorCodes    map[string]string
	profile       ProfileFunc[P]
	logger        *slog.Logger
	oauth         *oauthclient.Client
}

var (
	_ oauthadapter.OAuthHandlers[any] = (*Authenticator[any])(nil)
	_ oauthadapter.Refresher[any]     = (*Authenticator[any])(nil)
	_ oauthadapter.ScopeRequirer      = (*Authenticator[any])(nil)
	_ oauthadapter.Revoker            = (*Authenticator[any])(nil)
)

// NewWithProfile checks c and returns an authenticator that reads profiles with a function of the vendor's own. It needs no network. It does
// not look at Config.UserInfoURL, Fields and Options.
func NewWithProfile[P any](c Config, profile ProfileFunc[P]) (*Authenticator[P], error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if profile == nil {
		return nil, errors.New("oauth2provider: a ProfileFunc is required")
	}
	oauth, err := oauthclient.New(oauthclient.Config{
		ClientID:     c.ClientID,
		ClientSecret: authprovider.Secret(c.ClientSecret),
		AuthMethod:   oauthclient.AuthMethod(c.ClientAuthMethod),
		HTTPClient:   c.HTTPClient,
		Now:          c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("oauth2provider: Config.ClientAuthMethod: %w", err)
	}
	return &Authenticator[P]{
		authURL:       c.AuthURL,
		tokenURL:      c.TokenURL,
		revocationURL: c.RevocationURL,
		scopes:        slices.Clone(c.Scopes),
		authParams:    maps.Clone(c.AuthParams),
		errorCodes:    maps.Clone(c.ErrorCodes),
		profile:       profile,
		logger:        c.logger(),
		oauth:         oauth,
	}, nil
}

// RequiredScopes implements [oauthadapter.ScopeRequirer].
func (a *Authenticator[P]) RequiredScopes() []string { return slices.Clone(a.scopes) }

// Start implements [oauthadapter.OAuthHandlers]. Nothing of the caller's query is passed on.
func (a *Authenticator[P]) Start(_ context.Context, req oauthadapter.StartRequest) (oauthadapter.StartResponse, error) {
	req.Nonce = "" // it would come back in an ID token only
	return oauthadapter.StartResponse{URL: a.oauth.AuthorizationURL(a.authURL, req, a.authParams)}, nil
}

// Authenticate implements [oauthadapter.OAuthHandlers].
func (a *Authenticator[P]) Authenticate(ctx context.Context, req oauthadapter.CallbackRequest) (*oauthadapter.Result[P], error) {
	session, err := a.oauth.Exchange(ctx, a.tokenURL, req)
	if err != nil {
		return nil, a.standard(err)
	}
	return a.result(ctx, session)
}

// Refresh implements [oauthadapter.Refresher]. Without a refresh token it reads the profile again with the access token: more scope than that
// has needs the person's consent, and a 401 ends the session. If the tokens were renewed but the profile could not be read after that, the result
// with the new session is returned beside the error: a provider that rotates refresh tokens takes the old one for stolen when it comes back.
func (a *Authenticator[P]) Refresh(ctx context.Context, req oauthadapter.RefreshRequest) (*oauthadapter.Result[P], error) {
	if req.Session.Subject == "" { // anybody's tokens would fit
		return nil, errors.New("oauth2provider: RefreshRequest.Session.Subject is required")
	}
	if req.Session.RefreshToken == "" {
		return a.reread(ctx, req)
	}
	session, err := a.oauth.Refresh(ctx, a.tokenURL, req.Session.RefreshToken, req.Scopes)
	if err != nil {
		return nil, a.standard(err)
	}
	result, err := a.samePerson(ctx, req.Session.Subject, session)
	if err != nil && !errors.Is(err, oauthadapter.ErrSessionEnded) {
		session.Subject, session.IDToken = req.Session.Subject, ""
		return &oauthadapter.Result[P]{Session: session}, err
	}
	return result, err
}

// reread vouches for a session without refresh token: the access token still opens the provider's API.
func (a *Authenticator[P]) reread(ctx context.Context, req oauthadapter.RefreshRequest) (*oauthadapter.Result[P], error) {
	if req.Session.AccessToken == "" {
		return nil, fmt.Errorf("%w: it has neither refresh token nor access token", oauthadapter.ErrSessionEnded)
	}
	if len(req.Scopes) > 0 {
		return nil, &oauthadapter.ProviderError{Endpoint: "token", Code: "consent_required", Description: "a token without refresh token gets no further scope"}
	}
	session := req.Session
	session.Scope = ""
	result, err := a.samePerson(ctx, req.Session.Subject, session)
	var answer *oauthadapter.ProviderError
	if errors.As(err, &answer) && answer.Status == http.StatusUnauthorized {
		return nil, fmt.Errorf("%w: the access token is not valid any more: %w", oauthadapter.ErrSessionEnded, err)
	}
	return result, err
}

// samePerson is result for a session that was subject's: whoever it belongs to when that is refused, it is not the person who signed in.
func (a *Authenticator[P]) samePerson(ctx context.Context, subject string, session oauthadapter.Session) (*oauthadapter.Result[P], error) {
	result, err := a.result(ctx, session)
	if errors.Is(err, authprovider.ErrAuthentication) {
		return nil, fmt.Errorf("%w: %w", oauthadapter.ErrSessionEnded, err)
	}
	if err == nil && result.Session.Subject != subject {
		return nil, fmt.Errorf("%w: %w", oauthadapter.ErrSessionEnded, refuse("subject_changed", errors.New("oauth2provider: the access token is another person's")))
	}
	return result, err
}

// result asks the provider whose the session is.
func (a *Authenticator[P]) result(ctx context.Context, session oauthadapter.Session) (*oauthadapter.Result[P], error) {
	person, err := a.profile(ctx, &API{client: a.oauth, token: &session.AccessToken})
	if err != nil {
		return nil, err
	}
	if person.Subject == "" || len(person.Subject) > maxSubject {
		return nil, refuse("subject_invalid", fmt.Errorf("oauth2provider: the person's ID has %d bytes, want 1 to %d", len(person.Subject), maxSubject))
	}
	if session.IDToken != "" { // nobody verified it
		a.logger.DebugContext(ctx, "oauth2provider: the provider gives ID tokens, which package oidcprovider would verify", "token_url", a.tokenURL)
		session.IDToken = ""
	}
	session.Subject = person.Subject
	if person.Scope != "" {
		session.Scope = person.Scope
	}
	return &oauthadapter.Result[P]{Profile: person.Profile, FullProfile: person.FullProfile, Session: session}, nil
}

// Revoke implements [oauthadapter.Revoker]: it revokes the refresh token, and with it the whole grant at most providers, or the access token if
// there is no other. It does nothing without Config.RevocationURL.
func (a *Authenticator[P]) Revoke(ctx context.Context, s oauthadapter.Session) error {
	token, hint := s.RefreshToken, "refresh_token"
	if token == "" {
		token, hint = s.AccessToken, "access_token"
	}
	if token == "" || a.revocationURL == "" {
		return nil
	}
	return a.oauth.Revoke(ctx, a.revocationURL, token, hint)
}

// standard translates an error code of the provider's own. The log gets both.
func (a *Authenticator[P]) standard(err error) error {
	var answer *oauthadapter.ProviderError
	if !errors.As(err, &answer) {
		return err
	}
	code, ok := a.errorCodes[answer.Code]
	if !ok {
		return err
	}
	translated := *answer
	translated.Code, translated.Description = code, answer.Code+": "+answer.Description
	return &translated
}

// refuse turns the person down: what the provider sent does not prove who it is.
func refuse(code string, cause error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: code, Err: cause}
}
