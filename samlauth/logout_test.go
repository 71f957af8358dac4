package samlauth_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
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

func TestLogoutRequest(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	answer := r.browser.Logout(r.app)
	u, err := url.Parse(answer.LogoutURL)
	require.NoError(t, err)
	signed, _, _ := strings.Cut(u.RawQuery, "&Signature=")
	signature, err := base64.StdEncoding.DecodeString(u.Query().Get("Signature"))
	require.NoError(t, err)
	require.NoError(t, keys(t, 1).certificate.CheckSignature(x509.SHA256WithRSA, []byte(signed), signature))
	request := inflate(t, u.Query().Get("SAMLRequest"))
	require.Equal(t, "LogoutRequest", request.Tag)
	require.Equal(t, samlauthtest.Jane, find(request, "./NameID").Text())
	require.Equal(t, samlauth.NameIDPersistent, find(request, "./NameID").SelectAttrValue("Format", ""))
	require.Equal(t, "session-jane-1", find(request, "./SessionIndex").Text())
	require.Equal(t, origin, u.Query().Get("RelayState"))
}

func TestLogoutWithoutKeyIsOurs(t *testing.T) {
	r := newRig(t, nil)
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	answer := r.browser.Logout(r.app)
	require.True(t, answer.OK())
	require.Empty(t, answer.LogoutURL)
}

// An identity provider that is down keeps nobody signed in here.
func TestLogoutWhileTheIdentityProviderIsDown(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	r.idp.Set(func(b *samlauthtest.Behavior) { b.Down = true })
	require.True(t, r.browser.Logout(r.app).OK())
	require.Equal(t, "session_missing", r.browser.Refresh(r.app).Code())
}

// logoutResponse is an answer to a sign-out, before it is signed.
type logoutResponse struct {
	tag, id, issuer, destination, issued, status string
	relay, algorithm                             string
	key                                          keyPair
	raw                                          func(query string) string // changes the query after it was signed
	xml                                          func(string) string
}

func (l logoutResponse) query(t testing.TB) string {
	text := `<samlp:` + l.tag + ` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"` + saml2 + ` ID="_x" Version="2.0" InResponseTo="` + l.id +
		`" Destination="` + l.destination + `" IssueInstant="` + l.issued + `"><saml:Issuer>` + l.issuer + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + l.status + `"/></samlp:Status></samlp:` + l.tag + `>`
	if l.xml != nil {
		text = l.xml(text)
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	q := "SAMLResponse=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if l.relay != "" {
		q += "&RelayState=" + url.QueryEscape(l.relay)
	}
	q += "&SigAlg=" + url.QueryEscape(l.algorithm)
	sum := sha256.Sum256([]byte(q))
	signature, err := l.key.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	require.NoError(t, err)
	q += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	if l.raw != nil {
		q = l.raw(q)
	}
	return q
}

