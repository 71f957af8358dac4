package azureeasyauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/resolver/memcatalog"
)

func TestTokenIsBelieved(t *testing.T) {
	g := newRig(t)
	r := bearing(g.token(nil))
	r.Header.Set("X-Ms-Token-Aad-Access-Token", "opaque")
	result, err := g.authenticator(g.config()).Authenticate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, objectID, result.ObjectID)
	require.Equal(t, tenant, result.TenantID)
	require.True(t, start.Add(time.Hour).Equal(result.ExpiresAt))
	require.Equal(t, "Jane Doe", result.Name)
	require.Equal(t, "jane@acme.example.com", result.PreferredUsername)
	require.Equal(t, marker, result.Email)
	require.Equal(t, authprovider.EmailVerified, result.EmailVerified)
	require.Equal(t, []string{"22223333-cccc-4444-dddd-5555eeee6666"}, result.Groups)
	require.Equal(t, []string{"Portal.Admin"}, result.Roles)
	require.False(t, result.GroupsOmitted)
	require.Equal(t, "opaque", string(result.AccessToken))
	var own struct {
		Nonce string `json:"nonce"`
	}
	require.NoError(t, result.Claims(&own))
	require.Equal(t, "n", own.Nonce)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", result, result, result), "opaque")

	r.Header.Del("X-Ms-Token-Aad-Access-Token")
	r.Header.Set("X-Ms-Token-Aad-Id-Token", "Bearer "+g.token(map[string]any{"azp": client}))
	result, err = g.authenticator(g.config()).Authenticate(context.Background(), r)
	require.NoError(t, err)
	require.Empty(t, result.AccessToken)
}

// The unsigned headers beside the token say nothing.
func TestCompanionsOfTheTokenAreNotRead(t *testing.T) {
	g := newRig(t)
	r := bearing(g.token(map[string]any{"name": nil, "email": nil}))
	r.Header.Set("X-Ms-Client-Principal", principal(mapped()))
	r.Header.Set("X-Ms-Client-Principal-Id", "admin")
	r.Header.Set("X-Ms-Client-Principal-Name", "admin@example.com")
	r.Header.Set("X-Ms-Client-Principal-Idp", "github")
	result, err := g.authenticator(g.config()).Authenticate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, objectID, result.ObjectID)
	require.Empty(t, result.Name)
	require.Empty(t, result.Email)
}

func TestSpellingOfTheConfiguration(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.TenantID, c.ClientID = strings.ToUpper(tenant), strings.ToUpper(client)
	_, err := g.authenticator(c).Authenticate(context.Background(), bearing(g.token(nil)))
	require.NoError(t, err)
}

func TestNationalClouds(t *testing.T) {
	for _, host := range []string{"login.microsoftonline.us", "login.partner.microsoftonline.cn"} {
		g := newRig(t)
		c := g.config()
		c.AuthorityHost = host
		_, err := g.authenticator(c).Authenticate(context.Background(), bearing(g.token(map[string]any{"iss": "https://" + host + "/" + tenant + "/v2.0"})))
		require.NoError(t, err)
		require.Equal(t, []string{host}, g.provider.hosts())
		_, err = g.authenticator(c).Authenticate(context.Background(), bearing(g.token(nil)))
		require.ErrorIs(t, err, authprovider.ErrAuthentication, "the public cloud's")
	}
}

