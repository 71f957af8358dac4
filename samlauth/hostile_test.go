package samlauth_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

// hostile is one answer that must be refused. Each is the answer to a genuine request, posted by the browser that asked.
type hostile struct {
	name string
	// Of these, each that is set changes the answer of a provider that does nothing wrong.
	behavior samlauthtest.Behavior                       // what the provider does
	signed   func(assertion *etree.Element)              // what it signs
	sent     func(t testing.TB, response *etree.Element) // what somebody does to the document afterwards
	text     func(document string) string                // the same, to its text
	form     func(form url.Values)                       // and to the form
	code     string
}

const nsDS = "http://www.w3.org/2000/09/xmldsig#"

func find(el *etree.Element, path string) *etree.Element {
	found := el.FindElement(path)
	if found == nil {
		panic("no " + path)
	}
	return found
}

func xml(el *etree.Element) string {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	text, err := doc.WriteToString()
	if err != nil {
		panic(err)
	}
	return text
}

func parse(text string) *etree.Element {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		panic(err)
	}
	return doc.Root()
}

// evil is an assertion like another, about somebody else.
func evil(original *etree.Element) *etree.Element {
	e := original.Copy()
	e.CreateAttr("ID", "_evil")
	find(e, "./Subject/NameID").SetText("admin")
	return e
}

func without(el *etree.Element, path string) *etree.Element {
	if found := el.FindElement(path); found != nil {
		found.Parent().RemoveChild(found)
	}
	return el
}

// resign signs an element with one of the keys, after change has had its way with the signature.
func resign(t testing.TB, el *etree.Element, k keyPair, change func(signature *etree.Element)) *etree.Element {
	el = without(el.Copy(), "./Signature")
	dc, err := dsig.NewSigningContext(k.key, [][]byte{k.certificate.Raw})
	require.NoError(t, err)
	dc.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	require.NoError(t, dc.SetSignatureMethod(dsig.RSASHA256SignatureMethod))
	signature, err := dc.ConstructSignature(el.Copy(), true)
	require.NoError(t, err)
	if change != nil {
		change(signature)
		info := find(signature, "./SignedInfo").Copy()
		info.CreateAttr("xmlns:ds", nsDS)
		canonical, err := dc.Canonicalizer.Canonicalize(info)
		require.NoError(t, err)
		value, err := dc.SignString(string(canonical))
		require.NoError(t, err)
		if v := signature.FindElement("./SignatureValue"); v != nil {
			v.SetText(base64.StdEncoding.EncodeToString(value))
		}
	}
	el.InsertChildAt(find(el, "./Issuer").Index()+1, signature)
	return el
}

// resigned replaces the assertion by one whose signature the identity provider made in an odd way.
func resigned(change func(signature *etree.Element)) func(testing.TB, *etree.Element) {
	return func(t testing.TB, response *etree.Element) {
		assertion := find(response, "./Assertion")
		odd := resign(t, assertion, keys(t, 0), change)
		response.InsertChildAt(assertion.Index(), odd)
		response.RemoveChild(assertion)
	}
}

func attribute(path, name, value string) func(*etree.Element) {
	return func(el *etree.Element) { find(el, path).CreateAttr(name, value) }
}

func noAttribute(path, name string) func(*etree.Element) {
	return func(el *etree.Element) { find(el, path).RemoveAttr(name) }
}

func add(path, child string) func(*etree.Element) {
	return func(el *etree.Element) { find(el, path).AddChild(parse(child)) }
}

func remove(path string) func(*etree.Element) {
	return func(el *etree.Element) { find(el, path); without(el, path) }
}

func setText(path, text string) func(*etree.Element) {
	return func(el *etree.Element) { find(el, path).SetText(text) }
}

func replace(old, with string) func(string) string {
	return func(document string) string {
		if !strings.Contains(document, old) {
			panic("no " + old)
		}
		return strings.Replace(document, old, with, 1)
	}
}

