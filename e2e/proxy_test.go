package e2e

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/guest"
	"example.com/stagedoor/internal/fakeproxy"
	"example.com/stagedoor/tokenissuer"
)

// eachProxy runs a test behind each proxy, with Nora signed in at it.
func eachProxy(t *testing.T, test func(t *testing.T, r *proxyRig)) {
	t.Helper()
	for _, p := range proxiedApplications {
		t.Run(p.name, func(t *testing.T) {
			r := newProxyRig(t, p)
			r.signIn(nora)
			test(t, r)
		})
	}
}

// A person signs in at the proxy, the app polls, and gets what ProxiedSignInPage expects, of what the proxy vouches for.
func TestProxySignsIn(t *testing.T) {
	t.Parallel()
	for _, p := range proxiedApplications {
		t.Run(p.name, func(t *testing.T) {
			r := newProxyRig(t, p)
			require.Equal(t, http.StatusUnauthorized, r.poll(nil).status, "nobody is signed in at the proxy")
			r.signIn(nora)

			answer := r.poll(http.Header{"X-Tab": {"7"}})
			answer.requireUser(t, "user:default/nora")
			require.Equal(t, "no-store", answer.header.Get("Cache-Control"))
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(answer.body), &body))
			identity := body["backstageIdentity"].(map[string]any)
			require.Equal(t, map[string]any{
				"type": "user", "userEntityRef": "user:default/nora",
				"ownershipEntityRefs": []any{"user:default/nora", "group:default/stage-managers"},
			}, identity["identity"])
			require.Equal(t, 2, strings.Count(identity["token"].(string), "."))
			profile := map[string]any{"email": "nora@example.com"}
			if p.displayName != "" {
				profile["displayName"] = p.displayName
			}
			require.Equal(t, profile, body["profile"])
			if p.lifetime == 0 {
				require.NotContains(t, body, "providerInfo")
			} else {
				info := body["providerInfo"].(map[string]any)
				require.InDelta(t, p.lifetime.Seconds(), info["expiresInSeconds"], 60, "what is left, not a time of day")
				require.Len(t, info, 1, "the proxy's token is not for the browser")
			}

			seen := r.seen
			require.Equal(t, "7", seen.Get("X-Tab"), "resolvers see what the app sends along")
			for _, credential := range []string{p.token, "Cookie", "Authorization", "X-Proxy-Secret", "X-Amzn-Oidc-Accesstoken", "X-Ms-Token-Aad-Access-Token"} {
				require.NotContains(t, seen, credential)
			}

			r.do(r.browser, http.MethodPost, portal+refresh, script(nil), "").requireUser(t, "user:default/nora")
			require.Equal(t, "nora@example.com", r.do(r.browser, http.MethodGet, portal+"/whoami", nil, "").body, "a route of the host's own")
			for path, status := range map[string]int{
				"/api/auth/proxy/start":         http.StatusNotImplemented,
				"/api/auth/proxy/handler/frame": http.StatusNotImplemented,
				refresh + "?env=production":     http.StatusOK, // there are no environments
			} {
				require.Equal(t, status, r.do(r.browser, http.MethodGet, portal+path, script(nil), "").status, path)
			}
			unguarded := r.do(r.browser, http.MethodGet, portal+refresh, nil, "")
			require.Equal(t, http.StatusForbidden, unguarded.status, "what a foreign page can make a browser send")
			unguarded.requireError(t, "NotAllowedError")
		})
	}
}

// Whoever the proxy knows and the catalog does not is refused, though the host's own route knows them.
func TestProxyStranger(t *testing.T) {
	t.Parallel()
	for _, p := range proxiedApplications {
		t.Run(p.name, func(t *testing.T) {
			r := newProxyRig(t, p)
			r.signIn(stranger)
			answer := r.poll(nil)
			require.Equal(t, http.StatusForbidden, answer.status, answer.body)
			answer.requireError(t, "NotAllowedError")
			require.Equal(t, "max@elsewhere.example", r.do(r.browser, http.MethodGet, portal+"/whoami", nil, "").body)
		})
	}
}

