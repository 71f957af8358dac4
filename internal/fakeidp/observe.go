package fakeidp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Request is what reached an endpoint, secrets included.
type Request struct {
	Method string
	Query  url.Values
	Form   url.Values // the body of a POST
	Header http.Header
}

// Calls returns how many requests reached the endpoint.
func (s *Server) Calls(e Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[e]
}

// Last returns the last request that reached the endpoint. It is the zero Request when none did.
func (s *Server) Last(e Endpoint) Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.last[e]
	return Request{Method: r.Method, Query: cloneValues(r.Query), Form: cloneValues(r.Form), Header: r.Header.Clone()}
}

func (s *Server) record(e Endpoint, r *http.Request) {
	seen := Request{Method: r.Method, Query: r.URL.Query(), Form: cloneValues(r.PostForm), Header: r.Header.Clone()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[e]++
	s.last[e] = seen
}

func cloneValues(v url.Values) url.Values {
	c := maps.Clone(v)
	for name, values := range c {
		c[name] = slices.Clone(values)
	}
	return c
}
