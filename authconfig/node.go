package authconfig

// position is a place in a file.
type position struct {
	file   *file
	line   int
	column int
}

// kind is what a node is. Those of scalars are YAML's: what a text looks like, not what is wanted in its place.
type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	mapping
	sequence
	reference // $env or $file: a scalar of which only the place is known so far
)

func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a mapping", "a list", "text"}[k]
}

// node is a value of a file. It is never changed once it is read: nodes are shared by aliases and by merging.
type node struct {
	kind   kind
	at     position
	text   string // of scalars; of a reference, its argument
	what   string // of a reference: "$env" or "$file"
	fields []field
	items  []*node
	size   int // number of nodes, aliases followed
}

type field struct {
	key   string
	at    position
	value *node
}

// get returns the value of a key, or nil. A null is the same as no key.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key && f.value.kind != null {
			return f.value
		}
	}
	return nil
}

// merge lays over on top of base: mappings key by key, whatever their depth; anything else in over replaces what is in base. A null
// therefore takes a key away. The place of a mapping is where it was last written to.
func merge(base, over *node) *node {
	if base == nil || base.kind != mapping || over.kind != mapping {
		return over
	}
	merged := &node{kind: mapping, at: over.at, fields: make([]field, 0, len(base.fields)+len(over.fields))}
	index := make(map[string]int, len(base.fields))
	for i, f := range base.fields {
		merged.fields = append(merged.fields, f)
		index[f.key] = i
	}
	for _, f := range over.fields {
		if i, ok := index[f.key]; ok {
			merged.fields[i] = field{key: f.key, at: f.at, value: merge(merged.fields[i].value, f.value)}
			continue
		}
		merged.fields = append(merged.fields, f)
	}
	return merged
}
