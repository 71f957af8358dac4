package proxyauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
)

// JWTConfig configures [JWT]. Header or Cookie, Issuer and Audiences are required.
type JWTConfig struct {
	// Header is where the proxy puts the token, such as "X-Pomerium-Jwt-Assertion". A "Bearer " in front of the token is taken off, and
	// demanded if Header is "Authorization".
	Header string
	// Cookie is a cookie in which the token is looked for if the header is absent, and only then. If empty, none is.
	Cookie string
	// Issuer is the exact iss of the tokens.
	Issuer string
	// JWKSURL is where the proxy publishes its keys: https, or http on loopback. If empty, it is found through OpenID Connect discovery
	// from the Issuer.
	JWKSURL string
	// Audiences lists what stands in aud for this application; one of them must.
	Audiences []string
	// DangerouslyAcceptAnyAudience, instead of Audiences, accepts tokens that the proxy made for other applications: whoever runs one
	// of them can sign in here as each of its users.
	DangerouslyAcceptAnyAudience bool
	// Algorithms lists the permitted ones, such as "ES256". If nil, those that fit the published keys. HMAC and "none" do not exist.
	Algorithms []string
	// Types lists the permitted values of typ; an empty one permits tokens without. If nil, typ must be JWT or absent.
	Types []string
	// MaxAge refuses tokens whose iat is longer ago. If zero, exp alone counts.
	MaxAge time.Duration
	// Leeway is how far clocks may differ, at most 5 minutes. If zero, it is one minute.
	Leeway time.Duration

	// Options are those of any proxy provider. [JWT] does not look at them.
	Options Options[JWTResult]
	// HTTPClient fetches the keys. If nil, it is the handler's or, without one, a client of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the handler's or, without one, time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, it is the handler's or, without one, nobody does.
	Logger *slog.Logger
}

const maxLeeway = 5 * time.Minute

func (c *JWTConfig) check() error {
	switch {
	case c.Header == "" && c.Cookie == "":
		return errors.New("proxyauth: JWTConfig.Header is required")
	case c.Cookie != "" && (&http.Cookie{Name: c.Cookie, Value: "x"}).Valid() != nil:
		return fmt.Errorf("proxyauth: JWTConfig.Cookie %q is not a cookie's name", c.Cookie)
	case c.Issuer == "":
		return errors.New("proxyauth: JWTConfig.Issuer is required")
	case len(c.Audiences) == 0 && !c.DangerouslyAcceptAnyAudience:
		return errors.New("proxyauth: JWTConfig.Audiences is required")
	case len(c.Audiences) > 0 && c.DangerouslyAcceptAnyAudience:
		return errors.New("proxyauth: JWTConfig.Audiences and DangerouslyAcceptAnyAudience exclude each other")
	case slices.Contains(c.Audiences, ""):
		return errors.New("proxyauth: JWTConfig.Audiences has an empty entry")
	case c.Algorithms != nil && len(c.Algorithms) == 0:
		return errors.New("proxyauth: JWTConfig.Algorithms is empty: nil permits those that fit the keys")
	case c.Types != nil && len(c.Types) == 0:
		return errors.New("proxyauth: JWTConfig.Types is empty: nil permits JWT and none")
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return fmt.Errorf("proxyauth: JWTConfig.Leeway is %v, at most %v is permitted", c.Leeway, maxLeeway)
	case c.MaxAge < 0:
		return errors.New("proxyauth: JWTConfig.MaxAge is negative")
	}
	for _, alg := range c.Algorithms {
		if !jose.Algorithm(alg).Known() {
			return fmt.Errorf("proxyauth: JWTConfig.Algorithms: %q is not a signature algorithm that is known here", alg)
		}
	}
	if c.Header == "" {
		return nil
	}
	if err := proxytoken.CheckHeaderName(c.Header); err != nil {
		return fmt.Errorf("proxyauth: JWTConfig.Header %w", err)
	}
	return nil
}

func (c *JWTConfig) expected() jose.Expected {
	e := jose.Expected{
		Issuer:               c.Issuer,
		Audiences:            c.Audiences,
		InsecureSkipAudience: c.DangerouslyAcceptAnyAudience,
		Types:                c.Types,
		Leeway:               c.Leeway,
		MaxAge:               c.MaxAge,
		Now:                  c.Now,
	}
	for _, alg := range c.Algorithms {
		e.Algorithms = append(e.Algorithms, jose.Algorithm(alg))
	}
	return e
}

func (c *JWTConfig) keys() (jose.KeySet, error) {
	source, field := keyset.Config{URL: c.JWKSURL, Client: c.HTTPClient, Now: c.Now, Logger: c.Logger}, "JWKSURL"
	if c.JWKSURL == "" {
		source.Issuer, field = c.Issuer, "Issuer"
	}
	keys, err := keyset.New(source)
	if err != nil {
		return nil, fmt.Errorf("proxyauth: JWTConfig.%s: %w", field, err)
	}
	return keys, nil
}
