package samlauthtest

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
)

// serveSSO answers an AuthnRequest for the person who signs in.
func (p *Provider) serveSSO(w http.ResponseWriter, r *http.Request) {
	b := p.called(r)
	if b.Down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	req, err := saml.NewIdpAuthnRequest(p.idp(), r)
	if err == nil {
		req.Now = p.now()
		err = req.Validate()
	}
	if err != nil {
		http.Error(w, "samlauthtest: "+err.Error(), http.StatusBadRequest)
		return
	}
	person, ok := p.whoSignsIn()
	if !ok {
		http.Error(w, "samlauthtest: nobody to sign in", http.StatusForbidden)
		return
	}
	response, err := p.respond(req, person, b)
	if err != nil {
		http.Error(w, "samlauthtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	relay := req.RelayState
	if b.Unsolicited {
		relay = ""
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = responsePage.Execute(w, map[string]string{"URL": req.ACSEndpoint.Location, "Response": base64.StdEncoding.EncodeToString(response), "RelayState": relay})
}

var responsePage = template.Must(template.New("").Parse(`<!DOCTYPE html><title>SAML</title>
<form method="post" action="{{.URL}}">
<input type="hidden" name="SAMLResponse" value="{{.Response}}">
<input type="hidden" name="RelayState" value="{{.RelayState}}">
<button type="submit">Continue</button>
</form>
<script>document.forms[0].submit()</script>
`))

func (p *Provider) whoSignsIn() (Person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.people, func(o Person) bool { return o.NameID == p.person })
	if i < 0 {
		return Person{}, false
	}
	return p.people[i], true
}

// respond makes the response: by crewjam/saml as far as it goes, and then as b wants it.
func (p *Provider) respond(req *saml.IdpAuthnRequest, person Person, b Behavior) ([]byte, error) {
	now := p.now().Add(b.ClockAhead).UTC()
	req.Now = now
	session := &saml.Session{
		CreateTime: now.Add(-b.AuthnAge), Index: "session-" + person.NameID, NameID: person.NameID, NameIDFormat: person.NameIDFormat,
		UserName: person.UserName, UserEmail: person.Email, UserCommonName: person.Name, Groups: person.Groups,
	}
	if session.NameIDFormat == "" {
		session.NameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	}
	for name, values := range person.Attributes {
		a := saml.Attribute{Name: name, NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}
		for _, v := range values {
			a.Values = append(a.Values, saml.AttributeValue{Type: "xs:string", Value: v})
		}
		session.CustomAttributes = append(session.CustomAttributes, a)
	}
	if err := (saml.DefaultAssertionMaker{}).MakeAssertion(req, session); err != nil {
		return nil, err
	}
	b.change(req, now)
	return p.build(req, b)
}

// build makes the document: an assertion, signed, perhaps encrypted, in a response, signed.
func (p *Provider) build(req *saml.IdpAuthnRequest, b Behavior) ([]byte, error) {
	if b.ForeignKey {
		req.IDP.Signer, _ = NewKeyPair(p.t, p.now())
	}
	if b.SHA1 {
		req.IDP.SignatureMethod = dsig.RSASHA1SignatureMethod
	}
	assertion, err := edit(req.Assertion.Element(), b.EditAssertion)
	if err == nil && !b.UnsignedAssertion {
		assertion, err = sign(req.IDP, assertion)
	}
	if err == nil && !b.PlainAssertion {
		assertion, err = encrypt(req.SPSSODescriptor, assertion)
	}
	if err != nil {
		return nil, err
	}
	response := saml.Response{
		ID: "_" + rand.Text(), InResponseTo: req.Request.ID, Version: "2.0", IssueInstant: req.Now, Destination: req.ACSEndpoint.Location,
		Issuer: &saml.Issuer{Value: req.Assertion.Issuer.Value}, Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}},
	}
	if b.Destination != "" {
		response.Destination = b.Destination
	}
	if b.Denied {
		response.Status.StatusCode = saml.StatusCode{Value: saml.StatusResponder, StatusCode: &saml.StatusCode{Value: saml.StatusRequestDenied}}
	}
	el := response.Element()
	if !b.Denied {
		el.AddChild(assertion)
	}
	if !b.UnsignedResponse {
		if el, err = sign(req.IDP, el); err != nil {
			return nil, err
		}
	}
	data, err := serialize(el)
	if err == nil && b.Edit != nil {
		data = b.Edit(data)
	}
	return data, err
}

// edit lets a test change an element.
func edit(el *etree.Element, change func([]byte) []byte) (*etree.Element, error) {
	if change == nil {
		return el, nil
	}
	data, err := serialize(el)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(change(data)); err != nil {
		return nil, err
	}
	return doc.Root(), nil
}

// change changes an assertion before it is signed.
func (b Behavior) change(req *saml.IdpAuthnRequest, now time.Time) {
	a := req.Assertion
	a.IssueInstant = now
	data := a.Subject.SubjectConfirmations[0].SubjectConfirmationData
	replace := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	replace(&a.ID, b.AssertionID)
	replace(&a.Issuer.Value, b.Issuer)
	replace(&a.Conditions.AudienceRestrictions[0].Audience.Value, b.Audience)
	replace(&data.Recipient, b.Recipient)
	replace(&req.Request.ID, b.InResponseTo)
	if b.Unsolicited {
		req.Request.ID = ""
	}
	data.InResponseTo = req.Request.ID
	if b.SessionLasts != 0 {
		a.AuthnStatements[0].SessionNotOnOrAfter = new(now.Add(b.SessionLasts))
	}
}

// sign signs an element as crewjam/saml does, and puts the signature after the Issuer, where the schema wants it.
func sign(idp *saml.IdentityProvider, el *etree.Element) (*etree.Element, error) {
	dc, err := dsig.NewSigningContext(idp.Signer, [][]byte{idp.Certificate.Raw})
	if err != nil {
		return nil, err
	}
	dc.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := dc.SetSignatureMethod(idp.SignatureMethod); err != nil {
		return nil, err
	}
	signature, err := dc.ConstructSignature(el.Copy(), true)
	if err != nil {
		return nil, err
	}
	signed := el.Copy()
	at := 0
	if issuer := signed.FindElement("./Issuer"); issuer != nil {
		at = issuer.Index() + 1
	}
	signed.InsertChildAt(at, signature)
	return signed, nil
}

// encrypt encrypts an assertion for a service provider that has a key for it: with AES-128-CBC and RSA-OAEP, as crewjam/saml does.
func encrypt(role *saml.SPSSODescriptor, assertion *etree.Element) (*etree.Element, error) {
	for _, descriptor := range role.KeyDescriptors {
		if descriptor.Use != "encryption" || len(descriptor.KeyInfo.X509Data.X509Certificates) == 0 {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(descriptor.KeyInfo.X509Data.X509Certificates[0].Data)
		if err != nil {
			return nil, err
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		plaintext, err := serialize(assertion)
		if err != nil {
			return nil, err
		}
		method := xmlenc.OAEP()
		method.BlockCipher, method.DigestMethod = xmlenc.AES128CBC, &xmlenc.SHA1
		data, err := method.Encrypt(certificate, plaintext, nil)
		if err != nil {
			return nil, err
		}
		data.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
		encrypted := etree.NewElement("saml:EncryptedAssertion")
		encrypted.AddChild(data)
		return encrypted, nil
	}
	return assertion, nil
}

func serialize(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	return doc.WriteToBytes()
}
