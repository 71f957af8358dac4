package authprovidertest

import "example.com/stagedoor/internal/fakeidp"

// Person is somebody who can sign in at a [Provider] or a [Vendor]: Subject (required, unique), Name, PreferredUsername, Picture, Email, EmailVerified
// (a *bool; nil leaves the claim out), Groups, and Claims, a map of further claims.
type Person = fakeidp.Person

// Behavior is how a [Provider] departs from the specifications, and a [Vendor] from what it documents. The zero value follows the
// specifications. Its fields, each described where it is declared:
//
//	AutoApprove                  subject who signs in without a page
//	RequirePKCE                  refuse requests without an S256 challenge
//	ScopesDenied                 scopes left out of the grant
//	AuthorizeError               error code that answers every authorization request; AuthorizeErrorDescription goes with it
//	IssuerParameter              another iss in the authorization answer (RFC 9207), or Omit; IssuerParameterUnadvertised
//	IDToken, RefreshIDToken      an IDTokenFault for sign-ins and for refreshes
//	AuthorizedParty              add azp
//	IDTokenPadding, AccessTokenPadding, RefreshTokenPadding   longer tokens, in bytes
//	TokenDelay                   hold the token endpoint's answers back
//	TokenFailure                 a Failure for the next answers of the token endpoint
//	TokenAnswer, UserInfoAnswer, RevokeAnswer, DiscoveryAnswer, JWKSAnswer   an AnswerFault for each endpoint
//	ExpiresIn, Scope, TokenType  other text in the token answer, or Omit
//	NoRefreshToken, RefreshNeedsOfflineAccess, KeepRefreshToken, TolerateReuse   refresh tokens
//	UserInfoSubject              another sub in the userinfo answer, or Omit
//	DiscoveryIssuer              another issuer in the metadata
//	NoUserInfo, NoRevoke, NoEndSession   take an endpoint away
type Behavior = fakeidp.Behavior

// Failure is an error answer: Times (a negative number means for ever), Status (400 if zero), Code, RetryAfter.
type Failure = fakeidp.Failure

// ProviderRequest is what reached an endpoint of a [Provider] or a [Vendor]: Method, Query, Form, Header.
type ProviderRequest = fakeidp.Request

// Omit, as the value of a text field of [Behavior], leaves the member out.
const Omit = fakeidp.Omit

// Endpoint names an endpoint of a [Provider] or a [Vendor].
type Endpoint = fakeidp.Endpoint

// The endpoints. Elsewhere is where [RedirectAnswer] points: a careful client never calls it.
const (
	Discovery  = fakeidp.Discovery
	JWKS       = fakeidp.JWKS
	Authorize  = fakeidp.Authorize
	Token      = fakeidp.Token
	UserInfo   = fakeidp.UserInfo
	Revoke     = fakeidp.Revoke
	EndSession = fakeidp.EndSession
	Elsewhere  = fakeidp.Elsewhere
)

// IDTokenFault is one thing that is wrong with an ID token that is right otherwise, so that a refusal can have one reason only.
type IDTokenFault = fakeidp.IDTokenFault

// The faults of ID tokens.
const (
	WrongNonce      = fakeidp.WrongNonce
	MissingNonce    = fakeidp.MissingNonce
	WrongAudience   = fakeidp.WrongAudience
	ExtraAudience   = fakeidp.ExtraAudience // a second aud, without azp
	MissingAudience = fakeidp.MissingAudience
	WrongIssuer     = fakeidp.WrongIssuer
	WrongAzp        = fakeidp.WrongAzp
	WrongAtHash     = fakeidp.WrongAtHash
	Expired         = fakeidp.Expired
	MissingExpiry   = fakeidp.MissingExpiry
	FutureIssuedAt  = fakeidp.FutureIssuedAt
	MissingSubject  = fakeidp.MissingSubject
	OtherSubject    = fakeidp.OtherSubject   // the sub of another person
	DuplicateClaim  = fakeidp.DuplicateClaim // two sub claims
	CaseTwinClaim   = fakeidp.CaseTwinClaim  // a Sub claim beside sub
	AlgNone         = fakeidp.AlgNone
	BadSignature    = fakeidp.BadSignature
	ForeignKey      = fakeidp.ForeignKey   // signed with a foreign key under a published kid
	UnknownKeyID    = fakeidp.UnknownKeyID // signed with a foreign key under an unknown kid
	NoIDToken       = fakeidp.NoIDToken
)

// AnswerFault is one way to spoil a JSON answer.
type AnswerFault = fakeidp.AnswerFault

// The faults of answers. The first five come before the request is looked at, so that no code or token is spent; the others spoil the
// answer to a request that has been carried out.
const (
	ServerErrorAnswer = fakeidp.ServerError // status 500
	UnavailableAnswer = fakeidp.Unavailable // status 503
	RateLimitAnswer   = fakeidp.RateLimited // too many requests, said as the vendor says it
	HangUpAnswer      = fakeidp.HangUp      // the connection is closed
	RedirectAnswer    = fakeidp.Redirect    // status 307 to Elsewhere

	MalformedAnswer = fakeidp.Malformed // JSON cut short
	HTMLAnswer      = fakeidp.HTML
	HugeAnswer      = fakeidp.Huge     // right JSON behind 10 MB
	GzipBombAnswer  = fakeidp.GzipBomb // right JSON behind 64 MB in a small gzip
	StallAnswer     = fakeidp.Stall    // the first half, then silence
)
