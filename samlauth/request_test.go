package samlauth_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

func inflate(t testing.TB, text string) *etree.Element {
	t.Helper()
	deflated, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	require.NoError(t, err)
	return parse(string(data))
}

// start is the answer to a start, which leads to the identity provider.
func (r *rig) start() *authprovidertest.Hop {
	r.Helper()
	hop := r.browser.Do(authprovidertest.Request{URL: r.app.Provider + "/start?" + url.Values{"origin": {origin}, "env": {r.app.Env}}.Encode(), From: origin})
	return hop
}

func TestRequestByRedirect(t *testing.T) {
	r := newRig(t, func(c *samlauth.Config) {
		withKey(t)(c)
		c.NameIDFormat, c.ForceAuthn, c.AuthnContexts = samlauth.NameIDPersistent, true, []string{"urn:a", "urn:b"}
	})
	hop := r.start()
	require.Equal(t, http.StatusFound, hop.Status)
	u, err := url.Parse(hop.Location)
	require.NoError(t, err)
	names := regexp.MustCompile(`(?:^|&)(\w+)=`).FindAllStringSubmatch(u.RawQuery, -1)
	var order []string
	for _, n := range names {
		order = append(order, n[1])
	}
	require.Equal(t, []string{"SAMLRequest", "RelayState", "SigAlg", "Signature"}, order, "SAML bindings 3.4.4.1")
	require.LessOrEqual(t, len(u.Query().Get("RelayState")), 80)

	signed, _, _ := strings.Cut(u.RawQuery, "&Signature=")
	sum := sha256.Sum256([]byte(signed))
	signature, err := base64.StdEncoding.DecodeString(u.Query().Get("Signature"))
	require.NoError(t, err)
	require.NoError(t, rsa.VerifyPKCS1v15(&keys(t, 1).key.PublicKey, crypto.SHA256, sum[:], signature))
	require.Equal(t, dsig.RSASHA256SignatureMethod, u.Query().Get("SigAlg"))

	request := inflate(t, u.Query().Get("SAMLRequest"))
	require.Equal(t, "AuthnRequest", request.Tag)
	for name, want := range map[string]string{
		"Version": "2.0", "Destination": strings.TrimSuffix(r.idp.EntityID(), "/metadata") + "/sso", "AssertionConsumerServiceURL": r.app.Provider + "/handler/frame",
		"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "ForceAuthn": "true", "IssueInstant": "2026-11-22T09:00:00Z",
	} {
		require.Equal(t, want, request.SelectAttrValue(name, ""), name)
	}
	require.Regexp(t, `^_[0-9a-f]{40}$`, request.SelectAttrValue("ID", ""))
	require.Equal(t, r.app.Provider+"/metadata", find(request, "./Issuer").Text())
	require.Equal(t, samlauth.NameIDPersistent, find(request, "./NameIDPolicy").SelectAttrValue("Format", ""))
	require.Equal(t, "exact", find(request, "./RequestedAuthnContext").SelectAttrValue("Comparison", ""))
	require.Len(t, request.FindElements("./RequestedAuthnContext/AuthnContextClassRef"), 2)
	require.Nil(t, request.FindElement("./Signature"), "the query has it")

	next, err := url.Parse(r.start().Location)
	require.NoError(t, err)
	require.NotEqual(t, request.SelectAttrValue("ID", ""), inflate(t, next.Query().Get("SAMLRequest")).SelectAttrValue("ID", ""))
}

func TestRequestByPost(t *testing.T) {
	r := newRig(t, func(c *samlauth.Config) { withKey(t)(c); c.RequestBinding = samlauth.BindingPost })
	hop := r.start()
	require.Equal(t, http.StatusOK, hop.Status)
	require.Empty(t, hop.Header.Get("Location"))
	require.NotEmpty(t, hop.Header.Values("Set-Cookie"), "the attempt's")
	requireFormPage(t, hop)
	require.Contains(t, string(hop.Body), `action="`+strings.TrimSuffix(r.idp.EntityID(), "/metadata")+`/sso"`)

	data, err := base64.StdEncoding.DecodeString(samlauthtest.Form(hop).Get("SAMLRequest"))
	require.NoError(t, err)
	request := parse(string(data))
	require.Equal(t, "Signature", request.ChildElements()[1].Tag, "after the Issuer, as the schema wants it")
	dc := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{keys(t, 1).certificate}})
	dc.Clock = dsig.NewFakeClockAt(r.clock.Now())
	_, err = dc.Validate(request)
	require.NoError(t, err)
}

