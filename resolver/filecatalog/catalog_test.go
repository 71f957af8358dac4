package filecatalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/catalogtest"
	"example.com/stagedoor/resolver/filecatalog"
)

type (
	user  = authprovider.User
	query = authprovider.UserQuery
)

// write writes a file whose modification time is an hour ago, so that it counts as settled, plus what tells it from the one before.
func write(t testing.TB, name, text string, ticks ...time.Duration) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	modified := time.Now().Add(-time.Hour)
	for _, tick := range ticks {
		modified = modified.Add(tick)
	}
	require.NoError(t, os.Chtimes(name, modified, modified))
}

func open(t testing.TB, c filecatalog.Config) *filecatalog.Catalog {
	t.Helper()
	catalog, err := filecatalog.New(c)
	require.NoError(t, err)
	return catalog
}

// entityOf is the entity that a user is made of.
func entityOf(u user) map[string]any {
	kind, rest, _ := strings.Cut(u.Ref, ":")
	namespace, name, _ := strings.Cut(rest, "/")
	metadata := map[string]any{"name": name, "namespace": namespace, "annotations": u.Annotations}
	profile := map[string]any{}
	for name, value := range map[string]string{"email": u.Email, "displayName": u.DisplayName, "picture": u.Picture} {
		if value != "" {
			profile[name] = value
		}
	}
	spec := map[string]any{"profile": profile, "memberOf": u.MemberOf}
	if kind == "group" {
		delete(spec, "memberOf")
		spec["parent"] = u.MemberOf // more than one is more than Backstage has
	}
	for path, values := range u.Fields {
		parent, path, _ := strings.Cut(path, ".")
		object := map[string]map[string]any{"spec": spec, "metadata": metadata}[parent]
		if labels, label, ok := strings.Cut(path, "."); ok {
			object[labels] = map[string]any{label: values[0]}
			continue
		}
		object[path] = values
	}
	return map[string]any{"apiVersion": "backstage.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}
}

func TestContract(t *testing.T) {
	catalogtest.TestUserCatalog(t, catalogtest.Rig{New: func(t testing.TB, users []user) authprovider.UserCatalog {
		// JSON is YAML: the suite's texts mean the same in both.
		documents := []byte("# entities\n")
		for _, u := range users {
			text, err := json.Marshal(entityOf(u))
			require.NoError(t, err)
			documents = fmt.Appendf(documents, "---\n%s\n", text)
		}
		name := filepath.Join(t.TempDir(), "org.yaml")
		write(t, name, string(documents))
		return open(t, filecatalog.Config{Paths: []string{name}})
	}})
}

const org = `# who we are
apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: Jane
  annotations:
    example.com/user-id: "007"
    example.com/note: |
      two
      lines
  labels: {site: Berlin}
  tags: [first, second]
spec:
  profile:
    displayName: Jane Doe
    email: Jane@acme.example
    picture: https://acme.example/jane.png
  memberOf: [devs, other/ops, "group:default/admins"]
  employeeId: 4711
  active: true
  score: 1.5
---
apiVersion: backstage.io/v1beta1
kind: group
metadata: {name: devs}
spec:
  type: team
  parent: unit
  members: [bob, user:other/eve]
---
---
# nothing here
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: unit}
spec:
  type: unit
  children: [devs, other/ops]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: ops, namespace: other}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: website}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: bob}
spec: {memberOf: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: eve, namespace: other}
spec: {memberOf: [local]}
`

func find(t testing.TB, c authprovider.UserCatalog, q query) []user {
	t.Helper()
	found, err := c.FindUsers(t.Context(), q)
	require.NoError(t, err)
	return found
}

func TestEntities(t *testing.T) {
	name := filepath.Join(t.TempDir(), "org.yaml")
	for _, text := range []string{org, strings.ReplaceAll(org, "\n", "\r\n"), "\ufeff" + org, "---\n" + org} {
		write(t, name, text)
		c := open(t, filecatalog.Config{Paths: []string{name}})
		jane := find(t, c, query{Ref: "user:default/jane"})
		require.Len(t, jane, 1)
		require.Equal(t, "user:default/jane", jane[0].Ref)
		require.Equal(t, "Jane Doe", jane[0].DisplayName)
		require.Equal(t, "Jane@acme.example", jane[0].Email)
		require.Equal(t, "https://acme.example/jane.png", jane[0].Picture)
		require.Equal(t, []string{"group:default/devs", "group:other/ops", "group:default/admins"}, jane[0].MemberOf)
		require.Equal(t, "007", jane[0].Annotations["example.com/user-id"])
		for path, value := range map[string]string{
			"metadata.name": "jane", "metadata.labels.site": "berlin", "metadata.tags": "second", "metadata.tags.first": "true", "spec.employeeId": "4711",
			"spec.active": "TRUE", "spec.score": "1.5", "relations.memberof": "group:other/ops", "spec.memberOf": "devs",
		} {
			require.Len(t, find(t, c, query{Filter: map[string]string{path: value}}), 1, path)
		}
		bob := find(t, c, query{Ref: "user:bob"})
		require.Equal(t, []string{"group:default/devs"}, bob[0].MemberOf, "the group's spec.members names him")
		eve := find(t, c, query{Ref: "user:other/eve"})
		require.Equal(t, []string{"group:other/local", "group:default/devs"}, eve[0].MemberOf, "in her namespace, and by the group")
		require.Empty(t, find(t, c, query{Ref: "component:website", Kinds: []string{"component"}}))
		parents, err := c.ParentGroups(t.Context(), []string{"group:default/devs"})
		require.NoError(t, err)
		require.Equal(t, []string{"group:default/unit"}, parents, "named by both, once")
		parents, err = c.ParentGroups(t.Context(), []string{"group:other/ops"})
		require.NoError(t, err)
		require.Equal(t, []string{"group:default/unit"}, parents, "named by the parent alone")
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "users.yaml"), org)
	for want, c := range map[string]filecatalog.Config{
		"filecatalog: Config.Paths is required":            {},
		"filecatalog: Config.Paths[1] is empty":            {Paths: []string{dir, ""}},
		"filecatalog: Config.MaxFileSize is -1":            {Paths: []string{dir}, MaxFileSize: -1},
		"no such file":                                     {Paths: []string{filepath.Join(dir, "absent.yaml")}},
		"there is no entity file in":                       {Paths: []string{filepath.Join(dir, "*.json")}},
		"syntax error in pattern":                          {Paths: []string{filepath.Join(dir, "[*")}},
		"users.yaml is larger than 100 bytes":              {Paths: []string{dir}, MaxFileSize: 100},
		"/dev/null is no regular file":                     {Paths: []string{"/dev/null"}},
		"there is no entity file in " + `"` + os.TempDir(): {Paths: []string{emptyDir(t)}},
	} {
		_, err := filecatalog.New(c)
		require.ErrorContains(t, err, want)
	}
}

func emptyDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "empty")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.Remove(dir) })
	return dir
}

func entityText(name string, more ...string) string {
	return "---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: " + name + "\n" + strings.Join(more, "")
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/one.yaml", "a/b/two.yml", "a/b/THREE.YAML", "a/.hidden/four.yaml", "a/.five.yaml", "a/six.json", "a/seven.txt",
		"c-eight.yaml", "c-nine.yaml"} {
		write(t, filepath.Join(dir, name), entityText(strings.ToLower(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)))))
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "c-nine.yaml"), filepath.Join(dir, "a", "link.yaml")))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "a", "loop")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "a", "b"), filepath.Join(dir, "to-b")))
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{[]string{"a"}, "one two three c-nine"},
		{[]string{"c-*.yaml"}, "c-eight c-nine"},
		{[]string{"to-b"}, "two three"},
		{[]string{"to-*", "a/b/"}, "two three"},
		{[]string{"a/one.yaml", "./a/one.yaml", "a/../a/one.yaml", "a/o*"}, "one"},
		{[]string{"a/six.json"}, "six"},
		{[]string{"a/.five.yaml", "c-?ight.yaml"}, ".five c-eight"},
	} {
		var paths []string
		for _, path := range tt.paths {
			paths = append(paths, dir+"/"+path)
		}
		if strings.Contains(tt.want, ".five") {
			write(t, filepath.Join(dir, "a/.five.yaml"), entityText("five"))
		}
		c := open(t, filecatalog.Config{Paths: paths})
		var got []string
		for _, name := range []string{"one", "two", "three", "four", "five", "six", "seven", "c-eight", "c-nine"} {
			if len(find(t, c, query{Ref: "user:" + name})) > 0 {
				got = append(got, name)
			}
		}
		require.Equal(t, strings.ReplaceAll(tt.want, ".five", "five"), strings.Join(got, " "))
	}
}