// forgeries are the ways in which a client can send what the proxy would have sent for Sam, as far as it can know it.
func forgeries(r *proxyRig) map[string]http.Header {
	all := r.vouched(sam)
	all.Del("Cookie")
	all.Del("X-Proxy-Secret")
	forged := map[string]http.Header{
		"the same name": all.Clone(), "underscores": {}, "one underscore": {}, "twice": {}, "a comma": {}, "Connection": {},
	}
	forged["Connection"]["Connection"] = []string{strings.Join(slices.Sorted(maps.Keys(all)), ", ")}
	for name, values := range all {
		forged["underscores"][strings.ReplaceAll(name, "-", "_")] = values
		forged["one underscore"][strings.Replace(name, "-", "_", 1)] = values
		forged["twice"][name] = []string{values[0], values[0]}
		forged["a comma"][name] = []string{values[0] + "," + values[0]}
	}
	return forged
}

// Clients' own copies of the proxy's headers, with the right values for somebody else in them, change nothing.
func TestProxyRemovesForgedHeaders(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		for name, header := range forgeries(r) {
			r.poll(header).requireUser(t, "user:default/nora")
			require.Equal(t, "nora@example.com", r.do(r.browser, http.MethodGet, portal+"/whoami", header, "").body, name)
		}
	})
}

// Where the proxy does not remove them, nobody is signed in rather than the wrong one.
func TestProxyThatIsCareless(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		r.edge.Set(func(b *fakeproxy.Behavior) { b.Careless = true })
		for name, header := range forgeries(r) {
			if name == "Connection" && r.proxied.cookie {
				r.poll(header).requireUser(t, "user:default/nora") // the header is gone; the cookie is Nora's
				continue
			}
			r.poll(header).requireRefused(t)
			require.Equal(t, http.StatusUnauthorized, r.do(r.browser, http.MethodGet, portal+"/whoami", header, "").status, name)
		}
		// What is not read may hold anything.
		unread := r.vouched(sam)
		for _, name := range append(r.proxied.reads, "Cookie") {
			unread.Del(name)
		}
		r.poll(unread).requireUser(t, "user:default/nora")
	})
}

// Whoever reaches the application around the proxy is nobody, whatever they send.
func TestProxyGoneAround(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		r.poll(nil).requireUser(t, "user:default/nora")
		stolen := r.vouched(sam)
		plain := stolen.Clone()
		for _, name := range []string{"Cookie", "X-Proxy-Secret", r.proxied.token} {
			plain.Del(name)
		}
		attempts := map[string]http.Header{
			"nothing":                   nil,
			"the plain headers":         plain,
			"a claim to be the proxy":   {"X-Forwarded-For": {proxyPeer}, "X-Real-Ip": {proxyPeer}, "Forwarded": {"for=" + proxyPeer}},
			"the name of the proxy":     {"Via": {"1.1 proxy"}, "User-Agent": {"GoogleHC/1.0"}, "X-Forwarded-Host": {"portal.example.com"}},
			"a wrong secret":            {"X-Proxy-Secret": {strings.Repeat("x", len(proxySecret))}},
			"half of the proxy's words": {"X-Proxy-Secret": {proxySecret[:20]}},
		}
		for _, name := range []string{"a claim to be the proxy", "the name of the proxy", "a wrong secret", "half of the proxy's words"} {
			maps.Copy(attempts[name], plain)
		}
		if r.proxied.token != "" {
			impostor, err := fakeproxy.New(fakeproxy.Config{Vendor: r.proxied.vendor, People: []fakeproxy.Person{{Subject: sam, Email: "sam@example.com"}}})
			require.NoError(t, err)
			for _, fault := range []fakeproxy.TokenFault{"", fakeproxy.AlgNone, fakeproxy.EmbeddedKey} {
				impostor.Set(func(b *fakeproxy.Behavior) { b.Token = fault })
				person, _ := impostor.Person(sam)
				request, err := http.NewRequest(http.MethodGet, portal, nil)
				require.NoError(t, err)
				require.NoError(t, impostor.Decorate(request, person))
				attempts["a token of one's own making, "+string(fault)] = request.Header
			}
		}
		for name, header := range attempts {
			t.Run(name, func(t *testing.T) {
				r.around(refresh, header).requireRefused(t)
				require.Equal(t, http.StatusUnauthorized, r.around("/whoami", header).status)
			})
		}
		require.Equal(t, http.StatusOK, r.around("/", nil).status, "signing in protects no route by itself")
	})
}

