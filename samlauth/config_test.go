package samlauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

// build makes the provider alone.
func build(c samlauth.Config) error {
	pc, err := authprovider.NewProviderContext(authprovider.Config{
		BaseURL: origin + "/api/auth", Secrets: [][]byte{[]byte("a secret of at least 32 bytes, for tests")}, Issuer: &authprovidertest.Issuer{},
	}, "sso")
	if err != nil {
		return err
	}
	_, err = samlauth.Provider(c)(pc)
	return err
}

func TestConfigErrors(t *testing.T) {
	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{Key: keys(t, 0).key, Certificate: keys(t, 0).certificate})
	metadata := string(idp.Metadata())
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	url := "https://idp.example.com/metadata"
	for want, c := range map[string]samlauth.Config{
		"samlauth: Config.IDPMetadataURL or Config.IDPMetadata is required":              {},
		"samlauth: Config.IDPMetadataURL and Config.IDPMetadata exclude each other":      {IDPMetadataURL: url, IDPMetadata: []byte(metadata)},
		"must be https, or http on loopback":                                             {IDPMetadataURL: "http://idp.example.com/metadata"},
		"samlauth: Config.IDPMetadataURL: the address is not a URL without user":         {IDPMetadataURL: "https://a:b@idp.example.com/"},
		"samlauth: Config.Certificate is required with Config.Key":                       {IDPMetadataURL: url, Key: keys(t, 0).key},
		"samlauth: Config.Key is required with Config.Certificate":                       {IDPMetadataURL: url, Certificate: keys(t, 0).certificate},
		"samlauth: Config.Certificate is not that of Config.Key":                         {IDPMetadataURL: url, Key: keys(t, 0).key, Certificate: keys(t, 1).certificate},
		"samlauth: Config.Key must be an RSA key of at least 2048 bits":                  {IDPMetadataURL: url, Key: small, Certificate: keys(t, 1).certificate},
		"samlauth: Config.Key must be an RSA key of at least 2048":                       {IDPMetadataURL: url, Key: elliptical, Certificate: keys(t, 1).certificate},
		`samlauth: Config.RequestBinding "soap"`:                                         {IDPMetadataURL: url, RequestBinding: "soap"},
		"samlauth: Config.ClockSkew must be between zero and 5m0s":                       {IDPMetadataURL: url, ClockSkew: time.Hour},
		"samlauth: Config.EntityID":                                                      {IDPMetadataURL: url, EntityID: " x"},
		"samlauth: Config.IDPMetadata: metadata: samlauth: the document is malformed":    {IDPMetadata: []byte("hello")},
		"samlauth: the document has a document type declaration":                         {IDPMetadata: []byte("<!DOCTYPE x>" + metadata)},
		"not one entity \"https://other.example.com\"":                                   {IDPMetadata: []byte(metadata), IDPEntityID: "https://other.example.com"},
		"0 signing certificates":                                                         {IDPMetadata: []byte(strings.ReplaceAll(metadata, `use="signing"`, `use="encryption"`))},
		"no SingleSignOnService by redirect or POST":                                     {IDPMetadata: []byte(strings.ReplaceAll(metadata, `SingleSignOnService`, `Other`))},
		"metadata: no entityID":                                                          {IDPMetadata: []byte(regexp.MustCompile(`entityID="[^"]*"`).ReplaceAllString(metadata, `entityID=""`))},
		"an RSA key of 1024 bits, and 2048 are required":                                 {IDPMetadata: []byte(strings.ReplaceAll(metadata, certificateText(keys(t, 0)), certificateText(keyPair{certificate: weak(t, small)})))},
		"metadata: validUntil: \"tomorrow\" is not a time":                               {IDPMetadata: []byte(regexp.MustCompile(`validUntil="[^"]*"`).ReplaceAllString(metadata, `validUntil="tomorrow"`))},
		"metadata: cacheDuration \"often\"":                                              {IDPMetadata: []byte(regexp.MustCompile(`cacheDuration="[^"]*"`).ReplaceAllString(metadata, `cacheDuration="often"`))},
		"0 roles of a SAML 2.0 identity provider":                                        {IDPMetadata: []byte(strings.ReplaceAll(metadata, "SAML:2.0:protocol", "SAML:1.1:protocol"))},
		"metadata: SingleSignOnService: the address \"http://idp.example.com/sso\" must": {IDPMetadata: []byte(strings.ReplaceAll(metadata, idp.EntityID()[:len(idp.EntityID())-len("/metadata")]+"/sso", "http://idp.example.com/sso"))},
		"samlauth: Config.UnsolicitedRedirectURL":                                        {IDPMetadataURL: url, UnsolicitedRedirectURL: "https://evil.example/"},
		"oauthadapter: a sign-in resolver is nil":                                        {},
	} {
		t.Run(want, func(t *testing.T) {
			if strings.HasPrefix(want, "oauthadapter") {
				pc, err := authprovider.NewProviderContext(authprovider.Config{BaseURL: origin, Secrets: [][]byte{make([]byte, 32)}}, "sso")
				require.NoError(t, err)
				_, err = samlauth.Provider(samlauth.Config{IDPMetadataURL: url}, nil)(pc)
				require.ErrorContains(t, err, want)
				return
			}
			require.ErrorContains(t, build(c), want)
		})
	}
	require.NoError(t, build(samlauth.Config{IDPMetadataURL: url}), "construction needs no network")
	require.NoError(t, build(samlauth.Config{IDPMetadata: []byte(metadata), IDPEntityID: idp.EntityID()}))
	require.NoError(t, build(samlauth.Config{IDPMetadata: []byte("\xef\xbb\xbf" + `<?xml version="1.0"?><!-- from a file -->` + metadata)}))
}

