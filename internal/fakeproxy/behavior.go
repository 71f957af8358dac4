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

// TokenFault is one thing that is wrong with a token that is right otherwise, so that a refusal can have one reason only. Those that OpenID
// providers know too have the texts that package fakeidp has for them.
type TokenFault string

// The faults of tokens.
const (
	WrongAudience      TokenFault = "wrong aud" // made for another application
	MissingAudience    TokenFault = "missing aud"
	WrongIssuer        TokenFault = "wrong iss"
	WrongSigner        TokenFault = "wrong signer" // another load balancer's, of vendors that name it
	Expired            TokenFault = "expired"
	MissingExpiry      TokenFault = "missing exp"
	FutureIssuedAt     TokenFault = "iat in the future"
	NotYetValid        TokenFault = "nbf in the future"
	MissingSubject     TokenFault = "missing sub"
	DuplicateClaim     TokenFault = "two sub claims"
	CaseTwinClaim      TokenFault = "a Sub claim beside sub"
	AlgNone            TokenFault = "alg none"
	HMACWithPublicKey  TokenFault = "HMAC with the public key"
	ForeignKey         TokenFault = "signed with a foreign key under a published kid"
	UnknownKeyID       TokenFault = "signed with a foreign key under an unknown kid"
	EmbeddedKey        TokenFault = "signed with a foreign key that stands in the header"
	BadSignature       TokenFault = "bad signature"
	TruncatedSignature TokenFault = "truncated signature"
)

// AnswerFault is one way to spoil an answer.
type AnswerFault string

// The faults of answers, with the texts that package fakeidp has for them.
const (
	ServerError AnswerFault = "status 500"
	Unavailable AnswerFault = "status 503"
	HangUp      AnswerFault = "connection closed"
	Redirect    AnswerFault = "status 307 to Elsewhere"
	Malformed   AnswerFault = "JSON cut short" // PEM too
	HTML        AnswerFault = "HTML"
	Huge        AnswerFault = "right JSON behind 10 MB"
	Stall       AnswerFault = "first half, then silence" // all of it
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
