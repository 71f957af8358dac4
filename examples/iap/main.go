// IAP is a backend behind Google's Identity-Aware Proxy, on Cloud Run, App Engine or a load balancer:
//
//	IAP_AUDIENCE=/projects/123456789/global/backendServices/987654321 BASE_URL=https://portal.example.com/api/auth go run ./examples/iap
//
// People are found in the catalog by their Google ID, which never changes, in the annotation google.com/user-id.
package main

import (
	"log"
	"log/slog"
	"net/http"
	"os"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/gcpiap"
	"example.com/stagedoor/resolver/memcatalog"
	"example.com/stagedoor/tokenissuer"
)

func main() {
	handler, err := newHandler(required("BASE_URL"), required("IAP_AUDIENCE"))
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

func newHandler(baseURL, audience string) (http.Handler, error) {
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL})
	if err != nil {
		return nil, err
	}
	return authprovider.New(authprovider.Config{
		BaseURL: baseURL,
		Issuer:  issuer,
		Users: memcatalog.New(authprovider.User{
			Ref:         "user:default/jane",
			Annotations: map[string]string{"google.com/user-id": "118133858486581853996"},
		}),
		Logger:                  slog.Default(), // hears why somebody was refused
		InsecureEphemeralSecret: true,           // behind a proxy nothing is kept in cookies of ours, so there is nothing to seal
		Providers: map[string]authprovider.ProviderFactory{
			"gcpIap": gcpiap.Provider(gcpiap.Config{Audience: []string{audience}}, gcpiap.IDMatchingUserEntityAnnotation),
		},
	})
}
