// ALB is a backend behind an Application Load Balancer of AWS that signs people in:
//
//	REGION=eu-west-1 SIGNER=arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/portal/50dc6c495c0c9188 \
//	ISSUER=https://id.example.com BASE_URL=https://portal.example.com/api/auth go run ./examples/alb
//
// The signer is the load balancer's ARN: every load balancer of the region signs with keys from the same address, that of an attacker too.
package main

import (
	"log"
	"log/slog"
	"net/http"
	"os"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/awsalb"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

func main() {
	handler, err := newHandler(required("BASE_URL"), awsalb.Config{
		Region: required("REGION"),
		Signer: []string{required("SIGNER")},
		Issuer: required("ISSUER"),
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(":8080", handler))
}

// required returns a variable of the environment that must be set.
func required(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("the environment variable %s is required", name)
	}
	return value
}

func newHandler(baseURL string, alb awsalb.Config) (http.Handler, error) {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	return authprovider.New(authprovider.Config{
		BaseURL:                 baseURL,
		Issuer:                  issuer,
		Users:                   memcatalog.New(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com"}),
		Logger:                  slog.Default(), // hears why somebody was refused
		InsecureEphemeralSecret: true,           // behind a proxy nothing is kept in cookies of ours, so there is nothing to seal
		Providers: map[string]authprovider.ProviderFactory{
			"awsalb": awsalb.Provider(alb, resolver.EmailMatchingUserEntityProfileEmail),
		},
	})
}
