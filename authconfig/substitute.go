package authconfig

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// maxSecretFile bounds what $file reads.
const maxSecretFile = 64 << 10

// variable is ${NAME}, or $${NAME} for the text "${NAME}" itself. A dollar sign elsewhere is only a dollar sign.
var variable = regexp.MustCompile(`\$?\$\{[^{}]*\}`)

// substituter finds what stands for a value. It is asked only for values that are read, so that what other parts of a file name need not be there.
type substituter struct {
	env        func(string) (string, bool)
	secretDirs []string
	secrets    []string // every value that came from elsewhere; none is ever shown
}

// scalar is the value of a scalar node.
type scalar struct {
	kind kind
	text string
	// source says where the text is from, such as "${NAME}"; empty if it is in the file as it is.
	source string
}

// resolve returns the value of a scalar node. Values of the environment lose the blanks around them, as in Backstage.
func (s *substituter) resolve(n *node) (scalar, error) {
	switch n.kind {
	case reference:
		value, err := s.dereference(n)
		if err != nil {
			return scalar{}, err
		}
		s.secrets = append(s.secrets, value)
		return scalar{kind: text, text: value, source: n.what + ": " + shortened(n.text)}, nil
	case text:
	default:
		return scalar{kind: n.kind, text: n.text}, nil
	}
	value, source, err := s.expand(n.text)
	if source != "" {
		s.secrets = append(s.secrets, value)
	}
	return scalar{kind: text, text: value, source: source}, err
}

func (s *substituter) expand(raw string) (value, source string, err error) {
	var missing []string
	value = variable.ReplaceAllStringFunc(raw, func(v string) string {
		if strings.HasPrefix(v, "$$") {
			return v[1:]
		}
		name := strings.TrimSpace(v[2 : len(v)-1])
		if source == "" {
			source = shortened("${" + name + "}")
		}
		found, ok := s.lookup(name)
		if !ok {
			missing = append(missing, name)
		}
		return found
	})
	if len(missing) > 0 {
		return "", source, notSet(missing[0])
	}
	return value, source, nil
}

func (s *substituter) lookup(name string) (string, bool) {
	value, ok := s.env(name)
	value = strings.TrimSpace(value)
	if ok && value != "" {
		s.secrets = append(s.secrets, value)
	}
	return value, ok
}

func (s *substituter) dereference(n *node) (string, error) {
	arg, _, err := s.expand(n.text)
	if err != nil {
		return "", err
	}
	if n.what == "$file" {
		return s.readSecret(n, arg)
	}
	value, ok := s.lookup(arg)
	if !ok {
		return "", notSet(n.text)
	}
	return value, nil
}

func notSet(name string) error {
	return fmt.Errorf("the environment variable %s is not set", shortened(name))
}

// readSecret reads the file that $file names: one of the configuration file's own directory or below it, or, by its absolute path, of one
// of Source.SecretDirs. No link leads out of there. Messages show the name as it stands in the configuration.
func (s *substituter) readSecret(n *node, name string) (string, error) {
	fail := func(why string) (string, error) {
		return "", fmt.Errorf("$file %.200q %s", n.text, why)
	}
	dir, name, ok := s.directory(n.at.file, name)
	if !ok {
		return fail("is neither below the directory of the file that names it nor in one of Source.SecretDirs")
	}
	data, err := dir.read(name, maxSecretFile)
	if err != nil {
		return fail(err.Error())
	}
	return strings.TrimRight(string(data), " \t\r\n"), nil
}

func (s *substituter) directory(f *file, name string) (directory, string, bool) {
	if !filepath.IsAbs(name) {
		name = path.Clean(filepath.ToSlash(name))
		return f.dir, name, fs.ValidPath(name) && name != "."
	}
	for _, dir := range s.secretDirs {
		rel, err := filepath.Rel(dir, name)
		if rel = filepath.ToSlash(rel); err == nil && fs.ValidPath(rel) && rel != "." {
			return directory{path: dir}, rel, true
		}
	}
	return directory{}, "", false
}

// shortened cuts a name for a message.
func shortened(name string) string {
	if len(name) > maxNamed {
		return name[:maxNamed] + "..."
	}
	return name
}