// A token that is wrong in one thing signs nobody in, although it comes from the proxy.
func TestProxyWithFaultyTokens(t *testing.T) {
	t.Parallel()
	faults := []fakeproxy.TokenFault{
		fakeproxy.WrongAudience, fakeproxy.MissingAudience, fakeproxy.WrongIssuer, fakeproxy.WrongSigner, fakeproxy.Expired, fakeproxy.MissingExpiry,
		fakeproxy.FutureIssuedAt, fakeproxy.NotYetValid, fakeproxy.MissingSubject, fakeproxy.DuplicateClaim, fakeproxy.CaseTwinClaim, fakeproxy.AlgNone,
		fakeproxy.HMACWithPublicKey, fakeproxy.ForeignKey, fakeproxy.UnknownKeyID, fakeproxy.EmbeddedKey, fakeproxy.BadSignature, fakeproxy.TruncatedSignature,
	}
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		if r.proxied.token == "" {
			return // nothing is signed
		}
		r.poll(nil).requireUser(t, "user:default/nora")
		for _, fault := range faults {
			if slices.Contains(r.proxied.lacks, fault) {
				continue
			}
			r.edge.Set(func(b *fakeproxy.Behavior) { b.Token = fault })
			answer := r.poll(nil)
			require.Equal(t, http.StatusUnauthorized, answer.status, "%s: %s", fault, answer.body)
			answer.requireRefused(t)
		}
		r.edge.Set(func(b *fakeproxy.Behavior) { b.Token = "" })
		r.poll(nil).requireUser(t, "user:default/nora")
	})
}

// A token counts wherever it comes from, since its signature is what is believed, until it ends.
func TestProxyTokenEnds(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		if r.proxied.token == "" {
			return
		}
		taken := r.vouched(nora)
		if r.proxied.anchored {
			r.around(refresh, taken).requireRefused(t)
			return
		}
		r.around(refresh, taken).requireUser(t, "user:default/nora")
		r.pass(r.proxied.lifetime + 2*time.Minute)
		r.around(refresh, taken).requireRefused(t)
		r.poll(nil).requireUser(t, "user:default/nora")
	})
}

// Keys change while people are signed in, and their endpoint fails while they are known.
func TestProxyKeys(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		if r.proxied.token == "" {
			return
		}
		r.poll(nil).requireUser(t, "user:default/nora")
		withdrawn := r.edge.Header()["kid"]
		require.NoError(t, r.edge.RotateKey())
		r.pass(10 * time.Second)
		r.poll(nil).requireUser(t, "user:default/nora")
		r.edge.DropOldKeys()

		r.edge.Set(func(b *fakeproxy.Behavior) {
			b.KeysAnswer, b.DiscoveryAnswer = fakeproxy.Unavailable, fakeproxy.Unavailable
		})
		for range 3 {
			r.pass(time.Minute)
			r.poll(nil).requireUser(t, "user:default/nora")
		}

		r.edge.Set(func(b *fakeproxy.Behavior) { b.KeysAnswer, b.DiscoveryAnswer = "", "" })
		if r.proxied.anchored {
			return
		}
		// Whoever stole the old key can use it until the keys are read again.
		signed := func() http.Header {
			header := r.edge.Header()
			header["kid"] = withdrawn
			bearer := ""
			if r.proxied.token == "Authorization" {
				bearer = "Bearer "
			}
			return http.Header{r.proxied.token: {bearer + r.sign(header, nora)}}
		}
		if known := r.around(refresh, signed()); r.proxied.cookie {
			known.requireRefused(t) // get-identity is asked as well
		} else {
			known.requireUser(t, "user:default/nora")
		}
		r.pass(90 * time.Minute)
		waitUntil(t, "the withdrawn key is forgotten", func() bool { return r.around(refresh, signed()).status == http.StatusUnauthorized })
		r.poll(nil).requireUser(t, "user:default/nora")
	})
}

