package authconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// file is one of Source.Files.
type file struct {
	name  string // as it was given
	order int
	dir   directory // which it is in
}

// directory is where files may be read, and nothing above it. It is the machine's if fsys is nil.
type directory struct {
	fsys fs.FS
	path string
}

func newFile(fsys fs.FS, name string, order int) (f *file, base string) {
	if fsys != nil {
		return &file{name: name, order: order, dir: directory{fsys: fsys, path: path.Dir(name)}}, path.Base(name)
	}
	return &file{name: name, order: order, dir: directory{path: filepath.Dir(name)}}, filepath.Base(name)
}

// read returns the content of a regular file of at most limit bytes. Its errors say why not, and nothing of the machine.
func (d directory) read(name string, limit int64) ([]byte, error) {
	var dir fs.FS
	if d.fsys != nil {
		sub, err := fs.Sub(d.fsys, d.path)
		if err != nil {
			return nil, errors.New("has no directory")
		}
		dir = sub
	} else {
		root, err := os.OpenRoot(d.path)
		if err != nil {
			return nil, unreadable(err)
		}
		defer root.Close()
		dir = root.FS()
	}
	// Before it is opened: to open a pipe is to wait for whoever writes to it.
	info, err := fs.Stat(dir, name)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("has more than %d bytes", limit)
	}
	return data, nil
}

func unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this process")
	}
	return errors.New("cannot be read: it is missing, or a link leads out of its directory")
}
