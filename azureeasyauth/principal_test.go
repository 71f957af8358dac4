package azureeasyauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/azureeasyauth"
	"example.com/stagedoor/proxyauth"
)

const (
	principalHeader = "X-Ms-Client-Principal"
	claimObjectID   = "http://schemas.microsoft.com/identity/claims/objectidentifier"
	claimTenantID   = "http://schemas.microsoft.com/identity/claims/tenantid"
	claimEmail      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
	claimIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	claimRole       = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
)

type claim struct {
	Typ string `json:"typ"`
	Val string `json:"val"`
}

// mapped are the claims of a good principal as the platform renames them.
func mapped(more ...claim) []claim {
	return append([]claim{
		{"aud", client}, {"iss", issuer}, {claimObjectID, objectID}, {claimTenantID, tenant}, {claimIdentifier, "pairwise"},
		{"name", "Jane Doe"}, {"preferred_username", "jane@acme.example.com"}, {claimEmail, marker},
		{"groups", "g1"}, {"groups", "g2"}, {"roles", "Portal.Admin"},
	}, more...)
}

// without takes the claims of a type away.
func without(typ string, claims []claim) []claim {
	var kept []claim
	for _, c := range claims {
		if c.Typ != typ {
			kept = append(kept, c)
		}
	}
	return kept
}

func principal(claims []claim) string {
	text, err := json.Marshal(map[string]any{"auth_typ": "aad", "claims": claims, "name_typ": claimEmail, "role_typ": claimRole})
	if err != nil {
		panic(err)
	}
	return encode(string(text))
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// respelled encodes a text with bits at the end that a lax decoder drops.
func respelled(text string) string {
	encoded := encode(text + strings.Repeat(" ", 4-len(text)%3)) // one byte more than a multiple of three
	return strings.TrimSuffix(encoded, "A==") + "B=="
}

func principalRequest(value string, more map[string]string) *http.Request {
	r := request(map[string]string{"X-Proxy-Secret": secret, principalHeader: value})
	for name, value := range more {
		r.Header.Set(name, value)
	}
	return r
}

func TestPrincipalIsBelieved(t *testing.T) {
	for _, tc := range []struct {
		name     string
		claims   []claim
		clientID string
		headers  map[string]string
		verified authprovider.EmailVerification
	}{
		{name: "as the platform renames claims", claims: mapped(), headers: map[string]string{
			"X-Ms-Client-Principal-Id": objectID, "X-Ms-Client-Principal-Name": marker, "X-Ms-Client-Principal-Idp": "aad"}},
		{name: "the subject in the ID header", claims: mapped(), headers: map[string]string{"X-Ms-Client-Principal-Id": "pairwise"}},
		{name: "with the names of the token", claims: []claim{{"oid", objectID}, {"tid", tenant}, {"sub", "pairwise"}, {"name", "Jane Doe"},
			{"preferred_username", "jane@acme.example.com"}, {"email", marker}, {"groups", "g1"}, {"groups", "g2"}, {claimRole, "Portal.Admin"}}},
		{name: "its audience", claims: mapped(), clientID: client},
		{name: "its audience as a URI", claims: append(without("aud", mapped()), claim{"aud", "api://" + client}), clientID: strings.ToUpper(client)},
		{name: "verified", claims: mapped(claim{"xms_edov", "True"}), verified: authprovider.EmailVerified},
		{name: "not verified", claims: mapped(claim{"xms_edov", "0"}), verified: authprovider.EmailUnverified},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			c := g.principalOnly()
			c.ClientID = tc.clientID
			result, err := g.authenticator(c).Authenticate(context.Background(), principalRequest(principal(tc.claims), tc.headers))
			require.NoError(t, err)
			require.Equal(t, objectID, result.ObjectID)
			require.Equal(t, tenant, result.TenantID)
			require.Equal(t, "Jane Doe", result.Name)
			require.Equal(t, "jane@acme.example.com", result.PreferredUsername)
			require.Equal(t, marker, result.Email)
			require.Equal(t, tc.verified, result.EmailVerified)
			require.Equal(t, []string{"g1", "g2"}, result.Groups)
			require.Equal(t, []string{"Portal.Admin"}, result.Roles)
			require.False(t, result.GroupsOmitted)
			require.Zero(t, result.ExpiresAt)
			var shape struct {
				Claims []claim `json:"claims"`
			}
			require.NoError(t, result.Claims(&shape))
			require.Equal(t, tc.claims, shape.Claims)
			require.Empty(t, g.provider.hosts())
		})
	}
}

func TestPrincipalWithoutGroups(t *testing.T) {
	g := newRig(t)
	for _, c := range []claim{{"hasgroups", "true"}, {"_claim_names", `{"groups":"src1"}`}} {
		result, err := g.authenticator(g.principalOnly()).Authenticate(context.Background(), principalRequest(principal(without("groups", mapped(c))), nil))
		require.NoError(t, err)
		require.Empty(t, result.Groups)
		require.True(t, result.GroupsOmitted, c.Typ)
	}
}

