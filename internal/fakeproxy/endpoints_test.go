package fakeproxy_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/fakeproxy"
)

func get(t *testing.T, edge *fakeproxy.Edge, url string, cookies ...*http.Cookie) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	client := &http.Client{Transport: edge.Transport(nil)}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestEndpointsAreWhereTheVendorHasThem(t *testing.T) {
	for _, test := range []struct {
		vendor fakeproxy.Vendor
		of     fakeproxy.Endpoint
		want   string
	}{
		{vendors[0].vendor, fakeproxy.JWKS, "https://acme.cloudflareaccess.com/cdn-cgi/access/certs"},
		{vendors[0].vendor, fakeproxy.Identity, "https://acme.cloudflareaccess.com/cdn-cgi/access/get-identity"},
		{vendors[1].vendor, fakeproxy.JWKS, "https://www.gstatic.com/iap/verify/public_key-jwk"},
		{vendors[1].vendor, fakeproxy.PEMMap, "https://www.gstatic.com/iap/verify/public_key"},
		{vendors[2].vendor, fakeproxy.Discovery, "https://idp.example.com/.well-known/openid-configuration"},
		{vendors[4].vendor, fakeproxy.PEMByID, "https://public-keys.auth.elb.eu-west-1.amazonaws.com/"},
		{fakeproxy.ALB{Region: "us-gov-west-1"}, fakeproxy.PEMByID, "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/"},
		{fakeproxy.ALB{Region: "cn-north-1"}, fakeproxy.PEMByID, "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/"},
		{vendors[5].vendor, fakeproxy.JWKS, "https://login.microsoftonline.com/tenant/discovery/v2.0/keys"},
	} {
		v := test.vendor
		if alb, ok := v.(fakeproxy.ALB); ok {
			alb.Signer, alb.Issuer, alb.ClientID = "arn", "https://idp.example.com", "portal"
			v = alb
		}
		edge := newEdge(t, v)
		require.Equal(t, test.want, edge.URL(test.of))
		if test.of == fakeproxy.Identity {
			continue // for the person's token alone
		}
		url := test.want
		if test.of == fakeproxy.PEMByID {
			kid, _ := edge.Header()["kid"].(string)
			url += kid
		}
		status, body := get(t, edge, url)
		require.Equal(t, http.StatusOK, status)
		require.True(t, test.of == fakeproxy.PEMByID && strings.HasPrefix(body, "-----BEGIN PUBLIC KEY-----") || json.Valid([]byte(body)), body)
		require.Equal(t, 1, edge.Calls(test.of))
	}
}

func TestOtherAddresses(t *testing.T) {
	edge := newEdge(t, vendors[4].vendor)
	status, _ := get(t, edge, edge.URL(fakeproxy.PEMByID)+"00000000-0000-4000-8000-000000000000")
	require.Equal(t, http.StatusForbidden, status) // as S3 says it
	for _, path := range []string{"a/b", "../x"} {
		status, _ = get(t, edge, edge.URL(fakeproxy.PEMByID)+path)
		require.NotEqual(t, http.StatusOK, status)
	}
	edge = newEdge(t, vendors[0].vendor)
	for _, url := range []string{edge.URL(fakeproxy.JWKS) + "x", "https://acme.cloudflareaccess.com/", "https://acme.cloudflareaccess.com/x/cdn-cgi/access/certs"} {
		status, _ = get(t, edge, url)
		require.Equal(t, http.StatusNotFound, status, url)
	}
	client := &http.Client{Transport: edge.Transport(nil)}
	resp, err := client.Post(edge.URL(fakeproxy.JWKS), "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	_, err = client.Get("https://evil.example.net/cdn-cgi/access/certs")
	require.ErrorContains(t, err, `request to "evil.example.net"`)
	other := errors.New("the next transport")
	client.Transport = edge.Transport(failing{other})
	_, err = client.Get("https://evil.example.net/")
	require.ErrorIs(t, err, other)
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestEndpointsOnAServer(t *testing.T) {
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	edge := newEdge(t, fakeproxy.SignedHeader{Header: "X-Jwt", Issuer: server.URL, Audience: "portal"})
	handler = edge
	resp, err := server.Client().Get(server.URL + "/.well-known/openid-configuration")
	require.NoError(t, err)
	defer resp.Body.Close()
	var metadata map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&metadata))
	require.Equal(t, server.URL, metadata["issuer"])
	require.Equal(t, server.URL+"/jwks", metadata["jwks_uri"])
}

