package fakeproxy

// Behavior is how a proxy departs from what it should do. The zero value does right.
type Behavior struct {
	// SignsIn is the subject of the person who is signed in at [Edge.Protect] without being asked. If empty, a page asks.
	SignsIn string

	// Token is what is wrong with the tokens.
	Token TokenFault

	// KeysAnswer, DiscoveryAnswer and IdentityAnswer spoil the answers of their endpoints.
	KeysAnswer      AnswerFault
	DiscoveryAnswer AnswerFault
	IdentityAnswer  AnswerFault

	// Careless makes [Edge.Protect] pass on what clients send in the proxy's own headers and cookies, beside what it adds itself: a
	// proxy that was set up wrong, or a version with a hole.
	Careless bool
}

// TokenFault is one thing that is wrong with a token that is right otherwise, so that a refusal can have one reason only.
type TokenFault string

// The faults of tokens.
const (
	WrongAudience      TokenFault = "wrong audience" // made for another application
	MissingAudience    TokenFault = "missing audience"
	WrongIssuer        TokenFault = "wrong issuer"
	WrongSigner        TokenFault = "wrong signer" // another load balancer's, of vendors that name it
	Expired            TokenFault = "expired"
	MissingExpiry      TokenFault = "missing expiry"
	NotYetValid        TokenFault = "not yet valid"
	MissingSubject     TokenFault = "missing subject"
	DuplicateClaim     TokenFault = "duplicate claim" // two sub claims
	CaseTwinClaim      TokenFault = "case twin claim" // a Sub claim beside sub
	AlgNone            TokenFault = "alg none"
	HMACWithPublicKey  TokenFault = "HMAC with the public key"
	ForeignKey         TokenFault = "foreign key"    // a foreign key under a published kid
	UnknownKeyID       TokenFault = "unknown key ID" // a foreign key under an unknown kid
	EmbeddedKey        TokenFault = "embedded key"   // a foreign key that stands in the token's header
	BadSignature       TokenFault = "bad signature"
	TruncatedSignature TokenFault = "truncated signature"
)

// AnswerFault is one way to spoil an answer.
type AnswerFault string

// The faults of answers.
const (
	ServerError AnswerFault = "server error" // status 500
	Unavailable AnswerFault = "unavailable"  // status 503
	HangUp      AnswerFault = "hang up"      // the connection is closed
	Redirect    AnswerFault = "redirect"     // status 307 to [Elsewhere]
	Malformed   AnswerFault = "malformed"    // cut short
	HTML        AnswerFault = "html"         // status 200
	Huge        AnswerFault = "huge"         // 10 MB
	Stall       AnswerFault = "stall"        // silence until the client goes
)

// Elsewhere is where the [Redirect] fault points: a careful client never goes there.
const Elsewhere = "https://elsewhere.example.net/"

// Set changes the behavior. The function must not call the edge.
func (e *Edge) Set(change func(*Behavior)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.behavior)
}

func (e *Edge) currentBehavior() Behavior {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.behavior
}
