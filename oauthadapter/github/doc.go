// Package github signs people in with GitHub: github.com, GitHub Enterprise Server and GitHub Enterprise Cloud with data residency, as an
// OAuth App or as a GitHub App.
//
//	"github": github.Provider(github.Config{ClientID: id, ClientSecret: secret}, github.UserIDMatchingUserEntityAnnotation),
//	"ghe": github.Provider(github.Config{EnterpriseURL: "https://ghe.example.com", ClientID: id, ClientSecret: secret}, ...),
//
// The callback URL to register is {BaseURL}/{provider ID}/handler/frame.
//
// GitHub has no ID tokens: who the person is rests on its API, asked over TLS with the token for a code that PKCE binds to this browser. An
// e-mail address is verified only if GitHub's list of the person's addresses says so, which takes the scope user:email, or, for a GitHub App, the
// permission to read e-mail addresses; ask for it with Options.AdditionalScopes. The public address of a profile is of unknown verification.
//
// An OAuth App gets no refresh token: a refresh reads the profile again with the access token, notices that it was revoked or lost scopes, and
// asks for consent for more. A GitHub App gets both tokens, and both kinds are revoked at sign-out.
//
// It leaves to the caller who may sign in: anybody can have an account on github.com, and user names can be renamed and taken over.
package github
