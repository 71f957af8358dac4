package keyset_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/keyset"
)

const wellKnown = "/.well-known/openid-configuration"

// discoverable is an issuer on a network: its document is answer's, its keys are keys'.
type discoverable struct {
	*network
	document, keys *host
}

func document(issuer, jwksURI string) string {
	return fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":"https://elsewhere.example.com/","jwks_uri":%q}`, issuer, jwksURI)
}

// newDiscoverable returns an issuer of https at 127.0.0.1, whose keys are at example.com,
// and a key set of it.
func newDiscoverable(t *testing.T, answer, keys http.HandlerFunc) (discoverable, *keyset.Remote) {
	n := newNetwork()
	d := discoverable{n, n.serve(t, "127.0.0.1:443", true, answer), n.serve(t, "example.com:443", true, keys)}
	r, err := keyset.New(keyset.Config{Issuer: "https://127.0.0.1:443/tenant", Client: n.client(t)})
	require.NoError(t, err)
	t.Cleanup(func() {
		r.Close()
		time.Sleep(2 * fetchTimeout) // TLS ends by a message that nobody reads from a pipe
	})
	return d, r
}

// requireOnly demands that no other URL was asked for than these.
func (n *network) requireOnly(t *testing.T, urls ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	require.Subset(t, urls, n.urls)
}

// The document is at the issuer's address less one slash at its end, and says the issuer
// as it was configured, with its slash if it has one.
func TestDiscovery(t *testing.T) {
	for _, test := range []struct{ issuer, url string }{
		{"http://127.0.0.1:80", "http://127.0.0.1:80" + wellKnown},
		{"http://127.0.0.1:80/", "http://127.0.0.1:80" + wellKnown},
		{"http://127.0.0.1:80/tenant", "http://127.0.0.1:80/tenant" + wellKnown},
		{"http://127.0.0.1:80/tenant/", "http://127.0.0.1:80/tenant" + wellKnown},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newSigner(t, "k", jose.ES256)
				n := newNetwork()
				n.serve(t, "127.0.0.1:80", false, say(200, "application/json", document(test.issuer, "http://127.0.0.9:80/keys?p=x")))
				keys := n.serve(t, "127.0.0.9:80", false, serveKeys(t, "max-age=1200", k))
				r, err := keyset.New(keyset.Config{Issuer: test.issuer, Client: n.client(t)})
				require.NoError(t, err)
				defer r.Close()
				require.Empty(t, n.fetches(), "construction must not need the network")
				_, err = r.VerifySignature(t.Context(), newToken(t, k))
				require.NoError(t, err)
				require.Equal(t, []string{test.url, keys.URL + "/keys?p=x"}, n.urls)

				time.Sleep(20*time.Minute - 1)
				require.NoError(t, find(t, r, "k"))
				synctest.Wait()
				require.Len(t, n.fetches(), 2)
				time.Sleep(time.Nanosecond)
				require.NoError(t, find(t, r, "k"))
				synctest.Wait()
				require.Len(t, n.fetches(), 4, "the set's max-age counts, and the document is read each time")
			})
		})
	}
}

