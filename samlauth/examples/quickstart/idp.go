package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"html/template"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// demoProvider is the identity provider to sign in with: crewjam/saml's, with a page to choose a person instead of a password. It stands for the
// one that a company has, and knows a person more than the catalog does.
type demoProvider struct {
	http.Handler
	idp     *saml.IdentityProvider
	service *saml.EntityDescriptor // the portal
}

var people = []saml.Session{
	{NameID: "1001", UserCommonName: "Nora Lind", UserName: "nora", UserEmail: "nora@example.com", Groups: []string{"stage-managers"}},
	{NameID: "1002", UserCommonName: "Sam Okafor", UserName: "sam", UserEmail: "sam@example.com", Groups: []string{"lighting"}},
	{NameID: "1003", UserCommonName: "Max Stranger", UserName: "max", UserEmail: "max@elsewhere.example"},
}

func newDemoProvider(base string) (*demoProvider, error) {
	key, certificate, err := newKeyPair("demo identity provider")
	if err != nil {
		return nil, err
	}
	metadataURL, err := url.Parse(base + "/metadata")
	if err != nil {
		return nil, err
	}
	sso := *metadataURL
	sso.Path = "/idp/sso"
	p := &demoProvider{}
	p.idp = &saml.IdentityProvider{
		Key: key, Signer: key, Certificate: certificate, Logger: log.New(io.Discard, "", 0), MetadataURL: *metadataURL, SSOURL: sso,
		ServiceProviderProvider: p, SessionProvider: p,
		SignatureMethod: dsig.RSASHA256SignatureMethod, // it is SHA-1 otherwise
		ValidDuration:   new(365 * 24 * time.Hour),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /idp/metadata", p.idp.ServeMetadata)
	mux.HandleFunc("/idp/sso", p.idp.ServeSSO)
	p.Handler = mux
	return p, nil
}

func (p *demoProvider) metadata() ([]byte, error) { return xml.Marshal(p.idp.Metadata()) }

// trust registers the portal by the metadata that it publishes.
func (p *demoProvider) trust(portal http.Handler) error {
	r, err := http.NewRequest(http.MethodGet, "/api/auth/sso/metadata", nil)
	if err != nil {
		return err
	}
	document := &response{header: make(http.Header)}
	portal.ServeHTTP(document, r)
	var service saml.EntityDescriptor
	if err := xml.Unmarshal(document.Bytes(), &service); err != nil {
		return err
	}
	p.service = &service
	return nil
}

// response keeps what a handler writes.
type response struct {
	bytes.Buffer
	header http.Header
}

func (w *response) Header() http.Header { return w.header }
func (w *response) WriteHeader(int)     {}

// GetServiceProvider implements [saml.ServiceProviderProvider].
func (p *demoProvider) GetServiceProvider(_ *http.Request, entityID string) (*saml.EntityDescriptor, error) {
	if p.service == nil || p.service.EntityID != entityID {
		return nil, os.ErrNotExist
	}
	return p.service, nil
}

// GetSession implements [saml.SessionProvider]: the person is whoever was chosen. The page comes back with the same request.
func (p *demoProvider) GetSession(w http.ResponseWriter, r *http.Request, req *saml.IdpAuthnRequest) *saml.Session {
	for _, person := range people {
		if r.Method == http.MethodPost && r.PostForm.Get("person") == person.NameID {
			session := person
			session.NameIDFormat, session.CreateTime, session.Index = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", time.Now(), rand.Text()
			return &session
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_ = chooser.Execute(w, map[string]any{"People": people, "Request": base64.StdEncoding.EncodeToString(req.RequestBuffer), "RelayState": req.RelayState})
	return nil
}

var chooser = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo identity provider</title><link rel="icon" href="data:,">
<h1>Who are you?</h1>
<form method="post" action="/idp/sso">
<input type="hidden" name="SAMLRequest" value="{{.Request}}">
<input type="hidden" name="RelayState" value="{{.RelayState}}">
{{range .People}}<p><button name="person" value="{{.NameID}}">{{.UserCommonName}} ({{.UserEmail}})</button></p>
{{end}}</form>
</html>
`))

// newKeyPair makes a key and a self-signed certificate for it.
func newKeyPair(name string) (*rsa.PrivateKey, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return key, certificate, err
}
