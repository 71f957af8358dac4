// Package awsalb signs in people whom an AWS Application Load Balancer (ALB) has signed in already, by a listener rule with an
// authenticate-oidc or authenticate-cognito action.
//
// A provider is one line of [authprovider.Config]:
//
//	"awsalb": awsalb.Provider(awsalb.Config{
//		Region: "eu-central-1",
//		Signer: []string{"arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188"},
//		Issuer: "https://sso.example.com",
//	}, resolver.EmailMatchingUserEntityProfileEmail),
//
// [New] gives the [Authenticator] alone, for a host's own routes behind [proxyauth.Middleware].
//
// What is verified: the token in X-Amzn-Oidc-Data is signed with ES256 by a key of the region, by one of Config.Signer, for the
// identity provider Config.Issuer, and is not expired, neither by its header nor by its claims. ALB writes its tokens as no standard
// does, in base64url with padding, and signs that text; it is read as it came, and no other spelling of it is taken. Its key endpoint is
// shared by all load balancers of a region, those of strangers too, and the token names no audience: the signer's ARN is the only thing
// that tells our load balancer from one that somebody set up to sign in as anybody ("ALBeast").
//
// Identity and profile come from that token alone. X-Amzn-Oidc-Accesstoken, which nobody signs for us, is passed on unread as
// [Result].AccessToken. X-Amzn-Oidc-Identity is not read at all, and sign-in resolvers see none of the three.
//
// What is left to the host: that only the load balancer reaches the application (security groups), who is one of our users, and to log out
// at the identity provider ([Config].LogoutURL), since ALB has no sign-out of its own.
//
// Beyond Backstage: the signer is required and read from the signed header, the access token is optional and never a source of the
// profile, and an e-mail address is not required, since resolvers that need one pass on without.
package awsalb
