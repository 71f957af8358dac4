package authconfig

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
)

//go:generate go test ./builtin -run TestSchema -update

// Schema returns the JSON Schema (draft 7, which editors read) of a configuration whose providers are those of a registry. That of
// builtin.Registry is schema.json beside this file. An editor finds it by a first line such as
//
//	# yaml-language-server: $schema=schema.json
func Schema(r Registry) ([]byte, error) {
	s := &schemas{definitions: map[string]*schema{
		"text": {Description: "A text, or where it is.", AnyOf: []*schema{
			{Type: "string"},
			closed(map[string]*schema{"$env": {Type: "string", Description: "The name of an environment variable."}}, "$env"),
			closed(map[string]*schema{"$file": {Type: "string", Description: "A file in the directory of this one, or below."}}, "$file"),
		}},
		// Text of the environment says true or false too.
		"flag":     {AnyOf: []*schema{{Type: "boolean"}, {Type: "string", Pattern: `\$\{`}}},
		"number":   {AnyOf: []*schema{{Type: "integer"}, {Type: "string", Pattern: `\$\{`}}},
		"texts":    {AnyOf: []*schema{{Ref: "#/definitions/text"}, {Type: "array", Items: &schema{Ref: "#/definitions/text"}}}},
		"duration": nil, // below: it needs the others
	}}
	s.definitions["duration"] = &schema{Description: `Such as "30m", "2 hours", "PT1H" or {hours: 1, minutes: 30}.`,
		AnyOf: []*schema{{Ref: "#/definitions/text"}, s.object(reflect.TypeFor[humanDuration]())}}

	auth := s.object(reflect.TypeFor[authSection]())
	auth.Properties["providers"] = closed(map[string]*schema{})
	// Spellings of one ID have one definition.
	shared := make(map[Provider]string)
	for _, id := range slices.Sorted(maps.Keys(r)) {
		p := r[id]
		if p == nil {
			continue
		}
		name, ok := shared[p]
		if !ok {
			name = id
			shared[p] = name
			s.definitions["provider "+name] = &schema{AnyOf: []*schema{p.schema(s), {Type: "null"}}}
		}
		auth.Properties["providers"].Properties[id] = definition("provider " + name)
	}
	url := func(what string) *schema {
		return &schema{Type: "object", Properties: map[string]*schema{"baseUrl": {Ref: "#/definitions/text", Description: what}}}
	}
	root := &schema{
		Draft: "http://json-schema.org/draft-07/schema#",
		Title: "The part of a Backstage app-config.yaml that package authconfig reads",
		Type:  "object",
		Properties: map[string]*schema{
			"app":     url("The address of the app."),
			"backend": url("The address below which /api/auth is."),
			"auth":    auth,
		},
		Definitions: s.definitions,
	}
	out, err := json.MarshalIndent(root, "", " ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

// schema is the part of JSON Schema that is needed.
type schema struct {
	Draft       string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"`
	Const       string             `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	// Additional is false, or the schema of whatever key.
	Additional  any                `json:"additionalProperties,omitempty"`
	Definitions map[string]*schema `json:"definitions,omitempty"`
}

type schemas struct {
	definitions map[string]*schema
}

func closed(properties map[string]*schema, required ...string) *schema {
	return &schema{Type: "object", Properties: properties, Required: required, Additional: false}
}

func definition(name string) *schema {
	return &schema{Ref: "#/definitions/" + strings.ReplaceAll(name, " ", "%20")}
}

// shared returns a reference to a definition, or what itself if there is another of that name.
func (s *schemas) shared(name string, what *schema) *schema {
	if have, ok := s.definitions[name]; ok && !reflect.DeepEqual(have, what) {
		return what
	}
	s.definitions[name] = what
	return definition(name)
}

// object is the schema of structs that share one mapping. What is required is not so in the schema: it may stand in code, or in another file.
func (s *schemas) object(types ...reflect.Type) *schema {
	out := closed(make(map[string]*schema))
	for _, t := range types {
		for i := range t.NumField() {
			f := t.Field(i)
			tag, ok := f.Tag.Lookup("key")
			if !ok {
				if f.Anonymous && f.Type.Kind() == reflect.Struct {
					maps.Copy(out.Properties, s.object(f.Type).Properties)
				}
				continue
			}
			if f.Type == reflect.TypeFor[Unsupported]() {
				continue
			}
			key, _, _ := strings.Cut(tag, ",")
			p := s.value(f.Type)
			p.Description = f.Tag.Get("doc")
			if enum := f.Tag.Get("enum"); enum != "" {
				p.Ref, p.AnyOf = "", []*schema{{Enum: strings.Fields(enum)}, {Type: "string", Pattern: `\$\{`}}
			}
			if f.Type == reflect.TypeFor[Ignored]() {
				p.Description = "Has no effect: it " + p.Description + "."
			}
			out.Properties[key] = p
		}
	}
	return out
}

func (s *schemas) value(t reflect.Type) *schema {
	ref := definition
	switch t {
	case reflect.TypeFor[Duration]():
		return ref("duration")
	case reflect.TypeFor[Strings](), reflect.TypeFor[Scopes]():
		return ref("texts")
	case reflect.TypeFor[authprovider.Secret]():
		return ref("text")
	case reflect.TypeFor[Ignored](), reflect.TypeFor[*node]():
		return &schema{}
	case reflect.TypeFor[unsupportedFeature]():
		return &schema{Type: "object", Properties: map[string]*schema{"enabled": {Ref: "#/definitions/flag"}}}
	}
	if t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return ref("text")
	}
	switch t.Kind() {
	case reflect.Bool:
		return ref("flag")
	case reflect.Int:
		return ref("number")
	case reflect.Slice:
		return &schema{Type: "array", Items: s.value(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", Additional: s.value(t.Elem())}
	case reflect.Struct:
		return s.object(t)
	case reflect.Pointer:
		return s.value(t.Elem())
	}
	return ref("text")
}

// sectionSchema is the schema of one configuration of a provider.
func sectionSchema[R any](s *schemas, named map[string]Resolver[R], types ...reflect.Type) *schema {
	out := s.object(types...)
	entries := make([]*schema, 0, len(named))
	for _, name := range names(named) {
		entry := closed(make(map[string]*schema), "resolver")
		if named[name].options != nil {
			entry = s.object(named[name].options)
			entry.Required = []string{"resolver"}
		}
		entry.Properties["resolver"] = &schema{Const: name}
		entries = append(entries, s.shared("resolver "+name, entry))
	}
	out.Properties["signIn"] = &schema{Type: "object", Description: "Who of the users in the catalog a person is.", Additional: false,
		Properties: map[string]*schema{"resolvers": {Type: "array", Description: "Tried in order.", Items: &schema{AnyOf: entries}}}}
	return out
}

func (p *OAuth[P]) schema(s *schemas) *schema {
	return &schema{Type: "object", Description: "Environments, such as development.",
		Additional: sectionSchema(s, p.Resolvers, p.section, reflect.TypeFor[oauthSection]())}
}

func (p *Proxy[R]) schema(s *schemas) *schema { return sectionSchema(s, p.Resolvers, p.section) }

func (p *Custom) schema(s *schemas) *schema { return s.object(p.section) }