func TestHostilePrincipals(t *testing.T) {
	good := principal(mapped())
	text, err := base64.StdEncoding.DecodeString(good)
	require.NoError(t, err)
	replaced := func(old, new string) string {
		changed := strings.Replace(string(text), old, new, 1)
		require.NotEqual(t, string(text), changed)
		return encode(changed)
	}
	many := make([]claim, 300)
	for i := range many {
		many[i] = claim{"groups", "22223333-cccc-4444-dddd-5555eeee6666"}
	}
	for _, tc := range []struct {
		name   string
		header http.Header
		code   string
	}{
		{"absent", http.Header{principalHeader: nil}, missing},
		{"empty", http.Header{principalHeader: {""}}, invalid},
		{"twice", http.Header{principalHeader: {good, good}}, ambiguous},
		{"joined", http.Header{principalHeader: {good + "," + good}}, ambiguous},
		{"twin", http.Header{"X_ms_client_principal": {good}}, ambiguous},
		{"twin alone", http.Header{principalHeader: nil, "X-Ms-Client_principal": {good}}, ambiguous},
		{"named in Connection", http.Header{"Connection": {"x-ms-client-principal"}}, ambiguous},
		{"too long", http.Header{principalHeader: {principal(mapped(many...))}}, invalid},
		{"no secret", http.Header{"X-Proxy-Secret": nil}, "proxy_untrusted"},
		{"wrong secret", http.Header{"X-Proxy-Secret": {strings.Repeat("y", len(secret))}}, "proxy_untrusted"},
		{"not base64", http.Header{principalHeader: {"{}"}}, invalid},
		{"base64url", http.Header{principalHeader: {base64.URLEncoding.EncodeToString([]byte(`{"auth_typ":"aad","x":"???>>>"}`))}}, invalid},
		{"without padding", http.Header{principalHeader: {strings.TrimRight(encode(string(text)+strings.Repeat(" ", 3-len(text)%3+1)), "=")}}, invalid},
		{"line feed within", http.Header{principalHeader: {good[:8] + "\n" + good[8:]}}, invalid},
		{"trailing bits", http.Header{principalHeader: {respelled(string(text))}}, invalid},
		{"not JSON", http.Header{principalHeader: {encode("aad")}}, invalid},
		{"null", http.Header{principalHeader: {encode("null")}}, invalid},
		{"an array", http.Header{principalHeader: {encode("[" + string(text) + "]")}}, invalid},
		{"more behind it", http.Header{principalHeader: {encode(string(text) + "{}")}}, invalid},
		{"not UTF-8", http.Header{principalHeader: {replaced("Jane Doe", "Jane\xff")}}, invalid},
		{"claims twice", http.Header{principalHeader: {replaced(`{"auth_typ"`, `{"claims":[],"auth_typ"`)}}, invalid},
		{"Claims in another case", http.Header{principalHeader: {replaced(`"claims"`, `"Claims"`)}}, invalid},
		{"Typ in another case", http.Header{principalHeader: {replaced(`"typ"`, `"Typ"`)}}, invalid},
		{"val is a list", http.Header{principalHeader: {replaced(`"`+objectID+`"`, `["`+objectID+`"]`)}}, invalid},
		{"no auth_typ", http.Header{principalHeader: {replaced(`"auth_typ":"aad",`, ``)}}, invalid},
		{"GitHub", http.Header{principalHeader: {replaced(`"aad"`, `"github"`)}}, invalid},
		{"auth_typ in another case", http.Header{principalHeader: {replaced(`"aad"`, `"AAD"`)}}, invalid},
		{"deep", http.Header{principalHeader: {encode(strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000))}}, invalid},
		{"no claims", http.Header{principalHeader: {principal(nil)}}, "tenant_mismatch"},
		{"no tenant", http.Header{principalHeader: {principal(without(claimTenantID, mapped()))}}, "tenant_mismatch"},
		{"another tenant", http.Header{principalHeader: {replaced(tenant+`"},{`, "99998888-0000-cccc-1111-dddd2222eeee"+`"},{`)}}, "tenant_mismatch"},
		{"tenant twice", http.Header{principalHeader: {principal(mapped(claim{claimTenantID, tenant}))}}, invalid},
		{"tenant under both names", http.Header{principalHeader: {principal(mapped(claim{"tid", tenant}))}}, invalid},
		{"no object ID", http.Header{principalHeader: {principal(without(claimObjectID, mapped()))}}, "object_id_missing"},
		{"empty object ID", http.Header{principalHeader: {principal(append(without(claimObjectID, mapped()), claim{"oid", ""}))}}, "object_id_missing"},
		{"object ID is no GUID", http.Header{principalHeader: {principal(append(without(claimObjectID, mapped()), claim{"oid", "admin"}))}}, "object_id_missing"},
		{"object ID twice", http.Header{principalHeader: {principal(mapped(claim{claimObjectID, "99998888-0000-cccc-1111-dddd2222eeee"}))}}, invalid},
		{"object ID twice alike", http.Header{principalHeader: {principal(mapped(claim{claimObjectID, objectID}))}}, invalid},
		{"object ID under both names", http.Header{principalHeader: {principal(mapped(claim{"oid", objectID}))}}, invalid},
		{"object ID in another case of the name", http.Header{principalHeader: {principal(append(without(claimObjectID, mapped()), claim{"OID", objectID}))}}, "object_id_missing"},
		{"e-mail twice", http.Header{principalHeader: {principal(mapped(claim{"email", "admin@example.com"}))}}, invalid},
		{"name twice", http.Header{principalHeader: {principal(mapped(claim{"name", "Admin"}))}}, invalid},
		{"preferred username twice", http.Header{principalHeader: {principal(mapped(claim{"preferred_username", "admin"}))}}, invalid},
		{"verified twice", http.Header{principalHeader: {principal(mapped(claim{"xms_edov", "0"}, claim{"xms_edov", "1"}))}}, invalid},
		{"an application", http.Header{principalHeader: {principal(mapped(claim{"idtyp", "app"}))}}, invalid},
		{"another identity provider's header", http.Header{"X-Ms-Client-Principal-Idp": {"github"}}, invalid},
		{"identity provider's header twice", http.Header{"X-Ms-Client-Principal-Idp": {"aad", "aad"}}, ambiguous},
		{"somebody else's ID header", http.Header{"X-Ms-Client-Principal-Id": {"99998888-0000-cccc-1111-dddd2222eeee"}}, invalid},
		{"ID header's twin", http.Header{"X_ms_client_principal_id": {objectID}}, ambiguous},
		{"access token twice", http.Header{"X-Ms-Token-Aad-Access-Token": {"a", "b"}}, ambiguous},
		{"a token in its place", http.Header{principalHeader: nil, "X-Ms-Token-Aad-Id-Token": {"a.b.c"}}, missing},
		{"the other headers alone", http.Header{principalHeader: nil, "X-Ms-Client-Principal-Id": {objectID}, "X-Ms-Client-Principal-Name": {marker}, "X-Ms-Client-Principal-Idp": {"aad"}}, missing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			r := principalRequest(good, nil)
			for header, values := range tc.header {
				if r.Header[header] = values; values == nil {
					delete(r.Header, header)
				}
			}
			g.requireRefused(g.principalOnly(), r, good, nil, tc.code)
			require.Empty(t, g.provider.hosts())
		})
	}
	t.Run("another application's", func(t *testing.T) {
		g := newRig(t)
		c := g.principalOnly()
		c.ClientID = "99998888-0000-cccc-1111-dddd2222eeee"
		g.requireRefused(c, principalRequest(good, nil), good, nil, invalid)
	})
}

