package authprovider

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Handler serves the routes of all providers and of the issuer below [Config.BaseURL]. [New] makes it. It is safe for concurrent use.
type Handler struct {
	base      *ProviderContext
	providers map[string]http.Handler
	issuer    map[string]http.Handler // by path below the mount path
	notFound  http.Handler
}

var _ http.Handler = (*Handler)(nil)

// New builds every provider and returns the handler. It needs no network. Its error joins what is wrong with the
// configuration, with the field's name, and with each provider, with the provider's ID.
func New(c Config) (*Handler, error) {
	base, err := newBase(c)
	if err != nil {
		return nil, err
	}
	h := &Handler{base: base, providers: make(map[string]http.Handler, len(c.Providers)), issuer: make(map[string]http.Handler)}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(c.Providers)) {
		p, err := newProviderHandler(base, id, c.Providers[id])
		if err != nil {
			errs = append(errs, fmt.Errorf("authprovider: provider %q: %w", id, err))
			continue
		}
		h.providers[id] = p
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	h.mountIssuer(c.Issuer)
	h.notFound = base.edge(route{name: "unknown"}, func(_ http.ResponseWriter, r *http.Request) error { return h.unknown(r) })
	return h, nil
}

func newProviderHandler(base *ProviderContext, id string, factory ProviderFactory) (http.Handler, error) {
	pc, err := base.provider(id)
	if err != nil {
		return nil, err
	}
	if factory == nil {
		return nil, errors.New("authprovider: the ProviderFactory is nil")
	}
	routes, err := factory(pc)
	if err != nil {
		return nil, err
	}
	if routes == nil || isNilPointer(routes) {
		return nil, errors.New("authprovider: the ProviderFactory returned no RouteHandlers")
	}
	return pc.handler(routes)
}

func (h *Handler) mountIssuer(issuer TokenIssuer) {
	get := []string{http.MethodGet, http.MethodHead}
	mount := func(path, name string, f func(http.ResponseWriter, *http.Request) error) {
		h.issuer[path] = h.base.edge(route{name: name, methods: get, cacheable: name != "userinfo"}, f)
	}
	if s, ok := issuer.(JWKSServer); ok {
		mount("/.well-known/jwks.json", "jwks", s.ServeJWKS)
	}
	if s, ok := issuer.(DiscoveryServer); ok {
		mount("/.well-known/openid-configuration", "discovery", s.ServeDiscovery)
	}
	if s, ok := issuer.(UserInfoServer); ok {
		mount("/v1/userinfo", "userinfo", s.ServeUserInfo)
	}
}

// ServeHTTP serves one request. The path must begin with [Config.MountPath].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The path as sent: "demo%2Fstart" is no route here, as it is none to a proxy's rule or to a cookie's Path.
	path, ok := cutMountPath(r.URL.EscapedPath(), h.base.mountPath)
	if !ok {
		h.notFound.ServeHTTP(w, r)
		return
	}
	if s, ok := h.issuer[path]; ok {
		s.ServeHTTP(w, r)
		return
	}
	if p, ok := h.providers[firstSegment(path)]; ok {
		p.ServeHTTP(w, r)
		return
	}
	h.notFound.ServeHTTP(w, r)
}

// unknown is the answer to a path that is no route. The provider's name is echoed only if it could be one.
func (h *Handler) unknown(r *http.Request) error {
	if path, ok := cutMountPath(r.URL.EscapedPath(), h.base.mountPath); ok {
		if id := firstSegment(path); ValidID(id) {
			return &Error{Kind: ErrNotFound, Code: "provider_unknown", Message: "Unknown auth provider '" + id + "'"}
		}
	}
	return ErrNotFound
}

// cutMountPath returns the path below the mount path, beginning with a slash.
func cutMountPath(path, mount string) (string, bool) {
	rest, ok := strings.CutPrefix(path, mount)
	return rest, ok && strings.HasPrefix(rest, "/")
}

func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}

// Handler serves the routes of this provider alone, below the provider's path: start, handler/frame, refresh and logout.
// [New] does this for every provider; hosts use it to mount one provider on their own mux. It panics if routes is a [RouteLister] with a
// malformed route, which is a mistake of the program.
func (pc *ProviderContext) Handler(routes RouteHandlers) http.Handler {
	h, err := pc.handler(routes)
	if err != nil {
		panic(err)
	}
	return h
}

func (pc *ProviderContext) handler(routes RouteHandlers) (*providerHandler, error) {
	frame := []string{http.MethodGet}
	if f, ok := routes.(FormPostHandlers); ok && f.AcceptsFormPost() {
		frame = append(frame, http.MethodPost)
	}
	h := &providerHandler{
		prefix: pc.mountPath + "/" + pc.ProviderID,
		routes: map[string]http.Handler{
			"/start":         pc.edge(route{name: "start", methods: []string{http.MethodGet}}, routes.Start),
			"/handler/frame": pc.edge(route{name: "frame", methods: frame, hideQuery: true}, routes.FrameHandler),
			"/refresh":       pc.edge(route{name: "refresh", methods: []string{http.MethodGet, http.MethodPost}}, routes.Refresh),
			"/logout":        pc.edge(route{name: "logout", methods: []string{http.MethodPost}}, routes.Logout),
		},
		unknown: pc.edge(route{name: "unknown"}, func(http.ResponseWriter, *http.Request) error { return ErrNotFound }),
	}
	lister, ok := routes.(RouteLister)
	if !ok {
		return h, nil
	}
	for _, r := range lister.Routes() {
		switch _, taken := h.routes[r.Path]; {
		case taken, len(r.Path) < 2, !validPath(r.Path):
			return nil, fmt.Errorf("authprovider: the route %q is taken or malformed", r.Path)
		case len(r.Methods) == 0, r.Serve == nil:
			return nil, fmt.Errorf("authprovider: the route %q has no method or serves nothing", r.Path)
		}
		// Whatever is in its query may be as secret as a code.
		h.routes[r.Path] = pc.edge(route{name: strings.TrimPrefix(r.Path, "/"), methods: r.Methods, hideQuery: true}, r.Serve)
	}
	return h, nil
}

type providerHandler struct {
	prefix  string
	routes  map[string]http.Handler // by path below prefix
	unknown http.Handler
}

func (h *providerHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.EscapedPath(), h.prefix); ok {
		if next, ok := h.routes[path]; ok {
			next.ServeHTTP(w, r)
			return
		}
	}
	h.unknown.ServeHTTP(w, r)
}
