package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
)

type awsalbSection struct {
	Issuer                    string              `key:"issuer,required" example:"https://sso.example.com" doc:"The issuer of the listener rule: the identity provider's."`
	Region                    string              `key:"region,required" example:"eu-central-1" doc:"Where the load balancer is."`
	Signer                    authconfig.Strings  `key:"signer" example:"arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID" doc:"The ARNs of the load balancers in front."`
	DangerouslyAllowAnySigner bool                `key:"dangerouslyAllowAnySigner" doc:"Takes the tokens of every load balancer in the region, whosever it is."`
	ClientID                  string              `key:"clientId" doc:"The listener rule's client at the identity provider."`
	Leeway                    authconfig.Duration `key:"leeway" doc:"How far clocks may differ. One minute if it is absent."`
	SessionCookieName         string              `key:"sessionCookieName" doc:"The listener rule's, if it is not AWSELBAuthSessionCookie."`
	LogoutURL                 string              `key:"logoutUrl" doc:"Where the identity provider logs people out."`
	SessionDuration           authconfig.Ignored  `key:"sessionDuration" doc:"is the load balancer's to say: there is no session here"`
}

// AWSALB reads a section for package awsalb.
func AWSALB(c awsalb.Config, signIn ...authprovider.SignInResolver[awsalb.Result]) *authconfig.Proxy[awsalb.Result] {
	return proxy[awsalbSection](c, c.Options, signIn, awsalb.Provider, nil)
}
