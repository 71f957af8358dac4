package pinniped

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

const (
	grantTokenExchange   = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenTypeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	tokenTypeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// ErrAudience means that an audience is not in Config.Audiences. The error wraps [authprovider.ErrInput] too.
var ErrAudience = errors.New("pinniped: the audience is not one of Config.Audiences")

// ExchangeForCluster returns an ID token of the person that is good for one cluster (RFC 8693), for some minutes. The session's access token is
// good for as little: the session must come from a sign-in or a refresh that has just been. The token is not verified here, since nothing here
// rests on it: the cluster does that. A refusal is a *[oauthadapter.ProviderError]; what is no answer wraps [authprovider.ErrUnavailable].
func (a *Authenticator) ExchangeForCluster(ctx context.Context, s oauthadapter.Session, audience string) (authprovider.Secret, error) {
	if !slices.Contains(a.audiences, audience) {
		return "", &authprovider.Error{Kind: authprovider.ErrInput, Code: "audience_unknown", Err: fmt.Errorf("%w: %.100q", ErrAudience, audience)}
	}
	if s.AccessToken == "" {
		return "", errors.New("pinniped: Session.AccessToken is required")
	}
	form := url.Values{
		"grant_type":           {grantTokenExchange},
		"subject_token":        {string(s.AccessToken)},
		"subject_token_type":   {tokenTypeAccessToken},
		"requested_token_type": {tokenTypeJWT},
		"audience":             {audience},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("pinniped: token exchange: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(a.clientID), url.QueryEscape(string(*a.clientSecret))) // RFC 6749 section 2.3.1: form-encoded first
	answer, err := a.oauth.Do("token", r, string(s.AccessToken))
	if err != nil {
		return "", err
	}
	var exchanged struct {
		AccessToken string `json:"access_token"` // RFC 8693 section 2.2.1: whatever its type
		IssuedType  string `json:"issued_token_type"`
	}
	if err := answer.JSON("token", &exchanged); err != nil {
		return "", err
	}
	if exchanged.AccessToken == "" || exchanged.IssuedType != tokenTypeJWT {
		return "", oauthclient.Unavailable(fmt.Errorf("%w: the exchange has brought no ID token", oauthclient.ErrAnswer), 0)
	}
	return authprovider.Secret(exchanged.AccessToken), nil
}
