package microsoft_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/microsoft"
)

// Whatever the caller asks for, the request has the sign-in's scopes, none that was not asked for, and of one resource; and a login hint
// that is a name or none.
func FuzzStart(f *testing.F) {
	for _, scope := range []string{"", "openid", "Mail.Read", foreign, "User.Read " + foreign, foreign + " User.Read", "https://graph.microsoft.com/User.Read", "/", "//", "a/ b/", "/a a"} {
		f.Add(scope, "jane@contoso.com")
	}
	f.Add("", "jane@contoso.com&prompt=none")
	a := newAuthenticator(f, newEntra(f, contoso).config())
	f.Fuzz(func(t *testing.T, scope, hint string) {
		asked := append(strings.Fields(scope), a.RequiredScopes()...)
		_, q, err := authprovidertest.AuthorizationRequest(t, a, url.Values{"login_hint": {hint}}, asked...)
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrInput)
			return
		}
		require.Equal(t, []string{hint}, q["login_hint"])
		require.Regexp(t, `^[!-~]+@[!-~]+$`, hint)
		sent := strings.Fields(q.Get("scope"))
		require.Subset(t, sent, a.RequiredScopes())
		require.Subset(t, append(asked, "User.Read"), sent)
		resources := map[string]bool{}
		for _, s := range sent {
			i := strings.LastIndex(s, "/")
			switch {
			case i >= 0:
				resources[strings.ToLower(strings.TrimRight(s[:i], "/"))] = true
			case s != "openid" && s != "profile" && s != "email" && s != "offline_access":
				resources[""] = true
			}
		}
		for _, graph := range []string{"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"} {
			if resources[graph] {
				delete(resources, graph)
				resources[""] = true
			}
		}
		require.LessOrEqual(t, len(resources), 1, "%q", sent)
	})
}

// An address is verified by xms_edov alone.
func FuzzParseProfile(f *testing.F) {
	for _, claims := range []string{`{}`, `{"email":"jane@contoso.com","xms_edov":true}`, `{"email":"jane@contoso.com","xms_edov":"1"}`,
		`{"email":"a","xms_edov":[true]}`, `{"oid":"a","tid":"b","email":"c","email_verified":true}`, `{"xms_edov":"\u0031","email":"a"}`} {
		f.Add([]byte(claims))
	}
	f.Fuzz(func(t *testing.T, claims []byte) {
		p, err := microsoft.ParseProfile(claims)
		if err != nil {
			return
		}
		var all map[string]any
		require.NoError(t, p.Claims(&all))
		if p.EmailVerified != authprovider.EmailVerificationUnknown {
			require.NotEmpty(t, p.Email)
			require.NotNil(t, all["xms_edov"])
		}
		if oid, _ := all["oid"].(string); oid != p.ObjectID {
			t.Errorf("oid %q became %q", oid, p.ObjectID)
		}
	})
}
