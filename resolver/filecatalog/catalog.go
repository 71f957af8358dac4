package filecatalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/memcatalog"
)

const (
	defaultCheckInterval = 10 * time.Second
	defaultMaxFileSize   = 32 << 20
)

// Config configures [New]. After it has been passed to New it must not be modified.
type Config struct {
	// Paths are files, directories, and patterns of [path/filepath.Match]. At least one is required, and each must stand for at least one
	// file whenever it is looked at. Of a directory, all files with the extension .yaml or .yml count, those in directories below it
	// included; names that begin with a dot are passed over.
	Paths []string

	// CheckInterval is how long after it looked at the files a lookup looks again. If zero, it is ten seconds. If negative, only
	// [Catalog.Reload] does.
	CheckInterval time.Duration
	// MaxFileSize is the size in bytes of the largest file that is read. If zero, it is 32 MiB.
	MaxFileSize int64

	// Now is the clock. If nil, it is [time.Now].
	Now func() time.Time
	// Logger gets what is wrong with files after New. If nil, nothing is logged.
	Logger *slog.Logger
}

// Catalog is a user catalog of entity files. It is safe for concurrent use.
type Catalog struct {
	paths    []string
	interval time.Duration
	maxSize  int64
	now      func() time.Time
	logger   *slog.Logger

	index     memcatalog.Catalog
	nextCheck atomic.Int64 // in nanoseconds since 1970

	reading    chan struct{}       // of capacity 1: holds a token while somebody reads; guards the fields below
	listed     map[string][]string // the files of each of paths
	files      map[string]*file    // by name
	logged     string              // what the last check found wrong
	duplicates map[string]string   // where there are two of a reference, as logged
}

var (
	_ authprovider.UserCatalog = (*Catalog)(nil)
	_ resolver.GroupParents    = (*Catalog)(nil)
)

// New reads the files. Whatever is wrong with any of them is an error.
func New(c Config) (*Catalog, error) {
	if len(c.Paths) == 0 {
		return nil, errors.New("filecatalog: Config.Paths is required")
	}
	for i, path := range c.Paths {
		if path == "" {
			return nil, fmt.Errorf("filecatalog: Config.Paths[%d] is empty", i)
		}
	}
	if c.MaxFileSize < 0 {
		return nil, fmt.Errorf("filecatalog: Config.MaxFileSize is %d", c.MaxFileSize)
	}
	if c.MaxFileSize == 0 {
		c.MaxFileSize = defaultMaxFileSize
	}
	if c.CheckInterval == 0 {
		c.CheckInterval = defaultCheckInterval
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	catalog := &Catalog{paths: c.Paths, interval: c.CheckInterval, maxSize: c.MaxFileSize, now: c.Now, logger: c.Logger, reading: make(chan struct{}, 1)}
	if err := catalog.Reload(context.Background()); err != nil {
		return nil, err
	}
	return catalog, nil
}

// FindUsers implements [authprovider.UserCatalog].
func (c *Catalog) FindUsers(ctx context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.check()
	return c.index.FindUsers(ctx, q)
}

// ParentGroups implements [resolver.GroupParents].
func (c *Catalog) ParentGroups(ctx context.Context, groups []string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.check()
	return c.index.ParentGroups(ctx, groups)
}

// Reload looks at all files and reads those that have changed, whenever that was done last. An error says what is wrong with which of them;
// those keep the content that they had, and the others are up to date. It waits for another that is at work, unless ctx ends.
func (c *Catalog) Reload(ctx context.Context) error {
	select {
	case c.reading <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer c.done()
	return c.reload()
}

// check reads what has changed if it is time to look. One lookup does so, and the others go on with what there is.
func (c *Catalog) check() {
	if c.interval < 0 || c.now().UnixNano() < c.nextCheck.Load() {
		return
	}
	select {
	case c.reading <- struct{}{}:
	default:
		return
	}
	defer c.done()
	if c.now().UnixNano() < c.nextCheck.Load() {
		return // somebody has just done it
	}
	text := ""
	if err := c.reload(); err != nil {
		text = err.Error()
	}
	switch {
	case text != "" && text != c.logged:
		// Not the caller's context: what is wrong with the files has nothing to do with the sign-in that happened to notice it.
		c.logger.LogAttrs(context.Background(), slog.LevelError,
			"filecatalog: files that cannot be read keep the content that they had", slog.String("error", text))
	case text == "" && c.logged != "":
		c.logger.LogAttrs(context.Background(), slog.LevelInfo, "filecatalog: all files can be read again")
	}
	c.logged = text
}

// done ends a turn of reading.
func (c *Catalog) done() {
	c.nextCheck.Store(c.now().Add(max(c.interval, 0)).UnixNano())
	<-c.reading
}
