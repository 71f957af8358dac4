package tokenissuer_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// requirePublic demands exactly the members of a public EC key.
func requirePublic(t *testing.T, set jwks) {
	t.Helper()
	require.NotEmpty(t, set.Keys)
	for _, k := range set.Keys {
		require.Equal(t, []string{"alg", "crv", "kid", "kty", "use", "x", "y"}, slices.Sorted(maps.Keys(k)))
		require.Len(t, k["x"], 43) // 32 bytes, leading zeros included
		require.Len(t, k["y"], 43)
		delete(k, "x")
		delete(k, "y")
		delete(k, "kid")
		require.Equal(t, map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig"}, k)
	}
}

func TestJWKSHasNoPrivateMember(t *testing.T) {
	seen := make(map[string]bool)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.KeyPeriod = 3 * time.Hour })
	for len(seen) < 1000 { // one key in 256 has a coordinate with a leading zero
		set := servedKeys(t, issuer)
		for _, k := range set.Keys {
			seen[k["kid"]] = true
		}
		requirePublic(t, set)
		clock.Advance(50 * time.Minute)
	}
}

func TestJWKSCaching(t *testing.T) {
	issuer, clock := newIssuer(t)
	w, err := serve(t, issuer.ServeJWKS)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "public, max-age=300", w.Header().Get("Cache-Control"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	etag := w.Header().Get("ETag")
	require.Regexp(t, `^"[A-Za-z0-9_-]+"$`, etag)

	for value, status := range map[string]int{
		etag: 304, "W/" + etag: 304, "*": 304, `"a", ` + etag: 304, `"a",` + etag + ` , "b"`: 304,
		`"a"`: 200, "": 200, etag[1 : len(etag)-1]: 200, `""`: 200,
	} {
		w, err := serve(t, issuer.ServeJWKS, "If-None-Match", value)
		require.NoError(t, err)
		require.Equal(t, status, w.Code, value)
		require.Equal(t, etag, w.Header().Get("ETag"))
		require.Equal(t, "public, max-age=300", w.Header().Get("Cache-Control"))
		if status == http.StatusNotModified {
			require.Empty(t, w.Body.String())
			require.Empty(t, w.Header().Get("Content-Type"))
		}
	}
	clock.Advance(5 * 24 * time.Hour) // the next key appears
	w, err = serve(t, issuer.ServeJWKS, "If-None-Match", etag)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.Code)
	require.NotEqual(t, etag, w.Header().Get("ETag"))
}

// The documents as a client of the handler gets them.
func TestMounted(t *testing.T) {
	const base = "http://localhost:7007/api/auth"
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) { c.Issuer = base })
	auth, err := authprovider.New(authprovider.Config{BaseURL: base, Issuer: issuer, Now: clock.Now})
	require.NoError(t, err)
	server := httptest.NewServer(auth)
	defer server.Close()
	do := func(method, path, token string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api/auth"+path, nil)
		require.NoError(t, err)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := server.Client().Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		return resp, string(body)
	}

	resp, body := do(http.MethodGet, "/.well-known/openid-configuration", "")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "public, max-age=3600", resp.Header.Get("Cache-Control"))
	require.NotEmpty(t, resp.Header.Get("ETag"))
	require.JSONEq(t, `{
		"issuer": "http://localhost:7007/api/auth",
		"jwks_uri": "http://localhost:7007/api/auth/.well-known/jwks.json",
		"userinfo_endpoint": "http://localhost:7007/api/auth/v1/userinfo",
		"response_types_supported": ["id_token"],
		"subject_types_supported": ["public"],
		"id_token_signing_alg_values_supported": ["ES256", "ES384", "RS256", "PS256", "EdDSA"],
		"claims_supported": ["sub", "ent"]
	}`, body)

	token := issue(t, issuer, jane)
	resp, body = do(http.MethodGet, "/.well-known/jwks.json", "")
	require.Equal(t, 200, resp.StatusCode)
	var set jwks
	require.NoError(t, json.Unmarshal([]byte(body), &set))
	verifyAsBackstage(t, set, token, "vnd.backstage.user", clock.Now())
	head, none := do(http.MethodHead, "/.well-known/jwks.json", "")
	require.Equal(t, 200, head.StatusCode)
	require.Empty(t, none)
	require.Equal(t, resp.ContentLength, head.ContentLength)
	require.Equal(t, resp.Header.Get("ETag"), head.Header.Get("ETag"))
	post, _ := do(http.MethodPost, "/.well-known/jwks.json", "")
	require.Equal(t, 405, post.StatusCode)

	resp, body = do(http.MethodGet, "/v1/userinfo", token)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.JSONEq(t, `{"claims":{"sub":"user:default/jane","ent":["user:default/jane","group:default/team-a"]}}`, body)
	resp, body = do(http.MethodGet, "/v1/userinfo", "")
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, `Bearer realm="backstage"`, resp.Header.Get("WWW-Authenticate"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Contains(t, body, "No token provided")
	resp, body = do(http.MethodGet, "/v1/userinfo", "x.y.z")
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, `Bearer error="invalid_token"`, resp.Header.Get("WWW-Authenticate"))
	require.NotContains(t, body, "malformed")
}
