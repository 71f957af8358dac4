package samlauthtest

import "time"

// Behavior is what a [Provider] does otherwise than it should, or than others do. The zero value does nothing wrong.
type Behavior struct {
	// Down answers every request with 503.
	Down bool
	// Denied answers with the status RequestDenied and no assertion.
	Denied bool

	// Issuer, Audience, Recipient, Destination, InResponseTo and AssertionID replace what an assertion and its response say.
	Issuer, Audience, Recipient, Destination, InResponseTo, AssertionID string
	// Unsolicited leaves InResponseTo out, and sends no RelayState.
	Unsolicited bool
	// ClockAhead is by how much the provider's clock is ahead.
	ClockAhead time.Duration
	// SessionLasts sets SessionNotOnOrAfter. If zero, there is none.
	SessionLasts time.Duration
	// AuthnAge is how long ago the person signed in at the provider.
	AuthnAge time.Duration

	// UnsignedAssertion and UnsignedResponse leave the signatures out.
	UnsignedAssertion, UnsignedResponse bool
	// ForeignKey signs with a key that is not in the metadata.
	ForeignKey bool
	// SHA1 signs with SHA-1.
	SHA1 bool
	// PlainAssertion does not encrypt, though the service provider has a key to encrypt for.
	PlainAssertion bool

	// EditAssertion changes an assertion, as XML, before it is signed. If nil, it stays as it is.
	EditAssertion func(assertion []byte) []byte
	// Edit has the last word on the response, as XML. If nil, it stays as it is.
	Edit func(response []byte) []byte
}
