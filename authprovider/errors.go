package authprovider

import (
	"errors"
	"net/http"
	"time"
)

// The classes of errors, each with its name on the wire and its status. An error that wraps none of them is a
// failure of ours: the browser gets a bare status text with a log ID.
var (
	ErrInput            = errors.New("authprovider: invalid input")         // 400 InputError
	ErrAuthentication   = errors.New("authprovider: not authenticated")     // 401 AuthenticationError
	ErrNotAllowed       = errors.New("authprovider: not allowed")           // 403 NotAllowedError
	ErrNotFound         = errors.New("authprovider: not found")             // 404 NotFoundError
	ErrMethodNotAllowed = errors.New("authprovider: method not allowed")    // 405 MethodNotAllowedError
	ErrConflict         = errors.New("authprovider: conflict")              // 409 ConflictError
	ErrNotSupported     = errors.New("authprovider: not supported")         // 501 NotImplementedError
	ErrUnavailable      = errors.New("authprovider: service unavailable")   // 503 ServiceUnavailableError
	ErrNoMatch          = errors.New("authprovider: no match, try another") // for sign-in resolvers: "not me, try the next"
)

// Error is an error with two audiences: Message is for the person and may be shown anywhere, Err is for the log alone.
type Error struct {
	// Kind is one of the classes above.
	Kind error
	// Code is a stable, machine-readable reason such as "origin_not_allowed". It stands in the audit event and, in the
	// redirect flow, in the error_code parameter. If empty, it is the code of the class.
	Code string
	// Message is a sentence for the person. If empty, it is that of the class.
	Message string
	// Err is the cause. It may be nil.
	Err error
	// RetryAfter is sent with a 503. If zero, it is ten seconds.
	RetryAfter time.Duration
}

// Error returns the message and the cause: it is for logs.
func (e *Error) Error() string {
	text := e.Message
	if text == "" && e.Kind != nil {
		text = e.Kind.Error()
	}
	if e.Code != "" {
		text = e.Code + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the class and the cause.
func (e *Error) Unwrap() []error {
	switch {
	case e.Kind == nil && e.Err == nil:
		return nil
	case e.Err == nil:
		return []error{e.Kind}
	case e.Kind == nil:
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// PublicError is an error as a browser may see it.
type PublicError struct {
	// Name is Backstage's name of the class, such as "NotAllowedError".
	Name string
	// Status is the HTTP status.
	Status int
	// Code is the stable reason code.
	Code string
	// Message is a sentence for the person.
	Message string
	// LogID is set for failures of ours, and stands in the log entry and in Message too.
	LogID string
	// RetryAfter is set for a 503.
	RetryAfter time.Duration
}

// Refused reports whether the request or the person was turned down, as opposed to something of ours or of the provider's failing.
// A route that a provider does not have (501) is the caller's mistake.
func (e PublicError) Refused() bool {
	return e.Status < http.StatusInternalServerError || e.Status == http.StatusNotImplemented
}

type errorClass struct {
	kind          error
	name          string
	status        int
	code, message string
}

// refusedMessage is one for all who are refused: it does not tell who has an account.
const refusedMessage = "Sign-in was refused. If you should have access, please ask your administrator."

// errorClasses is in the order in which an error that wraps several is classified.
var errorClasses = [...]errorClass{
	{ErrMethodNotAllowed, "MethodNotAllowedError", http.StatusMethodNotAllowed, "method_not_allowed", "This method is not allowed here."},
	{ErrNotSupported, "NotImplementedError", http.StatusNotImplemented, "not_supported", "Not implemented."},
	{ErrUnavailable, "ServiceUnavailableError", http.StatusServiceUnavailable, "unavailable", "The sign-in service cannot be reached right now. Please try again in a moment."},
	{ErrInput, "InputError", http.StatusBadRequest, "invalid_request", "The request is not valid."},
	{ErrAuthentication, "AuthenticationError", http.StatusUnauthorized, "authentication_failed", "Sign-in failed. Please sign in again."},
	{ErrNotAllowed, "NotAllowedError", http.StatusForbidden, "sign_in_refused", refusedMessage},
	{ErrNotFound, "NotFoundError", http.StatusNotFound, "not_found", "Not found."},
	{ErrConflict, "ConflictError", http.StatusConflict, "conflict", "Sign-in was refused because your account is not unique. Please ask your administrator."},
	// A resolver used alone may leak this: to the person it is a refusal like any other.
	{ErrNoMatch, "NotAllowedError", http.StatusForbidden, "sign_in_refused", refusedMessage},
}

const defaultRetryAfter = 10 * time.Second

// classify makes the public side of an error. The outermost *Error gives code and message, if its class is the one that counts.
func classify(err error) PublicError {
	var e *Error
	if errors.As(err, &e) && e.Kind != nil {
		for _, c := range errorClasses {
			if errors.Is(e.Kind, c.kind) {
				return c.public(e)
			}
		}
	}
	for _, c := range errorClasses {
		if errors.Is(err, c.kind) {
			return c.public(&Error{})
		}
	}
	return PublicError{Name: "Error", Status: http.StatusInternalServerError, Code: "internal_error",
		Message: http.StatusText(http.StatusInternalServerError)}
}

func (c errorClass) public(e *Error) PublicError {
	p := PublicError{Name: c.name, Status: c.status, Code: c.code, Message: c.message}
	if e.Code != "" {
		p.Code = e.Code
	}
	if e.Message != "" {
		p.Message = e.Message
	}
	if c.status == http.StatusServiceUnavailable {
		p.RetryAfter = e.RetryAfter
		if p.RetryAfter <= 0 {
			p.RetryAfter = defaultRetryAfter
		}
	}
	return p
}
