package oauthclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

// AuthMethod is how the client authenticates at the token and revocation endpoints, by the names of OpenID Connect Core section 9.
// It is configured and never probed for: a probe sends a code twice, and the second time looks like theft.
type AuthMethod string

// The methods of authentication.
const (
	SecretBasic AuthMethod = "client_secret_basic"
	SecretPost  AuthMethod = "client_secret_post"
	// None is that of public clients: PKCE alone binds the code.
	None AuthMethod = "none"
)

// Config configures a [Client].
type Config struct {
	ClientID     string
	ClientSecret authprovider.Secret
	// AuthMethod is SecretBasic if empty, or None without a secret.
	AuthMethod AuthMethod
	// HTTPClient is passed through [NewHTTPClient]. If nil, http.DefaultTransport is used.
	HTTPClient *http.Client
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// Client is one registered client of an authorization server. It is immutable and safe for concurrent use.
type Client struct {
	id     string
	secret *authprovider.Secret // a pointer, because package fmt prints unexported fields without asking their methods
	method AuthMethod
	http   *http.Client
	now    func() time.Time
}

// New returns a client. It needs no network.
func New(c Config) (*Client, error) {
	if c.ClientID == "" {
		return nil, errors.New("oauthclient: Config.ClientID is required")
	}
	if c.AuthMethod == "" {
		c.AuthMethod = SecretBasic
		if c.ClientSecret == "" {
			c.AuthMethod = None
		}
	}
	switch c.AuthMethod {
	case SecretBasic, SecretPost:
		if c.ClientSecret == "" {
			return nil, fmt.Errorf("oauthclient: Config.ClientSecret is required for the method %q", c.AuthMethod)
		}
	case None:
		if c.ClientSecret != "" {
			return nil, fmt.Errorf("oauthclient: Config.ClientSecret is set, but the method is %q", None)
		}
	default:
		return nil, fmt.Errorf("oauthclient: Config.AuthMethod %q is unknown", c.AuthMethod)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{id: c.ClientID, secret: &c.ClientSecret, method: c.AuthMethod, http: NewHTTPClient(c.HTTPClient), now: c.Now}, nil
}

// HTTPClient returns the bounded client.
func (c *Client) HTTPClient() *http.Client { return c.http }

func (c *Client) oauth2Config(tokenURL string) *oauth2.Config {
	style := oauth2.AuthStyleInParams // without a secret it sends the client ID alone
	if c.method == SecretBasic {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{ClientID: c.id, ClientSecret: string(*c.secret), Endpoint: oauth2.Endpoint{TokenURL: tokenURL, AuthStyle: style}}
}

// AuthorizationURL builds an authorization request (RFC 6749 section 4.1.1) with PKCE. The nonce is left out if it is empty. extra are
// further parameters; they cannot replace those of the protocol.
func (c *Client) AuthorizationURL(authURL string, req oauthadapter.StartRequest, extra map[string]string) string {
	o := &oauth2.Config{ClientID: c.id, RedirectURL: req.CallbackURL, Scopes: req.Scopes, Endpoint: oauth2.Endpoint{AuthURL: authURL}}
	protocol := map[string]string{"code_challenge": req.CodeChallenge, "code_challenge_method": "S256"}
	if req.Nonce != "" {
		protocol["nonce"] = req.Nonce
	}
	var options []oauth2.AuthCodeOption
	for name, value := range extra {
		if !IsProtocolParameter(name) {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	for name, value := range protocol {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return o.AuthCodeURL(req.State, options...)
}

// IsProtocolParameter reports whether name is a parameter of the authorization request that decides about its security, so that
// neither a configuration nor a caller may set it: max_age and id_token_hint, for instance, would need checks of the answer.
func IsProtocolParameter(name string) bool {
	switch name {
	case "client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri", "response_type", "response_mode",
		"scope", "state", "nonce", "request", "request_uri", "max_age", "id_token_hint", "code", "code_verifier", "grant_type", "registration":
		return true
	}
	return strings.HasPrefix(name, "code_challenge")
}

// Exchange redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
func (c *Client) Exchange(ctx context.Context, tokenURL string, req oauthadapter.CallbackRequest) (oauthadapter.Session, error) {
	o := c.oauth2Config(tokenURL)
	o.RedirectURL = req.CallbackURL
	var options []oauth2.AuthCodeOption
	if req.CodeVerifier != "" {
		options = append(options, oauth2.VerifierOption(req.CodeVerifier))
	}
	token, err := o.Exchange(c.tokenContext(ctx, nil), req.Code, options...)
	if err != nil {
		return oauthadapter.Session{}, c.failure("token", err, req.Code, req.CodeVerifier)
	}
	return c.session(token)
}

// Refresh redeems a refresh token (RFC 6749 section 6). Without scopes the answer has those that were granted before. If the answer has no
// refresh token, the session has the old one.
func (c *Client) Refresh(ctx context.Context, tokenURL string, refreshToken authprovider.Secret, scopes []string) (oauthadapter.Session, error) {
	ctx = c.tokenContext(ctx, scopes)
	token, err := c.oauth2Config(tokenURL).TokenSource(ctx, &oauth2.Token{RefreshToken: string(refreshToken)}).Token()
	if err != nil {
		return oauthadapter.Session{}, c.failure("token", err, string(refreshToken))
	}
	return c.session(token)
}

// session reads the answer of a token endpoint.
func (c *Client) session(t *oauth2.Token) (oauthadapter.Session, error) {
	// RFC 6749 section 7.1: a client must not use a token of a type that it does not know. Many leave the type out.
	if t.TokenType != "" && !strings.EqualFold(t.TokenType, "Bearer") {
		return oauthadapter.Session{}, Unavailable(fmt.Errorf("%w: token_type is not Bearer", ErrAnswer), 0)
	}
	s := oauthadapter.Session{
		AccessToken:  authprovider.Secret(t.AccessToken),
		TokenType:    "Bearer",
		RefreshToken: authprovider.Secret(t.RefreshToken),
	}
	if t.ExpiresIn > 0 {
		s.ExpiresAt = c.now().Add(time.Duration(t.ExpiresIn) * time.Second)
	}
	idToken, _ := t.Extra("id_token").(string)
	s.IDToken = authprovider.Secret(idToken)
	s.Scope, _ = t.Extra("scope").(string)
	return s, nil
}

// Revoke revokes a token (RFC 7009). hint is "refresh_token" or "access_token".
func (c *Client) Revoke(ctx context.Context, revocationURL string, token authprovider.Secret, hint string) error {
	form := url.Values{"token": {string(token)}, "token_type_hint": {hint}}
	if c.method != SecretBasic {
		form.Set("client_id", c.id)
	}
	if c.method == SecretPost {
		form.Set("client_secret", string(*c.secret))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, revocationURL, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("oauthclient: revocation endpoint: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if c.method == SecretBasic {
		// RFC 6749 section 2.3.1: both are form-encoded first.
		r.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(string(*c.secret)))
	}
	res, err := c.http.Do(r)
	if err != nil {
		return c.failure("revocation", err, string(token))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK { // section 2.2: the status says all, the body is to be ignored
		return c.refusal("revocation", res, string(token))
	}
	return nil
}
