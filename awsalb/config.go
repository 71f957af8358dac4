package awsalb

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/proxyauth"
)

// DefaultSessionCookieName is the name of ALB's session cookies, without the number behind it, if the listener rule sets no other.
const DefaultSessionCookieName = "AWSELBAuthSessionCookie"

const maxLeeway = 5 * time.Minute

// Config configures an [Authenticator]. Region, Signer and Issuer are required.
type Config struct {
	// Region is where the load balancer is, such as "eu-central-1"; also of AWS GovCloud (US) and of China. Its keys are fetched there.
	Region string
	// Signer lists the ARNs of the load balancers in front, all of Region:
	// "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID".
	Signer []string
	// DangerouslyAllowAnySigner takes the tokens of every load balancer in the region: whoever has an AWS account sets one up
	// that says about anybody that they signed in with Issuer. Right only in a network that no other load balancer reaches.
	DangerouslyAllowAnySigner bool
	// Issuer is the exact issuer of the listener rule: the identity provider's, or for Cognito
	// "https://cognito-idp.REGION.amazonaws.com/USER_POOL_ID".
	Issuer string
	// ClientID is the listener rule's client at the identity provider. If empty, any will do.
	ClientID string
	// Leeway is how far clocks may differ, at most 5 minutes. If zero, it is one minute.
	Leeway time.Duration

	// SessionCookieName is the listener rule's. If empty, it is [DefaultSessionCookieName].
	SessionCookieName string
	// LogoutURL is where the identity provider logs people out, with all that it wants in the query: https. After sign-out the app sends the
	// person there. If empty, only ALB's session ends, and the next request signs the person in again as long as the provider's lasts.
	LogoutURL string

	// HTTPClient fetches the keys. If nil, it is the ProviderContext's, or one of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock. If nil, it is the ProviderContext's, or time.Now.
	Now func() time.Time
	// Logger hears of failed fetches of keys. If nil, it is the ProviderContext's, or nobody does.
	Logger *slog.Logger

	// Options are those of every proxy provider. [New] does not look at them.
	Options proxyauth.Options[Result]
}

func (c *Config) check() error {
	if c.Region == "" {
		return errors.New("awsalb: Config.Region is required")
	}
	if _, _, ok := partitionOf(c.Region); !ok {
		return fmt.Errorf("awsalb: Config.Region: %q is no region such as \"eu-central-1\"", c.Region)
	}
	if err := c.checkSigner(); err != nil {
		return err
	}
	if c.Issuer == "" {
		return errors.New("awsalb: Config.Issuer is required")
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return fmt.Errorf("awsalb: Config.Leeway is %v, want 0 to %v", c.Leeway, maxLeeway)
	}
	if c.SessionCookieName != "" && (&http.Cookie{Name: c.SessionCookieName, Value: "x"}).Valid() != nil {
		return fmt.Errorf("awsalb: Config.SessionCookieName %q is not a cookie's name", c.SessionCookieName)
	}
	if c.LogoutURL != "" {
		u, err := url.Parse(c.LogoutURL)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			return fmt.Errorf("awsalb: Config.LogoutURL %q is not an absolute https URL without user", c.LogoutURL)
		}
	}
	return nil
}

func (c *Config) checkSigner() error {
	switch {
	case len(c.Signer) == 0 && !c.DangerouslyAllowAnySigner:
		return errors.New("awsalb: Config.Signer is required: the keys are those of every load balancer in the region")
	case len(c.Signer) > 0 && c.DangerouslyAllowAnySigner:
		return errors.New("awsalb: Config.Signer and DangerouslyAllowAnySigner exclude each other")
	}
	for _, arn := range c.Signer {
		region, ok := parseARN(arn)
		switch {
		case !ok:
			return fmt.Errorf("awsalb: Config.Signer: %q is not the ARN of an Application Load Balancer", arn)
		case region != c.Region:
			return fmt.Errorf("awsalb: Config.Signer: %q is not in Config.Region %q", arn, c.Region)
		}
	}
	return nil
}

func (c *Config) expected() jose.Expected {
	return jose.Expected{
		Issuer: c.Issuer,
		// ALB writes no audience; its signer stands in.
		InsecureSkipAudience: true,
		Algorithms:           []jose.Algorithm{jose.ES256},
		Leeway:               c.Leeway,
		Now:                  c.Now,
	}
}
