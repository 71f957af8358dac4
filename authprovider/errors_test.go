package authprovider_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

// codeOf returns the code of an error that must be an *authprovider.Error.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	var e *authprovider.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

func TestErrorText(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  *authprovider.Error
		want string
	}{
		{"all", &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "c", Message: "No.", Err: io.EOF}, "c: No.: EOF"},
		{"no code", &authprovider.Error{Kind: authprovider.ErrNotAllowed, Message: "No.", Err: io.EOF}, "No.: EOF"},
		{"no message", &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "c"}, "c: authprovider: not allowed"},
		{"only kind", &authprovider.Error{Kind: authprovider.ErrNotAllowed}, "authprovider: not allowed"},
		{"only message", &authprovider.Error{Message: "No."}, "No."},
	} {
		t.Run(tc.name, func(t *testing.T) { require.EqualError(t, tc.err, tc.want) })
	}
}

func TestErrorUnwrap(t *testing.T) {
	for _, tc := range []struct {
		name      string
		err       *authprovider.Error
		kind, eof bool
	}{
		{"both", &authprovider.Error{Kind: authprovider.ErrConflict, Err: io.EOF}, true, true},
		{"kind", &authprovider.Error{Kind: authprovider.ErrConflict}, true, false},
		{"cause", &authprovider.Error{Err: io.EOF}, false, true},
		{"neither", &authprovider.Error{}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := fmt.Errorf("wrapped: %w", tc.err)
			require.Equal(t, tc.kind, errors.Is(err, authprovider.ErrConflict))
			require.Equal(t, tc.eof, errors.Is(err, io.EOF))
		})
	}
}

func TestPublicErrorRefused(t *testing.T) {
	for status, want := range map[int]bool{400: true, 401: true, 403: true, 404: true, 405: true, 409: true, 499: true, 500: false, 501: true, 502: false, 503: false} {
		require.Equal(t, want, authprovider.PublicError{Status: status}.Refused(), status)
	}
}
