package filecatalog_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/resolver/filecatalog"
)

// Each text is a file that is refused with the line and the reason.
func TestRefusedFiles(t *testing.T) {
	const head = "apiVersion: backstage.io/v1alpha1\nkind: User\n" // lines 1 and 2
	user := func(more string) string { return head + "metadata:\n  name: jane\n" + more }
	// So deep that the parser would take hours, and all memory.
	deep := func(open, end string) string { return strings.Repeat(open, 200_000) + strings.Repeat(end, 200_000) }
	for name, tt := range map[string]struct{ text, want string }{
		"no kind":                {"metadata: {name: jane}", ":1: kind is missing"},
		"kind in another case":   {"Kind: User\nmetadata: {name: jane}", ":1: kind is missing"},
		"kind a number":          {"kind: 1\nmetadata: {name: jane}", ":1: kind is not a text: it must be quoted"},
		"kind a list":            {"metadata: {name: jane}\nkind: [User]", ":2: kind is not a text"},
		"no metadata":            {head, ":1: metadata is missing"},
		"metadata a text":        {head + "metadata: jane", ":3: metadata is not an object"},
		"metadata empty":         {head + "metadata:", ":3: metadata is missing"},
		"no name":                {head + "metadata:\n  namespace: x", ":3: metadata.name is missing"},
		"name a number":          {head + "metadata:\n  name: 1.50", ":4: metadata.name is not a text: it must be quoted"},
		"name a truth":           {head + "metadata:\n  name: true", ":4: metadata.name is not a text"},
		"name of a reference":    {head + "metadata:\n  name: user:default/jane", ":4: metadata.name cannot stand in a reference"},
		"name of two parts":      {head + "metadata:\n  name: default/jane", ":4: metadata.name cannot stand"},
		"name with a space":      {head + "metadata:\n  name: jane doe", ":4: metadata.name cannot stand"},
		"name in another script": {head + "metadata:\n  name: j\u0430ne", ":4: metadata.name cannot stand"},
		"namespace of a path":    {head + "metadata:\n  name: jane\n  namespace: a/b", ":4: metadata.name cannot stand"},
		"kind of a reference":    {"kind: 'user:x'\nmetadata: {name: jane}", ":2: metadata.name cannot stand"},
		"no version":             {"kind: User\nmetadata: {name: jane}", ":1: apiVersion is neither"},
		"another version":        {"apiVersion: acme.example/v1\nkind: User\nmetadata: {name: jane}", ":1: apiVersion is neither"},
		"annotation a number": {user("  annotations:\n    a: b\n    example.com/user-id: 0123\n"),
			":7: metadata.annotations.example.com/user-id is not a text: it must be quoted"},
		"annotation empty":          {user("  annotations: {example.com/user-id: }"), ":5: metadata.annotations.example.com/user-id is not a text"},
		"annotations a list":        {user("  annotations: [a]"), ":5: metadata.annotations is not an object"},
		"spec a text":               {user("spec: x"), ":5: spec is not an object"},
		"profile a list":            {user("spec:\n  profile: []"), ":6: spec.profile is not an object"},
		"e-mail a list":             {user("spec:\n  profile:\n    email: [a@acme.example, b@acme.example]"), ":7: spec.profile.email is not a text"},
		"member of a number":        {user("spec:\n  memberOf:\n  - 1"), ":6: spec.memberOf holds something that is not a text"},
		"member of an object":       {user("spec:\n  memberOf: {a: b}"), ":6: spec.memberOf is neither"},
		"member of a malformed one": {user("spec:\n  memberOf: ['group:a/b/c']"), ":6: spec.memberOf holds something that is not a reference"},
		"member of nothing":         {user("spec:\n  memberOf: ['']"), ":6: spec.memberOf holds something that is not a reference"},
		"members malformed": {"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: devs}\nspec:\n  members: ['a b']",
			":5: spec.members holds"},
		"the second document":         {user("---\n\n---\n# comment\nkind: User\nmetadata: {}\n"), ":10: metadata.name is missing"},
		"a text":                      {"hello", ":1: the document is no object"},
		"a list":                      {"- kind: User", ":1: the document is no object"},
		"no YAML":                     {user("spec: [a"), ":5: malformed YAML"},
		"no YAML, in the second":      {user("---\nkind: User\nmetadata: {name: 'x\n"), "malformed YAML"},
		"tab":                         {"kind: User\n\tmetadata: x", "malformed YAML"},
		"key twice":                   {user("kind: Group"), ":5: malformed YAML: mapping key \"kind\" already defined"},
		"key twice, quoted":           {user("\"kind\": Group"), ":5: "},
		"key twice, escaped":          {user("\"\\x6bind\": Group"), ":5: "},
		"key twice, as a block":       {"? |\n  a\n: 1\n\"a\\n\": 2\n", ":4: the key \"a\\n\" is there twice"},
		"merge":                       {"a: &a {kind: User}\n<<: *a", ":2: merge keys are not supported"},
		"merge of a list":             {"<<: [{kind: User}]", ":1: merge keys are not supported"},
		"tag":                         {user("spec: !!binary aGVsbG8="), ":5: the tag \"!!binary\" is not supported"},
		"tag of a program":            {user("spec: !ruby/object:Gem {}"), ":5: "},
		"tag of a text before a list": {user("spec: !!str [a]"), ":5: "},
		"key a list":                  {"? [a, b]\n: c", "malformed YAML: found an invalid key"},
		"alias without anchor":        {user("spec: *nothing"), ":5: the alias \"nothing\" has no anchor before it"},
		"alias of itself":             {"a: &a [*a]", ":1: "},
		"alias of a forward anchor":   {"a: *b\nb: &b x", ":1: the alias \"b\" has no anchor before it"},
		"deep lists":                  {deep("[", "]"), ":1: nested more than 64 deep"},
		"deep objects":                {deep("{a: ", "}"), ":1: nested more than 64 deep"},
		"deep blocks":                 {deep("- ", "") + "x", ":1: nested more than 64 deep"},
		"deep lines":                  {deepLines(200), "nested more than 64 deep"},
		"a bit too deep":              {"a: " + strings.Repeat("[", 65) + strings.Repeat("]", 65), ":1: nested more than 64 deep"},
		"many keys":                   {"a: b\n" + manyKeys(5000), ":5001: the document has more than 5000 keys"},
		"many keys in a row":          {"{" + strings.Repeat("a: b, ", 6000) + "}", ":1: the document has more than 5000 keys"},
		"many keys without values":    {"{" + strings.Repeat("a, ", 200_000) + "}", ":1: the document has more than 20000 items between commas"},
		"many empty lines":            {"a: |\n  x" + strings.Repeat("\n", 500_000), ":104: more than 100 empty lines in a row"},
		"many blank lines":            {"a: |\n  x" + strings.Repeat(" \t\r\n", 150_000), ":104: more than 100 empty lines in a row"},
		"many returns":                {"a: |\n  x" + strings.Repeat("\r", 500_000), ":2: more than 100 empty lines in a row"},
		"dashes in a row":             {"a: [" + strings.Repeat("- ", 200_000), ":1: nested more than 64 deep"},
		"laughs":                      {laughs(), "the document has more than 200000 values"},
		"large document":              {"a: " + strings.Repeat("x", 1<<20), ":1: a document is larger than 1048576 bytes"},
		"large second document":       {entityText("jane") + "---\na: " + strings.Repeat("x", 1<<20), ":6: a document is larger than 1048576 bytes"},
		"not UTF-8":                   {"kind: User\nmetadata: {name: \"\xff\"}", ":2: invalid UTF-8"},
		"UTF-16":                      {"\xff\xfek\x00i\x00n\x00d\x00", ":1: invalid UTF-8"},
		"directive":                   {"%YAML 1.2\n---\nkind: User", "malformed YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "org.yaml")
			write(t, file, tt.text)
			_, err := filecatalog.New(filecatalog.Config{Paths: []string{file}})
			require.ErrorContains(t, err, "filecatalog: "+file+":")
			require.ErrorContains(t, err, tt.want)
			require.Less(t, len(err.Error()), len(file)+400, "an error quotes no more than a name")
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func deepLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String() + strings.Repeat(" ", n) + "b: c\n"
}

// laughs is a billion of them.
func laughs() string {
	text := "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
	for i := '1'; i <= '9'; i++ {
		alias := "*a" + string(i-1)
		text += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat(alias+", ", 8) + alias + "]\n"
	}
	return text
}

// Several files are told of at once, so that nobody mends them one by one.
func TestAllThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "kind: User")
	write(t, filepath.Join(dir, "b.yaml"), entityText("jane"))
	write(t, filepath.Join(dir, "c.yaml"), "kind: [")
	_, err := filecatalog.New(filecatalog.Config{Paths: []string{dir}})
	require.ErrorContains(t, err, "a.yaml:1: metadata is missing")
	require.ErrorContains(t, err, "c.yaml:1: malformed YAML")
}