// requireFormPage asserts what a page has that sends itself: a policy that runs its own script and no other.
func requireFormPage(t *testing.T, hop *authprovidertest.Hop) {
	t.Helper()
	script := regexp.MustCompile(`(?s)<script>(.*)</script>`).FindSubmatch(hop.Body)
	require.NotNil(t, script)
	sum := sha256.Sum256(script[1])
	require.Equal(t, "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; frame-ancestors 'none'", hop.Header.Get("Content-Security-Policy"))
	require.Equal(t, "no-store", hop.Header.Get("Cache-Control"))
	require.Equal(t, "nosniff", hop.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "unsafe-none", hop.Header.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, "text/html; charset=utf-8", hop.Header.Get("Content-Type"))
	require.Contains(t, string(hop.Body), `<button type="submit">Continue</button>`)
}

// The first POST comes without cookies and is answered with nothing that was believed.
func TestFirstPostIsPostedAgain(t *testing.T) {
	r := newRig(t, nil)
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	form := samlauthtest.Form(hop)
	first := r.browser.Submit(hop, form)
	require.Equal(t, http.StatusOK, first.Status)
	require.Equal(t, "cross-site", first.Sent.Get("Sec-Fetch-Site"))
	require.Empty(t, first.Sent.Get("Cookie"))
	require.Empty(t, first.Header.Values("Set-Cookie"))
	requireFormPage(t, first)
	require.NotContains(t, string(first.Body), "action=", "the page's own address, wherever an ingress has put it")
	again := samlauthtest.Form(first)
	require.Equal(t, form.Get("SAMLResponse"), again.Get("SAMLResponse"))
	require.Equal(t, form.Get("RelayState"), again.Get("RelayState"))
	second := r.browser.Submit(first, again)
	require.Equal(t, "same-origin", second.Sent.Get("Sec-Fetch-Site"))
	require.NotEmpty(t, second.Sent.Get("Cookie"))
	require.NotEmpty(t, second.Header.Values("Set-Cookie"))
}

// Whoever posts the mark at once gets no further: the cookies are not there.
func TestMarkIsNoProof(t *testing.T) {
	r := newRig(t, nil)
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	form := samlauthtest.Form(hop)
	form.Set("again", "1")
	require.Equal(t, "cookie_missing", r.idp.Finish(r.browser, r.browser.Submit(hop, form)).Code())
}

// An answer in the address bar would stay in logs and histories.
func TestResponseInTheQueryIsRefused(t *testing.T) {
	r := newRig(t, nil)
	form := samlauthtest.Form(r.idp.Begin(r.browser, r.app, "popup", ""))
	q := url.Values{"state": {"." + form.Get("RelayState")}, "code": {form.Get("SAMLResponse")}}
	hop := r.browser.Open(origin, r.app.Provider+"/handler/frame?"+q.Encode())
	require.Equal(t, samlauth.CodeFormMalformed, r.idp.Finish(r.browser, hop).Code())
	hop = r.browser.Open(origin, r.app.Provider+"/handler/frame?"+form.Encode())
	require.Equal(t, samlauth.CodeFormMalformed, r.idp.Finish(r.browser, hop).Code())
}

func TestForceAuthnAndAuthnContexts(t *testing.T) {
	const password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	r := newRig(t, func(c *samlauth.Config) { c.ForceAuthn, c.AuthnContexts = true, []string{password} })
	require.Empty(t, r.post(hostile{behavior: samlauthtest.Behavior{AuthnAge: time.Minute}}).Code(), r.log.Text())
	require.True(t, r.browser.Logout(r.app).OK())
	r.refused(hostile{behavior: samlauthtest.Behavior{AuthnAge: time.Hour}, code: samlauth.CodeAuthnTooOld})
	r.refused(hostile{signed: setText(".//AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"), code: samlauth.CodeAuthnContext})
	r.refused(hostile{signed: remove(".//AuthnContext"), code: samlauth.CodeAuthnContext})
}

// The identity provider's portal has a tile for the app. Whosever answer is posted, the browser is signed in as who it is at the identity
// provider, and by a request of ours.
func TestUnsolicitedResponseBeginsASignInOfOurs(t *testing.T) {
	r := newRig(t, func(c *samlauth.Config) { c.UnsolicitedRedirectURL = "https://app.example.com/home?tab=1" })
	r.app.Origin = "https://app.example.com"
	r.idp.SignsIn(samlauthtest.Nina)
	r.idp.Set(func(b *samlauthtest.Behavior) { b.Unsolicited = true })
	tile := r.idp.Begin(r.browser.Other(), r.app, "popup", "")
	require.Empty(t, samlauthtest.Form(tile).Get("RelayState"))
	r.idp.Set(func(b *samlauthtest.Behavior) { b.Unsolicited = false })

	r.idp.SignsIn(samlauthtest.Jane)
	o := r.idp.Finish(r.browser, r.browser.Submit(tile, samlauthtest.Form(tile)))
	require.Equal(t, "https://app.example.com/home?tab=1", o.URL, r.log.Text())
	require.Equal(t, "user:default/jane", r.browser.Refresh(r.app).Session.UserRef())
}