// clock is one that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestReadAgain(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.yaml"), filepath.Join(dir, "two.yaml")
	write(t, one, entityText("jane"))
	clock := newClock()
	var log bytes.Buffer
	c := open(t, filecatalog.Config{Paths: []string{dir}, CheckInterval: time.Minute, Now: clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	has := func(want ...string) {
		t.Helper()
		var got []string
		for _, name := range []string{"jane", "bob", "eve"} {
			if len(find(t, c, query{Ref: "user:" + name})) > 0 {
				got = append(got, name)
			}
		}
		require.Equal(t, want, got)
	}
	has("jane")

	write(t, one, entityText("jane")+entityText("bob"), time.Second)
	clock.advance(time.Minute - 1)
	has("jane")
	clock.advance(1)
	has("jane", "bob")

	write(t, one, entityText("jane")+entityText("eve"), 2*time.Second) // of the same size
	clock.advance(time.Minute)
	has("jane", "eve")

	write(t, two, entityText("bob"))
	clock.advance(time.Minute)
	has("jane", "bob", "eve")

	write(t, one, entityText("eve")+"spec: [", 3*time.Second)
	write(t, two, "# nobody is left", time.Second)
	clock.advance(time.Minute)
	has("jane", "eve") // the broken file keeps what it had, and the other is up to date
	require.Contains(t, log.String(), "one.yaml:6: malformed YAML")
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.ErrorContains(t, c.Reload(t.Context()), "one.yaml:6: malformed YAML")
	clock.advance(time.Minute)
	has("jane", "eve")
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "it is said once")

	write(t, one, entityText("eve"), 4*time.Second)
	clock.advance(time.Minute)
	has("eve")
	require.Contains(t, log.String(), "can be read again")
	require.NoError(t, c.Reload(t.Context()))

	write(t, two, entityText("bob"), 2*time.Second)
	clock.advance(time.Minute)
	has("bob", "eve")
	require.NoError(t, os.Remove(two))
	clock.advance(time.Minute)
	has("eve")
	require.NoError(t, os.Remove(one))
	clock.advance(time.Minute)
	has("eve") // an empty directory is a mistake, not a company without people
	require.ErrorContains(t, c.Reload(t.Context()), "there is no entity file in")
}

// What is read again of one file leaves the users of the others as they were.
func TestReadAgainBesideOthers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), entityText("jane", "spec: {memberOf: [devs, devs, ops]}\n"))
	clock := newClock()
	c := open(t, filecatalog.Config{Paths: []string{dir}, Now: clock.Now})
	for i := range 3 {
		require.Equal(t, []string{"group:default/devs", "group:default/ops"}, find(t, c, query{Ref: "user:jane"})[0].MemberOf)
		write(t, filepath.Join(dir, fmt.Sprint(i, ".yaml")), entityText(fmt.Sprint("u", i)))
		clock.advance(time.Hour)
	}
}

