package microsoft_test

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter/microsoft"
)

const (
	contoso  = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	fabrikam = "bbbbcccc-1111-dddd-2222-eeee3333ffff"
	personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
	janeID   = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"
	joeID    = "11bb11bb-cc22-dd33-ee44-55ff55ff55ff"

	publicCloud = "login.microsoftonline.com"
	publicGraph = "graph.microsoft.com"
	foreign     = "api://00001111-aaaa-2222-bbbb-3333cccc4444/Files.Read"

	mePath    = "/v1.0/me"
	photoPath = "/v1.0/me/photos/96x96/$value"
	meAnswer  = `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/$entity","businessPhones":[],"displayName":"Jane D. (Contoso)","givenName":"Jane",
		"jobTitle":"Engineer","mail":"jane.mail@contoso.com","userPrincipalName":"jane@contoso.onmicrosoft.com","id":"` + janeID + `"}`
)

// jane is a person of a tenant; changed claims replace hers.
func jane(changed map[string]any) authprovidertest.Person {
	claims := map[string]any{"oid": janeID}
	maps.Copy(claims, changed)
	return authprovidertest.Person{Subject: authprovidertest.Jane, Name: "Jane Doe", PreferredUsername: "jane@contoso.onmicrosoft.com",
		Email: "jane@contoso.com", EmailVerified: new(true), Claims: claims}
}

// entra is a tenant of Entra ID and the Graph of its cloud.
type entra struct {
	*authprovidertest.Vendor
	vendor authprovidertest.MicrosoftVendor

	mu     sync.Mutex
	bearer string // guarded by mu; of the last request that answer has answered
}

func newEntra(t testing.TB, tenant string, people ...authprovidertest.Person) *entra {
	return newCloud(t, authprovidertest.MicrosoftVendor{TenantID: tenant, AuthorityHost: publicCloud, GraphHost: publicGraph}, people...)
}

func newCloud(t testing.TB, v authprovidertest.MicrosoftVendor, people ...authprovidertest.Person) *entra {
	t.Helper()
	if people == nil {
		people = []authprovidertest.Person{jane(nil)}
	}
	return &entra{Vendor: authprovidertest.NewMicrosoft(t, v, authprovidertest.VendorConfig{People: people}), vendor: v}
}

func write(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// answer has Graph answer in another way.
func (e *entra) answer(path string, answer func(http.ResponseWriter)) {
	if answer == nil {
		return
	}
	e.Handle("https://"+e.vendor.GraphHost+path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.bearer = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		e.mu.Unlock()
		answer(w)
	}))
}

// lastBearer is the access token of the last request that answer has answered.
func (e *entra) lastBearer() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bearer
}

// graphCalls are those of Graph, by host and path.
func (e *entra) graphCalls() (calls []string) {
	for _, request := range e.Requests() {
		if address, ok := strings.CutPrefix(request, "GET https://"); ok && strings.HasPrefix(address, e.vendor.GraphHost+"/") {
			calls = append(calls, address)
		}
	}
	return calls
}

// tokenScope is what the last token request asked for.
func (e *entra) tokenScope() string { return e.Last(authprovidertest.Token).Form.Get("scope") }

func (e *entra) config() microsoft.Config {
	return microsoft.Config{TenantID: e.vendor.TenantID, AuthorityHost: e.vendor.AuthorityHost, ClientID: e.ClientID(), ClientSecret: e.ClientSecret(),
		HTTPClient: e.Client(), Now: e.Clock.Now}
}

func newAuthenticator(t testing.TB, c microsoft.Config) *microsoft.Authenticator {
	t.Helper()
	a, err := microsoft.New(c)
	require.NoError(t, err)
	return a
}

func signIn(t *testing.T, e *entra, a *microsoft.Authenticator, scopes ...string) (microsoft.Result, error) {
	t.Helper()
	return authprovidertest.SignInAt(t, e.Vendor, a, scopes...)
}
