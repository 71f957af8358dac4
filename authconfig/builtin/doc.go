// Package builtin has every provider of this module in the form that package authconfig reads.
//
//	registry := builtin.Registry()
//	registry["ghe"] = builtin.GitHub(github.Config{}) // a second GitHub, with a section of its own
//
// Start with [Registry]. It imports all providers; a host that wants few of them makes an authconfig.Registry of those.
//
// Each function takes the Config of the provider's package, for what stands in code and not in a file (a key of the section replaces it), and
// sign-in resolvers in code, which exclude those of a file. Sections have Backstage's keys, and further ones for what Backstage does not have.
//
// # What is otherwise than in Backstage
//
// Resolvers by e-mail address refuse one that the provider calls unverified. emailMatchingUserEntityProfileEmail takes
// jane+tag@example.com for jane@example.com only with stripPlusTag. emailLocalPartMatchingUserEntityName without allowedDomains refuses
// whoever has another address in the catalog, and with dangerouslyAllowSignInWithoutUserInCatalog it needs allowedDomains. That option is
// not read by emailMatchingUserEntityAnnotation, nor by what gitlab and gcpIap match by ID. Every other resolver of a catalog's user takes
// it, allowedDomains and requireVerifiedEmail, and each userIdMatchingUserEntityAnnotation takes an annotation of one's own.
//
// oidc sends no prompt, where Backstage's default is "none", and auth0 none, where it is "consent". oidc takes every asymmetric signature,
// where it is RS256. oauth2 needs userInfoUrl and userInfoFields, since Backstage's profile comes from a token that nobody verifies. The
// domainHint of microsoft is not sent if it is tenantId. Durations of sessions are for OAuth providers; behind a proxy they have no
// effect, and a warning says so.
package builtin