const saml2 = ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`

// documents are those that no reader should make anything of.
var documents = []hostile{
	{name: "not XML", text: func(string) string { return "hello" }, code: samlauth.CodeResponseMalformed},
	{name: "cut off", text: func(d string) string { return d[:len(d)/2] }, code: samlauth.CodeResponseMalformed},
	{name: "two roots", text: func(d string) string { return d + "<a/>" }, code: samlauth.CodeResponseMalformed},
	{name: "text after the root", text: func(d string) string { return d + "x" }, code: samlauth.CodeResponseMalformed},
	{name: "UTF-16", text: func(d string) string {
		var b strings.Builder
		b.WriteString("\xff\xfe")
		for _, c := range []byte(d) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}, code: samlauth.CodeResponseMalformed},
	{name: "not UTF-8", text: replace(">jane-1<", ">jane\xff-1<"), code: samlauth.CodeResponseMalformed},
	{name: "a control character", text: replace(">jane-1<", ">jane\x00-1<"), code: samlauth.CodeResponseMalformed},
	{name: "a control character, escaped", text: replace(">jane-1<", ">jane&#0;-1<"), code: samlauth.CodeResponseMalformed},
	{name: "declared as Latin-1", text: func(d string) string { return `<?xml version="1.0" encoding="ISO-8859-1"?>` + d }, code: samlauth.CodeResponseMalformed},
	{name: "external entity", text: func(d string) string {
		return `<!DOCTYPE foo [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>` + strings.Replace(d, ">jane-1<", ">&xxe;<", 1)
	}, code: samlauth.CodeDoctype},
	{name: "external entity of a URL", text: func(d string) string {
		return `<!DOCTYPE foo PUBLIC "x" "http://127.0.0.1:1/evil.dtd">` + d
	}, code: samlauth.CodeDoctype},
	{name: "parameter entity", text: func(d string) string {
		return `<!DOCTYPE foo [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]>` + d
	}, code: samlauth.CodeDoctype},
	{name: "billion laughs", text: func(d string) string {
		dtd := `<!DOCTYPE lolz [<!ENTITY a0 "lol">`
		for i := range 9 {
			dtd += fmt.Sprintf(`<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
		}
		return dtd + "]>" + strings.Replace(d, ">jane-1<", ">&a9;<", 1)
	}, code: samlauth.CodeDoctype},
	{name: "document type after the root's start", text: func(d string) string { return strings.Replace(d, "<saml:Issuer", "<!DOCTYPE x><saml:Issuer", 1) }, code: samlauth.CodeDoctype},
	{name: "unknown entity", text: replace(">jane-1<", ">&xxe;<"), code: samlauth.CodeResponseMalformed},
	{name: "oversize", text: func(d string) string { return d + strings.Repeat(" ", 256<<10) }, code: samlauth.CodeResponseTooLarge},
	{name: "oversize form", text: func(d string) string { return d + strings.Repeat(" ", 1<<20) }, code: samlauth.CodeResponseTooLarge},
	{name: "deep nesting", text: func(d string) string {
		return strings.Replace(d, "<samlp:Status>", strings.Repeat("<a>", 20_000)+strings.Repeat("</a>", 20_000)+"<samlp:Status>", 1)
	}, code: samlauth.CodeResponseTooLarge},
	{name: "a little too deep", text: func(d string) string {
		return strings.Replace(d, "<samlp:Status>", strings.Repeat("<a>", 32)+strings.Repeat("</a>", 32)+"<samlp:Status>", 1)
	}, code: samlauth.CodeResponseTooLarge},
	{name: "too many namespaces", text: func(d string) string {
		nested := ""
		for level := range 3 {
			nested += "<a"
			for i := range 30 {
				nested += fmt.Sprintf(` xmlns:a%d-%d="urn:a"`, level, i)
			}
			nested += ">"
		}
		return strings.Replace(d, "<samlp:Status>", nested+"</a></a></a><samlp:Status>", 1)
	}, code: samlauth.CodeResponseTooLarge},
	{name: "too many elements", text: func(d string) string {
		return strings.Replace(d, "<samlp:Status>", strings.Repeat("<a/>", 6000)+"<samlp:Status>", 1)
	}, code: samlauth.CodeResponseTooLarge},
	{name: "too many attributes", text: func(d string) string {
		attrs := ""
		for i := range 100 {
			attrs += fmt.Sprintf(` a%d=""`, i)
		}
		return strings.Replace(d, "<samlp:Status>", "<a"+attrs+"/><samlp:Status>", 1)
	}, code: samlauth.CodeResponseTooLarge},
	{name: "comment in the name ID", text: replace(">jane-1<", ">jane-1<!-- x --><"), code: samlauth.CodeComment},
	{name: "comment that cuts the name ID", behavior: samlauthtest.Behavior{}, signed: setText("./Subject/NameID", "jane-1.evil"),
		text: replace(">jane-1.evil<", ">jane-1<!---->.evil<"), code: samlauth.CodeComment},
	{name: "comment in an attribute", text: replace(">jane@example.com<", ">jane@example.com<!---->.evil.example<"), code: samlauth.CodeComment},
	{name: "processing instruction in the name ID", text: replace(">jane-1<", ">jane<?x y?>-1<"), code: samlauth.CodeComment},
	{name: "comment before the root", text: func(d string) string { return "<!-- x -->" + d }, code: samlauth.CodeComment},
	{name: "an attribute twice", text: replace(` Version="2.0"`, ` Version="2.0" Version="2.0"`), code: samlauth.CodeDuplicateID},
	{name: "an attribute twice under two prefixes", text: replace("<samlp:Status>", `<samlp:Status xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2">`), code: samlauth.CodeDuplicateID},
	{name: "an ID twice", sent: func(_ testing.TB, el *etree.Element) {
		find(el, "./Status").CreateAttr("ID", find(el, "./Assertion").SelectAttrValue("ID", ""))
	}, code: samlauth.CodeDuplicateID},
	{name: "a prefix that nobody declared", text: replace("<samlp:Status>", "<x:a/><samlp:Status>"), code: samlauth.CodeResponseMalformed},
	{name: "a name with two colons", text: replace("<samlp:Status>", "<saml:x:y/><samlp:Status>"), code: samlauth.CodeResponseMalformed},
	{name: "another message", text: func(d string) string { return strings.ReplaceAll(d, "samlp:Response", "samlp:LogoutResponse") }, code: samlauth.CodeResponseMalformed},
	{name: "another namespace", text: replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol"), code: samlauth.CodeResponseMalformed},
	{name: "another version", sent: func(_ testing.TB, el *etree.Element) { el.CreateAttr("Version", "1.1") }, code: samlauth.CodeResponseMalformed},

	{name: "not base64", form: func(f url.Values) { f.Set("SAMLResponse", "%%%") }, code: samlauth.CodeFormMalformed},
	{name: "empty", form: func(f url.Values) { f.Set("SAMLResponse", "") }, code: samlauth.CodeFormMalformed},
	{name: "no response", form: func(f url.Values) { f.Del("SAMLResponse") }, code: samlauth.CodeFormMalformed},
	{name: "two responses", form: func(f url.Values) { f.Add("SAMLResponse", f.Get("SAMLResponse")) }, code: samlauth.CodeFormMalformed},
	{name: "two states", form: func(f url.Values) { f.Add("RelayState", "x") }, code: samlauth.CodeFormMalformed},
	{name: "a state that is none", form: func(f url.Values) { f.Set("RelayState", "https://evil.example/") }, code: samlauth.CodeFormMalformed},
	{name: "a long state", form: func(f url.Values) { f.Set("RelayState", strings.Repeat("A", 81)) }, code: samlauth.CodeFormMalformed},
	{name: "a forged state", form: func(f url.Values) { f.Set("RelayState", strings.Repeat("A", 75)) }, code: "state_invalid"},
}

