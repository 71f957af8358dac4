package authprovider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
)

// sameAsEncodingJSON: the hand-written text is that of the tags.
func sameAsEncodingJSON(t *testing.T, r authprovider.ClientAuthResponse) {
	t.Helper()
	want, err := json.Marshal(r)
	require.NoError(t, err)
	var got strings.Builder
	require.NoError(t, r.WriteJSON(&got))
	require.Equal(t, string(want), got.String())
}

func TestWriteJSON(t *testing.T) {
	left := int64(3600)
	full := authprovider.ClientAuthResponse{
		Profile:      authprovider.Profile{Email: "jane@example.com", DisplayName: "Jane \"J\" <b>&\u2028\xff ü", Picture: "https://example.com/?a=1&b=2", EmailVerification: authprovider.EmailVerified},
		ProviderInfo: map[string]any{"accessToken": "at", "scope": ""},
		BackstageIdentity: &authprovider.BackstageIdentity{Token: "a.b.c", ExpiresInSeconds: &left,
			Identity: authprovider.UserIdentity{Type: "user", UserEntityRef: "user:default/jane", OwnershipEntityRefs: []string{"user:default/jane", "group:default/ops"}}},
	}
	sameAsEncodingJSON(t, full)
	sameAsEncodingJSON(t, authprovider.ClientAuthResponse{})
	sameAsEncodingJSON(t, authprovider.ClientAuthResponse{Profile: authprovider.Profile{Picture: "p"}, ProviderInfo: 0})
	sameAsEncodingJSON(t, authprovider.ClientAuthResponse{Profile: authprovider.Profile{DisplayName: "\x7f\x00"}, BackstageIdentity: &authprovider.BackstageIdentity{}})
	full.BackstageIdentity.Identity.OwnershipEntityRefs = []string{}
	sameAsEncodingJSON(t, full)

	full.ProviderInfo = func() {}
	var got strings.Builder
	require.ErrorContains(t, full.WriteJSON(&got), "authprovider: encode ProviderInfo")
	require.Empty(t, got.String())
}

func FuzzWriteJSON(f *testing.F) {
	f.Add("jane@example.com", "Jane", "token", "user:default/jane", int64(1))
	f.Add("\"", "\u2029<>&\\", "\x00\xff", "\ud7ff", int64(-1))
	f.Fuzz(func(t *testing.T, email, name, token, ref string, left int64) {
		sameAsEncodingJSON(t, authprovider.ClientAuthResponse{
			Profile: authprovider.Profile{Email: email, DisplayName: name}, ProviderInfo: name,
			BackstageIdentity: &authprovider.BackstageIdentity{Token: token, ExpiresInSeconds: &left,
				Identity: authprovider.UserIdentity{Type: name, UserEntityRef: ref, OwnershipEntityRefs: []string{ref, token}}},
		})
	})
}
