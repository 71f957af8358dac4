package fakeidp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	hugePadding = 10 << 20
	bombPadding = 64 << 20
)

// oauthError is an error answer (RFC 6749 §5.2).
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	status      int    // zero means 400
}

// refuse writes an error answer as JSON.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, e *oauthError) {
	status := e.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	s.logger.InfoContext(r.Context(), "fakeidp: request refused", "path", r.URL.Path, "status", status, "error", e.Code, "reason", e.Description)
	if s.dialect.Refuse == nil {
		WriteJSON(w, status, e)
		return
	}
	status, members := s.dialect.Refuse(r, Refusal{Code: e.Code, Description: e.Description, Status: status})
	if !s.writeForm(w, r, status, members) {
		WriteJSON(w, status, members)
	}
}

// WriteJSON answers with JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // claims of a person that JSON cannot hold
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// failEarly carries out the faults that come before the request is looked at, and reports whether it did.
func (s *Server) failEarly(w http.ResponseWriter, fault AnswerFault) bool {
	switch fault {
	case ServerError:
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	case Unavailable:
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	case RateLimited:
		if s.dialect.RateLimit != nil {
			status, body := s.dialect.RateLimit(w.Header(), s.now())
			if text, ok := body.(string); ok {
				http.Error(w, text, status)
				return true
			}
			WriteJSON(w, status, body)
			return true
		}
		w.Header().Set("Retry-After", "7")
		http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
	case HangUp:
		panic(http.ErrAbortHandler)
	case Redirect:
		w.Header().Set("Location", s.URL(Elsewhere))
		w.WriteHeader(http.StatusTemporaryRedirect) // 307 sends the form, and so the secrets, again
	default:
		return false
	}
	return true
}

// answer writes v as JSON, spoiled by the fault.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, fault AnswerFault, v any) {
	body, err := json.Marshal(v)
	if err != nil || fault == "" {
		WriteJSON(w, http.StatusOK, v)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	switch fault {
	case Malformed:
		_, _ = w.Write(body[:len(body)-1])
	case HTML:
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>")
	case Huge:
		_, _ = io.Copy(w, padded(body, hugePadding))
	case GzipBomb:
		header.Set("Content-Encoding", "gzip")
		zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // fails for no such level
		if _, err := io.Copy(zip, padded(body, bombPadding)); err != nil {
			return // the client had enough
		}
		_ = zip.Close()
	case Stall:
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// padded puts a member of n bytes in front of the others of a JSON object: only a reader without a limit reaches them.
func padded(object []byte, n int64) io.Reader {
	rest := bytes.TrimPrefix(object, []byte("{"))
	separator := `",`
	if bytes.Equal(rest, []byte("}")) {
		separator = `"`
	}
	return io.MultiReader(strings.NewReader(`{"padding":"`), io.LimitReader(endless{}, n), strings.NewReader(separator), bytes.NewReader(rest))
}

// endless reads as the letter x, for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	copy(p, "x")
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}

// wait returns after d, or with false when ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
