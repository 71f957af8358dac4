package fakeproxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport returns a transport that takes requests to the vendor's hosts to this edge, without a network, and gives all others to next.
// If next is nil, they fail.
func (e *Edge) Transport(next http.RoundTripper) http.RoundTripper {
	return transport{edge: e, hosts: e.hosts(), next: next}
}

type transport struct {
	edge  *Edge
	hosts map[string]bool
	next  http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.hosts[r.URL.Host] {
		if t.next == nil {
			return nil, fmt.Errorf("fakeproxy: request to %q, which is not the vendor's", r.URL.Host)
		}
		return t.next.RoundTrip(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer served.Body.Close()
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	w := &answer{header: make(http.Header), status: http.StatusOK}
	if err := w.serve(t.edge, served); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// answer is a response that is kept until it is whole.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) serve(h http.Handler, r *http.Request) (err error) {
	defer func() {
		switch recovered := recover(); {
		case recovered == nil:
		case recovered != http.ErrAbortHandler:
			panic(recovered)
		case r.Context().Err() != nil:
			err = r.Context().Err()
		default:
			err = io.ErrUnexpectedEOF // a closed connection
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

func (w *answer) Header() http.Header         { return w.header }
func (w *answer) WriteHeader(status int)      { w.status = status }
func (w *answer) Write(p []byte) (int, error) { return w.body.Write(p) }