// As long as no key was ever seen nobody is signed in, and nobody is told that they are not: the app tries again.
func TestProxyKeysOutOfReach(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		if r.proxied.token == "" {
			return
		}
		for _, fault := range []fakeproxy.AnswerFault{fakeproxy.Unavailable, fakeproxy.Redirect, fakeproxy.HTML, fakeproxy.HangUp} {
			r.edge.Set(func(b *fakeproxy.Behavior) { b.KeysAnswer, b.DiscoveryAnswer = fault, fault })
			answer := r.poll(nil)
			require.Equal(t, http.StatusServiceUnavailable, answer.status, "%s: %s", fault, answer.body)
			require.NotEmpty(t, answer.header.Get("Retry-After"))
			answer.requireError(t, "ServiceUnavailableError")
			r.pass(10 * time.Minute)
		}
		r.edge.Set(func(b *fakeproxy.Behavior) { b.KeysAnswer, b.DiscoveryAnswer = "", "" })
		r.poll(nil).requireUser(t, "user:default/nora")
	})
}

// The app signs out where the proxy's session ends; the next poll finds nobody.
func TestProxySignsOut(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		r.poll(nil).requireUser(t, "user:default/nora")
		answer := r.do(r.browser, http.MethodPost, portal+"/api/auth/proxy/logout", script(nil), "")
		if r.proxied.logoutURL == "" {
			require.Equal(t, http.StatusNotImplemented, answer.status)
			return
		}
		require.Equal(t, http.StatusOK, answer.status, answer.body)
		require.JSONEq(t, `{"logoutUrl":"`+r.proxied.logoutURL+`"}`, answer.body)
		if r.proxied.logoutURL != albLogout {
			require.Empty(t, answer.header.Values("Set-Cookie"))
			require.Contains(t, r.do(r.browser, http.MethodGet, r.proxied.logoutURL, nil, "").body, "You are signed out")
		}
		require.Equal(t, http.StatusUnauthorized, r.poll(nil).status)
	})
}

// What the proxy sends besides its token is not needed.
func TestProxyTokenAlone(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, r *proxyRig) {
		if r.proxied.token == "" || r.proxied.anchored {
			return
		}
		vouched := r.vouched(nora)
		r.around(refresh, http.Header{r.proxied.token: vouched[r.proxied.token]}).requireUser(t, "user:default/nora")
		cookie := http.Header{"Cookie": vouched["Cookie"]}
		if !r.proxied.cookie {
			r.around(refresh, cookie).requireRefused(t)
			return
		}
		r.around(refresh, cookie).requireUser(t, "user:default/nora")
		cookie.Set(r.proxied.token, "not.a.token")
		r.around(refresh, cookie).requireRefused(t) // a header that is there is not passed over
	})
}

// A service token of Cloudflare Access is let in by the list, and stands for whom the list says.
func TestProxyServiceToken(t *testing.T) {
	t.Parallel()
	access := proxiedApplications[0]
	r := newProxyRig(t, access)
	for clientID, ref := range map[string]string{"ci.access": "user:default/sam", "another.access": ""} {
		now := r.now()
		claims := access.vendor.(fakeproxy.Access).ServiceClaims(clientID, now, now.Add(time.Hour))
		answer := r.around(refresh, http.Header{access.token: {r.signClaims(r.edge.Header(), claims)}})
		if ref == "" {
			answer.requireRefused(t)
			continue
		}
		answer.requireUser(t, ref)
	}
}

// Guests need no proxy, and no machine but this one.
func TestProxyGuest(t *testing.T) {
	t.Parallel()
	host := newSite(t)
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: host.origin + "/api/auth"})
	require.NoError(t, err)
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: host.origin + "/api/auth", Issuer: issuer,
		Providers: map[string]authprovider.ProviderFactory{"guest": guest.Provider(guest.Config{DangerouslyAllowGuests: true})},
	})
	require.NoError(t, err)
	host.serve(auth)
	for name, status := range map[string]int{"": http.StatusOK, "localhost:7007": http.StatusOK, "rebound.example.com": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, host.origin+"/api/auth/guest/refresh", nil)
		require.NoError(t, err)
		request.Host = name
		request.Header = script(nil)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, name)
		require.Equal(t, status == http.StatusOK, strings.Contains(string(text), `"userEntityRef":"user:development/guest"`))
	}
}
