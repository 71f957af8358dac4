package authprovider

// Reason is the rule by which a sign-in resolver decided against a person, such as "user_not_found". It is for logs, metrics and tests,
// and is never shown: who can tell "unknown" from "refused" can find out who has an account.
type Reason string

// ResolverError says which rule of which sign-in resolver decided. Err wraps [ErrNoMatch] if the next resolver may try, [ErrNotAllowed] if
// the person is refused, and [ErrAmbiguousUser] if there are several users; what the person is told depends on that alone.
type ResolverError struct {
	// Resolver is the resolver's name. That of a combinator has what it looks for behind it.
	Resolver string
	Reason   Reason
	// Detail is for the log. It may be empty.
	Detail string
	Err    error
}

// Error returns all of it, for logs.
func (e *ResolverError) Error() string {
	text := "resolver: " + e.Resolver + ": " + string(e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *ResolverError) Unwrap() error { return e.Err }
