package samlauthtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
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
	if b.ForeignKey {
		req.IDP.Signer, _ = NewKeyPair(p.t, p.now())
	}
	if b.SHA1 {
		req.IDP.SignatureMethod = dsig.RSASHA1SignatureMethod
	}
	if b.PlainAssertion {
		role := *req.SPSSODescriptor
		role.KeyDescriptors = nil
		req.SPSSODescriptor = &role
	}
	if err := req.MakeResponse(); err != nil {
		return nil, err
	}
	if err := b.finish(req); err != nil {
		return nil, err
	}
	return b.write(req.ResponseEl)
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

// finish changes a response after crewjam/saml has signed it, and signs it again if it has to.
func (b Behavior) finish(req *saml.IdpAuthnRequest) error {
	el := req.ResponseEl
	resign := b.Destination != "" || b.UnsignedAssertion || b.Denied
	if b.Destination != "" {
		el.CreateAttr("Destination", b.Destination)
	}
	if b.Unsolicited {
		el.RemoveAttr("InResponseTo")
		resign = true
	}
	if b.Denied {
		el.FindElement("./Status/StatusCode").CreateAttr("Value", saml.StatusResponder)
		el.FindElement("./Status/StatusCode").AddChild((&saml.StatusCode{Value: saml.StatusRequestDenied}).Element())
		el.RemoveChild(req.AssertionEl)
	}
	if b.UnsignedAssertion {
		if signature := el.FindElement("./Assertion/Signature"); signature != nil {
			signature.Parent().RemoveChild(signature)
		}
	}
	if !resign && !b.UnsignedResponse {
		return nil
	}
	if signature := el.FindElement("./Signature"); signature != nil {
		el.RemoveChild(signature)
	}
	if b.UnsignedResponse {
		return nil
	}
	signed, err := sign(req.IDP, el)
	if err != nil {
		return err
	}
	req.ResponseEl = signed
	return nil
}

// sign signs an element as crewjam/saml does.
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
	signed.AddChild(signature)
	return signed, nil
}

func (b Behavior) write(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el)
	var out bytes.Buffer
	if _, err := doc.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write the response: %w", err)
	}
	if b.Edit != nil {
		return b.Edit(out.Bytes()), nil
	}
	return out.Bytes(), nil
}
