package fakeidp

import (
	"net/http"
)

const cachePublic = "public, max-age=300"

// metadata is the subset of OpenID Connect Discovery §3, RP-Initiated Logout §2.1 and RFC 8414 §2 that the provider has
// something to say about.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	UserInfoEndpoint         string   `json:"userinfo_endpoint,omitempty"`
	JWKSURI                  string   `json:"jwks_uri"`
	RevocationEndpoint       string   `json:"revocation_endpoint,omitempty"`
	EndSessionEndpoint       string   `json:"end_session_endpoint,omitempty"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	IDTokenAlgorithms        []string `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	CodeChallengeMethods     []string `json:"code_challenge_methods_supported"`
	Scopes                   []string `json:"scopes_supported"`
	Claims                   []string `json:"claims_supported"`
	RequestURIParameter      bool     `json:"request_uri_parameter_supported"` // its default is true
	IssParameter             bool     `json:"authorization_response_iss_parameter_supported,omitempty"`
}

func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request, b Behavior) {
	if s.failEarly(w, b.DiscoveryAnswer) {
		return
	}
	w.Header().Set("Cache-Control", cachePublic)
	m := metadata{
		Issuer:                   s.issuer,
		AuthorizationEndpoint:    s.URL(Authorize),
		TokenEndpoint:            s.URL(Token),
		UserInfoEndpoint:         s.URL(UserInfo),
		JWKSURI:                  s.URL(JWKS),
		RevocationEndpoint:       s.URL(Revoke),
		EndSessionEndpoint:       s.URL(EndSession),
		ResponseTypes:            []string{"code"},
		ResponseModes:            []string{"query"},
		GrantTypes:               []string{"authorization_code", "refresh_token"},
		SubjectTypes:             []string{"public"},
		IDTokenAlgorithms:        []string{s.algorithm},
		TokenEndpointAuthMethods: []string{"client_secret_basic", "client_secret_post", "none"},
		CodeChallengeMethods:     []string{"S256"},
		Scopes:                   []string{"openid", "profile", "email", "groups", "offline_access"},
		Claims: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "azp",
			"name", "preferred_username", "picture", "email", "email_verified", "groups",
		},
		IssParameter: !b.IssuerParameterUnadvertised,
	}
	if b.NoUserInfo {
		m.UserInfoEndpoint = ""
	}
	if b.NoRevoke {
		m.RevocationEndpoint = ""
	}
	if b.NoEndSession {
		m.EndSessionEndpoint = ""
	}
	members, err := membersOf(m)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if s.dialect.Metadata != nil {
		s.dialect.Metadata(r, members)
	}
	if b.DiscoveryIssuer != "" {
		members["issuer"] = b.DiscoveryIssuer
	}
	s.answer(w, r, b.DiscoveryAnswer, members)
}

func (s *Server) serveJWKS(w http.ResponseWriter, r *http.Request, b Behavior) {
	if s.failEarly(w, b.JWKSAnswer) {
		return
	}
	w.Header().Set("Cache-Control", cachePublic)
	s.mu.Lock()
	keys := s.keys
	s.mu.Unlock()
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{}
	for _, key := range keys {
		set.Keys = append(set.Keys, key.jwk())
	}
	s.answer(w, r, b.JWKSAnswer, set)
}
