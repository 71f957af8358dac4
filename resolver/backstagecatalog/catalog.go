package backstagecatalog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver"
	"example.com/stagedoor/resolver/internal/entity"
)

const (
	defaultCacheTTL    = 30 * time.Second
	defaultNegativeTTL = 5 * time.Second
	defaultTimeout     = 10 * time.Second
)

// Config configures [New]. After it has been passed to New it must not be modified.
type Config struct {
	// URL is that of the catalog's API, such as "https://backstage.example.com/api/catalog". It is required, and is https, or http on loopback.
	URL string
	// Token is sent as bearer token. It is required, unless TokenSource is set.
	Token authprovider.Secret
	// TokenSource returns the token for one request, for installations whose tokens expire. It may be called concurrently, and an error
	// counts as an outage.
	TokenSource func(ctx context.Context) (authprovider.Secret, error)

	// CacheTTL is how long users that were found are used. If zero, it is 30 seconds; if negative, none are kept.
	CacheTTL time.Duration
	// NegativeTTL is how long nobody is looked for again after nobody was found. If zero, it is five seconds; if negative, that is not
	// remembered. It is CacheTTL at most.
	NegativeTTL time.Duration
	// Timeout is the limit of one lookup, all of its pages included. If zero, it is ten seconds.
	Timeout time.Duration

	// HTTPClient sends the requests; of it, Transport is used. If nil, it is http.DefaultTransport.
	HTTPClient *http.Client
	// Now is the clock of the cache. If nil, it is [time.Now].
	Now func() time.Time
}

// Catalog is the user catalog of a Backstage installation. It is safe for concurrent use.
type Catalog struct {
	client client
	users  *cache[[]authprovider.User]
	groups *cache[[]string] // the parents of each

	lookups flights[[]authprovider.User]
	parents flights[map[string][]string]
	ttl     time.Duration
	noneTTL time.Duration
	now     func() time.Time
}

var (
	_ authprovider.UserCatalog = (*Catalog)(nil)
	_ resolver.GroupParents    = (*Catalog)(nil)
)

// New returns a catalog. It uses no network.
func New(c Config) (*Catalog, error) {
	if c.URL == "" {
		return nil, errors.New("backstagecatalog: Config.URL is required")
	}
	base, err := parseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("backstagecatalog: Config.URL %w", err)
	}
	switch {
	case c.Token == "" && c.TokenSource == nil:
		return nil, errors.New("backstagecatalog: Config.Token or Config.TokenSource is required")
	case c.Token != "" && c.TokenSource != nil:
		return nil, errors.New("backstagecatalog: Config.Token and Config.TokenSource are both set")
	case c.Token != "" && !isToken(c.Token):
		return nil, errors.New("backstagecatalog: Config.Token has characters that cannot stand in a header: is there a line end at its end?")
	case c.Timeout < 0:
		return nil, fmt.Errorf("backstagecatalog: Config.Timeout is %v", c.Timeout)
	}
	if c.TokenSource == nil {
		token := c.Token
		c.TokenSource = func(context.Context) (authprovider.Secret, error) { return token, nil }
	}
	if c.CacheTTL == 0 {
		c.CacheTTL = defaultCacheTTL
	}
	if c.NegativeTTL == 0 {
		c.NegativeTTL = defaultNegativeTTL
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Catalog{
		client:  newClient(base, c),
		users:   &cache[[]authprovider.User]{now: c.Now},
		groups:  &cache[[]string]{now: c.Now},
		ttl:     c.CacheTTL,
		noneTTL: min(c.NegativeTTL, c.CacheTTL),
		now:     c.Now,
	}, nil
}

