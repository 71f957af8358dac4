package samlauth_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

// source serves metadata as a test wants it, within a bubble of virtual time.
type source struct {
	mu    sync.Mutex
	serve func(r *http.Request) *http.Response
	calls int
}

func (s *source) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.serve(r), nil
}

func (s *source) set(serve func(*http.Request) *http.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve = serve
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func answer(status int, body string, header ...string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		w := httptest.NewRecorder()
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.WriteString(body)
		response := w.Result()
		response.Request = r
		return response
	}
}

func document(t testing.TB, entityID, extra string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `" ` + extra + `>` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="` + nsDS + `"><ds:X509Data><ds:X509Certificate>` +
		certificateText(keys(t, 0)) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso?tenant=1"/>` +
		`</md:IDPSSODescriptor></md:EntityDescriptor>`
}

// starts returns what a start is answered with.
func starts(t testing.TB, s *source, metadataURL string) func() (status int, code, location string) {
	pc, err := authprovider.NewProviderContext(authprovider.Config{
		BaseURL: origin + "/api/auth", Secrets: [][]byte{make([]byte, 32)}, HTTPClient: &http.Client{Transport: s},
	}, "sso")
	require.NoError(t, err)
	routes, err := samlauth.Provider(samlauth.Config{IDPMetadataURL: metadataURL})(pc)
	require.NoError(t, err)
	b := authprovidertest.NewBrowser(t)
	b.Host(origin, pc.Handler(routes))
	return func() (int, string, string) {
		hop := b.Do(authprovidertest.Request{URL: origin + "/api/auth/sso/start", From: origin})
		for _, code := range []string{samlauth.CodeMetadata} {
			if strings.Contains(string(hop.Body), code) {
				return hop.Status, code, hop.Location
			}
		}
		return hop.Status, "", hop.Location
	}
}

const metadataURL = "https://idp.example.com/metadata"

func TestMetadataIsKept(t *testing.T) {
	keys(t, 0)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		start := starts(t, s, metadataURL)
		require.Zero(t, s.count(), "construction needs no network")
		requireStarts := func(reads int) {
			t.Helper()
			_, code, location := start()
			require.Empty(t, code)
			require.Contains(t, location, "https://idp.example.com/sso?tenant=1&SAMLRequest=")
			synctest.Wait()
			require.Equal(t, reads, s.count())
		}
		s.set(answer(http.StatusServiceUnavailable, ""))
		_, code, _ := start()
		require.Equal(t, samlauth.CodeMetadata, code)
		_, code, _ = start()
		require.Equal(t, samlauth.CodeMetadata, code)
		require.Equal(t, 1, s.count(), "not asked again at once")

		time.Sleep(11 * time.Second)
		s.set(answer(http.StatusOK, document(t, "https://idp.example.com", `cacheDuration="PT1H"`)))
		requireStarts(2)
		time.Sleep(59 * time.Minute)
		requireStarts(2)
		time.Sleep(2 * time.Minute)
		requireStarts(3) // answered from memory, and read again behind it
		requireStarts(3)

		for _, broken := range []func(*http.Request) *http.Response{
			answer(http.StatusInternalServerError, ""),
			answer(http.StatusOK, "<html>maintenance</html>"),
			answer(http.StatusOK, document(t, "https://idp.example.com", "")+strings.Repeat(" ", 1<<20)),
			answer(http.StatusOK, "<!DOCTYPE x>"+document(t, "https://idp.example.com", "")),
			answer(http.StatusOK, document(t, "https://other.example.com", "")),
			answer(http.StatusOK, document(t, "https://idp.example.com", `validUntil="1999-12-31T00:00:00Z"`)),
			answer(http.StatusFound, "", "Location", "https://evil.example/metadata"),
			func(*http.Request) *http.Response { panic("transport") },
		} {
			s.set(broken)
			time.Sleep(2 * time.Hour)
			before := s.count()
			requireStarts(before + 1) // the last good one stays
		}
		time.Sleep(7 * 24 * time.Hour)
		_, code, _ = start()
		require.Equal(t, samlauth.CodeMetadata, code, "but not for ever")
		time.Sleep(time.Minute)
		s.set(answer(http.StatusOK, document(t, "https://idp.example.com", "")))
		requireStarts(s.count() + 1)
	})
}