// signatures are those that do not vouch for what is read.
var signatures = []hostile{
	{name: "nothing signed", behavior: samlauthtest.Behavior{UnsignedAssertion: true, UnsignedResponse: true}, code: samlauth.CodeAssertionUnsigned},
	{name: "only the response signed", behavior: samlauthtest.Behavior{UnsignedAssertion: true}, code: samlauth.CodeAssertionUnsigned},
	{name: "signature cut out", sent: func(_ testing.TB, el *etree.Element) { without(without(el, "./Signature"), "./Assertion/Signature") }, code: samlauth.CodeAssertionUnsigned},
	{name: "another key, with our provider's certificate", behavior: samlauthtest.Behavior{ForeignKey: true, UnsignedResponse: true}, code: samlauth.CodeSignatureInvalid},
	{name: "another key, with its certificate", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(t testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		el.AddChild(resign(t, a, keys(t, 2), nil))
		el.RemoveChild(a)
	}, code: samlauth.CodeSignatureInvalid},
	{name: "the response signed with another key", sent: func(t testing.TB, el *etree.Element) {
		*el = *resign(t, el, keys(t, 2), nil)
	}, code: samlauth.CodeSignatureInvalid},
	{name: "name ID changed", behavior: samlauthtest.Behavior{UnsignedResponse: true}, text: replace(">jane-1<", ">admin<"), code: samlauth.CodeSignatureInvalid},
	{name: "attribute changed", behavior: samlauthtest.Behavior{UnsignedResponse: true}, text: replace(">jane@example.com<", ">admin@example.com<"), code: samlauth.CodeSignatureInvalid},
	{name: "audience changed", behavior: samlauthtest.Behavior{Audience: "https://other.example.com", UnsignedResponse: true},
		text: replace(">https://other.example.com<", ">"+origin+"/api/auth/sso/metadata<"), code: samlauth.CodeSignatureInvalid},
	{name: "digest changed", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		find(el, ".//DigestValue").SetText("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	}, code: samlauth.CodeSignatureInvalid},
	{name: "signature value of zeros", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		find(el, ".//SignatureValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, 256)))
	}, code: samlauth.CodeSignatureInvalid},
	{name: "SHA-1", behavior: samlauthtest.Behavior{SHA1: true}, code: samlauth.CodeSHA1},
	{name: "digest with SHA-1", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//DigestMethod").CreateAttr("Algorithm", nsDS+"sha1") }), code: samlauth.CodeSHA1},
	{name: "HMAC with the public key", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//SignatureMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
		}), code: samlauth.CodeAlgorithm},
	{name: "HMAC with SHA-1", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//SignatureMethod").CreateAttr("Algorithm", nsDS+"hmac-sha1") }), code: samlauth.CodeAlgorithm},
	{name: "no signature algorithm", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//SignatureMethod").CreateAttr("Algorithm", "none") }), code: samlauth.CodeAlgorithm},
	{name: "MD5", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//DigestMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5")
		}), code: samlauth.CodeAlgorithm},
	{name: "empty reference", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//Reference").CreateAttr("URI", "") }), code: samlauth.CodeSignatureReference},
	{name: "no reference URI", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//Reference").RemoveAttr("URI") }), code: samlauth.CodeSignatureReference},
	{name: "reference to another element", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//Reference").CreateAttr("URI", "#_other") }), code: samlauth.CodeSignatureReference},
	{name: "external reference", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//Reference").CreateAttr("URI", "http://127.0.0.1:1/x") }), code: samlauth.CodeSignatureReference},
	{name: "XPointer reference", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, ".//Reference").CreateAttr("URI", "#xpointer(/)") }), code: samlauth.CodeSignatureReference},
	{name: "two references", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { find(s, "./SignedInfo").AddChild(find(s, ".//Reference").Copy()) }), code: samlauth.CodeSignatureMalformed},
	{name: "no reference", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { without(s, ".//Reference") }), code: samlauth.CodeSignatureMalformed},
	{name: "XPath transform", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//Transforms").AddChild(parse(`<ds:Transform xmlns:ds="` + nsDS + `" Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform>`))
		}), code: samlauth.CodeSignatureMalformed},
	{name: "XSLT instead of canonicalization", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//Transforms").ChildElements()[1].CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
		}), code: samlauth.CodeSignatureMalformed},
	{name: "no enveloped-signature transform", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { without(s, ".//Transform") }), code: samlauth.CodeSignatureMalformed},
	{name: "canonicalization instead of enveloped-signature", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//Transform").CreateAttr("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#")
		}), code: samlauth.CodeSignatureMalformed},
	{name: "inclusive canonicalization", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//Transforms").ChildElements()[1].CreateAttr("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
		}), code: samlauth.CodeSignatureMalformed},
	{name: "inclusive canonicalization of what is signed", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//CanonicalizationMethod").CreateAttr("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
		}), code: samlauth.CodeSignatureMalformed},
	{name: "truncated HMAC", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			find(s, ".//SignatureMethod").AddChild(parse(`<ds:HMACOutputLength xmlns:ds="` + nsDS + `">8</ds:HMACOutputLength>`))
		}), code: samlauth.CodeSignatureMalformed},
	{name: "an Object in the signature", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { s.AddChild(parse(`<ds:Object xmlns:ds="` + nsDS + `"/>`)) }), code: samlauth.CodeSignatureMalformed},
	{name: "two SignedInfo", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { s.InsertChildAt(0, find(s, "./SignedInfo").Copy()) }), code: samlauth.CodeSignatureMalformed},
	{name: "no signature value", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) { without(s, "./SignatureValue") }), code: samlauth.CodeSignatureMalformed},
	{name: "a foreign attribute in the signature", behavior: samlauthtest.Behavior{UnsignedResponse: true},
		sent: resigned(func(s *etree.Element) {
			r := find(s, ".//Reference")
			r.CreateAttr("xmlns:x", "urn:x")
			r.CreateAttr("x:URI", "#_other")
		}), code: samlauth.CodeSignatureMalformed},
	{name: "two signatures of the assertion", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		find(el, "./Assertion").AddChild(find(el, "./Assertion/Signature").Copy())
	}, code: samlauth.CodeSignatureMalformed},
	{name: "a signature where none belongs", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		s := find(el, "./Assertion/Signature").Copy()
		find(el, "./Status").AddChild(s)
	}, code: samlauth.CodeSignatureMisplaced},
	{name: "a signed response without Destination", sent: func(t testing.TB, el *etree.Element) {
		el.RemoveAttr("Destination")
		*el = *resign(t, el, keys(t, 0), nil)
	}, code: samlauth.CodeDestination},
	{name: "destination of a signed response changed", sent: func(_ testing.TB, el *etree.Element) { el.CreateAttr("Destination", origin) }, code: samlauth.CodeSignatureInvalid},
}