// Entra writes xms_edov as true or as "1", and email_verified never.
func TestEmailVerification(t *testing.T) {
	for text, want := range map[string]authprovider.EmailVerification{
		`{"email":"e"}`:                               authprovider.EmailVerificationUnknown,
		`{"email":"e","xms_edov":null}`:               authprovider.EmailVerificationUnknown,
		`{"email":"e","xms_edov":true}`:               authprovider.EmailVerified,
		`{"email":"e","xms_edov":"true"}`:             authprovider.EmailVerified,
		`{"email":"e","xms_edov":"1"}`:                authprovider.EmailVerified,
		`{"email":"e","xms_edov":1}`:                  authprovider.EmailVerified,
		`{"email":"e","xms_edov":false}`:              authprovider.EmailUnverified,
		`{"email":"e","xms_edov":"0"}`:                authprovider.EmailUnverified,
		`{"email":"e","xms_edov":0}`:                  authprovider.EmailUnverified,
		`{"email":"e","xms_edov":[true]}`:             authprovider.EmailUnverified,
		`{"email":"e","xms_edov":""}`:                 authprovider.EmailUnverified,
		`{"email":"e","xms_edov":"null"}`:             authprovider.EmailUnverified,
		`{"xms_edov":true}`:                           authprovider.EmailVerificationUnknown,
		`{"email":5,"xms_edov":true}`:                 authprovider.EmailVerificationUnknown,
		`{"email":"e","email_verified":true}`:         authprovider.EmailVerificationUnknown,
		`{"email":"e","Xms_edov":true}`:               authprovider.EmailVerificationUnknown,
		`{"email":"e","xms_edov":0,"xms_edov2":true}`: authprovider.EmailUnverified,
	} {
		result, err := azureeasyauth.ParseResult([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, result.EmailVerified, text)
	}
}

func TestParseResult(t *testing.T) {
	for text, omitted := range map[string]bool{
		`{"groups":["a"]}`: false,
		`{"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.example.com"}}}`: true,
		`{"_claim_names":{"other":"src1"}}`: false,
		`{"_claim_names":5}`:                false,
		`{"hasgroups":true}`:                true,
	} {
		result, err := azureeasyauth.ParseResult([]byte(text))
		require.NoError(t, err)
		require.Equal(t, omitted, result.GroupsOmitted, text)
	}
	result, err := azureeasyauth.ParseResult([]byte(`{"groups":"a","roles":[1],"Team":"x"}`))
	require.NoError(t, err)
	require.Nil(t, result.Groups)
	require.Nil(t, result.Roles)
	require.Error(t, result.Claims(&struct {
		Team string `json:"team"`
	}{}), "names have a case")
	require.Error(t, azureeasyauth.Result{}.Claims(&struct{}{}))
	for _, text := range []string{``, `[]`, `{"oid":"a","oid":"b"}`} {
		_, err := azureeasyauth.ParseResult([]byte(text))
		require.Error(t, err, text)
	}
}

func TestDescribe(t *testing.T) {
	g := newRig(t)
	a := g.authenticator(g.config())
	for _, tc := range []struct {
		name   string
		result azureeasyauth.Result
		want   authprovider.Profile
	}{
		{"name", azureeasyauth.Result{Name: "n", PreferredUsername: "p"}, authprovider.Profile{DisplayName: "n"}},
		{"preferred username", azureeasyauth.Result{PreferredUsername: "p"}, authprovider.Profile{DisplayName: "p"}},
		{"verified", azureeasyauth.Result{Email: "e", EmailVerified: authprovider.EmailVerified}, authprovider.Profile{Email: "e", EmailVerification: authprovider.EmailVerified}},
		{"unknown", azureeasyauth.Result{Email: "e"}, authprovider.Profile{Email: "e"}},
		{"unverified", azureeasyauth.Result{Email: "e", EmailVerified: authprovider.EmailUnverified}, authprovider.Profile{}},
	} {
		require.Equal(t, tc.want, a.Describe(tc.result).Profile, tc.name)
	}
}

func TestRefresh(t *testing.T) {
	g := newRig(t)
	for _, tc := range []struct {
		config   azureeasyauth.Config
		request  *http.Request
		provider map[string]any
	}{
		{g.config(), bearing(g.token(nil)), map[string]any{"expiresInSeconds": 3600.0}},
		{g.principalOnly(), principalRequest(principal(mapped()), nil), nil},
	} {
		w := httptest.NewRecorder()
		g.handler(tc.config).ServeHTTP(w, tc.request)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var body struct {
			Profile           map[string]string
			ProviderInfo      map[string]any
			BackstageIdentity struct {
				Identity struct{ UserEntityRef string }
			}
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Equal(t, map[string]string{"email": marker, "displayName": "Jane Doe"}, body.Profile)
		require.Equal(t, tc.provider, body.ProviderInfo)
		require.Equal(t, "user:default/jane", body.BackstageIdentity.Identity.UserEntityRef)
	}
}

func TestSignOut(t *testing.T) {
	g := newRig(t)
	r := httptest.NewRequest(http.MethodPost, "https://portal.example.com/api/auth/azureEasyAuth/logout", nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	g.handler(g.config()).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"logoutUrl":"https://portal.example.com/.auth/logout"}`, w.Body.String())
}

// A resolver that logs its input must not log a token, and finds no unsigned identity in it.
func TestResolversGetNoCredentials(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.Trust = trustSecret()
	var got http.Header
	h := g.handler(c, func(_ context.Context, in azureeasyauth.SignInInfo, _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		got = in.Header
		return &authprovider.Identity{UserRef: "user:default/jane"}, nil
	})
	r := bearing(g.token(nil))
	for _, name := range []string{"X-MS-TOKEN-AAD-ACCESS-TOKEN", "X-MS-TOKEN-AAD-REFRESH-TOKEN", "X-ZUMO-AUTH"} {
		r.Header.Set(name, "credential")
	}
	for _, name := range []string{"X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-ID", "X-MS-CLIENT-PRINCIPAL-IDP", "X-MS-CLIENT-PRINCIPAL-NAME"} {
		r.Header.Set(name, "unsigned")
	}
	r.Header.Set("X-Proxy-Secret", secret)
	r.Header.Set("X-Theme", "dark")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "dark", got.Get("X-Theme"))
	for name, values := range got {
		for _, value := range values {
			require.NotContains(t, value, "credential", name)
			require.NotContains(t, value, "unsigned", name)
			require.NotContains(t, value, secret, name)
			require.NotContains(t, value, ".", name)
		}
	}
	require.Empty(t, got.Get("X-Ms-Token-Aad-Id-Token"))
}

func TestIDMatchingUserEntityAnnotation(t *testing.T) {
	const annotation = "graph.microsoft.com/user-id"
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: memcatalog.New(
		authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{annotation: objectID}},
		authprovider.User{Ref: "user:default/empty", Annotations: map[string]string{annotation: ""}},
		authprovider.User{Ref: "user:default/one", Annotations: map[string]string{annotation: "twice"}},
		authprovider.User{Ref: "user:default/two", Annotations: map[string]string{annotation: "twice"}},
	)})
	resolve := func(oid string) (*authprovider.Identity, error) {
		return azureeasyauth.IDMatchingUserEntityAnnotation(context.Background(), azureeasyauth.SignInInfo{Result: azureeasyauth.Result{ObjectID: oid}}, rc)
	}
	id, err := resolve(objectID)
	require.NoError(t, err)
	require.Equal(t, "user:default/jane", id.UserRef)
	for oid, want := range map[string]error{
		"":                                     authprovider.ErrNoMatch, // absent never matches absent
		"99998888-0000-cccc-1111-dddd2222eeee": authprovider.ErrUserNotFound,
		"twice":                                authprovider.ErrAmbiguousUser,
	} {
		_, err := resolve(oid)
		require.ErrorIs(t, err, want, oid)
	}
}
