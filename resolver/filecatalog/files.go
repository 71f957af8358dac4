package filecatalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
)

const (
	maxFiles = 10_000
	// settled is after how long a modification time is trusted to differ from the next one: file systems count in steps of up to two seconds.
	settled = 2 * time.Second
)

// file is what is known of one.
type file struct {
	info    fs.FileInfo // of what was read last, for good or bad
	racy    bool        // it was read so soon after it was modified that another modification could look the same
	err     error       // what is wrong with it
	entries []*entry    // what it held when nothing was wrong
}

// reload looks at all files and reads those that have changed. The caller holds c.reading.
func (c *Catalog) reload() error {
	names, wrong := c.list()
	files := make(map[string]*file, len(names))
	changed := len(names) != len(c.files)
	for _, name := range names {
		before := c.files[name]
		f := c.read(name, before)
		files[name] = f
		changed = changed || f != before
		if f.err != nil {
			wrong = append(wrong, f.err)
		}
	}
	first := c.files == nil
	if first && len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	c.files = files
	if changed {
		if err := c.build(names); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// list returns the names of the files that the paths stand for, sorted, each once. A path that stands for nothing goes on standing for what it
// did before: a directory that is gone for a moment is not one whose users have left.
func (c *Catalog) list() (names []string, wrong []error) {
	found := make(map[string]bool)
	listed := make(map[string][]string, len(c.paths))
	for _, path := range c.paths {
		files, err := filesOf(path)
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("there is no entity file in %q", path)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("filecatalog: %w", err))
			files = c.listed[path]
		}
		listed[path] = files
		for _, name := range files {
			found[name] = true
		}
	}
	c.listed = listed
	return slices.Sorted(maps.Keys(found)), wrong
}

// filesOf returns the names of the files that a path stands for.
func filesOf(path string) (files []string, err error) {
	names := []string{path}
	if strings.ContainsAny(path, `*?[`) {
		if names, err = filepath.Glob(path); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", path, err)
		}
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, filepath.Clean(name))
			continue
		}
		if err := walk(name, func(name string) { files = append(files, name) }); err != nil {
			return nil, err
		}
		if len(files) > maxFiles {
			return nil, fmt.Errorf("%q stands for more than %d files", path, maxFiles)
		}
	}
	return files, nil
}

// walk calls add with each entity file below a directory. What begins with a dot is passed over: a mounted Kubernetes volume has its files
// there a second time.
func walk(dir string, add func(name string)) error {
	root := dir + string(filepath.Separator) // so that a link to a directory is one
	seen := 0
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > 10*maxFiles {
			return fmt.Errorf("%q holds more than %d files", dir, 10*maxFiles)
		}
		switch extension := strings.ToLower(filepath.Ext(name)); {
		case name != root && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && (extension == ".yaml" || extension == ".yml"):
			add(filepath.Clean(name))
		}
		return nil
	})
}

// read returns what is in a file now, or before itself if that has not changed.
func (c *Catalog) read(name string, before *file) *file {
	info, err := os.Stat(name)
	if err == nil && before != nil && before.info != nil && !before.racy && os.SameFile(info, before.info) &&
		info.ModTime().Equal(before.info.ModTime()) && info.Size() == before.info.Size() {
		return before
	}
	f := &file{}
	if err == nil {
		f.info = info
		f.racy = c.now().Sub(info.ModTime()) < settled
		var data []byte
		if data, err = c.content(name, info); err == nil {
			f.entries, err = parse(name, data)
		}
	}
	if err != nil {
		f.err = fmt.Errorf("filecatalog: %w", err)
		if before != nil {
			if f.info == nil && before.info == nil && before.err.Error() == f.err.Error() {
				return before // it is still missing
			}
			f.entries = before.entries
		}
	}
	return f
}

func (c *Catalog) content(name string, info fs.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name) // opening a pipe would wait for its writer
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, c.maxSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > c.maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, c.maxSize)
	}
	return data, nil
}

// build makes one catalog of all files' entries.
func (c *Catalog) build(names []string) error {
	var all []*entry
	byRef := make(map[string][]int)
	for _, name := range names {
		for _, e := range c.files[name].entries {
			byRef[e.user.Ref] = append(byRef[e.user.Ref], len(all))
			all = append(all, e)
		}
	}
	users := make([]authprovider.User, len(all))
	for i, e := range all {
		users[i] = e.user
		users[i].MemberOf = slices.Clone(e.user.MemberOf)
	}
	for _, e := range all {
		for _, ref := range e.members {
			for _, i := range byRef[ref] {
				users[i].MemberOf = append(users[i].MemberOf, e.user.Ref)
			}
		}
	}
	for i := range users {
		users[i].MemberOf = distinct(users[i].MemberOf)
	}
	if err := c.index.Set(users...); err != nil {
		return fmt.Errorf("filecatalog: %w", err)
	}
	c.reportDuplicates(byRef, all)
	return nil
}

// reportDuplicates logs what it has not logged before.
func (c *Catalog) reportDuplicates(byRef map[string][]int, all []*entry) {
	duplicates := make(map[string]string)
	for _, ref := range slices.Sorted(maps.Keys(byRef)) {
		places := byRef[ref]
		if len(places) < 2 {
			continue
		}
		first, second := all[places[0]].where, all[places[1]].where
		duplicates[ref] = first + " " + second
		if c.duplicates[ref] != duplicates[ref] {
			c.logger.LogAttrs(context.Background(), slog.LevelError, "filecatalog: several entities of one reference, so that nobody can sign in as it",
				slog.String("ref", ref), slog.String("first", first), slog.String("second", second), slog.Int("entities", len(places)))
		}
	}
	c.duplicates = duplicates
}

// distinct returns each reference once, in their order.
func distinct(refs []string) []string {
	seen := make(map[string]bool, len(refs))
	return slices.DeleteFunc(refs, func(ref string) bool {
		again := seen[ref]
		seen[ref] = true
		return again
	})
}
