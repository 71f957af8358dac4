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
	dir   directory // which the name says that it is in
}

func newFile(fsys fs.FS, name string, order int) *file {
	if fsys != nil {
		return &file{name: name, order: order, dir: directory{fsys: fsys, path: path.Dir(name)}}
	}
	return &file{name: name, order: order, dir: directory{path: filepath.Dir(name)}}
}

// read returns the content of the file. The host has named it, so a link may lead anywhere.
func (f *file) read() ([]byte, error) {
	if f.dir.fsys != nil {
		return f.dir.read(path.Base(f.name), maxFileSize)
	}
	// Before it is opened: to open a pipe is to wait for whoever writes to it.
	if info, err := os.Stat(f.name); err != nil || !info.Mode().IsRegular() {
		return nil, unreadable(err)
	}
	opened, err := os.Open(f.name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer opened.Close()
	return readAll(opened, maxFileSize)
}

// directory is where files that a configuration names may be read, and nothing above it. It is the machine's if fsys is nil.
type directory struct {
	fsys fs.FS
	path string
}

// read returns the content of a regular file of at most limit bytes. Its errors say why not, and nothing of the machine.
func (d directory) read(name string, limit int64) ([]byte, error) {
	var dir fs.FS
	if d.fsys != nil {
		sub, err := fs.Sub(d.fsys, d.path)
		if err != nil {
			return nil, unreadable(err)
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
	if info, err := fs.Stat(dir, name); err != nil || !info.Mode().IsRegular() {
		return nil, unreadable(err)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	return readAll(f, limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("has more than %d bytes", limit)
	}
	return data, nil
}

// unreadable says why a file cannot be read. Without a cause it is there, and something other than a file.
func unreadable(err error) error {
	switch {
	case err == nil:
		return errors.New("is not a regular file")
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this process")
	}
	return errors.New("cannot be read, or a link leads out of its directory")
}
