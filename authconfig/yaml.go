package authconfig

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	maxFileSize = 256 << 10
	// maxNodes bounds what aliases can grow a file to: a few lines of them make billions.
	maxNodes = 50_000
	maxDepth = 64
)

// parse reads one YAML document into a node, which is a mapping, or nil if there is nothing in it.
func parse(f *file, data []byte) (root *node, err *Error) {
	place := func(line, column int, format string, args ...any) *Error {
		return &Error{File: f.name, Line: line, Column: column, Message: fmt.Sprintf(format, args...), order: f.order}
	}
	// A parser that gives up on what an editor left behind must not take the host with it.
	defer func() {
		if recover() != nil {
			root, err = nil, place(0, 0, "is not YAML")
		}
	}()
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if depth(data) > 4*maxDepth {
		return nil, place(0, 0, "is nested too deeply")
	}
	// Duplicates are allowed to the parser only so that both of their lines are told below.
	parsed, fault := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if fault != nil {
		if e, ok := errors.AsType[yaml.Error](fault); ok && e.GetToken() != nil {
			// The parser's own text would show lines of the file, with the secrets in them.
			return nil, place(e.GetToken().Position.Line, e.GetToken().Position.Column, "is not YAML: %s", quoted.ReplaceAllString(e.GetMessage(), `"..."`))
		}
		return nil, place(0, 0, "is not YAML")
	}
	var bodies []ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		return nil, nil
	}
	if len(bodies) > 1 {
		at := bodies[1].GetToken().Position
		return nil, place(at.Line, at.Column, "has a second YAML document; only one is read")
	}
	c := converter{file: f, anchors: make(map[string]*node)}
	root, err = c.convert(bodies[0], 0)
	switch {
	case err != nil:
		return nil, err
	case root.kind == null:
		return nil, nil
	case root.kind != mapping:
		return nil, place(root.at.line, root.at.column, "is %s, want a mapping", root.kind)
	}
	return root, nil
}

// depth bounds how deeply data can be nested, before a recursive parser sees it: by brackets, by "- - -", and by indentation.
func depth(data []byte) int {
	most, brackets := 0, 0
	for line := range bytes.Lines(data) {
		lead := 0
		for _, b := range line {
			if b != ' ' && b != '-' && b != '?' && b != ':' && b != '\t' {
				break
			}
			if b != ' ' && b != '\t' {
				lead++
			}
		}
		for _, b := range line {
			switch b {
			case '[', '{':
				brackets++
				most = max(most, brackets)
			case ']', '}':
				brackets = max(0, brackets-1)
			}
		}
		most = max(most, lead)
	}
	return most
}

// converter makes nodes of a document. Aliases become the nodes of their anchors.
type converter struct {
	file    *file
	anchors map[string]*node
}

func (c *converter) fault(n ast.Node, format string, args ...any) *Error {
	at := n.GetToken().Position
	return &Error{File: c.file.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...), order: c.file.order}
}

func (c *converter) convert(n ast.Node, depth int) (*node, *Error) {
	if depth > maxDepth {
		return nil, c.fault(n, "is nested too deeply")
	}
	at := n.GetToken().Position
	out := &node{at: position{file: c.file, line: at.Line, column: at.Column}, size: 1}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.StringNode:
		out.kind, out.text = text, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = text, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = number, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = boolean, "false"
		if n.Value {
			out.text = "true"
		}
	case *ast.AnchorNode:
		if n.Value == nil {
			return out, nil
		}
		inner, err := c.convert(n.Value, depth+1)
		if err == nil && n.Name != nil {
			c.anchors[n.Name.GetToken().Value] = inner // only now, so that nothing can hold itself
		}
		return inner, err
	case *ast.AliasNode:
		inner, ok := c.anchors[n.Value.GetToken().Value]
		if !ok {
			return nil, c.fault(n, "has an alias without anchor before it")
		}
		return inner, nil
	case *ast.TagNode:
		if n.Value == nil || n.GetToken().Value != "!!str" {
			return nil, c.fault(n, "has the tag %.32q, which is not read", n.GetToken().Value)
		}
		inner, err := c.convert(n.Value, depth+1)
		if err == nil && inner.kind != mapping && inner.kind != sequence {
			copied := *inner
			copied.kind = text
			inner = &copied
		}
		return inner, err
	case *ast.MappingNode:
		return c.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		return c.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			item, err := c.convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
			if out.size += item.size; out.size > maxNodes {
				return nil, c.fault(n, "has more than %d values, aliases followed", maxNodes)
			}
		}
	default:
		return nil, c.fault(n, "is not read here: %s", n.Type())
	}
	return out, nil
}

func (c *converter) mapping(out *node, values []*ast.MappingValueNode, depth int) (*node, *Error) {
	out.kind = mapping
	first := make(map[string]position, len(values))
	for i, v := range values {
		key, err := c.key(v.Key)
		if err != nil {
			return nil, err
		}
		at := v.Key.GetToken().Position
		place := position{file: c.file, line: at.Line, column: at.Column}
		if i == 0 {
			out.at = place
		}
		if earlier, ok := first[key]; ok {
			return nil, c.fault(v.Key, "has the key %.64q twice: the first is in line %d", key, earlier.line)
		}
		first[key] = place
		value, err := c.convert(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, field{key: key, at: place, value: value})
		if out.size += value.size; out.size > maxNodes {
			return nil, c.fault(v.Key, "has more than %d values, aliases followed", maxNodes)
		}
	}
	return c.reference(out)
}

func (c *converter) key(k ast.MapKeyNode) (string, *Error) {
	switch k := k.(type) {
	case *ast.StringNode:
		return k.Value, nil
	case *ast.MergeKeyNode:
		return "", c.fault(k, `has the merge key "<<", which Backstage does not read either`)
	}
	if n, ok := k.(ast.ScalarNode); ok {
		return n.GetToken().Value, nil // Backstage's keys are text, whatever they look like
	}
	return "", c.fault(k, "has a key that is not text")
}

// reference makes a scalar of a mapping such as {$env: NAME}.
func (c *converter) reference(n *node) (*node, *Error) {
	for _, f := range n.fields {
		at := &Error{File: c.file.name, Line: f.at.line, Column: f.at.column, Key: "", order: c.file.order}
		switch f.key {
		case "$env", "$file":
			if len(n.fields) != 1 {
				at.Message = fmt.Sprintf("%s must stand alone", f.key)
				return nil, at
			}
			if f.value.kind != text {
				at.Message = fmt.Sprintf("%s is %s, want text", f.key, f.value.kind)
				return nil, at
			}
			return &node{kind: reference, at: f.at, what: f.key, text: f.value.text, size: 1}, nil
		case "$include":
			at.Message = "$include is not read: give its file to Source.Files"
			return nil, at
		}
	}
	return n, nil
}
