package microsoft_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/microsoft"
)

const (
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	png  = "\x89PNG\x0d\x0a\x1a\x0a"
)

func TestGraph(t *testing.T) {
	e := newEntra(t, contoso)
	e.answer(mePath, write(200, "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8", meAnswer))
	e.answer(photoPath, write(200, "image/jpeg", jpeg))
	result, err := signIn(t, e, newAuthenticator(t, e.config()))
	require.NoError(t, err)
	picture := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString([]byte(jpeg))
	require.Equal(t, authprovider.Profile{DisplayName: "Jane D. (Contoso)", Email: "jane@contoso.com", EmailVerification: authprovider.EmailVerified, Picture: picture}, result.Profile)
	p := result.FullProfile
	require.Equal(t, janeID, p.ObjectID)
	require.Equal(t, contoso, p.TenantID)
	require.Equal(t, "jane@contoso.onmicrosoft.com", p.UserPrincipalName)
	require.Equal(t, picture, p.Picture)
	var more struct {
		JobTitle string `json:"jobTitle"`
	}
	require.NoError(t, p.Graph(&more))
	require.Equal(t, "Engineer", more.JobTitle)
	require.Error(t, p.Graph(new(int)))
	var claims map[string]any
	require.NoError(t, p.Claims(&claims))
	require.Equal(t, true, claims["xms_edov"])
	require.NotContains(t, claims, "jobTitle")

	c := e.config()
	c.SkipPhoto = true
	before := len(e.graphCalls())
	result, err = signIn(t, e, newAuthenticator(t, c))
	require.NoError(t, err)
	require.Equal(t, []string{publicGraph + mePath}, e.graphCalls()[before:])
	require.Empty(t, result.Profile.Picture)

	c.SkipProfile = true
	before = len(e.graphCalls())
	result, err = signIn(t, e, newAuthenticator(t, c), "User.Read")
	require.NoError(t, err)
	require.Len(t, e.graphCalls(), before)
	require.Equal(t, "Jane Doe", result.Profile.DisplayName)
	require.Error(t, result.FullProfile.Graph(&more))
}

func TestGraphRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		want   error
	}{
		"another person":  {write(200, "application/json", `{"id":"`+joeID+`","displayName":"Joe"}`), authprovider.ErrAuthentication},
		"nobody":          {write(200, "application/json", `{"displayName":"Joe"}`), authprovider.ErrAuthentication},
		"two":             {write(200, "application/json", `{"id":"`+janeID+`","id":"`+joeID+`"}`), authprovider.ErrUnavailable},
		"in another case": {write(200, "application/json", `{"ID":"`+janeID+`"}`), authprovider.ErrUnavailable},
		"a list":          {write(200, "application/json", `["`+janeID+`"]`), authprovider.ErrUnavailable},
		"null":            {write(200, "application/json", `null`), authprovider.ErrAuthentication},
		"HTML":            {write(200, "text/html", `<html>`), authprovider.ErrUnavailable},
		"too large":       {write(200, "application/json", `{"id":"`+janeID+`","x":"`+strings.Repeat("x", 2<<20)+`"}`), authprovider.ErrUnavailable},
		"outage":          {write(503, "application/json", `{"error":{"code":"serviceNotAvailable","message":"secret"}}`), authprovider.ErrUnavailable},
		"rate limit":      {write(429, "application/json", `{"error":{"code":"TooManyRequests"}}`), authprovider.ErrUnavailable},
		"elsewhere":       {func(w http.ResponseWriter) { w.Header().Set("Location", "https://evil.example/"); w.WriteHeader(307) }, authprovider.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso)
			e.answer(mePath, tt.answer)
			result, err := signIn(t, e, newAuthenticator(t, e.config()))
			require.ErrorIs(t, err, tt.want)
			require.Nil(t, result)
			require.Len(t, e.graphCalls(), 1)
			require.NotContains(t, err.Error(), e.lastBearer())
		})
	}
	t.Run("forbidden", func(t *testing.T) {
		e := newEntra(t, contoso)
		e.answer(mePath, write(403, "application/json", `{"error":{"code":"Authorization_RequestDenied"}}`))
		_, err := signIn(t, e, newAuthenticator(t, e.config()))
		var p *oauthadapter.ProviderError
		require.ErrorAs(t, err, &p)
		require.Equal(t, 403, p.Status)
	})
}

