package oidcprovider

import (
	"errors"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter"
)

var (
	// ErrIDToken means that an ID token failed a check. The error wraps [authprovider.ErrAuthentication] too.
	ErrIDToken = errors.New("oidcprovider: the ID token was refused")
	// ErrSubject means that userinfo answer or refreshed ID token are about another person than the one who signed in. The error wraps
	// [authprovider.ErrAuthentication] too.
	ErrSubject = errors.New("oidcprovider: the subject is another one")
)

// refuse turns the person down: what the provider sent does not prove who it is.
func refuse(code string, cause error) error {
	return &authprovider.Error{Kind: authprovider.ErrAuthentication, Code: code, Err: cause}
}

// ended says that a session cannot go on, in the form that the adapter knows.
func ended(endpoint, why string) error {
	return &oauthadapter.ProviderError{Endpoint: endpoint, Code: "invalid_grant", Description: why}
}

// endsSession makes a refusal during a refresh end the session: whoever it belongs to now, it is not the person who signed in, or one who
// may not any more.
func endsSession(err error) error {
	if errors.Is(err, authprovider.ErrAuthentication) || errors.Is(err, authprovider.ErrNotAllowed) {
		return fmt.Errorf("%w: %w", oauthadapter.ErrSessionEnded, err)
	}
	return err
}