func TestGetIdentity(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	vendor := fakeproxy.Access{TeamName: "acme", Audience: "aud-tag"}
	edge, err := fakeproxy.New(fakeproxy.Config{Vendor: vendor, People: []fakeproxy.Person{jane}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	url := edge.URL(fakeproxy.Identity)
	token, err := edge.Token(jane)
	require.NoError(t, err)

	status, body := get(t, edge, url, &http.Cookie{Name: "CF_Authorization", Value: token})
	require.Equal(t, http.StatusOK, status)
	var identity struct {
		Email  string
		Groups []struct{ Name string }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &identity))
	require.Equal(t, jane.Email, identity.Email)
	require.Equal(t, "ops", identity.Groups[0].Name)

	foreign, err := newEdge(t, vendor).Token(jane)
	require.NoError(t, err)
	for _, bad := range []string{foreign, token[:len(token)-4], "x", "x.y.z"} {
		status, _ = get(t, edge, url, &http.Cookie{Name: "CF_Authorization", Value: bad})
		require.Equal(t, http.StatusForbidden, status, bad)
	}
	status, _ = get(t, edge, url)
	require.Equal(t, http.StatusBadRequest, status)
	now = now.Add(25 * time.Hour)
	status, _ = get(t, edge, url, &http.Cookie{Name: "CF_Authorization", Value: token})
	require.Equal(t, http.StatusForbidden, status)
}

// AWS's load balancers pad all three parts, and name themselves in the header.
func TestALBTokensArePadded(t *testing.T) {
	edge := newEdge(t, fakeproxy.ALB{Region: "eu-west-1", Signer: "arn:aws:elasticloadbalancing:x", Issuer: "https://idp.example.com", ClientID: "portal"})
	token, err := edge.Token(jane)
	require.NoError(t, err)
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	var texts [3][]byte
	for i, part := range parts {
		texts[i], err = base64.URLEncoding.Strict().DecodeString(part)
		require.NoError(t, err)
	}
	require.Len(t, texts[2], 64)
	require.True(t, strings.HasSuffix(parts[2], "=="))
	var header, claims map[string]any
	require.NoError(t, json.Unmarshal(texts[0], &header))
	require.NoError(t, json.Unmarshal(texts[1], &claims))
	for _, name := range []string{"alg", "kid", "signer", "client", "iss", "exp"} {
		require.Contains(t, header, name)
	}
	require.NotContains(t, claims, "aud")
	require.Equal(t, jane.Email, claims["email"])
}

func TestConfigIsChecked(t *testing.T) {
	for want, c := range map[string]fakeproxy.Config{
		"Config.Vendor is required":           {},
		"Person.Subject is required":          {Vendor: vendors[0].vendor, People: []fakeproxy.Person{{Name: "x"}}},
		"Access.TeamName is required":         {Vendor: fakeproxy.Access{}},
		"Access.Audience is required":         {Vendor: fakeproxy.Access{TeamName: "acme"}},
		"IAP.Audience is required":            {Vendor: fakeproxy.IAP{}},
		"OAuth2Proxy.Issuer is required":      {Vendor: fakeproxy.OAuth2Proxy{}},
		"OAuth2Proxy.ClientID is required":    {Vendor: fakeproxy.OAuth2Proxy{Issuer: "https://idp.example.com"}},
		"SecretHeader and Secret go together": {Vendor: fakeproxy.OAuth2Proxy{Issuer: "https://idp.example.com", ClientID: "x", Secret: "y"}},
		"ALB.Region is required":              {Vendor: fakeproxy.ALB{}},
		"ALB.Signer is required":              {Vendor: fakeproxy.ALB{Region: "eu-west-1"}},
		"ALB.Issuer is required":              {Vendor: fakeproxy.ALB{Region: "eu-west-1", Signer: "arn"}},
		"ALB.ClientID is required":            {Vendor: fakeproxy.ALB{Region: "eu-west-1", Signer: "arn", Issuer: "x"}},
		"EasyAuth.Tenant is required":         {Vendor: fakeproxy.EasyAuth{}},
		"EasyAuth.ClientID is required":       {Vendor: fakeproxy.EasyAuth{Tenant: "x"}},
		"SignedHeader.Header is required":     {Vendor: fakeproxy.SignedHeader{}},
		"SignedHeader.Issuer is required":     {Vendor: fakeproxy.SignedHeader{Header: "X"}},
		"SignedHeader.Audience is required":   {Vendor: fakeproxy.SignedHeader{Header: "X", Issuer: "https://x"}},
		"SignedHeader.JWKSURL is required":    {Vendor: fakeproxy.SignedHeader{Header: "X", Issuer: "x", Audience: "y"}},
		`algorithm "HS256" is neither`:        {Vendor: fakeproxy.SignedHeader{Header: "X", Issuer: "https://x", Audience: "y", Algorithm: "HS256"}},
	} {
		_, err := fakeproxy.New(c)
		require.ErrorContains(t, err, want)
	}
}
