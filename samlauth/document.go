package samlauth

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/beevik/etree"
)

const (
	maxMessage  = 256 << 10 // of XML: an assertion with a thousand groups has half of it
	maxMetadata = 1 << 20
	maxDepth    = 32
	maxElements = 5000
	maxAttrs    = 32
	maxPrefixes = 64

	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsDSig      = "http://www.w3.org/2000/09/xmldsig#"
	nsXMLEnc    = "http://www.w3.org/2001/04/xmlenc#"
	nsXMLEnc11  = "http://www.w3.org/2009/xmlenc11#"
	nsExcC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// What makes a document unreadable. Each stands in the reason code of the refusal.
var (
	errTooLarge  = errors.New("samlauth: the document is too large")
	errDoctype   = errors.New("samlauth: the document has a document type declaration")
	errComment   = errors.New("samlauth: the document has a comment or a processing instruction")
	errTooDeep   = errors.New("samlauth: the document is nested too deeply, or has too many elements")
	errMalformed = errors.New("samlauth: the document is malformed")
	errDuplicate = errors.New("samlauth: the document has an ID or an attribute twice")
)

// parseDocument reads XML that an attacker may have written, and takes little of the language: what two parsers could read differently is
// refused before there is a tree. A document type declaration could define entities (external ones, or a billion laughs). A comment or a
// processing instruction splits a text in two, of which a reader that takes the first sees another name than the one that was signed. An ID
// that is there twice lets a signature speak of one element and its reader of the other (signature wrapping).
func parseDocument(data []byte, limit int, comments bool) (*etree.Element, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("%w: %d bytes", errTooLarge, len(data))
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // metadata files begin with it now and then
	if err := checkTokens(data, comments); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("%w: %v", errMalformed, err)
	}
	root := doc.Root()
	if root == nil {
		return nil, fmt.Errorf("%w: no element", errMalformed)
	}
	return root, nil
}

// checkTokens goes through a document once, before anything is made of it.
func checkTokens(data []byte, comments bool) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	var open []xml.Name
	scopes := []map[string]string{{"xml": "http://www.w3.org/XML/1998/namespace", "": ""}}
	ids := make(map[string]bool)
	elements, roots := 0, 0
	for first := true; ; first = false {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return malformed(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errDoctype
		case xml.Comment:
			if !comments {
				return errComment
			}
		case xml.ProcInst:
			if t.Target != "xml" || !first {
				return errComment
			}
		case xml.CharData:
			if len(open) == 0 && len(bytes.TrimSpace(t)) > 0 {
				return fmt.Errorf("%w: text outside the root", errMalformed)
			}
		case xml.StartElement:
			if elements++; elements > maxElements || len(open) >= maxDepth || len(t.Attr) > maxAttrs {
				return errTooDeep
			}
			if len(open) == 0 {
				roots++
			}
			scope, err := checkElement(t, scopes[len(scopes)-1], ids)
			if err != nil {
				return err
			}
			open, scopes = append(open, t.Name), append(scopes, scope)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != t.Name {
				return fmt.Errorf("%w: an end tag without its start", errMalformed)
			}
			open, scopes = open[:len(open)-1], scopes[:len(scopes)-1]
		}
	}
	if len(open) != 0 || roots != 1 {
		return fmt.Errorf("%w: not one element", errMalformed)
	}
	return nil
}

// checkElement checks the names of an element and of its attributes, and returns the namespaces in scope inside it.
func checkElement(t xml.StartElement, scope map[string]string, ids map[string]bool) (map[string]string, error) {
	inner, copied := scope, false
	for _, a := range t.Attr {
		prefix, declares := a.Name.Local, a.Name.Space == "xmlns"
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			prefix, declares = "", true
		}
		if !declares {
			continue
		}
		if prefix == "xml" || prefix == "xmlns" || prefix != "" && a.Value == "" {
			return nil, fmt.Errorf("%w: a namespace that must not be declared", errMalformed)
		}
		if !copied {
			inner, copied = maps.Clone(scope), true
		}
		inner[prefix] = a.Value
	}
	if len(inner) > maxPrefixes {
		return nil, errTooDeep
	}
	if !validName(t.Name, inner) {
		return nil, fmt.Errorf("%w: the name of an element", errMalformed)
	}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		name := a.Name
		if name.Space != "xmlns" && (name.Space != "" || name.Local != "xmlns") {
			if !validName(name, inner) {
				return nil, fmt.Errorf("%w: the name of an attribute", errMalformed)
			}
			if name.Space != "" {
				name.Space = inner[name.Space] // one attribute under two prefixes is there twice too
			}
		}
		if seen[name] {
			return nil, errDuplicate
		}
		seen[name] = true
		if strings.EqualFold(name.Local, "ID") && name.Space != "xmlns" {
			if ids[a.Value] {
				return nil, errDuplicate
			}
			ids[a.Value] = true
		}
	}
	return inner, nil
}

// validName takes names of ASCII letters, digits, "_", "-" and ".", whose prefix is declared. encoding/xml reads names with several colons
// in its own way.
func validName(n xml.Name, scope map[string]string) bool {
	_, declared := scope[n.Space]
	return declared && validNCName(n.Local) && (n.Space == "" || validNCName(n.Space))
}

func validNCName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// malformed keeps the kind of a parser's error, and none of the document's text that it may quote.
func malformed(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w: line %d", errMalformed, syntax.Line)
	}
	return errMalformed
}

// is reports whether el has this name.
func is(el *etree.Element, namespace, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == namespace
}

// children returns the child elements with a name.
func children(el *etree.Element, namespace, tag string) []*etree.Element {
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if is(child, namespace, tag) {
			found = append(found, child)
		}
	}
	return found
}

// child returns the one child element with a name; nil if there is none, and an error if there are several.
func child(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	found := children(el, namespace, tag)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("samlauth: %s has %d elements %s", el.Tag, len(found), tag)
}

// count returns how many elements of a name a tree has, its root included.
func count(el *etree.Element, namespace, tag string) int {
	n := 0
	if is(el, namespace, tag) {
		n++
	}
	for _, c := range el.ChildElements() {
		n += count(c, namespace, tag)
	}
	return n
}

// text returns the text of an element that has nothing but text, and whether it is such an element.
func text(el *etree.Element) (string, bool) {
	var b strings.Builder
	for _, token := range el.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", false
		}
		b.WriteString(data.Data)
	}
	return b.String(), true
}

// attr returns an attribute without a namespace.
func attr(el *etree.Element, name string) (string, bool) {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value, true
		}
	}
	return "", false
}

// detach returns a copy of el that stands alone: with the namespaces that its ancestors declare.
func detach(el *etree.Element) *etree.Element {
	alone := el.Copy()
	declared := make(map[string]bool)
	for at := el; at != nil; at = at.Parent() {
		for _, a := range at.Attr {
			if a.Space != "xmlns" && (a.Space != "" || a.Key != "xmlns") || declared[a.FullKey()] {
				continue
			}
			declared[a.FullKey()] = true
			if at != el {
				alone.Attr = append(alone.Attr, etree.Attr{Space: a.Space, Key: a.Key, Value: a.Value})
			}
		}
	}
	return alone
}
