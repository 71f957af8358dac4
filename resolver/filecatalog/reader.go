package filecatalog

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// reader makes plain values of one document's tree: map[string]any, []any, string, bool, int64, uint64, float64 and nil.
type reader struct {
	offset  int // of the document's first line in the file
	nodes   int // read so far, those behind an alias each time
	anchors map[string]ast.Node
	lines   map[string]int
}

func (r *reader) line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return r.offset + t.Position.Line
	}
	return r.offset + 1
}

func (r *reader) fail(n ast.Node, format string, args ...any) error {
	return &lineError{r.line(n), fmt.Errorf(format, args...)}
}

func (r *reader) value(n ast.Node, path string, depth int) (any, error) {
	if n == nil {
		return nil, nil
	}
	if r.nodes++; r.nodes > maxNodes {
		return nil, r.fail(n, "the document has more than %d values, those behind aliases counted each time", maxNodes)
	}
	if depth > maxDepth {
		return nil, r.fail(n, "nested more than %d deep", maxDepth) // an alias within its own anchor, too
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, path, depth)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, path, depth)
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for _, item := range n.Values {
			value, err := r.value(item, path, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *ast.AnchorNode:
		r.anchors[n.Name.GetToken().Value] = n.Value
		return r.value(n.Value, path, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		target, ok := r.anchors[name]
		if !ok {
			return nil, r.fail(n, "the alias %.100q has no anchor before it", name)
		}
		return r.value(target, path, depth+1)
	case *ast.TagNode:
		if n.Start.Value != "!!str" {
			return nil, r.fail(n, "the tag %.100q is not supported", n.Start.Value)
		}
		if _, ok := n.Value.(ast.ScalarNode); !ok {
			return nil, r.fail(n, "the tag !!str stands before something that is no text")
		}
		return scalarText(n.Value), nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode:
		return n.Value, nil
	case *ast.FloatNode:
		return n.Value, nil
	case *ast.InfinityNode, *ast.NanNode:
		return scalarText(n), nil
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	}
	return nil, r.fail(n, "%s is not supported", n.Type())
}

func (r *reader) mapping(pairs []*ast.MappingValueNode, path string, depth int) (any, error) {
	object := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name, err := r.name(pair.Key)
		if err != nil {
			return nil, err
		}
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		if _, twice := object[name]; twice {
			return nil, r.fail(pair.Key, "the key %.100q is there twice", name)
		}
		if depth <= 3 { // deeper ones are in no error
			r.lines[inner] = r.line(pair.Key)
		}
		if object[name], err = r.value(pair.Value, inner, depth+1); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// name returns the text of a key. A key that is another scalar, such as a number, is the text that stands there.
func (r *reader) name(key ast.MapKeyNode) (string, error) {
	if key == nil {
		return "", &lineError{r.offset + 1, errors.New("malformed YAML: a key is missing")}
	}
	var node ast.Node = key
	for range 8 {
		switch k := node.(type) {
		case *ast.MergeKeyNode:
			return "", r.fail(key, "merge keys are not supported")
		case *ast.MappingKeyNode:
			node = k.Value
			continue
		case *ast.AnchorNode:
			r.anchors[k.Name.GetToken().Value] = k.Value
			node = k.Value
			continue
		case *ast.StringNode:
			return k.Value, nil
		case *ast.LiteralNode:
			return k.Value.Value, nil
		case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.NullNode:
			return scalarText(k), nil
		}
		break
	}
	return "", r.fail(key, "a key is no text")
}

// scalarText is how a scalar is written in the file.
func scalarText(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return n.GetToken().Value
}
