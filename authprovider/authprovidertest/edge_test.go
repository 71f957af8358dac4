package authprovidertest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/proxyauth"
)

func newAuthenticator(t testing.TB, c proxyauth.JWTConfig) *proxyauth.JWTAuthenticator {
	t.Helper()
	a, err := proxyauth.JWT(c)
	require.NoError(t, err)
	return a
}

func TestEdgeVouches(t *testing.T) {
	edge := authprovidertest.NewSignedHeaderEdge(t, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{})
	a := newAuthenticator(t, jwtConfig(edge))
	for _, subject := range []string{authprovidertest.Jane, authprovidertest.Nina} {
		result, err := a.Authenticate(t.Context(), edge.Request(subject))
		require.NoError(t, err)
		require.Equal(t, subject, result.Subject)
	}
	require.Equal(t, 1, edge.KeyFetches())

	edge.Set(func(b *authprovidertest.EdgeBehavior) { b.Token = authprovidertest.WrongAudience })
	_, err := a.Authenticate(t.Context(), edge.Request(authprovidertest.Jane))
	require.ErrorIs(t, err, authprovider.ErrAuthentication)
	edge.Behave()

	claims := edge.Claims(authprovidertest.Jane)
	claims["email"] = "other@example.com"
	r := edge.Request(authprovidertest.Jane)
	r.Header.Set(edge.Header, edge.SignClaims(claims))
	result, err := a.Authenticate(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, "other@example.com", result.Email)
}

func TestEdgeSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name string
		do   func(e *authprovidertest.SignedHeaderEdge)
		want string
	}{
		{"unknown person", func(e *authprovidertest.SignedHeaderEdge) { e.Request("nobody") }, `authprovidertest: "nobody" is none of EdgeConfig.People`},
		{"another host", func(e *authprovidertest.SignedHeaderEdge) {
			resp, err := e.Client().Get("https://elsewhere.example.net/keys")
			if err == nil {
				resp.Body.Close()
			}
		}, `authprovidertest: request to "elsewhere.example.net", which is none of the vendor's hosts`},
		{"a fault of others", func(e *authprovidertest.SignedHeaderEdge) {
			e.Set(func(b *authprovidertest.EdgeBehavior) { b.Token = authprovidertest.WrongNonce })
			e.Request(authprovidertest.Jane)
		}, `authprovidertest: fakeproxy: fault "wrong nonce": no proxy's tokens have it`},
		{"a fault of another vendor", func(e *authprovidertest.SignedHeaderEdge) {
			e.Set(func(b *authprovidertest.EdgeBehavior) { b.Token = authprovidertest.WrongSigner })
			e.Request(authprovidertest.Jane)
		}, `authprovidertest: fakeproxy: fault "wrong signer": this vendor's tokens have no signer`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			r.run(func() {
				test.do(authprovidertest.NewSignedHeaderEdge(r, authprovidertest.SignedHeader{}, authprovidertest.EdgeConfig{}))
			})
			require.Equal(t, []string{test.want}, r.failures)
		})
	}
}

// The fakes know the same faults by the same texts.
func TestFaultsAreCalledTheSame(t *testing.T) {
	for _, pair := range [][2]string{
		{string(fakeidp.WrongAudience), string(fakeproxy.WrongAudience)}, {string(fakeidp.MissingAudience), string(fakeproxy.MissingAudience)},
		{string(fakeidp.WrongIssuer), string(fakeproxy.WrongIssuer)}, {string(fakeidp.Expired), string(fakeproxy.Expired)},
		{string(fakeidp.MissingExpiry), string(fakeproxy.MissingExpiry)}, {string(fakeidp.FutureIssuedAt), string(fakeproxy.FutureIssuedAt)},
		{string(fakeidp.MissingSubject), string(fakeproxy.MissingSubject)}, {string(fakeidp.DuplicateClaim), string(fakeproxy.DuplicateClaim)},
		{string(fakeidp.CaseTwinClaim), string(fakeproxy.CaseTwinClaim)}, {string(fakeidp.AlgNone), string(fakeproxy.AlgNone)},
		{string(fakeidp.BadSignature), string(fakeproxy.BadSignature)}, {string(fakeidp.ForeignKey), string(fakeproxy.ForeignKey)},
		{string(fakeidp.UnknownKeyID), string(fakeproxy.UnknownKeyID)},
		{string(fakeidp.ServerError), string(fakeproxy.ServerError)}, {string(fakeidp.Unavailable), string(fakeproxy.Unavailable)},
		{string(fakeidp.HangUp), string(fakeproxy.HangUp)}, {string(fakeidp.Redirect), string(fakeproxy.Redirect)},
		{string(fakeidp.Malformed), string(fakeproxy.Malformed)}, {string(fakeidp.HTML), string(fakeproxy.HTML)},
		{string(fakeidp.Huge), string(fakeproxy.Huge)}, {string(fakeidp.Stall), string(fakeproxy.Stall)},
	} {
		require.Equal(t, pair[0], pair[1])
	}
}

func TestEdgeProtects(t *testing.T) {
	edge := authprovidertest.NewAccessEdge(t, authprovidertest.AccessProxy{}, authprovidertest.EdgeConfig{})
	edge.SignsIn(authprovidertest.Jane)
	var seen http.Header
	browser := authprovidertest.NewBrowser(t)
	browser.Host("https://portal.example.com", edge.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })))

	hop := browser.Do(authprovidertest.Request{URL: "https://portal.example.com/", Header: http.Header{
		"Cf-Access-Jwt-Assertion": {"forged"}, "Cf_access_jwt_assertion": {"forged"}, "Connection": {"close, cf-access-jwt-assertion"},
	}})
	require.Equal(t, http.StatusOK, hop.Status)
	require.Len(t, seen["Cf-Access-Jwt-Assertion"], 1)
	require.NotEqual(t, "forged", seen.Get("Cf-Access-Jwt-Assertion"))
	require.NotContains(t, seen, "Cf_access_jwt_assertion")
	require.Equal(t, []string{"close"}, seen["Connection"])

	edge.SignsIn("") // the session goes on
	require.Equal(t, http.StatusOK, browser.Do(authprovidertest.Request{URL: "https://portal.example.com/"}).Status)
	require.Equal(t, http.StatusOK, browser.Do(authprovidertest.Request{URL: "https://portal.example.com/cdn-cgi/access/logout"}).Status)
	require.Equal(t, http.StatusUnauthorized, browser.Do(authprovidertest.Request{URL: "https://portal.example.com/"}).Status)

	edge.SignsIn(authprovidertest.Jane)
	edge.Set(func(b *authprovidertest.EdgeBehavior) { b.Careless = true })
	browser.Do(authprovidertest.Request{URL: "https://portal.example.com/", Header: http.Header{"Cf-Access-Jwt-Assertion": {"forged"}, "Cf_access_jwt_assertion": {"forged"}}})
	require.Len(t, seen["Cf-Access-Jwt-Assertion"], 2)
	require.Contains(t, seen, "Cf_access_jwt_assertion")
}
