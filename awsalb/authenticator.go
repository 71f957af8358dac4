package awsalb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
	"example.com/stagedoor/internal/proxytoken"
	"example.com/stagedoor/proxyauth"
)

// What ALB writes. Only the first is signed.
const (
	dataHeader        = "X-Amzn-Oidc-Data"
	accessTokenHeader = "X-Amzn-Oidc-Accesstoken"
	identityHeader    = "X-Amzn-Oidc-Identity"
)

// sessionCookies is into how many ALB cuts its session: it holds 11 KiB at most, a cookie 4 KiB.
const sessionCookies = 4

// Authenticator verifies the token of an Application Load Balancer. [New] makes it. It is safe for concurrent use.
type Authenticator struct {
	signers       []string
	anySigner     bool
	issuer        string
	clientID      string
	leeway        time.Duration
	now           func() time.Time
	sessionCookie string
	logoutURL     string
	verifier      *proxytoken.Verifier
}

var (
	_ proxyauth.Authenticator[Result] = (*Authenticator)(nil)
	_ proxyauth.Describer[Result]     = (*Authenticator)(nil)
	_ proxyauth.SignOuter             = (*Authenticator)(nil)
	_ proxyauth.CredentialHeaders     = (*Authenticator)(nil)
)

// New checks c and returns an authenticator. It needs no network: keys are fetched at first use.
func New(c Config) (*Authenticator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Leeway == 0 {
		c.Leeway = time.Minute
	}
	if c.SessionCookieName == "" {
		c.SessionCookieName = DefaultSessionCookieName
	}
	_, keysURL, _ := partitionOf(c.Region)
	keys, err := keyset.NewPerKey(keyset.PerKeyConfig{
		URLPrefix: keysURL,
		Algorithm: jose.ES256,
		Client:    c.HTTPClient,
		Now:       c.Now,
		Logger:    c.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("awsalb: Config.Region: %w", err)
	}
	a := &Authenticator{
		signers:       slices.Clone(c.Signer),
		anySigner:     c.DangerouslyAllowAnySigner,
		issuer:        c.Issuer,
		clientID:      c.ClientID,
		leeway:        c.Leeway,
		now:           c.Now,
		sessionCookie: c.SessionCookieName,
		logoutURL:     c.LogoutURL,
	}
	a.verifier, err = proxytoken.New(proxytoken.Config{
		Header:   dataHeader,
		Parse:    jose.ParsePadded,
		Check:    a.checkOrigin,
		Expected: c.expected(),
		Keys:     keys,
	})
	if err != nil {
		return nil, fmt.Errorf("awsalb: Config: %w", err)
	}
	return a, nil
}

// Authenticate verifies the request's token, and passes on the access token beside it.
func (a *Authenticator) Authenticate(ctx context.Context, r *http.Request) (Result, error) {
	t, raw, err := a.verifier.Verify(ctx, r)
	if err != nil {
		return Result{}, err
	}
	headerExpiry, err := a.checkHeader(t, raw)
	if err != nil {
		return Result{}, err
	}
	if t.Claims().Subject == "" {
		return Result{}, proxyauth.Refuse("subject_missing", errors.New("awsalb: the token has no subject"))
	}
	result := newResult(t)
	if headerExpiry.Before(result.ExpiresAt) {
		result.ExpiresAt = headerExpiry
	}
	accessToken, err := proxytoken.Value(r, accessTokenHeader)
	if err != nil && !errors.Is(err, proxytoken.ErrMissing) {
		return Result{}, err
	}
	result.AccessToken = authprovider.Secret(accessToken)
	return result, nil
}

// checkOrigin looks at who says that they signed, before their key is looked for: the keys of all load balancers of the region are at one
// endpoint, so a signature alone says only that one of them signed. What the payload says of a signer is the identity
// provider's word, and counts for nothing.
func (a *Authenticator) checkOrigin(t *jose.Token) error {
	if signer, _ := t.HeaderString("signer"); !a.anySigner && !slices.Contains(a.signers, signer) {
		return proxyauth.Refuse("signer_unknown", errors.New("awsalb: the token's signer is not one of Config.Signer"))
	}
	if client, _ := t.HeaderString("client"); a.clientID != "" && client != a.clientID {
		return proxyauth.Refuse("client_unknown", errors.New("awsalb: the token's client is not Config.ClientID"))
	}
	return nil
}

// checkHeader checks what ALB signs in the header of a verified token and other issuers write as claims, and returns when it ends.
func (a *Authenticator) checkHeader(t *jose.Token, raw string) (expiry time.Time, err error) {
	claims, err := headerClaims(raw)
	if err != nil {
		return time.Time{}, proxytoken.Invalid(fmt.Errorf("awsalb: header: %w", err))
	}
	if iss, ok := t.HeaderString("iss"); ok && iss != a.issuer {
		return time.Time{}, proxytoken.Invalid(fmt.Errorf("awsalb: header: %w", jose.ErrIssuer))
	}
	switch {
	case claims.Expiry.IsZero():
		return time.Time{}, proxytoken.Invalid(fmt.Errorf("awsalb: header: %w: \"exp\" is missing", jose.ErrClaim))
	case !a.now().Before(claims.Expiry.Add(a.leeway)):
		err := fmt.Errorf("awsalb: header: %w: at %v", jose.ErrExpired, claims.Expiry.UTC())
		return time.Time{}, proxyauth.Refuse(proxytoken.CodeExpired, err)
	}
	return claims.Expiry, nil
}

// Describe returns the profile in the token and when the token ends. An address of which the identity provider says that nobody
// checked it is left out.
func (a *Authenticator) Describe(result Result) proxyauth.Description {
	p := authprovider.Profile{DisplayName: result.displayName(), Picture: result.Picture}
	// Anybody can claim an address that nobody checked.
	if result.EmailVerified != authprovider.EmailUnverified {
		p.Email, p.EmailVerification = result.Email, result.EmailVerified
	}
	return proxyauth.Description{Profile: p, ExpiresAt: result.ExpiresAt}
}

// SignOut expires ALB's session cookies, as its documentation tells applications to, and names Config.LogoutURL. A copy of the cookies
// stays good until ALB's session times out: keep that short.
func (a *Authenticator) SignOut(string) proxyauth.SignOut {
	out := proxyauth.SignOut{URL: a.logoutURL, Cookies: make([]*http.Cookie, sessionCookies)}
	for i := range out.Cookies {
		// The attributes of ALB's own cookie. Without SameSite=None a browser would ignore the answer to an app on another site.
		out.Cookies[i] = &http.Cookie{
			Name:     a.sessionCookie + "-" + strconv.Itoa(i),
			Path:     "/",
			Expires:  time.Unix(1, 0),
			MaxAge:   -1,
			Secure:   true,
			HttpOnly: true,
			SameSite: http.SameSiteNoneMode,
		}
	}
	return out
}

// CredentialHeaders returns all that ALB writes: the token, the access token, and the plain subject, which a resolver must not believe.
func (a *Authenticator) CredentialHeaders() []string {
	return []string{dataHeader, accessTokenHeader, identityHeader}
}