// What is odd and still has one meaning.
func TestOddFiles(t *testing.T) {
	keys := ""
	for i := range 200 { // on lines and in one line
		keys += strings.Repeat("k", i+1) + ": x\n    "
	}
	flow := "{a: 1"
	for i := range 200 {
		flow += ", " + strings.Repeat("k", i+1) + ": x"
	}
	for name, text := range map[string]string{
		"empty lines":   strings.Repeat("\r\n", 100) + entityText("jane", "  description: |\n    a", strings.Repeat("\n", 100), "    b\n"),
		"many labels":   entityText("jane", "  labels:\n    ", strings.ReplaceAll(manyKeys(4900), "\n", "\n    "), "\n"),
		"anchors":       "x: &name jane\napiVersion: &v backstage.io/v1alpha1\nkind: User\nmetadata: {name: *name}\n",
		"tag":           "apiVersion: backstage.io/v1alpha1\nkind: !!str User\nmetadata: {name: jane}\n",
		"quoted":        "{\"apiVersion\": \"backstage.io/v1alpha1\", 'kind': 'User', \"metadata\": {\"name\": \"j\\u0061ne\"}}",
		"header line":   "--- # the user\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: jane}\n...\n",
		"many keys":     entityText("jane", "  labels:\n    ", keys, "\n"),
		"many in a row": entityText("jane", "  labels: ", flow, "}\n"),
		"dashes":        entityText("jane", "  description: |\n    ---\n    text\n  title: --- no marker ---\n"),
		"number as key": entityText("jane", "  labels: {1: one, true: two, 1.5: three, ~: four}\n"),
		"64 deep":       entityText("jane", "spec: {a: ", strings.Repeat("[", 60), strings.Repeat("]", 60), "}\n"),
		"complex key":   entityText("jane", "? spec\n: {a: b}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "org.yaml")
			write(t, file, text)
			c, err := filecatalog.New(filecatalog.Config{Paths: []string{file}})
			require.NoError(t, err)
			require.Len(t, find(t, c, query{Ref: "user:default/jane"}), 1)
		})
	}
}