// A personal account has its ID in short at Graph.
func TestPersonalAccount(t *testing.T) {
	e := newEntra(t, personal, jane(map[string]any{"oid": "00000000-0000-0000-84fb-a1d8e3b4bd82"}))
	c := e.config()
	c.TenantID, c.DangerouslyAllowAnyTenant = "common", true
	for id, want := range map[string]error{
		"84fba1d8e3b4bd82": nil, "84FBA1D8E3B4BD82": nil, "00000000-0000-0000-84fb-a1d8e3b4bd82": nil,
		"84fba1d8e3b4bd83": authprovider.ErrAuthentication, "a1d8e3b4bd82": authprovider.ErrAuthentication, janeID: authprovider.ErrAuthentication,
	} {
		e.answer(mePath, write(200, "application/json", `{"id":"`+id+`"}`))
		_, err := signIn(t, e, newAuthenticator(t, c))
		require.ErrorIs(t, err, want, id)
	}
}

// Whatever is wrong with a photo, the person signs in without it.
func TestPhoto(t *testing.T) {
	image := func(body string) func(http.ResponseWriter) { return write(200, "image/jpeg", body) }
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string // the type
		logged bool
	}{
		"JPEG":       {image(jpeg), "image/jpeg", false},
		"PNG":        {image(png), "image/png", false},
		"GIF":        {image("GIF89a"), "image/gif", false},
		"no name":    {write(200, "application/octet-stream", jpeg), "image/jpeg", false},
		"none":       {nil, "", false},
		"SVG":        {write(200, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "", true},
		"HTML":       {image("<html><script>alert(1)</script>"), "", true},
		"empty":      {image(""), "", true},
		"largest":    {image(jpeg + strings.Repeat("x", 64<<10-len(jpeg))), "image/jpeg", false},
		"too large":  {image(jpeg + strings.Repeat("x", 64<<10-len(jpeg)+1)), "", true},
		"far larger": {image(jpeg + strings.Repeat("x", 2<<20)), "", true},
		"forbidden":  {write(403, "application/json", `{"error":{"code":"ErrorAccessDenied"}}`), "", true},
		"outage":     {write(503, "application/json", `{}`), "", true},
		"elsewhere":  {func(w http.ResponseWriter) { w.Header().Set("Location", "https://evil.example/"); w.WriteHeader(302) }, "", true},
		"hang-up":    {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso)
			e.answer(mePath, write(200, "application/json", meAnswer))
			e.answer(photoPath, tt.answer)
			var log bytes.Buffer
			c := e.config()
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			result, err := signIn(t, e, newAuthenticator(t, c))
			require.NoError(t, err)
			kind, _, _ := strings.Cut(strings.TrimPrefix(result.Profile.Picture, "data:"), ";")
			require.Equal(t, tt.want, kind)
			require.Equal(t, tt.logged, strings.Contains(log.String(), "photo"), log.String())
			require.NotContains(t, log.String(), string(result.Session.AccessToken))
		})
	}
}