func TestHostileLogoutResponses(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	u, err := url.Parse(r.browser.Logout(r.app).LogoutURL)
	require.NoError(t, err)
	id := inflate(t, u.Query().Get("SAMLRequest")).SelectAttrValue("ID", "")
	for _, c := range []struct {
		name   string
		change func(*logoutResponse)
		code   string // "" for an answer that is taken
		target string
	}{
		{name: "good", target: origin + "/"},
		{name: "good, to another app", change: func(l *logoutResponse) { l.relay = "https://app.example.com" }, target: "https://app.example.com/"},
		{name: "good, to a foreign page", change: func(l *logoutResponse) { l.relay = "https://evil.example" }, target: origin + "/"},
		{name: "not everywhere signed out", change: func(l *logoutResponse) { l.status = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout" }, target: origin + "/"},
		{name: "state twice", change: func(l *logoutResponse) {
			l.relay = "https://app.example.com"
			l.raw = func(q string) string { return q + "&RelayState=https%3A%2F%2Fevil.example" }
		}, code: samlauth.CodeLogoutResponse},
		{name: "unsigned, as Entra sends it", change: func(l *logoutResponse) {
			l.raw = func(q string) string { q, _, _ = strings.Cut(q, "&SigAlg"); return q }
		}, target: origin + "/"},
		{name: "without signature, but with an algorithm", change: func(l *logoutResponse) {
			l.raw = func(q string) string { q, _, _ = strings.Cut(q, "&Signature"); return q }
		}, code: samlauth.CodeSignatureInvalid},
		{name: "without algorithm, but with a signature", change: func(l *logoutResponse) { l.algorithm = "" }, code: samlauth.CodeAlgorithm},
		{name: "another key", change: func(l *logoutResponse) { l.key = keys(t, 2) }, code: samlauth.CodeSignatureInvalid},
		{name: "state changed", change: func(l *logoutResponse) {
			l.relay = "https://app.example.com"
			l.raw = replace("app.example.com", "evil.example.com")
		}, code: samlauth.CodeSignatureInvalid},
		{name: "state added", change: func(l *logoutResponse) { l.raw = func(q string) string { return q + "&RelayState=x" } }, code: samlauth.CodeSignatureInvalid},
		{name: "parameter twice", change: func(l *logoutResponse) { l.raw = func(q string) string { return q + "&SAMLResponse=x" } }, code: samlauth.CodeLogoutResponse},
		{name: "SHA-1", change: func(l *logoutResponse) { l.algorithm = dsig.RSASHA1SignatureMethod }, code: samlauth.CodeSHA1},
		{name: "HMAC", change: func(l *logoutResponse) { l.algorithm = nsDS + "hmac-sha1" }, code: samlauth.CodeAlgorithm},
		{name: "another message", change: func(l *logoutResponse) { l.tag = "Response" }, code: samlauth.CodeLogoutResponse},
		{name: "no XML", change: func(l *logoutResponse) { l.xml = func(string) string { return "hello" } }, code: samlauth.CodeResponseMalformed},
		{name: "document type", change: func(l *logoutResponse) { l.xml = func(s string) string { return "<!DOCTYPE x>" + s } }, code: samlauth.CodeDoctype},
		{name: "bomb", change: func(l *logoutResponse) { l.xml = func(s string) string { return s + strings.Repeat(" ", 1<<20) } }, code: samlauth.CodeResponseTooLarge},
		{name: "answer to no request of ours", change: func(l *logoutResponse) { l.id = "_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }, code: samlauth.CodeInResponseTo},
		{name: "answer to nothing", change: func(l *logoutResponse) { l.id = "" }, code: samlauth.CodeInResponseTo},
		{name: "wrong issuer", change: func(l *logoutResponse) { l.issuer = "https://other.example.com" }, code: samlauth.CodeIssuer},
		{name: "wrong destination", change: func(l *logoutResponse) { l.destination = "https://other.example.com" }, code: samlauth.CodeDestination},
		{name: "old", change: func(l *logoutResponse) { l.issued = "2026-11-22T08:48:00Z" }, code: samlauth.CodeExpired},
		{name: "a request of the identity provider's", change: func(l *logoutResponse) {
			l.raw = func(q string) string { return strings.Replace(q, "SAMLResponse", "SAMLRequest", 1) }
		}, code: samlauth.CodeLogoutRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := logoutResponse{
				tag: "LogoutResponse", id: id, issuer: r.idp.EntityID(), destination: r.app.Provider + "/slo", issued: r.clock.Now().Format(time.RFC3339),
				status: "urn:oasis:names:tc:SAML:2.0:status:Success", algorithm: dsig.RSASHA256SignatureMethod, key: keys(t, 0),
			}
			if c.change != nil {
				c.change(&l)
			}
			hop := r.browser.Do(authprovidertest.Request{URL: r.app.Provider + "/slo?" + l.query(t), From: "https://idp.example.com"})
			if c.code == "" {
				require.Equal(t, http.StatusSeeOther, hop.Status, "%s", hop.Body)
				require.Equal(t, c.target, hop.Location)
				return
			}
			require.Empty(t, hop.Location)
			require.GreaterOrEqual(t, hop.Status, 400)
			require.Contains(t, string(hop.Body), `"`+c.code+`"`)
		})
	}
}

// Okta answers a sign-out with a POST.
func TestLogoutResponseByPost(t *testing.T) {
	r := newRig(t, withKey(t))
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code())
	u, err := url.Parse(r.browser.Logout(r.app).LogoutURL)
	require.NoError(t, err)
	id := inflate(t, u.Query().Get("SAMLRequest")).SelectAttrValue("ID", "")
	document := func(issuer string) *etree.Element {
		return parse(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"` + saml2 + ` ID="_x" Version="2.0" InResponseTo="` + id +
			`" Destination="` + r.app.Provider + `/slo" IssueInstant="` + r.clock.Now().Format(time.RFC3339) + `"><saml:Issuer>` + issuer + `</saml:Issuer>` +
			`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>`)
	}
	post := func(document, relay string) *authprovidertest.Hop {
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(document))}, "RelayState": {relay}}
		return r.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: r.app.Provider + "/slo", From: "https://idp.example.com", Body: form.Encode()})
	}
	good := xml(resign(t, document(r.idp.EntityID()), keys(t, 0), nil))
	require.Equal(t, "https://app.example.com/", post(good, "https://app.example.com").Location)
	require.Equal(t, origin+"/", post(good, "https://evil.example").Location)
	for code, document := range map[string]string{
		samlauth.CodeSignatureInvalid: xml(resign(t, document(r.idp.EntityID()), keys(t, 2), nil)),
		samlauth.CodeIssuer:           xml(resign(t, document("https://other.example.com"), keys(t, 0), nil)),
		samlauth.CodeComment:          good + "<!-- x -->",
	} {
		hop := post(document, "")
		require.Empty(t, hop.Location, code)
		require.Contains(t, string(hop.Body), `"`+code+`"`)
	}
	require.Contains(t, string(r.browser.Do(authprovidertest.Request{Method: http.MethodPost, URL: r.app.Provider + "/slo", Body: "SAMLRequest=x"}).Body), samlauth.CodeLogoutRequest)
}