// A federation publishes many in one document.
func TestMetadataOfSeveral(t *testing.T) {
	one := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{Key: keys(t, 0).key, Certificate: keys(t, 0).certificate})
	two := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{Key: keys(t, 2).key, Certificate: keys(t, 2).certificate})
	all := []byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + string(one.Metadata()) + string(two.Metadata()) + `</EntitiesDescriptor>`)
	require.ErrorContains(t, build(samlauth.Config{IDPMetadata: all}), "2 identity providers: Config.IDPEntityID says which")
	require.NoError(t, build(samlauth.Config{IDPMetadata: all, IDPEntityID: two.EntityID()}))
}

func TestConfigDoesNotShowItsKey(t *testing.T) {
	c := samlauth.Config{IDPMetadataURL: "https://idp.example.com/metadata", Key: keys(t, 0).key, Certificate: keys(t, 0).certificate}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%d", c), log.String()} {
		require.Contains(t, text, "idp.example.com")
		require.NotContains(t, text, keys(t, 0).key.D.String()[:20])
		require.NotContains(t, text, keys(t, 0).key.Primes[0].String()[:20])
	}
}

func TestOwnMetadata(t *testing.T) {
	r := newRig(t, nil)
	hop := r.browser.Do(authprovidertest.Request{URL: r.app.Provider + "/metadata"})
	require.Equal(t, http.StatusOK, hop.Status)
	require.Equal(t, "application/samlmetadata+xml", hop.Header.Get("Content-Type"))
	el := parse(string(hop.Body))
	require.Equal(t, r.app.Provider+"/metadata", el.SelectAttrValue("entityID", ""))
	role := find(el, "./SPSSODescriptor")
	require.Equal(t, "true", role.SelectAttrValue("WantAssertionsSigned", ""))
	require.Equal(t, "false", role.SelectAttrValue("AuthnRequestsSigned", ""))
	require.Nil(t, role.FindElement("./KeyDescriptor"))
	require.Nil(t, role.FindElement("./SingleLogoutService"))
	acs := find(role, "./AssertionConsumerService")
	require.Equal(t, r.app.Provider+"/handler/frame", acs.SelectAttrValue("Location", ""))
	require.Equal(t, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", acs.SelectAttrValue("Binding", ""))
	require.Equal(t, http.StatusNotFound, r.browser.Do(authprovidertest.Request{URL: r.app.Provider + "/slo"}).Status)

	r = newRig(t, func(c *samlauth.Config) {
		withKey(t)(c)
		c.EntityID, c.NameIDFormat = "urn:example:portal", samlauth.NameIDPersistent
	})
	el = parse(string(r.browser.Do(authprovidertest.Request{URL: r.app.Provider + "/metadata"}).Body))
	require.Equal(t, "urn:example:portal", el.SelectAttrValue("entityID", ""))
	role = find(el, "./SPSSODescriptor")
	require.Equal(t, "true", role.SelectAttrValue("AuthnRequestsSigned", ""))
	require.Equal(t, samlauth.NameIDPersistent, find(role, "./NameIDFormat").Text())
	require.Equal(t, r.app.Provider+"/slo", find(role, "./SingleLogoutService").SelectAttrValue("Location", ""))
	require.Len(t, role.FindElements("./KeyDescriptor"), 2)
	var tags []string
	for _, c := range role.ChildElements() {
		tags = append(tags, c.Tag)
	}
	require.Equal(t, []string{"KeyDescriptor", "KeyDescriptor", "SingleLogoutService", "SingleLogoutService", "NameIDFormat", "AssertionConsumerService"}, tags, "the schema's order")
	require.Empty(t, r.idp.SignInPopup(r.browser, r.app).Code(), r.log.Text())
}

// weak is a certificate of a key that is too short.
func weak(t testing.TB, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate
}
