package authprovidertest

import (
	"bytes"
	"html"
	"strings"
)

// element is a start tag, and for script, style and title its text. It reads pages as the HTML standard's tokenizer does as far
// as the pages of a sign-in need: raw text ends at its end tag and at nothing else, which is what an injection would have to
// get around.
type element struct {
	name       string
	attributes map[string]string
	text       []byte
}

func elements(page []byte) []element {
	var found []element
	for {
		i := bytes.IndexByte(page, '<')
		if i < 0 {
			return found
		}
		page = page[i+1:]
		if bytes.HasPrefix(page, []byte("!--")) {
			_, page, _ = bytes.Cut(page, []byte("-->"))
			continue
		}
		if len(page) == 0 || !isLetter(page[0]) {
			continue
		}
		var e element
		e, page = startTag(page)
		switch e.name {
		case "script", "style", "title", "textarea":
			end := indexEndTag(page, e.name)
			e.text, page = page[:end], page[end:]
		}
		found = append(found, e)
	}
}

func startTag(page []byte) (element, []byte) {
	e := element{attributes: make(map[string]string)}
	i := 0
	for i < len(page) && !isSpace(page[i]) && page[i] != '>' && page[i] != '/' {
		i++
	}
	e.name, page = strings.ToLower(string(page[:i])), page[i:]
	for {
		page = bytes.TrimLeft(page, " \t\r\n\f/")
		if len(page) == 0 {
			return e, nil
		}
		if page[0] == '>' {
			return e, page[1:]
		}
		i := 1
		for i < len(page) && !isSpace(page[i]) && page[i] != '=' && page[i] != '>' && page[i] != '/' {
			i++
		}
		name := strings.ToLower(string(page[:i]))
		page = bytes.TrimLeft(page[i:], " \t\r\n\f")
		value := ""
		if len(page) > 0 && page[0] == '=' {
			value, page = attributeValue(bytes.TrimLeft(page[1:], " \t\r\n\f"))
		}
		if _, twice := e.attributes[name]; !twice { // the first counts
			e.attributes[name] = html.UnescapeString(value)
		}
	}
}

func attributeValue(page []byte) (string, []byte) {
	if len(page) > 0 && (page[0] == '"' || page[0] == '\'') {
		value, rest, _ := bytes.Cut(page[1:], page[:1])
		return string(value), rest
	}
	i := 0
	for i < len(page) && !isSpace(page[i]) && page[i] != '>' {
		i++
	}
	return string(page[:i]), page[i:]
}

// indexEndTag returns where raw text ends.
func indexEndTag(page []byte, name string) int {
	for i := 0; i < len(page); i++ {
		end := i + len("</") + len(name)
		if page[i] == '<' && end <= len(page) && strings.EqualFold(string(page[i:end]), "</"+name) &&
			(end == len(page) || isSpace(page[end]) || page[end] == '>' || page[end] == '/') {
			return i
		}
	}
	return len(page)
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
