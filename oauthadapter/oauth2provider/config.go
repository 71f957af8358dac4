package oauth2provider

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Config configures one client of a provider. It does not show its secret when it is printed or logged. URLs are https, or http on
// loopback.
type Config struct {
	// AuthURL is the authorization endpoint. Required.
	AuthURL string
	// TokenURL is the token endpoint. Required.
	TokenURL string
	// RevocationURL is the revocation endpoint (RFC 7009). If empty, nothing is revoked at sign-out.
	RevocationURL string

	// ClientID is required.
	ClientID string
	// ClientSecret is empty for public clients.
	ClientSecret string
	// ClientAuthMethod is how the client authenticates: "client_secret_basic", "client_secret_post" or "none". If empty, it is
	// client_secret_basic, or none without a secret.
	ClientAuthMethod string

	// Scopes are asked for with every sign-in. If nil, there are none.
	Scopes []string
	// AuthParams are further parameters of the authorization request, such as "audience". Those that the protocol's security rests on, such
	// as "state", are refused.
	AuthParams map[string]string
	// ErrorCodes maps error codes of the provider's own to those of the standard that they stand for, such as "bad_refresh_token" to
	// "invalid_grant". A code that nobody knows counts as a failure of ours and ends no session.
	ErrorCodes map[string]string

	// UserInfoURL answers whose an access token is, as a JSON object. Required by [New]; [NewWithProfile] has its function instead.
	UserInfoURL string
	// Fields say where in that answer a profile is. Fields.ID is required by [New].
	Fields Fields

	// HTTPClient makes the requests: without redirects, at most ten seconds and one mebibyte each, whatever its own settings are. If nil,
	// it is the ProviderContext's, or one on http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears, on level debug, what of the answers is not used. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every OAuth provider. Only [Provider] looks at them.
	Options oauthadapter.Options[Profile]
}

// Format implements [fmt.Formatter] for every verb, so that the secret is never printed.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Config) redacted() string {
	return oauthclient.Redacted("oauth2provider", c.AuthURL, c.ClientID, c.ClientSecret)
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}

func (c Config) check() error {
	var errs []error
	field := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("oauth2provider: Config."+format, args...))
	}
	for _, u := range []struct {
		name, value string
		required    bool
	}{{"AuthURL", c.AuthURL, true}, {"TokenURL", c.TokenURL, true}, {"RevocationURL", c.RevocationURL, false}} {
		if u.value == "" && !u.required {
			continue
		}
		if u.value == "" {
			field("%s is required", u.name)
		} else if err := oauthclient.CheckURL(u.value); err != nil {
			field("%s %w", u.name, err)
		}
	}
	if u, err := url.Parse(c.AuthURL); err == nil {
		for name := range u.Query() {
			if oauthclient.IsProtocolParameter(name) { // there would be two of them
				field("AuthURL must not set %q", name)
			}
		}
	}
	if c.ClientID == "" {
		field("ClientID is required")
	}
	for name := range c.AuthParams {
		switch {
		case name == "":
			field("AuthParams has an empty name")
		case oauthclient.IsProtocolParameter(name):
			field("AuthParams must not set %q", name)
		}
	}
	return errors.Join(errs...)
}

func (c Config) checkUserInfo() error {
	var errs []error
	if c.UserInfoURL == "" {
		errs = append(errs, errors.New("oauth2provider: Config.UserInfoURL is required"))
	} else if err := oauthclient.CheckURL(c.UserInfoURL); err != nil {
		errs = append(errs, fmt.Errorf("oauth2provider: Config.UserInfoURL %w", err))
	}
	if c.Fields.ID == "" {
		errs = append(errs, errors.New("oauth2provider: Config.Fields.ID is required"))
	}
	return errors.Join(errs...)
}
