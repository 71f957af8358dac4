// Package samlauth signs people in with a SAML 2.0 identity provider, such as Microsoft Entra, Okta, ADFS or Keycloak: with the same routes,
// cookies, sessions and resolvers as an OAuth provider. It is a module of its own, so that XML signatures reach nobody who does not use them.
//
//	"sso": samlauth.Provider(samlauth.Config{
//		IDPMetadataURL: "https://idp.example.com/metadata",
//	}, samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml-id")),
//
// The identity provider is given our metadata, which is at {base URL}/{provider}/metadata, or its two addresses: the entity ID, which is that
// address, and the assertion consumer service {base URL}/{provider}/handler/frame. Several configurations under one provider ID (package
// oauthadapter's EnvironmentHandler) have "?env=" and their name after all of them. With a [Config.Key] requests are signed, assertions may be
// encrypted, and single logout, if the identity provider has it, answers at {base URL}/{provider}/slo. The page docs/saml.md has it step by step.
//
// # What is verified
//
// In this order, and each with a reason code of its own: the size; that the document is XML without a document type, comments, and anything
// twice; that there is one assertion, and a signature only where it belongs; the signature of the response, if it has one; destination, request
// and issuer of the response, and its status; that the assertion itself is signed, with a key of the metadata, by RSA or ECDSA with SHA-2, over
// that element and all of it; and then, of what was signed and of nothing else: issuer, bearer confirmation (address, request, time), conditions
// (time, audience, none that is unknown), statements, name ID; last, that the assertion was not used before.
//
// A signature of the response alone is not enough: the assertion is what is kept and read, so it has to stand by itself. Most identity providers
// sign it by default, and our metadata asks for it.
//
// # How an answer is bound to its browser
//
// The ID of the request is derived from the nonce in the attempt's sealed cookie, so no other answer than the one to this browser's request is
// taken, and that once. The identity provider's POST is cross-site and comes without that cookie, which is SameSite=Lax. The answer to it is a
// page of ours that posts the form again, to the same address; that is a same-site POST, and the cookie comes along. The page needs JavaScript
// or one press of a button. An answer that nobody asked for is never taken; see [Config.UnsolicitedRedirectURL].
//
// # Sessions
//
// SAML has no refresh. What the assertion said rests in the session's cookie, sealed; a refresh reads it again and runs the resolvers again,
// without asking the identity provider, until SessionNotOnOrAfter or Options.SessionDuration, twelve hours by default. Whoever is locked out at
// the identity provider keeps the session until then, unless the resolvers refuse. The app never gets attributes, name ID or assertion.
//
// # What is left out
//
// The artifact binding, SOAP and so logout behind the browser's back, logout that the identity provider begins, encrypted name IDs and
// attributes, and several identity providers in one configuration: each has a provider of its own. The memory of used assertions is that of one
// process; across replicas the attempt's cookie bounds a replay.
package samlauth