// wrappings are signature wrapping in its eight known forms (Somorovsky and others, "On Breaking SAML", 2012), and some more: the signed
// element is still in the document, and another where it is read.
var wrappings = []hostile{
	{name: "XSW1: the signed response in the signature of a copy", sent: func(_ testing.TB, el *etree.Element) {
		original := without(el.Copy(), "./Signature")
		el.CreateAttr("ID", "_evil-response")
		find(el, "./Signature").AddChild(original)
		wrap(el)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW2: the signed response before the signature of a copy", sent: func(_ testing.TB, el *etree.Element) {
		original := without(el.Copy(), "./Signature")
		el.CreateAttr("ID", "_evil-response")
		el.InsertChildAt(find(el, "./Signature").Index(), original)
		wrap(el)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW3: a copy before the signed assertion", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		el.InsertChildAt(a.Index(), without(evil(a), "./Signature"))
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW4: the signed assertion in a copy", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		e := without(evil(a), "./Signature")
		el.RemoveChild(a)
		e.AddChild(a)
		el.AddChild(e)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW5: the signature in a copy, the signed assertion behind it", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		el.InsertChildAt(a.Index(), evil(a))
		without(a, "./Signature")
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW6: the signed assertion in the signature of a copy", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		e := evil(a)
		el.RemoveChild(a)
		find(e, "./Signature").AddChild(without(a, "./Signature"))
		el.AddChild(e)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW7: a copy in Extensions", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(without(evil(a), "./Signature"))
		el.InsertChildAt(a.Index(), extensions)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "XSW8: the signed assertion in an Object of the signature of a copy", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		e := evil(a)
		el.RemoveChild(a)
		object := etree.NewElement("ds:Object")
		object.AddChild(without(a, "./Signature"))
		find(e, "./Signature").AddChild(object)
		el.AddChild(e)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "the signed assertion in an Advice", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		e := without(evil(a), "./Signature")
		el.RemoveChild(a)
		advice := etree.NewElement("saml:Advice")
		advice.AddChild(a)
		e.AddChild(advice)
		el.AddChild(e)
	}, code: samlauth.CodeAssertionRepeated},
	{name: "two signed assertions", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(t testing.TB, el *etree.Element) {
		el.AddChild(resign(t, evil(find(el, "./Assertion")), keys(t, 0), nil))
	}, code: samlauth.CodeAssertionRepeated},
	{name: "an encrypted assertion beside the signed one", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		el.AddChild(parse(`<saml:EncryptedAssertion` + saml2 + `/>`))
	}, code: samlauth.CodeAssertionRepeated},
	{name: "a copy of another namespace before the signed assertion", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		e := without(evil(a), "./Signature")
		e.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:1.0:assertion")
		el.InsertChildAt(a.Index(), e)
		remove("./Assertion[2]")(el)
	}, code: samlauth.CodeAssertionMissing},
	{name: "no assertion", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) { without(el, "./Assertion") }, code: samlauth.CodeAssertionMissing},
	{name: "an assertion only in Extensions", behavior: samlauthtest.Behavior{UnsignedResponse: true, UnsignedAssertion: true}, sent: func(_ testing.TB, el *etree.Element) {
		a := find(el, "./Assertion")
		extensions := etree.NewElement("samlp:Extensions")
		el.RemoveChild(a)
		extensions.AddChild(a)
		el.AddChild(extensions)
	}, code: samlauth.CodeAssertionMissing},
}

