package fakeidp

import (
	"slices"
	"time"
)

// Omit, as the value of a text field of [Behavior], leaves the member out.
const Omit = "-"

// Behavior is how the provider departs from what it should do. The zero value follows the specifications: it rotates refresh tokens,
// revokes a family whose spent token comes back, and names itself in the authorization answer.
type Behavior struct {
	// AutoApprove is the subject of the person who is signed in without a page. If empty, the page asks, unless a login_hint names somebody.
	AutoApprove string

	// RequirePKCE refuses authorization requests without an S256 challenge also from clients that have a secret.
	RequirePKCE bool

	// ScopesDenied are left out of what is granted.
	ScopesDenied []string

	// AuthorizeError answers every valid authorization request with this error code, and with AuthorizeErrorDescription.
	AuthorizeError            string
	AuthorizeErrorDescription string

	// IssuerParameter is the iss of the authorization answer (RFC 9207), when it is not to be the issuer: another text, or [Omit].
	IssuerParameter string

	// IssuerParameterUnadvertised leaves authorization_response_iss_parameter_supported out of the metadata.
	IssuerParameterUnadvertised bool

	// IDToken is what is wrong with ID tokens; RefreshIDToken, when it is set, holds in its place in the answer to a refresh.
	IDToken        IDTokenFault
	RefreshIDToken IDTokenFault

	// AuthorizedParty adds the azp claim.
	AuthorizedParty bool

	// IDTokenPadding, AccessTokenPadding and RefreshTokenPadding make tokens longer by so many bytes.
	IDTokenPadding      int
	AccessTokenPadding  int
	RefreshTokenPadding int

	// TokenDelay holds back the answers of the token endpoint. It ends early when the client goes away.
	TokenDelay time.Duration

	// TokenFailure makes the next answers of the token endpoint errors. It comes before TokenAnswer.
	TokenFailure Failure

	// TokenAnswer, UserInfoAnswer, RevokeAnswer, DiscoveryAnswer and JWKSAnswer spoil the answers of their endpoints.
	TokenAnswer     AnswerFault
	UserInfoAnswer  AnswerFault
	RevokeAnswer    AnswerFault
	DiscoveryAnswer AnswerFault
	JWKSAnswer      AnswerFault

	// ExpiresIn is the expires_in of the token answer as JSON, such as `-1`, `"3600"` or `1e30`, or [Omit]. If empty, the true value.
	// Text that is not JSON makes the answer a 500.
	ExpiresIn string

	// Scope is the scope of the token answer, or [Omit]. If empty, the true value.
	Scope string

	// TokenType is the token_type of the token answer, or [Omit]. If empty, "Bearer".
	TokenType string

	// NoRefreshToken leaves refresh tokens out of the answers. A refresh then spends none.
	NoRefreshToken bool

	// RefreshNeedsOfflineAccess gives refresh tokens only for the scope offline_access (OIDC Core §11).
	RefreshNeedsOfflineAccess bool

	// KeepRefreshToken lets a refresh token be used many times, in place of rotating it. The answer to a refresh then holds none.
	KeepRefreshToken bool

	// TolerateReuse refuses a spent refresh token without revoking its family.
	TolerateReuse bool

	// UserInfoSubject is the sub of the userinfo answer, or [Omit]. If empty, the true value.
	UserInfoSubject string

	// DiscoveryIssuer is the issuer of the metadata. If empty, the true one.
	DiscoveryIssuer string

	// NoUserInfo, NoRevoke and NoEndSession take the endpoint out of the metadata and answer 404 on it.
	NoUserInfo   bool
	NoRevoke     bool
	NoEndSession bool
}

func (b Behavior) clone() Behavior {
	b.ScopesDenied = slices.Clone(b.ScopesDenied)
	return b
}

// Failure is an error answer.
type Failure struct {
	// Times is how many answers fail. A negative number means all of them.
	Times int

	// Status is the status code. If zero, 400.
	Status int

	// Code is the error code (RFC 6749 §5.2). If empty, the answer has no body.
	Code string

	// RetryAfter is the Retry-After header. If empty, there is none.
	RetryAfter string
}

// takeTokenFailure counts down and reports the failure that is due.
func (s *Server) takeTokenFailure() (Failure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.behavior.TokenFailure
	if f.Times > 0 {
		s.behavior.TokenFailure.Times--
	}
	return f, f.Times != 0
}

// IDTokenFault is one thing that is wrong with an ID token that is right otherwise, so that a refusal can have one reason only.
type IDTokenFault string

// The faults of ID tokens.
const (
	WrongNonce      IDTokenFault = "wrong nonce"
	MissingNonce    IDTokenFault = "missing nonce"
	WrongAudience   IDTokenFault = "wrong aud"
	ExtraAudience   IDTokenFault = "further aud without azp"
	MissingAudience IDTokenFault = "missing aud"
	WrongIssuer     IDTokenFault = "wrong iss"
	WrongAzp        IDTokenFault = "wrong azp"
	WrongAtHash     IDTokenFault = "wrong at_hash"
	Expired         IDTokenFault = "expired"
	MissingExpiry   IDTokenFault = "missing exp"
	FutureIssuedAt  IDTokenFault = "iat in the future"
	MissingSubject  IDTokenFault = "missing sub"
	OtherSubject    IDTokenFault = "sub of another person"
	DuplicateClaim  IDTokenFault = "two sub claims"
	CaseTwinClaim   IDTokenFault = "a Sub claim beside sub"
	AlgNone         IDTokenFault = "alg none"
	BadSignature    IDTokenFault = "bad signature"
	ForeignKey      IDTokenFault = "signed with a foreign key under a published kid"
	UnknownKeyID    IDTokenFault = "signed with a foreign key under an unknown kid"
	NoIDToken       IDTokenFault = "no ID token"
)

// AnswerFault is one way to spoil a JSON answer.
type AnswerFault string

// The faults of answers. The first five come before the request is looked at, so that no code or token is spent; the others
// spoil the answer to a request that has been carried out.
const (
	ServerError AnswerFault = "status 500"
	Unavailable AnswerFault = "status 503"
	RateLimited AnswerFault = "too many requests"
	HangUp      AnswerFault = "connection closed"
	Redirect    AnswerFault = "status 307 to Elsewhere"

	Malformed AnswerFault = "JSON cut short"
	HTML      AnswerFault = "HTML"
	Huge      AnswerFault = "right JSON behind 10 MB"
	GzipBomb  AnswerFault = "right JSON behind 64 MB in a small gzip"
	Stall     AnswerFault = "first half, then silence"
)
