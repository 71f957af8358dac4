package signin

import (
	"fmt"

	"example.com/stagedoor/authprovider"
)

// Reason is the rule by which a resolver decided against a person. It is for logs, metrics and tests, and is never shown. Those that
// package resolver has too have the same values there.
type Reason string

const (
	ReasonAnnotationValueMissing   Reason = "annotation_value_missing"   // the provider says nothing that the resolver could go by
	ReasonAnnotationValueMalformed Reason = "annotation_value_malformed" // what it says cannot be an ID
	ReasonUsernameMissing          Reason = "username_missing"           // the profile has no user name
	ReasonNameMalformed            Reason = "name_malformed"             // it cannot be the name of a user
	ReasonEmailMissing             Reason = "email_missing"              // the profile has no e-mail address
	ReasonEmailMalformed           Reason = "email_malformed"            // what it has cannot be an address
	ReasonEmailUnverified          Reason = "email_unverified"           // nobody checked the address, or nobody says so and somebody must
	ReasonNoServiceToken           Reason = "not_service_token"          // the sign-in is a person's
	ReasonUserNotFound             Reason = "user_not_found"             // the catalog has no such user
	ReasonUserAmbiguous            Reason = "user_ambiguous"             // the catalog has several
)

// Error says which rule of which resolver decided. Err wraps [authprovider.ErrNoMatch] if the next resolver may try,
// [authprovider.ErrNotAllowed] if the person is refused, and [authprovider.ErrAmbiguousUser] if there are several users; what the
// person is told depends on that alone.
type Error struct {
	// Resolver is the resolver's name, with its package in front where that is not package resolver.
	Resolver string
	Reason   Reason
	// Detail is for the log. It may be empty.
	Detail string
	Err    error
}

// Error returns all of it, for logs.
func (e *Error) Error() string {
	text := "resolver: " + e.Resolver + ": " + string(e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Pass lets the next resolver try.
func Pass(resolver string, reason Reason, detail string) error {
	return &Error{Resolver: resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNoMatch}
}

func refuse(resolver string, reason Reason, detail string) error {
	return &Error{Resolver: resolver, Reason: reason, Detail: detail, Err: authprovider.ErrNotAllowed}
}

// maxShown is how much of what a provider sent goes to the log.
const maxShown = 254

// shown quotes what a provider sent.
func shown(s string) string { return fmt.Sprintf("%.*q", maxShown, s) }
