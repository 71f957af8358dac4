package oauthclient

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/oauthadapter"
)

const maxRetryAfter = time.Hour

// failure translates the error of a request that carried secrets. Nothing of an answer gets into the result but error code and
// description, and those only if they do not echo a secret: errors end in logs.
func (c *Client) failure(endpoint string, err error, secrets ...string) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) {
		return c.providerError(endpoint, answer.Response, answer.ErrorCode, answer.ErrorDescription, secrets)
	}
	var transport *url.Error
	answered := !errors.As(err, &transport)
	if !answered {
		err = transport.Err
	}
	switch {
	case errors.Is(err, ErrAnswer): // our own words
	case answered && endpoint == "token": // x/oauth2's words, which may quote
		err = fmt.Errorf("%w: no access_token, or members of the wrong type", ErrAnswer)
	default:
		err = transportCause(err)
	}
	return Unavailable(fmt.Errorf("oauthclient: %s endpoint: %w", endpoint, err), 0)
}

// refusal translates an answer whose status is not the one expected.
func (c *Client) refusal(endpoint string, res *http.Response, secrets ...string) error {
	var e errorBody
	if body, err := io.ReadAll(res.Body); err != nil || jose.UnmarshalStrict(body, &e) != nil {
		e = errorBody{}
	}
	return c.providerError(endpoint, res, e.Code, e.Description, secrets)
}

func (c *Client) providerError(endpoint string, res *http.Response, code, description string, secrets []string) error {
	e := &oauthadapter.ProviderError{
		Endpoint:    endpoint,
		Status:      res.StatusCode,
		Code:        c.scrub(code, secrets),
		Description: c.scrub(description, secrets),
		RetryAfter:  retryAfter(res.Header.Get("Retry-After"), c.now()),
	}
	limited := false
	for _, prefix := range [...]string{"X-RateLimit-", "X-Rate-Limit-"} { // the second is Okta's
		if res.Header.Get(prefix+"Remaining") != "0" {
			continue
		}
		limited = true
		if e.RetryAfter == 0 {
			e.RetryAfter = resetAfter(res.Header.Get(prefix+"Reset"), c.now())
		}
	}
	switch {
	case e.Code == "invalid_grant": // some say it with a status of 500
		return e
	case e.Status >= 500, e.Status/100 == 3, e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout,
		e.Code == "temporarily_unavailable", e.Code == "server_error", e.Code == "slow_down":
		return Unavailable(e, e.RetryAfter)
	case e.Status == http.StatusForbidden && (limited || res.Header.Get("Retry-After") != ""): // GitHub's way to say 429
		return Unavailable(e, e.RetryAfter)
	}
	return e
}

// scrub drops a text that repeats a secret of the request, in plain or in one of the forms that it was sent in.
func (c *Client) scrub(text string, secrets []string) string {
	if text == "" {
		return ""
	}
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.id) + ":" + url.QueryEscape(string(*c.secret))))
	for _, s := range append(secrets[:len(secrets):len(secrets)], string(*c.secret), basic) {
		if s != "" && (strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s))) {
			return "[redacted]"
		}
	}
	return text
}

// Unavailable says that the provider is out of order for the moment, and when to try again, zero if nobody knows.
func Unavailable(cause error, retry time.Duration) error {
	return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "provider_unavailable", Err: cause, RetryAfter: retry}
}

// transportCause returns the part of a transport's error that cannot hold a piece of the answer, as that of a malformed status line does.
func transportCause(err error) error {
	var netErr net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &netErr) && netErr.Timeout()) {
		return context.DeadlineExceeded
	}
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &op):
		return op
	}
	for _, safe := range []error{context.Canceled, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, safe) {
			return safe
		}
	}
	return fmt.Errorf("request failed (%T)", err)
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3): nothing below zero, an hour at most.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}

// resetAfter reads the X-RateLimit-Reset of many APIs, seconds since 1970: nothing below zero, an hour at most.
func resetAfter(header string, now time.Time) time.Duration {
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err != nil || seconds < now.Unix() {
		return 0
	}
	return time.Duration(min(seconds-now.Unix(), int64(maxRetryAfter/time.Second))) * time.Second
}