func TestMetadataEndsWhenItSays(t *testing.T) {
	keys(t, 0)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		until := time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)
		s.set(answer(http.StatusOK, document(t, "https://idp.example.com", `validUntil="`+until+`"`)))
		start := starts(t, s, metadataURL)
		_, code, _ := start()
		require.Empty(t, code)
		time.Sleep(2 * time.Hour)
		s.set(answer(http.StatusInternalServerError, ""))
		_, code, _ = start()
		require.Equal(t, samlauth.CodeMetadata, code)
	})
}

func TestMetadataRedirectsStayOnTheHost(t *testing.T) {
	keys(t, 0)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		start := starts(t, s, metadataURL)
		s.set(func(r *http.Request) *http.Response {
			if r.URL.Path == "/metadata" {
				return answer(http.StatusFound, "", "Location", "/new")(r)
			}
			return answer(http.StatusOK, document(t, "https://idp.example.com", ""))(r)
		})
		_, code, _ := start()
		require.Empty(t, code)

		for _, location := range []string{"https://evil.example/new", "http://idp.example.com/new", "https://idp.example.com:444/new", "/metadata"} {
			start = starts(t, s, metadataURL)
			s.set(func(r *http.Request) *http.Response {
				if r.URL.String() == metadataURL {
					return answer(http.StatusFound, "", "Location", location)(r)
				}
				return answer(http.StatusOK, document(t, "https://idp.example.com", ""))(r)
			})
			_, code, _ = start()
			require.Equal(t, samlauth.CodeMetadata, code, location)
		}
	})
}

// Many who come at once share one request.
func TestMetadataIsReadOnce(t *testing.T) {
	keys(t, 0)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		s.set(func(r *http.Request) *http.Response {
			time.Sleep(time.Second)
			return answer(http.StatusOK, document(t, "https://idp.example.com", ""))(r)
		})
		pc, err := authprovider.NewProviderContext(authprovider.Config{BaseURL: origin, Secrets: [][]byte{make([]byte, 32)}, HTTPClient: &http.Client{Transport: s}}, "sso")
		require.NoError(t, err)
		routes, err := samlauth.Provider(samlauth.Config{IDPMetadataURL: metadataURL})(pc)
		require.NoError(t, err)
		var wg sync.WaitGroup
		var good atomic.Int32
		for range 20 {
			wg.Go(func() {
				w := httptest.NewRecorder()
				if routes.Start(w, httptest.NewRequest(http.MethodGet, origin+"/sso/start", nil)) == nil && w.Code == http.StatusFound {
					good.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 20, good.Load())
		require.Equal(t, 1, s.count())
	})
}

// A new key of the identity provider is found when it signs, and bad signatures do not make us ask for one again and again.
func TestKeyRollover(t *testing.T) {
	r := newRig(t, nil)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	require.Equal(t, 1, r.idp.Calls("/metadata"))
	r.idp.RotateKey()
	require.Equal(t, samlauth.CodeSignatureInvalid, r.idp.SignInPopup(r.browser, r.app).Code(), "read less than a minute ago")
	r.clock.Advance(2 * time.Minute)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
	require.Equal(t, 2, r.idp.Calls("/metadata"))
	for range 5 {
		require.Equal(t, samlauth.CodeSignatureInvalid, r.post(hostile{behavior: samlauthtest.Behavior{ForeignKey: true}}).Code())
	}
	require.Equal(t, 2, r.idp.Calls("/metadata"))
}

// Of an encrypted assertion nobody is told which step failed; the key is looked for all the same.
func TestKeyRolloverWithEncryption(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
	r.idp.Set(func(b *samlauthtest.Behavior) { b.UnsignedResponse = true })
	r.idp.RotateKey()
	r.clock.Advance(2 * time.Minute)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
}

// Keycloak says so of itself in any case.
func TestIdentityProviderThatWantsSignedRequests(t *testing.T) {
	keys(t, 0)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		s.set(answer(http.StatusOK, strings.Replace(document(t, "https://idp.example.com", ""), "<md:IDPSSODescriptor ", `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" `, 1)))
		status, _, location := starts(t, s, metadataURL)()
		require.Equal(t, http.StatusOK, status, "a page that says that something failed")
		require.Empty(t, location)
	})
}

func TestExpiredCertificate(t *testing.T) {
	r := newRig(t, nil)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	r.browser.ClearCookies()
	r.clock.Advance(366 * 24 * time.Hour)
	require.Equal(t, samlauth.CodeSignatureInvalid, r.idp.SignInPopup(r.browser, r.app).Code())
	require.Contains(t, r.log.Text(), "no certificate that is valid now")
}

func certificateText(k keyPair) string { return base64.StdEncoding.EncodeToString(k.certificate.Raw) }