// parseURL reads the base of all requests. Its errors follow the name of a field.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("is no URL") // the text may hold a password
	}
	switch {
	case u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" || u.ForceQuery:
		return nil, fmt.Errorf("%q is not an absolute URL without user, query and fragment", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	// Whoever reads on the way has the token, and whoever writes decides who is who.
	return nil, fmt.Errorf("%q is neither https nor http on loopback", u.Redacted())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// FindUsers implements [authprovider.UserCatalog]. Errors wrap [authprovider.ErrInput] if q cannot be asked, and [authprovider.ErrUnavailable] if the
// catalog cannot be reached or its answer cannot be used.
func (c *Catalog) FindUsers(ctx context.Context, q authprovider.UserQuery) ([]authprovider.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("backstagecatalog: %w", err)
	}
	asked, err := newQuestion(q)
	if err != nil || asked == nil {
		return nil, err
	}
	key := asked.key()
	users, ok := c.users.get(key)
	if !ok {
		users, err = c.lookups.do(ctx, key, func(ctx context.Context) ([]authprovider.User, error) { return c.find(ctx, q, asked, key) })
		if err != nil {
			return nil, fmt.Errorf("backstagecatalog: %w", err)
		}
	}
	return cloned(users), nil
}

func (c *Catalog) find(ctx context.Context, q authprovider.UserQuery, asked *question, key string) ([]authprovider.User, error) {
	if users, ok := c.users.get(key); ok { // another's answer came in between
		return users, nil
	}
	started := c.now()
	items, err := c.client.ask(ctx, asked)
	if err != nil {
		return nil, err
	}
	var users []authprovider.User
	seen := make(map[string]bool)
	for _, item := range items {
		u, err := newUser(item)
		if err != nil {
			return nil, err
		}
		if asked.refs != nil && u.Ref != asked.refs[0] {
			return nil, unusable(errors.New("another entity than the one that was asked for"))
		}
		// An entity is there twice if it changes its place while pages are read; a catalog has each reference once.
		if q.Matches(u) && !seen[u.Ref] {
			seen[u.Ref] = true
			users = append(users, u)
		}
	}
	ttl := c.ttl
	if len(users) == 0 {
		ttl = c.noneTTL
	}
	if len(users) <= maxCachedUsers {
		c.users.put(key, users, started.Add(ttl))
	}
	return users, nil
}

// ParentGroups implements [resolver.GroupParents]. Errors are those of FindUsers.
func (c *Catalog) ParentGroups(ctx context.Context, groups []string) ([]string, error) {
	parents := make(map[string][]string, len(groups))
	var missing, known []string
	for _, group := range groups {
		ref, err := authprovider.ParseEntityRef(group)
		if err != nil || !strings.EqualFold(ref.Kind, "group") {
			continue
		}
		name := ref.String()
		if _, twice := parents[name]; twice {
			continue
		}
		known = append(known, name)
		var ok bool
		if parents[name], ok = c.groups.get(name); !ok {
			missing = append(missing, name)
		}
	}
	for len(missing) > 0 {
		batch := missing[:min(len(missing), maxRefs)]
		missing = missing[len(batch):]
		found, err := c.parents.do(ctx, strings.Join(batch, " "), func(ctx context.Context) (map[string][]string, error) {
			return c.findParents(ctx, batch)
		})
		if err != nil {
			return nil, fmt.Errorf("backstagecatalog: %w", err)
		}
		for _, name := range batch {
			parents[name] = found[name]
		}
	}
	var all []string
	for _, name := range known {
		all = append(all, parents[name]...)
	}
	return all, nil
}

func (c *Catalog) findParents(ctx context.Context, groups []string) (map[string][]string, error) {
	started := c.now()
	items, err := c.client.ask(ctx, &question{refs: groups})
	if err != nil {
		return nil, err
	}
	parents := make(map[string][]string, len(groups))
	for _, item := range items {
		u, err := newUser(item)
		if err != nil {
			return nil, err
		}
		parents[u.Ref] = u.MemberOf
	}
	for _, name := range groups {
		c.groups.put(name, parents[name], started.Add(c.ttl))
	}
	return parents, nil
}

// newUser reads an entity of an answer.
func newUser(item map[string]any) (authprovider.User, error) {
	e, err := entity.New(item)
	if err != nil {
		return authprovider.User{}, unusable(err)
	}
	u, err := e.User()
	if err != nil {
		return authprovider.User{}, unusable(err)
	}
	relation := "memberOf"
	if e.IsKind("group") {
		relation = "childOf"
	}
	if u.MemberOf, err = e.Relations(relation); err != nil {
		return authprovider.User{}, unusable(err)
	}
	return u, nil
}

// cloned copies what a caller could change.
func cloned(users []authprovider.User) []authprovider.User {
	if users == nil {
		return nil
	}
	own := make([]authprovider.User, len(users))
	for i, u := range users {
		own[i] = u.Clone()
	}
	return own
}
