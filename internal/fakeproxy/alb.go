package fakeproxy

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// ALB is an Application Load Balancer of AWS whose listener rule signs people in.
type ALB struct {
	// Region is such as "eu-west-1". Required.
	Region string
	// Signer is the load balancer's ARN. Required.
	Signer string
	// Issuer is that of the identity provider of the listener rule. Required.
	Issuer string
	// ClientID is the listener rule's at the identity provider. Required.
	ClientID string
	// Cookie is the name of its session cookies, without the number behind it. If empty, AWSELBAuthSessionCookie.
	Cookie string
}

const albPrefix = "X-Amzn-Oidc-"

func (v ALB) check() error {
	switch {
	case v.Region == "":
		return errors.New("fakeproxy: ALB.Region is required")
	case v.Signer == "":
		return errors.New("fakeproxy: ALB.Signer is required")
	case v.Issuer == "":
		return errors.New("fakeproxy: ALB.Issuer is required")
	case v.ClientID == "":
		return errors.New("fakeproxy: ALB.ClientID is required")
	}
	return nil
}

// keysURL is what stands before a kid in the address of its key.
func (v ALB) keysURL() string {
	switch {
	case strings.HasPrefix(v.Region, "us-gov-"):
		return "https://s3-" + v.Region + ".amazonaws.com/aws-elb-public-keys-prod-" + v.Region + "/"
	case strings.HasPrefix(v.Region, "cn-"):
		return "https://public-keys.auth.elb." + v.Region + ".amazonaws.com.cn/"
	}
	return "https://public-keys.auth.elb." + v.Region + ".amazonaws.com/"
}

func (v ALB) wire() wire {
	w := wire{
		algorithm: algES256,
		lifetime:  2 * time.Minute,
		padded:    true,
		header: func(t times) map[string]any {
			return map[string]any{"iss": v.Issuer, "client": v.ClientID, "signer": v.Signer, "exp": t.expires.Unix()}
		},
		session:   v.Cookie,
		endpoints: map[Endpoint]string{PEMByID: v.keysURL()},
	}
	if w.session == "" {
		w.session = "AWSELBAuthSessionCookie"
	}
	w.session += "-0"
	return w
}

// claims are what the identity provider's userinfo endpoint says. There is no aud and no iat.
func (v ALB) claims(p Person, t times) map[string]any {
	claims := p.openIDClaims()
	maps.Copy(claims, map[string]any{"iss": v.Issuer, "exp": t.expires.Unix()})
	return claims
}

func (v ALB) decorate(h http.Header, p Person, token string) error {
	h.Set(albPrefix+"Data", token)
	h.Set(albPrefix+"Identity", p.Subject)
	h.Set(albPrefix+"Accesstoken", "opaque-access-token-of-"+p.Subject)
	return nil
}

func (v ALB) owns(name string) bool { return strings.HasPrefix(name, albPrefix) }

// signsOut is never: the application has to expire the cookies.
func (v ALB) signsOut(*http.Request) bool { return false }
