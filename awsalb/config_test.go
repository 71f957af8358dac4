package awsalb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/resolver"
)

func good() awsalb.Config {
	return awsalb.Config{Region: region, Signer: []string{signer}, Issuer: idp}
}

func TestNewRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		field string
		edit  func(c *awsalb.Config)
	}{
		"nothing":             {"Config.Region is required", func(c *awsalb.Config) { *c = awsalb.Config{} }},
		"region unknown":      {"Config.Region", func(c *awsalb.Config) { c.Region = "europe" }},
		"region a host":       {"Config.Region", func(c *awsalb.Config) { c.Region = "evil.example.com/" }},
		"region and a path":   {"Config.Region", func(c *awsalb.Config) { c.Region = "eu-central-1/x" }},
		"region and a host":   {"Config.Region", func(c *awsalb.Config) { c.Region = "eu-central-1.evil.example.com" }},
		"region with newline": {"Config.Region", func(c *awsalb.Config) { c.Region = "eu-central-1\n" }},
		"region upper case":   {"Config.Region", func(c *awsalb.Config) { c.Region = "EU-CENTRAL-1" }},
		"availability zone":   {"Config.Region", func(c *awsalb.Config) { c.Region = "eu-central-1a" }},
		"region secret":       {"Config.Region", func(c *awsalb.Config) { c.Region = "us-iso-east-1" }},
		"no signer":           {"Config.Signer is required", func(c *awsalb.Config) { c.Signer = nil }},
		"no signers":          {"Config.Signer is required", func(c *awsalb.Config) { c.Signer = []string{} }},
		"signer empty":        {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{signer, ""} }},
		"signer a name":       {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{"portal"} }},
		"signer a listener": {"Config.Signer", func(c *awsalb.Config) {
			c.Signer = []string{strings.Replace(signer, "loadbalancer/app", "listener/app", 1) + "/f2f7dc8efc522ab2"}
		}},
		"signer a network LB": {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "/app/", "/net/", 1)} }},
		"signer a target group": {"Config.Signer", func(c *awsalb.Config) {
			c.Signer = []string{strings.Replace(signer, "loadbalancer/app", "targetgroup", 1)}
		}},
		"signer another service":   {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "elasticloadbalancing", "iam", 1)} }},
		"signer without account":   {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "123456789012", "", 1)} }},
		"signer with wildcard":     {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "portal", "*", 1)} }},
		"signer in another region": {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "eu-central-1", "eu-west-1", 1)} }},
		"signer's partition":       {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{strings.Replace(signer, "arn:aws:", "arn:aws-cn:", 1)} }},
		"signer padded":            {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{" " + signer} }},
		"signer and a newline":     {"Config.Signer", func(c *awsalb.Config) { c.Signer = []string{signer + "\n"} }},
		"signer and any":           {"Config.Signer and DangerouslyAllowAnySigner", func(c *awsalb.Config) { c.DangerouslyAllowAnySigner = true }},
		"no issuer":                {"Config.Issuer is required", func(c *awsalb.Config) { c.Issuer = "" }},
		"negative leeway":          {"Config.Leeway", func(c *awsalb.Config) { c.Leeway = -1 }},
		"wide leeway":              {"Config.Leeway", func(c *awsalb.Config) { c.Leeway = 5*time.Minute + 1 }},
		"cookie name":              {"Config.SessionCookieName", func(c *awsalb.Config) { c.SessionCookieName = "a b" }},
		"cookie name, a cookie":    {"Config.SessionCookieName", func(c *awsalb.Config) { c.SessionCookieName = "a=b; c" }},
		"logout over http":         {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "http://sso.example.com/logout" }},
		"logout a script":          {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "javascript:alert(1)" }},
		"logout a path":            {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "/logout" }},
		"logout without host":      {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "https:///logout" }},
		"logout with user":         {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "https://u:p@sso.example.com/" }},
		"logout unparsable":        {"Config.LogoutURL", func(c *awsalb.Config) { c.LogoutURL = "https://sso.example.com/%zz" }},
	} {
		t.Run(name, func(t *testing.T) {
			c := good()
			row.edit(&c)
			a, err := awsalb.New(c)
			require.Nil(t, a)
			require.ErrorContains(t, err, "awsalb: "+row.field)
			// The provider says the same, in its host's words.
			_, err = authprovider.New(authprovider.Config{
				BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{},
				Providers: map[string]authprovider.ProviderFactory{"alb": awsalb.Provider(c, resolver.EmailMatchingUserEntityProfileEmail)},
			})
			require.ErrorContains(t, err, `provider "alb": awsalb: `+row.field)
		})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"alb": awsalb.Provider(good())},
	})
	require.ErrorContains(t, err, "a sign-in resolver is required")
}

func TestNewTakes(t *testing.T) {
	_, err := awsalb.New(good())
	require.NoError(t, err)
	_, err = awsalb.New(awsalb.Config{Region: region, DangerouslyAllowAnySigner: true, Issuer: idp})
	require.NoError(t, err)
}