// Whatever is wrong with the document, nobody is asked for keys but the one that a good
// one names; the error says that they are unavailable; keys that are known are used on;
// and it works again within 10 s.
func TestBadDiscovery(t *testing.T) {
	const issuer, url, keysURL, jsonType = "https://127.0.0.1:443/tenant", "https://127.0.0.1:443/tenant" + wellKnown, "https://example.com:443/keys", "application/json"
	good := document(issuer, keysURL)
	for name, answer := range map[string]http.HandlerFunc{
		"another issuer":          say(200, jsonType, document("https://127.0.0.1:443/other", keysURL)),
		"issuer with a slash":     say(200, jsonType, document(issuer+"/", keysURL)),
		"issuer in upper case":    say(200, jsonType, document(strings.ToUpper(issuer), keysURL)),
		"issuer without port":     say(200, jsonType, document("https://127.0.0.1/tenant", keysURL)),
		"issuer of 500 KB":        say(200, jsonType, document(issuer+strings.Repeat("x", 500_000), keysURL)),
		"no issuer":               say(200, jsonType, `{"jwks_uri":"`+keysURL+`"}`),
		"empty issuer":            say(200, jsonType, document("", keysURL)),
		"issuer null":             say(200, jsonType, `{"issuer":null,"jwks_uri":"`+keysURL+`"}`),
		"issuer an array":         say(200, jsonType, `{"issuer":["`+issuer+`"],"jwks_uri":"`+keysURL+`"}`),
		"Issuer":                  say(200, jsonType, strings.Replace(good, "issuer", "Issuer", 1)),
		"Issuer and issuer":       say(200, jsonType, strings.Replace(good, "{", `{"Issuer":"x",`, 1)),
		"issuer twice":            say(200, jsonType, strings.Replace(good, "{", `{"issuer":"x",`, 1)),
		"JWKS_URI":                say(200, jsonType, strings.Replace(good, "jwks_uri", "JWKS_URI", 1)),
		"no jwks_uri":             say(200, jsonType, `{"issuer":"`+issuer+`"}`),
		"empty jwks_uri":          say(200, jsonType, document(issuer, "")),
		"jwks_uri null":           say(200, jsonType, `{"issuer":"`+issuer+`","jwks_uri":null}`),
		"jwks_uri, http":          say(200, jsonType, document(issuer, "http://127.0.0.9.example.com/keys")),
		"jwks_uri, http loopback": say(200, jsonType, document(issuer, "http://127.0.0.9:80/keys")),
		"jwks_uri, file":          say(200, jsonType, document(issuer, "file:///etc/passwd")),
		"jwks_uri, relative":      say(200, jsonType, document(issuer, "/keys")),
		"jwks_uri, no scheme":     say(200, jsonType, document(issuer, "//example.com:443/keys")),
		"jwks_uri, user":          say(200, jsonType, document(issuer, "https://u:p@127.0.0.9:443/keys")),
		"jwks_uri, fragment":      say(200, jsonType, document(issuer, keysURL+"#x")),
		"jwks_uri, unparsable":    say(200, jsonType, document(issuer, "https://example.com:443/%zz"+strings.Repeat("x", 500_000))),
		"jwks_uri, 500 KB":        say(200, jsonType, document(issuer, keysURL+"?"+strings.Repeat("x", 500_000))),
		"jwks_uri, white space":   say(200, jsonType, document(issuer, " "+keysURL)),
		"jwks_uri, nobody there":  say(200, jsonType, document(issuer, "https://127.0.0.8:443/keys")),
		"redirect":                redirect(http.StatusFound, "https://example.com:443"+wellKnown, nil),
		"redirect, same host":     redirect(http.StatusTemporaryRedirect, "/evil", say(200, jsonType, good)),
		"500":                     say(500, jsonType, good),
		"404":                     say(404, jsonType, good),
		"204":                     say(204, jsonType, ""),
		"huge":                    huge(good),
		"1 MiB and a byte":        say(200, jsonType, good+strings.Repeat(" ", 1<<20+1-len(good))),
		"hang":                    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hang at the end":         hangAfter(good),
		"drip":                    drip(good),
		"text after it":           say(200, jsonType, good+"x"),
		"array":                   say(200, jsonType, "["+good+"]"),
		"null":                    say(200, jsonType, "null"),
		"HTML":                    say(200, "text/html", "<!doctype html><title>Maintenance</title>"),
		"the key set itself":      serveKeys(t, "", newSigner(t, "evil", jose.ES256)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newSigner(t, "k", jose.ES256)
				evil := newSigner(t, "evil", jose.ES256)
				for _, warm := range []bool{false, true} {
					d, r := newDiscoverable(t, say(200, jsonType, good), serveKeys(t, "", k))
					if warm {
						require.NoError(t, find(t, r, "k"))
						time.Sleep(time.Minute)
					}
					d.document.set(answer)
					asked, both := 0, serveKeys(t, "", k, evil)
					d.keys.set(func(w http.ResponseWriter, r *http.Request) {
						asked++
						both(w, r)
					})
					began := time.Now()
					err := find(t, r, "evil")
					require.True(t, isOnly(err, keyset.ErrUnavailable), "%v", err)
					require.LessOrEqual(t, time.Since(began), fetchTimeout)
					require.Less(t, len(err.Error()), 1000)
					if warm {
						time.Sleep(2 * time.Hour)
						require.NoError(t, find(t, r, "k"), "known keys are used on")
						synctest.Wait()
						require.NoError(t, find(t, r, "k"))
					} else {
						require.ErrorIs(t, find(t, r, "k"), keyset.ErrUnavailable)
					}
					time.Sleep(fetchTimeout)
					require.Zero(t, asked, "nobody was asked for keys")
					if name == "jwks_uri, nobody there" {
						d.requireOnly(t, url, keysURL, "https://127.0.0.8:443/keys")
					} else {
						d.requireOnly(t, url, keysURL)
					}

					d.document.set(say(200, jsonType, good))
					back := time.Now()
					for find(t, r, "evil") != nil {
						require.LessOrEqual(t, time.Since(back), 30*time.Second)
						time.Sleep(100 * time.Millisecond)
					}
				}
			})
		})
	}
}

// An issuer that moves its keys is followed when they are next looked for; what was
// published at the old address counts no more.
func TestDiscoveryFollowsAMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const issuer = "https://127.0.0.1:443/tenant"
		old, next := newSigner(t, "old", jose.ES256), newSigner(t, "next", jose.ES256)
		d, r := newDiscoverable(t, say(200, "application/json", document(issuer, "https://example.com:443/keys")), serveKeys(t, "", old))
		moved := d.serve(t, "example.com:8443", true, serveKeys(t, "", next))
		require.NoError(t, find(t, r, "old"))
		d.document.set(say(200, "application/json", document(issuer, moved.URL+"/moved")))
		time.Sleep(fetchInterval)
		require.NoError(t, find(t, r, "next"))
		require.ErrorIs(t, find(t, r, "old"), jose.ErrUnknownKey)
		require.Equal(t, 1, d.count("https://example.com:443/keys"))
	})
}

// Both requests share one timeout.
func TestDiscoveryIsOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := say(200, "application/json", document("https://127.0.0.1:443/tenant", "https://example.com:443/keys"))
		d, r := newDiscoverable(t, after(3*time.Second, good), after(3*time.Second, serveKeys(t, "", newSigner(t, "k", jose.ES256))))
		start := time.Now()
		require.True(t, isOnly(find(t, r, "k"), keyset.ErrUnavailable))
		require.Equal(t, fetchTimeout, time.Since(start))
		d.keys.set(after(time.Second, serveKeys(t, "", newSigner(t, "k", jose.ES256))))
		time.Sleep(10 * time.Second)
		require.NoError(t, find(t, r, "k"))

		stop := flood(r, randomID, 1_000)
		time.Sleep(time.Minute)
		stop()
		var documents []time.Time
		for i, url := range d.urls {
			if strings.HasSuffix(url, wellKnown) {
				documents = append(documents, d.attempts[i])
			}
		}
		requireBudget(t, documents)
	})
}