// An access token for another resource goes nowhere.
func TestForeignResources(t *testing.T) {
	for scope, graph := range map[string]bool{
		"openid": true, "Mail.Read": true, "https://graph.microsoft.com/Mail.Read": true, "00000003-0000-0000-c000-000000000000/Mail.Read": true,
		foreign: false, "https://vault.azure.net/user_impersonation": false, "https://management.core.windows.net//.default": false,
		"00001111-aaaa-2222-bbbb-3333cccc4444/.default": false, "https://outlook.office.com/User.Read": false,
		"https://graph.microsoft.us/User.Read": false, "https://graph.microsoft.com.evil.example/User.Read": false,
		"https://graph.microsoft.com/x/User.Read": false, "https://evil.example/https://graph.microsoft.com/User.Read": false, "/x/User.Read": false,
	} {
		t.Run(scope, func(t *testing.T) {
			e := newEntra(t, contoso)
			e.answer(mePath, write(200, "application/json", meAnswer))
			result, err := signIn(t, e, newAuthenticator(t, e.config()), scope)
			require.NoError(t, err)
			require.Equal(t, graph, len(e.graphCalls()) > 0)
			require.Equal(t, janeID, result.FullProfile.ObjectID)
			require.Equal(t, "jane@contoso.com", result.Profile.Email)
		})
	}
	for name, scope := range map[string]string{"not said": "-", "mixed": "User.Read " + foreign, "not granted": "openid profile email", "another": "User.ReadBasic.All"} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso)
			e.Set(func(b *authprovidertest.Behavior) { b.Scope = scope })
			_, err := signIn(t, e, newAuthenticator(t, e.config()))
			require.NoError(t, err)
			require.Empty(t, e.graphCalls())
		})
	}
}

func TestImpliedScopes(t *testing.T) {
	a := newAuthenticator(t, microsoft.Config{TenantID: contoso, ClientID: "id", ClientSecret: "secret"})
	required := []string{"openid", "profile", "email", "offline_access"}
	require.Equal(t, required, a.RequiredScopes())
	require.ElementsMatch(t, append(required, "User.Read", "User.Read", "https://graph.microsoft.com/User.Read"), a.ImpliedScopes([]string{"User.Read"}))
	require.Subset(t, a.ImpliedScopes([]string{"openid", "https://graph.microsoft.com/Mail.Read"}), append(required, "Mail.Read"))
	require.ElementsMatch(t, append(required, foreign), a.ImpliedScopes([]string{foreign}))
}

// Addresses are a tenant's own word.
func TestEmailVerified(t *testing.T) {
	const unknown, verified, unverified = authprovider.EmailVerificationUnknown, authprovider.EmailVerified, authprovider.EmailUnverified
	mail := map[string]any{"email": nil, "xms_edov": true}
	for name, tt := range map[string]struct {
		claims       map[string]any
		one, several authprovider.EmailVerification
		address      string
	}{
		"true":                 {nil, verified, verified, "jane@contoso.com"},
		"text":                 {map[string]any{"xms_edov": "1"}, verified, verified, "jane@contoso.com"},
		"number":               {map[string]any{"xms_edov": 1}, verified, verified, "jane@contoso.com"},
		"false":                {map[string]any{"xms_edov": false}, unverified, unverified, "jane@contoso.com"},
		"zero":                 {map[string]any{"xms_edov": "0"}, unverified, unverified, "jane@contoso.com"},
		"list":                 {map[string]any{"xms_edov": []bool{true}}, unverified, unverified, "jane@contoso.com"},
		"object":               {map[string]any{"xms_edov": map[string]any{}}, unverified, unverified, "jane@contoso.com"},
		"absent":               {map[string]any{"xms_edov": nil}, unknown, unverified, "jane@contoso.com"},
		"email_verified":       {map[string]any{"xms_edov": nil, "email_verified": true}, unknown, unverified, "jane@contoso.com"},
		"email_verified false": {map[string]any{"email_verified": false}, verified, verified, "jane@contoso.com"},
		"Graph's":              {mail, unknown, unverified, "jane.mail@contoso.com"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t, contoso, jane(tt.claims))
			e.answer(mePath, write(200, "application/json", meAnswer))
			check := func(c microsoft.Config, want authprovider.EmailVerification) {
				result, err := signIn(t, e, newAuthenticator(t, c))
				require.NoError(t, err)
				require.Equal(t, tt.address, result.FullProfile.Email)
				require.Equal(t, want, result.FullProfile.EmailVerified)
				if want == unverified {
					require.Empty(t, result.Profile.Email)
				} else {
					require.Equal(t, tt.address, result.Profile.Email)
				}
				require.Equal(t, want == verified, result.Profile.EmailVerification == verified)
			}
			check(e.config(), tt.one)
			c := e.config()
			c.TenantID, c.AllowedTenants = "organizations", []string{contoso}
			check(c, tt.one)
			c.AllowedTenants = []string{contoso, fabrikam}
			check(c, tt.several)
			c.AllowedTenants, c.DangerouslyAllowAnyTenant = nil, true
			check(c, tt.several)
		})
	}
	t.Run("user principal name", func(t *testing.T) {
		e := newEntra(t, contoso, jane(mail))
		e.answer(mePath, write(200, "application/json", `{"id":"`+janeID+`","mail":null,"userPrincipalName":"boss@contoso.com"}`))
		result, err := signIn(t, e, newAuthenticator(t, e.config()))
		require.NoError(t, err)
		require.Empty(t, result.FullProfile.Email)
		require.Equal(t, authprovider.Profile{DisplayName: "Jane Doe"}, result.Profile)
	})
}