// wrap turns the assertion that a reader of the copied response finds into another.
func wrap(response *etree.Element) {
	find(response, "./Assertion").CreateAttr("ID", "_evil")
	find(response, "./Assertion/Subject/NameID").SetText("admin")
	for _, s := range response.FindElements(".//Response") {
		s.CreateAttr("ID", "_original")
	}
}

const confirmationData = "./Subject/SubjectConfirmation/SubjectConfirmationData"

// contents are assertions that the identity provider signed, for something else.
var contents = []hostile{
	{name: "wrong audience", behavior: samlauthtest.Behavior{Audience: "https://other.example.com"}, code: samlauth.CodeAudience},
	{name: "audience with our entity ID inside", behavior: samlauthtest.Behavior{Audience: origin + "/api/auth/sso/metadata/"}, code: samlauth.CodeAudience},
	{name: "no audience", signed: remove("./Conditions/AudienceRestriction"), code: samlauth.CodeAudience},
	{name: "a second restriction, to others", signed: add("./Conditions", `<saml:AudienceRestriction`+saml2+`><saml:Audience>https://other.example.com</saml:Audience></saml:AudienceRestriction>`), code: samlauth.CodeAudience},
	{name: "wrong recipient", behavior: samlauthtest.Behavior{Recipient: "https://other.example.com/acs"}, code: samlauth.CodeRecipient},
	{name: "no recipient", signed: noAttribute(confirmationData, "Recipient"), code: samlauth.CodeRecipient},
	{name: "recipient in another environment", behavior: samlauthtest.Behavior{Recipient: origin + "/api/auth/sso/handler/frame?env=other"}, code: samlauth.CodeRecipient},
	{name: "wrong destination", behavior: samlauthtest.Behavior{Destination: "https://other.example.com/acs"}, code: samlauth.CodeDestination},
	{name: "wrong destination, unsigned", behavior: samlauthtest.Behavior{Destination: "https://other.example.com/acs", UnsignedResponse: true}, code: samlauth.CodeDestination},
	{name: "answer to another request", behavior: samlauthtest.Behavior{InResponseTo: "_0123456789"}, code: samlauth.CodeInResponseTo},
	{name: "response to this request, confirmation to another", signed: attribute(confirmationData, "InResponseTo", "_0123456789"), code: samlauth.CodeInResponseTo},
	{name: "response to another request, confirmation to this one", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		el.CreateAttr("InResponseTo", "_0123456789")
	}, code: samlauth.CodeInResponseTo},
	{name: "confirmation to no request", signed: noAttribute(confirmationData, "InResponseTo"), code: samlauth.CodeInResponseTo},
	{name: "unsolicited", behavior: samlauthtest.Behavior{Unsolicited: true}, code: samlauth.CodeUnsolicited},
	{name: "unsolicited, with InResponseTo added", behavior: samlauthtest.Behavior{Unsolicited: true, UnsignedResponse: true},
		text: replace(` Version="2.0"`, ` InResponseTo="_0123456789" Version="2.0"`), code: samlauth.CodeFormMalformed},
	{name: "wrong issuer", behavior: samlauthtest.Behavior{Issuer: "https://other-idp.example.com"}, code: samlauth.CodeIssuer},
	{name: "wrong issuer of the assertion alone", signed: setText("./Issuer", "https://other-idp.example.com"), code: samlauth.CodeIssuer},
	{name: "wrong issuer of the response alone", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		setText("./Issuer", "https://other-idp.example.com")(el)
	}, code: samlauth.CodeIssuer},
	{name: "issuer of another format", signed: attribute("./Issuer", "Format", samlauth.NameIDEmailAddress), code: samlauth.CodeIssuer},
	{name: "no issuer", signed: func(el *etree.Element) { find(el, "./Issuer").Tag = "NoIssuer" }, code: samlauth.CodeAssertionMalformed},
	{name: "from the future", behavior: samlauthtest.Behavior{ClockAhead: 2 * time.Minute}, code: samlauth.CodeNotYetValid},
	{name: "from the past", behavior: samlauthtest.Behavior{ClockAhead: -20 * time.Minute}, code: samlauth.CodeExpired},
	{name: "issued later", signed: attribute(".", "IssueInstant", "2026-11-22T09:01:01Z"), code: samlauth.CodeNotYetValid},
	{name: "issued long ago", signed: attribute(".", "IssueInstant", "2026-11-22T08:48:59Z"), code: samlauth.CodeExpired},
	{name: "confirmation has expired", behavior: samlauthtest.Behavior{ClockAhead: -3 * time.Minute}, code: samlauth.CodeExpired},
	{name: "conditions have expired", signed: attribute("./Conditions", "NotOnOrAfter", "2026-11-22T08:58:59Z"), code: samlauth.CodeExpired},
	{name: "conditions begin later", signed: attribute("./Conditions", "NotBefore", "2026-11-22T09:01:01Z"), code: samlauth.CodeNotYetValid},
	{name: "confirmation begins later", signed: attribute(confirmationData, "NotBefore", "2026-11-22T09:01:01Z"), code: samlauth.CodeNotYetValid},
	{name: "confirmation without end", signed: noAttribute(confirmationData, "NotOnOrAfter"), code: samlauth.CodeAssertionMalformed},
	{name: "a time without a zone", signed: attribute("./Conditions", "NotOnOrAfter", "2026-11-22T19:00:00"), code: samlauth.CodeAssertionMalformed},
	{name: "session has ended", behavior: samlauthtest.Behavior{SessionLasts: -time.Second}, code: samlauth.CodeExpired},
	{name: "signed in tomorrow", behavior: samlauthtest.Behavior{AuthnAge: -24 * time.Hour}, code: samlauth.CodeNotYetValid},
	{name: "no conditions", signed: remove("./Conditions"), code: samlauth.CodeAssertionMalformed},
	{name: "unknown condition", signed: add("./Conditions", `<saml:Condition`+saml2+`/>`), code: samlauth.CodeCondition},
	{name: "holder of key", signed: attribute("./Subject/SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), code: samlauth.CodeConfirmation},
	{name: "sender vouches", signed: attribute("./Subject/SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), code: samlauth.CodeConfirmation},
	{name: "no confirmation", signed: remove("./Subject/SubjectConfirmation"), code: samlauth.CodeConfirmation},
	{name: "no confirmation data", signed: remove(confirmationData), code: samlauth.CodeConfirmation},
	{name: "no subject", signed: remove("./Subject"), code: samlauth.CodeAssertionMalformed},
	{name: "two subjects", signed: func(el *etree.Element) { el.AddChild(find(el, "./Subject").Copy()) }, code: samlauth.CodeAssertionMalformed},
	{name: "no name ID", signed: remove("./Subject/NameID"), code: samlauth.CodeNameID},
	{name: "empty name ID", signed: setText("./Subject/NameID", ""), code: samlauth.CodeNameID},
	{name: "name ID of white space", signed: setText("./Subject/NameID", "  "), code: samlauth.CodeNameID},
	{name: "name ID with white space around it", signed: setText("./Subject/NameID", "jane-1 "), code: samlauth.CodeNameID},
	{name: "name ID with a line break in it", signed: setText("./Subject/NameID", "jane\n-1"), code: samlauth.CodeNameID},
	{name: "name ID with an element in it", signed: add("./Subject/NameID", `<x/>`), code: samlauth.CodeNameID},
	{name: "two name IDs", signed: func(el *etree.Element) { find(el, "./Subject").AddChild(find(el, "./Subject/NameID").Copy()) }, code: samlauth.CodeNameID},
	{name: "a long name ID", signed: setText("./Subject/NameID", strings.Repeat("a", 257)), code: samlauth.CodeNameID},
	{name: "no authentication statement", signed: remove("./AuthnStatement"), code: samlauth.CodeAssertionMalformed},
	{name: "another version of the assertion", signed: attribute(".", "Version", "1.1"), code: samlauth.CodeAssertionMalformed},
	{name: "no issue instant", signed: noAttribute(".", "IssueInstant"), code: samlauth.CodeAssertionMalformed},
	{name: "an attribute without a name", signed: noAttribute("./AttributeStatement/Attribute", "Name"), code: samlauth.CodeAssertionMalformed},
	{name: "denied", behavior: samlauthtest.Behavior{Denied: true}, code: "access_denied"},
	{name: "failed", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
		find(el, "./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
	}, code: samlauth.CodeStatus},
	{name: "no status", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) { without(el, "./Status") }, code: samlauth.CodeResponseMalformed},
}

// post has the provider answer as h wants it and posts that.
func (r *rig) post(h hostile) samlauthtest.Outcome {
	r.Helper()
	r.idp.Set(func(b *samlauthtest.Behavior) {
		*b = h.behavior
		if h.signed != nil {
			b.EditAssertion = func(data []byte) []byte {
				el := parse(string(data))
				h.signed(el)
				return []byte(xml(el))
			}
		}
		b.Edit = func(data []byte) []byte {
			if h.sent != nil {
				el := parse(string(data))
				h.sent(r, el)
				data = []byte(xml(el))
			}
			if h.text != nil {
				data = []byte(h.text(string(data)))
			}
			return data
		}
	})
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	form := samlauthtest.Form(hop)
	require.True(r, form.Has("SAMLResponse"), "%s", hop.Body)
	if h.form != nil {
		h.form(form)
	}
	return r.idp.Finish(r.browser, r.browser.Submit(hop, form))
}

func TestHostileResponses(t *testing.T) {
	rows := slices.Concat(documents, signatures, wrappings, contents)
	require.GreaterOrEqual(t, len(rows), 40)
	r := newRig(t, nil)
	for _, h := range rows {
		t.Run(h.name, func(t *testing.T) {
			r.T = t
			r.refused(h)
		})
	}
	r.T = t
	require.Empty(t, r.post(hostile{}).Code(), "the same answer, as it is, is taken")
}

// refused posts an answer and asserts that it is refused for its reason, that nobody is signed in, and that the log keeps the assertion to itself.
func (r *rig) refused(h hostile) {
	r.Helper()
	r.log.Reset()
	o := r.post(h)
	require.Equal(r, h.code, o.Code(), r.log.Text())
	require.Nil(r, o.Response)
	require.Equal(r, h.code, r.log.Last().Attrs["reason"], r.log.Text())
	require.Equal(r, authprovider.AuditRefused, r.log.Last().Event)
	require.False(r, r.browser.Refresh(r.app).OK(), "no session")
	for _, secret := range []string{"jane@example.com", "Jane Doe", "jane-1", "admin", "eduPerson", "PGFzc2VydGlvbg"} {
		require.NotContains(r, r.log.Text(), secret)
	}
}

func TestSHA1IsTakenWhenAskedFor(t *testing.T) {
	r := newRig(t, func(c *samlauth.Config) { c.DangerouslyAllowSHA1 = true })
	require.Empty(t, r.post(hostile{behavior: samlauthtest.Behavior{SHA1: true}}).Code(), r.log.Text())
	require.True(t, r.browser.Logout(r.app).OK())
	r.refused(hostile{behavior: samlauthtest.Behavior{SHA1: true, ForeignKey: true}, code: samlauth.CodeSignatureInvalid})
}

// What a careful reader may not refuse.
func TestHarmlessResponses(t *testing.T) {
	r := newRig(t, nil)
	for _, h := range []hostile{
		{name: "response not signed", behavior: samlauthtest.Behavior{UnsignedResponse: true}},
		{name: "with an XML declaration", text: func(d string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + d }},
		{name: "base64 with line breaks", form: func(f url.Values) {
			f.Set("SAMLResponse", regexp.MustCompile(".{76}").ReplaceAllString(f.Get("SAMLResponse"), "$0\r\n"))
		}},
		{name: "no key info", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) { without(el, "./Assertion/Signature/KeyInfo") }},
		{name: "a key info without certificate", behavior: samlauthtest.Behavior{UnsignedResponse: true}, sent: func(_ testing.TB, el *etree.Element) {
			info := find(el, "./Assertion/Signature/KeyInfo")
			without(info, "./X509Data")
			info.AddChild(parse(`<ds:KeyName xmlns:ds="` + nsDS + `">key</ds:KeyName>`))
		}},
		{name: "a clock that is half a minute ahead", behavior: samlauthtest.Behavior{ClockAhead: 30 * time.Second}},
		{name: "a clock that is half a minute behind", behavior: samlauthtest.Behavior{ClockAhead: -30 * time.Second}},
		{name: "used once", signed: add("./Conditions", `<saml:OneTimeUse`+saml2+`/>`)},
		{name: "several audiences", signed: func(el *etree.Element) {
			find(el, "./Conditions/AudienceRestriction").InsertChildAt(0, parse(`<saml:Audience`+saml2+`>https://other.example.com</saml:Audience>`))
		}},
		{name: "two confirmations, one for us", signed: func(el *etree.Element) {
			c := find(el, "./Subject/SubjectConfirmation").Copy()
			find(c, "./SubjectConfirmationData").CreateAttr("Recipient", "https://other.example.com")
			find(el, "./Subject").InsertChildAt(1, c)
		}},
		{name: "another field in the form", form: func(f url.Values) { f.Set("foo", "bar") }},
	} {
		t.Run(h.name, func(t *testing.T) {
			r.T = t
			r.log.Reset()
			require.Empty(t, r.post(h).Code(), r.log.Text())
		})
	}
}

// An assertion is good for one sign-in, also for a browser that has asked for another.
func TestAssertionIsUsedOnce(t *testing.T) {
	r := newRig(t, nil)
	same := samlauthtest.Behavior{AssertionID: "_same"}
	require.Empty(t, r.post(hostile{behavior: same}).Code())
	require.True(t, r.browser.Logout(r.app).OK())
	r.refused(hostile{behavior: same, code: samlauth.CodeReplayed})
}

// The document that was posted once is of no use to anybody a second time.
func TestResponseIsPostedOnce(t *testing.T) {
	r := newRig(t, nil)
	hop := r.idp.Begin(r.browser, r.app, "popup", "")
	thief, form := r.browser.Other(), samlauthtest.Form(hop)
	require.Equal(t, "cookie_missing", r.idp.Finish(thief, thief.Submit(hop, form)).Code(), "another browser's")
	require.Empty(t, r.idp.Finish(r.browser, hop).Code())
	require.Equal(t, "cookie_missing", r.idp.Finish(r.browser, hop).Code(), "the attempt's cookie is gone")
}

// A browser that asks twice must not get the answer to one request taken for the other's.
func TestAnswerBelongsToItsRequest(t *testing.T) {
	r := newRig(t, nil)
	first := r.idp.Begin(r.browser, r.app, "popup", "")
	second := r.idp.Begin(r.browser, r.app, "popup", "")
	form := maps.Clone(samlauthtest.Form(first))
	form.Set("RelayState", samlauthtest.Form(second).Get("RelayState"))
	require.Equal(t, samlauth.CodeInResponseTo, r.idp.Finish(r.browser, r.browser.Submit(first, form)).Code())
	require.Empty(t, r.idp.Finish(r.browser, first).Code(), "the other attempt is alive")
}
