// Package oauth2provider signs people in with any OAuth 2.0 provider that is not an OpenID Connect one, and is what packages for such
// vendors are built on.
//
// [Provider] is what goes into [authprovider.Config], for a provider with an address that says whose an access token is:
//
//	"acme": oauth2provider.Provider(oauth2provider.Config{
//		AuthURL: "https://acme.example/oauth/authorize", TokenURL: "https://acme.example/oauth/token",
//		UserInfoURL: "https://acme.example/api/me", Fields: oauth2provider.Fields{ID: "id", Username: "login", Email: "contact.email"},
//		ClientID: id, ClientSecret: secret,
//	}, oauth2provider.UsernameMatchingUserEntityName),
//
// The callback URL to register is {BaseURL}/{provider ID}/handler/frame.
//
// [NewWithProfile] is the base of vendors: it takes a function of the vendor's own that reads the profile through an [API], and gives the
// handlers that oauthadapter.Provider takes.
//
// Who the person is rests on TLS: the provider's own API says it about a token that came from its token endpoint for a code bound to
// this browser by state and PKCE. ID tokens are neither verified nor passed on; a provider that has them is for package oidcprovider. Answers
// are read strictly and within bounds. A session without refresh token is kept alive by the access token: a refresh reads the profile again, and
// ends the session once the provider answers 401.
//
// It leaves to the caller who may sign in, and which field is a stable ID: one that is never given to somebody else.
package oauth2provider