func TestResolvers(t *testing.T) {
	rc := authprovidertest.ResolverContext(t,
		authprovider.User{Ref: "user:default/by-id", Annotations: map[string]string{"graph.microsoft.com/user-id": janeID}},
		authprovider.User{Ref: "user:default/by-email", Annotations: map[string]string{"microsoft.com/email": "jane@contoso.com"}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{"graph.microsoft.com/user-id": "", "microsoft.com/email": ""}})
	for _, tt := range []struct {
		name    string
		resolve authprovider.SignInResolver[microsoft.Result]
		claims  string
		want    string
		err     error
	}{
		{"ID", microsoft.UserIDMatchingUserEntityAnnotation, `{"oid":"` + janeID + `","sub":"x"}`, "user:default/by-id", nil},
		{"ID as subject", microsoft.UserIDMatchingUserEntityAnnotation, `{"sub":"` + janeID + `"}`, "", authprovider.ErrNoMatch},
		{"another ID", microsoft.UserIDMatchingUserEntityAnnotation, `{"oid":"` + joeID + `"}`, "", authprovider.ErrUserNotFound},
		{"address", microsoft.EmailMatchingUserEntityAnnotation, `{"email":"jane@contoso.com","xms_edov":true}`, "user:default/by-email", nil},
		{"address, not said", microsoft.EmailMatchingUserEntityAnnotation, `{"email":"jane@contoso.com"}`, "user:default/by-email", nil},
		{"unverified", microsoft.EmailMatchingUserEntityAnnotation, `{"email":"jane@contoso.com","xms_edov":false}`, "", authprovider.ErrNotAllowed},
		{"name for address", microsoft.EmailMatchingUserEntityAnnotation, `{"preferred_username":"jane@contoso.com","upn":"jane@contoso.com"}`, "", authprovider.ErrNoMatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := microsoft.ParseProfile([]byte(tt.claims))
			require.NoError(t, err)
			id, err := tt.resolve(t.Context(), microsoft.SignInInfo{Result: &oauthadapter.Result[microsoft.Profile]{FullProfile: p}}, rc)
			require.ErrorIs(t, err, tt.err)
			if tt.err == nil {
				require.Equal(t, tt.want, id.UserRef)
			}
		})
	}
	for _, claims := range []string{`[]`, `null`, `{"oid":1}`, `{"OID":"x"}`, `{"tid":"a","tid":"b"}`} {
		_, err := microsoft.ParseProfile([]byte(claims))
		require.Error(t, err, claims)
	}
}