// Neither source stands in for the other.
func TestPrincipalIsNoFallBack(t *testing.T) {
	g := newRig(t)
	c := g.config()
	c.Trust = trustSecret()
	for _, more := range []map[string]string{nil, {"X-Ms-Token-Aad-Id-Token": "bad"}} {
		_, err := g.authenticator(c).Authenticate(context.Background(), principalRequest(principal(mapped()), more))
		require.ErrorIs(t, err, authprovider.ErrAuthentication)
		if more == nil {
			require.ErrorIs(t, err, proxyauth.ErrMissing)
		}
	}
}

// A principal that is taken has one object ID and one tenant for every reader, and the rest of the header decided nothing.
func FuzzPrincipal(f *testing.F) {
	a, err := azureeasyauth.New(azureeasyauth.Config{TenantID: tenant, ClientPrincipal: true, Trust: trustSecret()})
	require.NoError(f, err)
	for _, claims := range [][]claim{mapped(), nil, mapped(claim{"oid", objectID}), without(claimObjectID, mapped())} {
		text, err := base64.StdEncoding.DecodeString(principal(claims))
		require.NoError(f, err)
		f.Add(text, false)
		f.Add([]byte(principal(claims)), true)
	}
	f.Fuzz(func(t *testing.T, value []byte, encoded bool) {
		header := string(value)
		if !encoded {
			header = encode(header)
		}
		result, err := a.Authenticate(context.Background(), principalRequest(header, nil))
		if err != nil {
			require.ErrorIs(t, err, authprovider.ErrAuthentication)
			require.Zero(t, result)
			return
		}
		require.Equal(t, tenant, result.TenantID)
		require.Len(t, result.ObjectID, 36)
		text, err := base64.StdEncoding.DecodeString(header)
		require.NoError(t, err)
		require.Equal(t, header, base64.StdEncoding.EncodeToString(text), "one spelling")
		var other struct {
			AuthTyp string `json:"auth_typ"`
			Claims  []claim
		}
		require.NoError(t, json.Unmarshal(text, &other))
		require.Equal(t, "aad", other.AuthTyp)
		var ids []string
		for _, c := range other.Claims {
			if c.Typ == "oid" || c.Typ == claimObjectID {
				ids = append(ids, c.Val)
			}
		}
		require.Equal(t, []string{result.ObjectID}, ids)
	})
}
