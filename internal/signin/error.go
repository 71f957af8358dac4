package signin

import (
	"fmt"

	"example.com/stagedoor/authprovider"
)

// The reasons of an [authprovider.ResolverError] here; package resolver exports them.
const (
	ReasonAnnotationValueMissing   authprovider.Reason = "annotation_value_missing"   // the provider says nothing that the resolver could go by
	ReasonAnnotationValueMalformed authprovider.Reason = "annotation_value_malformed" // what it says cannot be an ID
	ReasonUsernameMissing          authprovider.Reason = "username_missing"           // the profile has no user name
	ReasonNameMalformed            authprovider.Reason = "name_malformed"             // it cannot be the name of a user
	ReasonEmailMissing             authprovider.Reason = "email_missing"              // the profile has no e-mail address
	ReasonEmailMalformed           authprovider.Reason = "email_malformed"            // what it has cannot be an address
	ReasonEmailUnverified          authprovider.Reason = "email_unverified"           // nobody checked the address, or nobody says so and somebody must
	ReasonNoServiceToken           authprovider.Reason = "not_service_token"          // the sign-in is a person's
	ReasonUserNotFound             authprovider.Reason = "user_not_found"             // the catalog has no such user
	ReasonUserAmbiguous            authprovider.Reason = "user_ambiguous"             // the catalog has several
)

// Pass lets the next resolver try.
func Pass(resolver string, reason authprovider.Reason, detail string) error {
	return &authprovider.ResolverError{Resolver: resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNoMatch}
}

func refuse(resolver string, reason authprovider.Reason, detail string) error {
	return &authprovider.ResolverError{Resolver: resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNotAllowed}
}

// maxShown is how much of what a provider sent goes to the log.
const maxShown = 254

// shown quotes what a provider sent.
func shown(s string) string { return fmt.Sprintf("%.*q", maxShown, s) }
