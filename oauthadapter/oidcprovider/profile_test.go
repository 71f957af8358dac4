package oidcprovider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

func TestEmailVerified(t *testing.T) {
	const unknown, verified, unverified = authprovider.EmailVerificationUnknown, authprovider.EmailVerified, authprovider.EmailUnverified
	for _, tt := range []struct {
		idToken, userinfo string // further members of each
		want              authprovider.EmailVerification
		email             string
	}{
		{`,"email":"a@x.example","email_verified":true`, ``, verified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":"true"`, ``, verified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":false`, ``, unverified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":"false"`, ``, unverified, "a@x.example"},
		{`,"email":"a@x.example"`, ``, unknown, "a@x.example"},
		{`,"email":"a@x.example","email_verified":null`, ``, unknown, "a@x.example"},
		{`,"email":"a@x.example","email_verified":1`, ``, unverified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":"True"`, ``, unverified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":[true]`, ``, unverified, "a@x.example"},
		{`,"email":"a@x.example","email_verified":""`, ``, unverified, "a@x.example"},

		{``, `,"email":"b@x.example","email_verified":true`, verified, "b@x.example"},
		{``, `,"email":"b@x.example","email_verified":false`, unverified, "b@x.example"},
		{``, `,"email":"b@x.example"`, unknown, "b@x.example"},
		// Whether one address is verified says nothing about another.
		{`,"email":"a@x.example"`, `,"email":"b@x.example","email_verified":true`, unknown, "a@x.example"},
		{`,"email":"a@x.example"`, `,"email_verified":true`, unknown, "a@x.example"},
		{`,"email_verified":true`, `,"email":"b@x.example"`, unknown, "b@x.example"},
		{`,"email_verified":true`, `,"email":"b@x.example","email_verified":false`, unverified, "b@x.example"},
		{`,"email":"","email_verified":true`, `,"email":"b@x.example"`, unknown, "b@x.example"},
		{`,"email":5,"email_verified":true`, `,"email":"b@x.example"`, unknown, "b@x.example"},
		{`,"email_verified":true`, ``, unknown, ""},
		{``, `,"email":["b@x.example"],"email_verified":true`, unknown, ""},
	} {
		t.Run(tt.idToken+tt.userinfo, func(t *testing.T) {
			for _, required := range []bool{false, true} {
				s := newScripted(t, jose.ES256)
				s.config.RequireVerifiedEmail = required
				s.setClaims(tt.idToken)
				s.userinfo = `{"sub":"u-jane"` + tt.userinfo + `}`
				result, err := s.signIn()
				require.NoError(t, err)
				require.Equal(t, tt.email, result.FullProfile.Email)
				require.Equal(t, tt.want, result.FullProfile.EmailVerified)
				shown := tt.email != "" && (tt.want == verified || tt.want == unknown && !required)
				if !shown {
					require.Empty(t, result.Profile.Email)
					require.Equal(t, unknown, result.Profile.EmailVerification)
					continue
				}
				require.Equal(t, tt.email, result.Profile.Email)
				require.Equal(t, tt.want, result.Profile.EmailVerification)
			}
		})
	}
}

// setClaims adds members to the ID token.
func (s *scripted) setClaims(members string) {
	s.t.Helper()
	if members == "" {
		return
	}
	var more map[string]json.RawMessage
	require.NoError(s.t, json.Unmarshal([]byte("{"+members[1:]+"}"), &more))
	for name, value := range more {
		s.claims[name] = value
	}
}

// What only an ID token can say is not taken from elsewhere, and what it says is not replaced.
func TestMergedClaims(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.setClaims(`,"name":"Jane","groups":["staff"]`)
	s.userinfo = `{"sub":"u-jane","iss":"https://evil.example","aud":"evil","name":"Mallory","groups":["admins"],"given_name":"J","family_name":"D","picture":"https://img.example/p",
		"preferred_username":"jane","acr":"gold","amr":["pwd"],"auth_time":1,"azp":"evil","sid":"evil","nbf":1,"jti":"evil","c_hash":"evil","at_hash":"evil","department":"x"}`
	result, err := s.signIn()
	require.NoError(t, err)
	p := result.FullProfile
	require.Equal(t, [...]string{scriptedIssuer, "u-jane", "Jane", "J", "D", "jane", "https://img.example/p"},
		[...]string{p.Issuer, p.Subject, p.Name, p.GivenName, p.FamilyName, p.PreferredUsername, p.Picture})
	var claims map[string]any
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, []any{"staff"}, claims["groups"])
	require.Equal(t, "x", claims["department"])
	require.Equal(t, scriptedIssuer, claims["iss"])
	require.Equal(t, "portal", claims["aud"])
	for _, name := range []string{"acr", "amr", "auth_time", "azp", "sid", "nbf", "jti", "c_hash", "at_hash"} {
		require.NotContains(t, claims, name)
	}
}

func TestDefaultProfile(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.setClaims(`,"preferred_username":"jane","picture":5`)
	result, err := s.signIn()
	require.NoError(t, err)
	require.Equal(t, authprovider.Profile{DisplayName: "jane"}, result.Profile)
}

func TestClaimsAreReadByExactName(t *testing.T) {
	s := newScripted(t, jose.ES256)
	s.setClaims(`,"Staff_ID":"admin","level":1`)
	result, err := s.signIn()
	require.NoError(t, err)
	var claims struct {
		StaffID string `json:"staff_id"`
	}
	require.ErrorIs(t, result.FullProfile.Claims(&claims), jose.ErrJSON)
	require.Empty(t, claims.StaffID)
	var level struct {
		Level int `json:"level"`
	}
	require.NoError(t, result.FullProfile.Claims(&level))
	require.Equal(t, 1, level.Level)

	// Twins of which each is in a document of its own.
	s.userinfo = `{"sub":"u-jane","staff_id":"jane"}`
	result, err = s.signIn()
	require.NoError(t, err)
	require.ErrorIs(t, result.FullProfile.Claims(&claims), jose.ErrJSON)
	require.ErrorContains(t, oidcprovider.Profile{}.Claims(&claims), "no claims")
}

func TestUserInfoAnswers(t *testing.T) {
	for body, want := range map[string]error{
		`{"sub":"u-jane"}`:                     nil,
		`{"sub":"u-jane","name":5,"email":{}}`: nil,
		`{"sub":"u-joe"}`:                      oidcprovider.ErrSubject,
		`{"sub":""}`:                           oidcprovider.ErrSubject,
		`{"sub":["u-jane"]}`:                   oidcprovider.ErrSubject,
		`{}`:                                   oidcprovider.ErrSubject,
		`null`:                                 oidcprovider.ErrSubject,
		`{"sub":"u-jane","sub":"u-jane"}`:      authprovider.ErrUnavailable,
		`{"sub":"u-jane","Sub":"u-joe"}`:       authprovider.ErrUnavailable,
		`{"sub":"u-jane"} x`:                   authprovider.ErrUnavailable,
		`["u-jane"]`:                           authprovider.ErrUnavailable,
		`"u-jane"`:                             authprovider.ErrUnavailable,
		`{"sub":"` + strings.Repeat("x", 1000) + `"}`: oidcprovider.ErrSubject,
	} {
		t.Run(body[:min(len(body), 40)], func(t *testing.T) {
			s := newScripted(t, jose.ES256)
			s.userinfo = body
			result, err := s.signIn()
			if want == nil {
				require.NoError(t, err)
				require.Equal(t, "u-jane", result.FullProfile.Subject)
				return
			}
			require.Nil(t, result)
			require.ErrorIs(t, err, want)
		})
	}
}

// TestParseProfile: a resolver's unit test gets what a sign-in with these claims gives.
func TestParseProfile(t *testing.T) {
	const claims = `{"iss":"https://sso.example.com","sub":"1","name":"Jane","email":"jane@example.com","email_verified":true,"staff_id":"s-17"}`
	p, err := oidcprovider.ParseProfile([]byte(claims))
	require.NoError(t, err)
	require.Equal(t, []string{"https://sso.example.com", "1", "Jane", "jane@example.com"}, []string{p.Issuer, p.Subject, p.Name, p.Email})
	require.Equal(t, authprovider.EmailVerified, p.EmailVerified)
	var own struct {
		StaffID string `json:"staff_id"`
	}
	require.NoError(t, p.Claims(&own))
	require.Equal(t, "s-17", own.StaffID)

	for _, bad := range []string{"", "null", "[]", `{"sub":"1","sub":"2"}`, `{"sub":"1"} x`} {
		p, err := oidcprovider.ParseProfile([]byte(bad))
		require.ErrorContains(t, err, "oidcprovider: claims", bad)
		require.Zero(t, p)
	}
}
