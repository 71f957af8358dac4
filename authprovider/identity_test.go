package authprovider_test

import (
	"encoding/json"
	"testing"

	"example.com/stagedoor/authprovider"
	"github.com/stretchr/testify/require"
)

func TestProfileOnTheWire(t *testing.T) {
	tests := []struct {
		name    string
		profile authprovider.Profile
		want    string
	}{
		{"nothing", authprovider.Profile{}, `{}`},
		{"all", authprovider.Profile{Email: "jane@acme.example", DisplayName: "Jane", Picture: "https://acme.example/j.png"},
			`{"email":"jane@acme.example","displayName":"Jane","picture":"https://acme.example/j.png"}`},
		{"verification stays here", authprovider.Profile{Email: "jane@acme.example", EmailVerification: authprovider.EmailUnverified},
			`{"email":"jane@acme.example"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(tt.profile)
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

// A profile that a provider's JSON is read into by mistake must not come out as verified.
func TestVerificationIsNotReadFromJSON(t *testing.T) {
	var p authprovider.Profile
	require.NoError(t, json.Unmarshal([]byte(`{"email":"jane@acme.example","EmailVerification":1,"emailVerification":1}`), &p))
	require.Equal(t, authprovider.EmailVerificationUnknown, p.EmailVerification)
}
