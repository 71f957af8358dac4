package oauthadapter

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"example.com/stagedoor/authprovider"
)

// EnvironmentHandler serves several configurations of one provider under one ID. A request names its environment in the env
// parameter, the callback in its state. A request that names none gets the only one, or [authprovider.Config.Environment] if there are
// several, which must then be one of them. Environments share no cookie, state or client: every later call of a sign-in goes to the
// environment that it began in. They do not nest.
func EnvironmentHandler(environments map[string]authprovider.ProviderFactory) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		if len(environments) == 0 {
			return nil, errors.New("oauthadapter: EnvironmentHandler needs at least one environment")
		}
		if pc.Environment != "" {
			return nil, errors.New("oauthadapter: EnvironmentHandler cannot stand inside another: a request names one environment")
		}
		m := &environmentHandler{handlers: make(map[string]authprovider.RouteHandlers, len(environments)), app: flow{origin: pc.Origins.AppOrigin()}}
		var errs []error
		for _, env := range slices.Sorted(maps.Keys(environments)) {
			h, err := newEnvironment(pc, env, environments[env])
			if err != nil {
				errs = append(errs, fmt.Errorf("environment %q: %w", env, err))
				continue
			}
			m.handlers[env] = h
			m.fallback = env
		}
		if len(environments) > 1 {
			m.fallback = pc.DefaultEnvironment
			if _, ok := environments[m.fallback]; !ok && m.fallback != "" {
				errs = append(errs, fmt.Errorf("oauthadapter: Config.Environment %q is not among the provider's environments", m.fallback))
			}
		}
		return m, errors.Join(errs...)
	}
}

// MapConfig is the short way from a map of configurations to [EnvironmentHandler].
func MapConfig[C any](configs map[string]C, provider func(environment string, c C) authprovider.ProviderFactory) authprovider.ProviderFactory {
	environments := make(map[string]authprovider.ProviderFactory, len(configs))
	for env, c := range configs {
		environments[env] = nil // which fails the construction
		if provider != nil {
			environments[env] = provider(env, c)
		}
	}
	return EnvironmentHandler(environments)
}

func newEnvironment(pc *authprovider.ProviderContext, env string, factory authprovider.ProviderFactory) (authprovider.RouteHandlers, error) {
	if !authprovider.ValidID(env) {
		return nil, errors.New("oauthadapter: the name of an environment must match [a-z0-9][A-Za-z0-9._-]*")
	}
	if factory == nil {
		return nil, errors.New("oauthadapter: the ProviderFactory is nil")
	}
	h, err := factory(pc.ForEnvironment(env))
	if err == nil && h == nil {
		err = errors.New("oauthadapter: the ProviderFactory returned no RouteHandlers")
	}
	return h, err
}

type environmentHandler struct {
	handlers map[string]authprovider.RouteHandlers
	fallback string // environment of requests that name none; may be ""
	app      flow
}

var (
	_ authprovider.RouteHandlers    = (*environmentHandler)(nil)
	_ authprovider.FormPostHandlers = (*environmentHandler)(nil)
	_ authprovider.RouteLister      = (*environmentHandler)(nil)
)

// pick returns the handlers for an environment. The name is not echoed: it comes from anybody.
func (m *environmentHandler) pick(env string) (authprovider.RouteHandlers, error) {
	if env == "" {
		env = m.fallback
	}
	if env == "" {
		return nil, inputError("environment_missing", "Must specify 'env' query to select environment", errors.New("oauthadapter: no env and no default"))
	}
	h, ok := m.handlers[env]
	if !ok {
		return nil, &authprovider.Error{Kind: authprovider.ErrNotFound, Code: "environment_unknown", Message: "No configuration available for this environment of the provider.",
			Err: fmt.Errorf("oauthadapter: unknown environment %.64q", env)}
	}
	return h, nil
}

func (m *environmentHandler) fromQuery(r *http.Request) (authprovider.RouteHandlers, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	return m.pick(q.Get("env"))
}

func (m *environmentHandler) Start(w http.ResponseWriter, r *http.Request) error {
	h, err := m.fromQuery(r)
	if err != nil {
		return err
	}
	return h.Start(w, r)
}

// FrameHandler peeks at the state to route. That believes nothing: the environment's own handler then verifies the whole state.
func (m *environmentHandler) FrameHandler(w http.ResponseWriter, r *http.Request) error {
	q, err := parseQuery(r)
	if err != nil {
		return m.app.fail(err)
	}
	if r.Method == http.MethodPost {
		// A protocol whose answers are too long for a URL names the environment in its callback's, and reads them itself.
		if q.Get("env") == "" {
			return m.app.redirectFormPost(w, r)
		}
		h, err := m.pick(q.Get("env"))
		if err != nil {
			return m.app.fail(err)
		}
		return h.FrameHandler(w, r)
	}
	env, _, ok := cutState(q.Get("state"))
	if !ok || env == "" {
		return m.app.fail(stateInvalid(errStateForged))
	}
	h, err := m.pick(env)
	if err != nil {
		return m.app.fail(err)
	}
	return h.FrameHandler(w, r)
}

func (m *environmentHandler) Refresh(w http.ResponseWriter, r *http.Request) error {
	h, err := m.fromQuery(r)
	if err != nil {
		return err
	}
	return h.Refresh(w, r)
}

func (m *environmentHandler) Logout(w http.ResponseWriter, r *http.Request) error {
	h, err := m.fromQuery(r)
	if err != nil {
		return err
	}
	return h.Logout(w, r)
}

// AcceptsFormPost implements [authprovider.FormPostHandlers].
func (m *environmentHandler) AcceptsFormPost() bool {
	for _, h := range m.handlers {
		if f, ok := h.(authprovider.FormPostHandlers); ok && f.AcceptsFormPost() {
			return true
		}
	}
	return false
}

// Routes implements [authprovider.RouteLister]: each route that one of the environments has.
func (m *environmentHandler) Routes() []authprovider.Route {
	byPath := make(map[string]map[string]authprovider.Route) // by path, then by environment
	for env, h := range m.handlers {
		lister, ok := h.(authprovider.RouteLister)
		if !ok {
			continue
		}
		for _, route := range lister.Routes() {
			if byPath[route.Path] == nil {
				byPath[route.Path] = make(map[string]authprovider.Route)
			}
			byPath[route.Path][env] = route
		}
	}
	var routes []authprovider.Route
	for path, environments := range byPath {
		var methods []string
		for _, route := range environments {
			methods = append(methods, route.Methods...)
		}
		slices.Sort(methods)
		routes = append(routes, authprovider.Route{Path: path, Methods: slices.Compact(methods), Serve: m.serve(environments)})
	}
	return routes
}

// serve answers a further route by the environment that the query names.
func (m *environmentHandler) serve(environments map[string]authprovider.Route) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := parseQuery(r)
		if err != nil {
			return err
		}
		env := q.Get("env")
		if env == "" {
			env = m.fallback
		}
		route, ok := environments[env]
		switch {
		case !ok:
			return &authprovider.Error{Kind: authprovider.ErrNotFound, Code: "environment_unknown", Message: "No configuration available for this environment of the provider.",
				Err: fmt.Errorf("oauthadapter: environment %.64q has no such route", env)}
		case !slices.Contains(route.Methods, r.Method):
			return authprovider.ErrMethodNotAllowed
		}
		return route.Serve(w, r)
	}
}
