package tokenissuer

import "errors"

var (
	// ErrClaim means that a token cannot say what was asked: a subject that is no entity reference, a claim's name that is
	// reserved or malformed, a value that is no JSON.
	ErrClaim = errors.New("tokenissuer: invalid claim")
	// ErrTooLarge means that the claims are too many or too long. The error's text names sizes, never contents.
	ErrTooLarge = errors.New("tokenissuer: claims too large")
	// ErrClock means that the clock was set back so far that a token signed now would lie about its age.
	ErrClock = errors.New("tokenissuer: clock was set back")
	// ErrInvalidToken means that a token is none of ours, is not of the kind that is wanted here, or has expired. The rest
	// of the error's text is for logs: whoever presents a token is told no more than this.
	ErrInvalidToken = errors.New("tokenissuer: invalid token")
	// ErrKeyExists is returned by [KeyStore.CreateKey] if there is a record of that ID already.
	ErrKeyExists = errors.New("tokenissuer: key record exists")
	// ErrKeyNotFound means that there is no key to revoke of that kid.
	ErrKeyNotFound = errors.New("tokenissuer: no such key")
	// ErrUserInfoExists is returned by [UserInfoStore.PutUserInfo] if there is another record under that key already.
	ErrUserInfoExists = errors.New("tokenissuer: userinfo record exists")
)
