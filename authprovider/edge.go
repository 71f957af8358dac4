package authprovider

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route says what the edge has to know of a route.
type route struct {
	name      string
	methods   []string // nil allows all
	hideQuery bool     // the query holds a code and a state, which must not be shown or stored
	cacheable bool     // the handler sets Cache-Control itself
}

// edge is the one place where errors end: it turns a function that returns an error into an http.Handler, sets the headers
// that every answer has, answers preflights and wrong methods, contains panics, and logs and renders errors once.
func (pc *ProviderContext) edge(rt route, serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	allow := strings.Join(rt.methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if !rt.cacheable {
			h.Set("Cache-Control", "no-store")
		}
		if pc.cors.preflight(w, r, pc.Origins, allow) {
			return
		}
		pc.cors.setHeaders(h, pc.Origins, r.Header.Get("Origin"))

		tracked := &trackingWriter{ResponseWriter: w}
		err := containBut(http.ErrAbortHandler, func() error {
			if rt.methods != nil && !slices.Contains(rt.methods, r.Method) {
				h.Set("Allow", allow)
				return ErrMethodNotAllowed
			}
			return serve(tracked, r)
		})
		if err == nil {
			return
		}
		err = containBut(http.ErrAbortHandler, func() error {
			pc.renderError(tracked, r, rt, err)
			return nil
		})
		if err != nil { // an error that panics when it is printed or shown, such as a nil *Error
			pc.renderError(tracked, r, rt, err)
		}
	})
}

// renderError classifies, logs and shows an error.
func (pc *ProviderContext) renderError(w *trackingWriter, r *http.Request, rt route, err error) {
	public := classify(err)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		public = PublicError{Name: "Error", Status: statusClientGone, Code: "client_gone", Message: "The client closed the request."}
	}
	event := AuditRefused
	attrs := append(make([]slog.Attr, 0, 8), slog.String("route", rt.name), slog.String("reason", public.Code), slog.Int("status", public.Status))
	if !public.Refused() {
		event = AuditFailed
	}
	if public.Status == http.StatusInternalServerError {
		public.LogID = newLogID()
		public.Message += " (log ID " + public.LogID + ")"
		attrs = append(attrs, slog.String("log_id", public.LogID))
	}
	attrs = append(attrs, slog.String("error", err.Error()))
	var decided *ResolverError
	if errors.As(err, &decided) {
		attrs = append(attrs, slog.String("resolver", decided.Resolver), slog.String("rule", string(decided.Reason)))
	}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	pc.Audit(r.Context(), event, attrs...)

	if w.written {
		return // against the contract of RouteHandlers, or a panic half-way: nothing sound can follow
	}
	h := w.Header()
	// What a handler said of the answer that it did not write is not true of this one.
	for _, name := range [...]string{"Content-Length", "Content-Encoding", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if public.RetryAfter > 0 && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.Itoa(int((public.RetryAfter+time.Second-1)/time.Second)))
	}
	var responder Responder
	if errors.As(err, &responder) {
		responder.Respond(w, r, public)
		return
	}
	writeJSONError(w, r, rt, public)
}

// statusClientGone is what nginx logs for it. Nobody reads the answer; the audit log must not count it as a failure.
const statusClientGone = 499

// newLogID is random rather than a counter, so that it says nothing about traffic.
func newLogID() string {
	var id [10]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

type jsonError struct {
	Error struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		Code    string `json:"code"`
	} `json:"error"`
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		StatusCode int `json:"statusCode"`
	} `json:"response"`
}

const maxShownURL = 1024

func writeJSONError(w http.ResponseWriter, r *http.Request, rt route, e PublicError) {
	var body jsonError
	body.Error.Name, body.Error.Message, body.Error.Code = e.Name, e.Message, e.Code
	body.Request.Method, body.Request.URL = r.Method, r.URL.EscapedPath()
	if !rt.hideQuery && r.URL.RawQuery != "" {
		body.Request.URL += "?" + r.URL.RawQuery
	}
	if len(body.Request.URL) > maxShownURL {
		body.Request.URL = body.Request.URL[:maxShownURL]
	}
	body.Response.StatusCode = e.Status
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; nobody is left to tell
}

// panicError is a contained panic.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("authprovider: panic: %v", e.value) }

// Contain calls f and returns its error, or the panic that it ended with as an error: one sign-in fails and the process goes on.
func Contain(f func() error) error { return containBut(nil, f) }

// containBut is Contain for all panics but the value pass, which goes on.
func containBut(pass error, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			if v == pass {
				panic(v)
			}
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return f()
}

// trackingWriter remembers whether anything was written.
type trackingWriter struct {
	http.ResponseWriter
	written bool
}

func (w *trackingWriter) WriteHeader(status int) {
	w.written = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *trackingWriter) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *trackingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
