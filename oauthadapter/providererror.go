package oauthadapter

import (
	"fmt"
	"time"
)

// ProviderError is an error answer of a vendor's OAuth endpoint, without its body, which may hold tokens.
type ProviderError struct {
	// Endpoint is "authorization", "token", "userinfo" or "revocation".
	Endpoint string
	// Status is the HTTP status; zero for the authorization endpoint.
	Status int
	// Code is the error code of RFC 6749 sections 4.1.2.1 and 5.2 or OpenID Connect Core 3.1.2.6, such as "invalid_grant". It may be empty.
	Code string
	// Description is the vendor's text: for the log, never for the person.
	Description string
	// RetryAfter is what the vendor asked for; zero if nothing.
	RetryAfter time.Duration
}

// Error returns endpoint, status, code and description: it is for logs.
func (e *ProviderError) Error() string {
	text := fmt.Sprintf("oauthadapter: %s endpoint answered", e.Endpoint)
	if e.Status != 0 {
		text += fmt.Sprintf(" %d", e.Status)
	}
	if e.Code != "" {
		text += fmt.Sprintf(" %.64q", e.Code)
	}
	if e.Description != "" {
		text += fmt.Sprintf(" (%.200q)", e.Description)
	}
	return text
}
