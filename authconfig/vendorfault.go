package authconfig

import (
	"errors"
	"regexp"
	"strings"
)

// setting is how the library's packages name what a constructor complains about.
var setting = regexp.MustCompile(`(?:Config|Options|EmailOptions)\.([A-Z][A-Za-z]*)`)

// goName is a Go field within a complaint: Config.Region, or a name such as AllowedTenants that is no word.
var goName = regexp.MustCompile(setting.String() + `|\b[A-Z][a-z]+[A-Z][A-Za-z]*\b`)

// prefix is what stands in front of a complaint: the names of packages and functions.
var prefix = regexp.MustCompile(`^(?:[A-Za-z0-9]+: )+`)

// vendorFault reports what a constructor says about a section, at the key that it speaks of.
func (l *loading) vendorFault(vs values, err error) {
	if all := flatten(err); len(all) > 1 {
		for _, e := range all {
			l.vendorFault(vs, e)
		}
		return
	}
	if own, ok := errors.AsType[*KeyError](err); ok {
		at, path := l.place(vs, own.Field)
		l.fault(at, path, "%s", withoutSecrets(own.Message, l.secrets)).Paste = own.Paste
		return
	}
	text := prefix.ReplaceAllString(err.Error(), "")
	name, rest := "", text
	if m := setting.FindStringSubmatchIndex(text); m != nil && m[0] == 0 {
		name, rest = text[m[2]:m[3]], strings.TrimPrefix(text[m[1]:], ":")
	}
	// The complaint speaks of Go fields, the reader of keys.
	rest = goName.ReplaceAllStringFunc(rest, func(s string) string {
		if d, ok := vs.fields[s[strings.LastIndexByte(s, '.')+1:]]; ok {
			return d.key
		}
		return s
	})
	at, path := l.place(vs, name)
	e := l.fault(at, path, "%s", withoutSecrets(strings.TrimSpace(rest), l.secrets))
	if d, ok := vs.fields[name]; ok && d.value == nil && strings.HasPrefix(e.Message, "is required") {
		e.Paste = paste(d.key, d.example)
	}
}

// flatten returns the errors that are joined in err. One that wraps several in a text of its own is one.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
		texts = append(texts, e.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return []error{err}
	}
	return all
}

// place returns where a Go field of a section stands: its key, or where the section begins if it has none.
func (l *loading) place(vs values, name string) (position, string) {
	d, ok := vs.fields[name]
	switch {
	case !ok:
		return vs.at, vs.path
	case d.value == nil:
		return vs.at, vs.path + "." + d.key
	}
	return d.value.at, vs.path + "." + d.key
}