// A path that is gone, or a file that cannot be opened, holds up nothing else.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one", "users.yaml"), filepath.Join(dir, "two", "users.yaml")
	write(t, one, entityText("jane"))
	write(t, two, entityText("bob"))
	c := open(t, filecatalog.Config{Paths: []string{filepath.Dir(one), two}, CheckInterval: -1})
	require.NoError(t, os.Rename(filepath.Dir(one), filepath.Join(dir, "away")))
	write(t, two, entityText("eve"), time.Second)
	for range 2 {
		require.ErrorContains(t, c.Reload(t.Context()), "one: no such file or directory")
		require.Len(t, find(t, c, query{Ref: "user:jane"}), 1)
		require.Empty(t, find(t, c, query{Ref: "user:bob"}))
		require.Len(t, find(t, c, query{Ref: "user:eve"}), 1)
	}
	require.NoError(t, os.Rename(filepath.Join(dir, "away"), filepath.Dir(one)))
	require.NoError(t, os.Remove(two))
	require.ErrorContains(t, c.Reload(t.Context()), "no such file or directory")
	require.Len(t, find(t, c, query{Ref: "user:jane"}), 1)
	require.Len(t, find(t, c, query{Ref: "user:eve"}), 1)
}

// A file that replaces another, as editors and Kubernetes do it, may have its size and its time.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "users.yaml"), filepath.Join(dir, "new")
	write(t, name, entityText("jane"))
	info, err := os.Stat(name)
	require.NoError(t, err)
	clock := newClock()
	c := open(t, filecatalog.Config{Paths: []string{name}, Now: clock.Now})
	write(t, other, entityText("jack"))
	require.NoError(t, os.Chtimes(other, info.ModTime(), info.ModTime()))
	require.NoError(t, os.Rename(other, name))
	clock.advance(10 * time.Second)
	require.Len(t, find(t, c, query{Ref: "user:jack"}), 1)
	require.Empty(t, find(t, c, query{Ref: "user:jane"}))
}

// A file that is written twice within one step of the file system's clock looks the same, so it is read again when it was read that early.
func TestWrittenTwiceAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "users.yaml")
	require.NoError(t, os.WriteFile(name, []byte(entityText("jane")), 0o600))
	clock := newClock()
	modified := clock.Now()
	require.NoError(t, os.Chtimes(name, modified, modified))
	c := open(t, filecatalog.Config{Paths: []string{name}, Now: clock.Now})
	require.NoError(t, os.WriteFile(name, []byte(entityText("jack")), 0o600))
	require.NoError(t, os.Chtimes(name, modified, modified))
	clock.advance(10 * time.Second)
	require.Len(t, find(t, c, query{Ref: "user:jack"}), 1)
}

func TestOnlyReload(t *testing.T) {
	name := filepath.Join(t.TempDir(), "users.yaml")
	write(t, name, entityText("jane"))
	clock := newClock()
	c := open(t, filecatalog.Config{Paths: []string{name}, CheckInterval: -1, Now: clock.Now})
	write(t, name, entityText("bobby"), time.Second)
	clock.advance(24 * time.Hour)
	require.Empty(t, find(t, c, query{Ref: "user:bobby"}))
	require.NoError(t, c.Reload(t.Context()))
	require.Len(t, find(t, c, query{Ref: "user:bobby"}), 1)
}

func TestDuplicates(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), entityText("jane")+entityText("bob"))
	write(t, filepath.Join(dir, "b.yaml"), entityText("JANE"))
	clock := newClock()
	var log bytes.Buffer
	c := open(t, filecatalog.Config{Paths: []string{dir}, Now: clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Len(t, find(t, c, query{Ref: "user:jane"}), 2)
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: c})
	_, err := rc.FindUser(t.Context(), query{Ref: "user:jane"})
	require.ErrorIs(t, err, authprovider.ErrAmbiguousUser)
	require.Regexp(t, `ref=user:default/jane first=\S+a.yaml:2 second=\S+b.yaml:2 entities=2`, log.String())
	write(t, filepath.Join(dir, "c.yaml"), entityText("eve"))
	clock.advance(time.Hour)
	require.Len(t, find(t, c, query{Ref: "user:eve"}), 1)
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "it is said once")
}

// Lookups go on while files are read, and Reload waits for its turn or for its context.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "users.yaml")
	write(t, name, entityText("jane"))
	c := open(t, filecatalog.Config{Paths: []string{dir}, CheckInterval: 1})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				found, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
				if err != nil || len(found) != 1 {
					t.Errorf("%v, %v", found, err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := c.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}
