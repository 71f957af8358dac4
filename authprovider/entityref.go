package authprovider

import (
	"fmt"
	"strings"
)

// EntityRef is a parsed entity reference, "kind:namespace/name". A user's kind is "user".
type EntityRef struct {
	Kind, Namespace, Name string
}

// String writes the reference as Backstage does: all three parts in lower case.
func (r EntityRef) String() string {
	return strings.ToLower(r.Kind + ":" + r.Namespace + "/" + r.Name)
}

// ParseEntityRef reads "kind:[namespace/]name". The namespace is "default" if it is left out, the kind must be there.
// Errors wrap [ErrInput] and show no more than the beginning of a long reference.
func ParseEntityRef(ref string) (EntityRef, error) {
	kind, rest, ok := strings.Cut(ref, ":")
	if !ok {
		return EntityRef{}, fmt.Errorf("authprovider: entity reference %.300q has no kind: %w", ref, ErrInput)
	}
	namespace, name, ok := strings.Cut(rest, "/")
	if !ok {
		namespace, name = "default", rest
	}
	for _, part := range [...]string{kind, namespace, name} {
		if !validRefPart(part) {
			return EntityRef{}, fmt.Errorf("authprovider: entity reference %.300q is not of the form kind:[namespace/]name: %w", ref, ErrInput)
		}
	}
	return EntityRef{Kind: kind, Namespace: namespace, Name: name}, nil
}

// canonicalRef returns ref as [EntityRef.String] writes it, and itself if that is how it is written.
func canonicalRef(ref string) (string, error) {
	parsed, err := ParseEntityRef(ref)
	if err != nil {
		return "", err
	}
	if len(ref) == len(parsed.Kind)+1+len(parsed.Namespace)+1+len(parsed.Name) && strings.ToLower(ref) == ref {
		return ref, nil
	}
	return parsed.String(), nil
}

// UserRef makes the reference "user:default/name". The name is a name, never a reference: one that holds ':' or '/'
// would let a person choose a namespace or a kind by the way they spell their user name. One of dots alone is none either, because it is
// another path where a catalog is asked over HTTP. Errors wrap [ErrInput].
func UserRef(name string) (string, error) {
	if !validRefPart(name) || strings.Trim(name, ".") == "" {
		return "", fmt.Errorf("authprovider: %.300q cannot be the name of a user: %w", name, ErrInput)
	}
	return EntityRef{Kind: "user", Namespace: "default", Name: name}.String(), nil
}

func validRefPart(part string) bool {
	if part == "" || len(part) > 253 {
		return false
	}
	for i := 0; i < len(part); i++ {
		if c := part[i]; c <= ' ' || c >= 0x7f || c == ':' || c == '/' {
			return false
		}
	}
	return true
}
