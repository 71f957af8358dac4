package filecatalog

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"example.com/stagedoor/resolver/internal/entity"
)

const (
	// maxDocument bounds one entity. A group with 20,000 members is about half of that.
	maxDocument = 1 << 20
	// maxDepth bounds nesting: the parser's work grows with its square.
	maxDepth = 64
	// maxKeys, maxCommas and maxEmptyLines bound what else the parser's work grows with the square of: keys of a document, and empty
	// lines in a row. A long list has its items on lines of their own.
	maxKeys       = 5000
	maxCommas     = 20_000
	maxEmptyLines = 100
	// maxNodes bounds what a document expands to through aliases: nine levels of nine aliases each would be a billion.
	maxNodes = 200_000
)

// document is one YAML document that holds an object.
type document struct {
	root  map[string]any
	line  int            // where it begins in the file
	lines map[string]int // of fields, by their path
}

// located adds the line of the field that an error of package entity is about.
func (d *document) located(err error) error {
	line := d.line
	var problem *entity.Error
	if errors.As(err, &problem) {
		for path := problem.Path; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
			if known, ok := d.lines[path]; ok {
				line = known
				break
			}
		}
	}
	return &lineError{line, err}
}

// parseYAML reads all documents but the empty ones. Errors are of type [*lineError].
func parseYAML(data []byte) ([]*document, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, &lineError{1 + bytes.Count(data[:invalidUTF8(data)], []byte("\n")), errors.New("invalid UTF-8")}
	}
	var documents []*document
	line := 1
	for len(data) > 0 {
		end := documentEnd(data)
		if end > maxDocument {
			return nil, &lineError{line, fmt.Errorf("a document is larger than %d bytes", maxDocument)}
		}
		more, err := parseDocuments(string(data[:end]), line)
		if err != nil {
			return nil, err
		}
		documents = append(documents, more...)
		line += bytes.Count(data[:end], []byte("\n"))
		data = data[end:]
	}
	return documents, nil
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// documentEnd returns where the next document begins. A line of "---" begins one wherever it stands, even within a quoted text.
func documentEnd(data []byte) int {
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte("\n---"))
		if next < 0 {
			return len(data)
		}
		at += next + 1
		if rest := data[at+3:]; len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0 {
			return at
		}
	}
}

// parseDocuments reads what is usually one document, the first line of which is that line of the file.
func parseDocuments(text string, line int) (documents []*document, err error) {
	defer func() {
		// The parser is not ours and reads what others write: whatever it stumbles over is wrong with this file, and no more than that.
		if p := recover(); p != nil {
			documents, err = nil, &lineError{line, errors.New("malformed YAML")}
		}
	}()
	if at := emptyLines(text); at > 0 {
		return nil, &lineError{line + at - 1, fmt.Errorf("more than %d empty lines in a row", maxEmptyLines)}
	}
	tokens := lexer.Tokenize(text)
	if at, err := costly(tokens); err != nil {
		return nil, &lineError{line + at - 1, err}
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxError(err, line)
	}
	for _, d := range parsed.Docs {
		if d == nil || d.Body == nil {
			continue
		}
		r := &reader{offset: line - 1, anchors: make(map[string]ast.Node), lines: make(map[string]int)}
		value, err := r.value(d.Body, "", 0)
		if err != nil {
			return nil, err
		}
		switch root := value.(type) {
		case nil: // nothing but comments
		case map[string]any:
			documents = append(documents, &document{root: root, line: r.line(d.Body), lines: r.lines})
		default:
			return nil, &lineError{r.line(d.Body), errors.New("the document is no object")}
		}
	}
	return documents, nil
}

// emptyLines returns the line where there are too many in a row, or 0.
func emptyLines(text string) int {
	line, ends := 1, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n', c == '\r' && !strings.HasPrefix(text[i+1:], "\n"):
			if c == '\n' {
				line++
			}
			if ends++; ends > 1+maxEmptyLines {
				return line
			}
		case c != ' ' && c != '\t' && c != '\r':
			ends = 0
		}
	}
	return 0
}

// costly returns the line where tokens nest far deeper than maxDepth, or are too many keys, and what is wrong. It counts no level too few; the
// reader counts exactly.
func costly(tokens token.Tokens) (line int, err error) {
	var columns []int // of the open levels of block style
	flow, keys, commas := 0, 0, 0
	for _, t := range tokens {
		at := t
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.CollectEntryType: // {a, b} are keys as well
			if commas++; commas > maxCommas {
				return t.Position.Line, fmt.Errorf("the document has more than %d items between commas", maxCommas)
			}
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			if t.Type == token.MappingValueType {
				if keys++; keys > maxKeys {
					return t.Position.Line, fmt.Errorf("the document has more than %d keys", maxKeys)
				}
				if t.Prev != nil {
					at = t.Prev // the key
				}
			}
			if flow > 0 && t.Type != token.SequenceEntryType {
				break // one level of flow style holds many keys side by side
			}
			for len(columns) > 0 && columns[len(columns)-1] >= at.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, at.Position.Column)
		}
		if flow+len(columns) > 2*maxDepth {
			return t.Position.Line, fmt.Errorf("nested more than %d deep", maxDepth)
		}
	}
	return 0, nil
}

// syntaxError takes line and message out of the parser's error, whose text would quote the file.
func syntaxError(err error, line int) error {
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &at) {
		return &lineError{line, errors.New("malformed YAML")}
	}
	if t := at.GetToken(); t != nil && t.Position != nil {
		line += t.Position.Line - 1
	}
	return &lineError{line, fmt.Errorf("malformed YAML: %.200s", at.GetMessage())}
}
