package tokenissuer

import (
	"net/http"
	"time"

	"example.com/stagedoor/internal/jose"
)

const discoveryMaxAge = time.Hour

// metadata is the OpenID Provider metadata (OpenID Connect Discovery 1.0 section 3), as far as it is true. The section calls
// authorization_endpoint and token_endpoint required, but they are not served here: people sign in through the providers'
// routes, and a client that was told of an endpoint would send people to a 404. Verifiers, which are who reads
// this document, need issuer, jwks_uri and the algorithms.
type metadata struct {
	Issuer        string           `json:"issuer"`
	JWKSURI       string           `json:"jwks_uri"`
	UserInfo      string           `json:"userinfo_endpoint"`
	ResponseTypes []string         `json:"response_types_supported"`
	SubjectTypes  []string         `json:"subject_types_supported"`
	Algorithms    []jose.Algorithm `json:"id_token_signing_alg_values_supported"`
	Claims        []string         `json:"claims_supported"`
}

func newDiscovery(issuer string) (*document, error) {
	return newDocument(metadata{
		Issuer:        issuer,
		JWKSURI:       issuer + "/.well-known/jwks.json",
		UserInfo:      issuer + "/v1/userinfo",
		ResponseTypes: []string{"id_token"},
		SubjectTypes:  []string{"public"},
		Algorithms:    algorithms(), // those of older keys too, which clients that go by this list must accept; a key says which one it is for
		Claims:        []string{"sub", "ent"},
	}, discoveryMaxAge)
}

// ServeDiscovery implements [authprovider.DiscoveryServer].
func (i *Issuer) ServeDiscovery(w http.ResponseWriter, r *http.Request) error {
	i.discovery.serve(w, r)
	return nil
}
