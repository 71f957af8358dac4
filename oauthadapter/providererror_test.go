package oauthadapter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/oauthadapter"
)

// TestProviderErrorIsBounded: a vendor's words go into the log, and do not fill it.
func TestProviderErrorIsBounded(t *testing.T) {
	long := strings.Repeat("\n", 10_000)
	require.Less(t, len((&oauthadapter.ProviderError{Endpoint: "token", Status: 400, Code: long, Description: long}).Error()), 700)
}
