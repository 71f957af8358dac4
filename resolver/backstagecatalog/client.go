package backstagecatalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

const (
	pageSize  = 100
	maxPages  = 10
	maxAnswer = 8 << 20 // bytes, after decompression
)

// client sends questions to one installation.
type client struct {
	base    *url.URL
	http    *http.Client
	token   func(ctx context.Context) (authprovider.Secret, error)
	timeout time.Duration
}

func newClient(base *url.URL, c Config) client {
	own := &http.Client{
		// A redirect could lead anywhere, with the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.HTTPClient != nil {
		own.Transport = c.HTTPClient.Transport
	}
	return client{base: base, http: own, token: c.TokenSource, timeout: c.Timeout}
}

// page is what of the answers is read.
type page struct {
	Items    []map[string]any `json:"items"`
	PageInfo struct {
		NextCursor string `json:"nextCursor"`
	} `json:"pageInfo"`
}

// ask returns the entities of the answer, all pages of it. Of entities that are asked for by reference, those that do not exist are left out.
func (c *client) ask(ctx context.Context, asked *question) ([]map[string]any, error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	items, err := c.pages(ctx, asked)
	switch {
	case err == nil:
		return items, nil
	case caller.Err() != nil:
		return nil, caller.Err() // the caller gave up, whatever that made of the request
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: no answer within %v", authprovider.ErrUnavailable, c.timeout)
	}
	return nil, err
}

func (c *client) pages(ctx context.Context, asked *question) ([]map[string]any, error) {
	if asked.refs != nil {
		answer, err := c.send(ctx, http.MethodPost, "entities/by-refs", nil, map[string]any{"entityRefs": asked.refs, "fields": wantedFields()})
		if err != nil {
			return nil, err
		}
		if len(answer.Items) != len(asked.refs) {
			return nil, unusable(fmt.Errorf("%d items for %d references", len(answer.Items), len(asked.refs)))
		}
		var items []map[string]any
		for _, item := range answer.Items {
			if item != nil { // null stands for one that does not exist
				items = append(items, item)
			}
		}
		return items, nil
	}
	filters := asked.filters()
	var items []map[string]any
	cursor := ""
	for range maxPages {
		var answer *page
		var err error
		if filters != nil {
			answer, err = c.send(ctx, http.MethodGet, "entities/by-query", parameters(filters, cursor), nil)
		} else {
			answer, err = c.postQuery(ctx, asked, cursor)
		}
		if err != nil {
			return nil, err
		}
		items = append(items, answer.Items...)
		if answer.PageInfo.NextCursor == "" {
			return items, nil
		}
		cursor = answer.PageInfo.NextCursor
	}
	return nil, fmt.Errorf("more than %d pages of entities match", maxPages)
}

func (c *client) postQuery(ctx context.Context, asked *question, cursor string) (*page, error) {
	body := map[string]any{"fields": wantedFields(), "limit": pageSize}
	if cursor != "" {
		body["cursor"] = cursor
	} else {
		query, err := asked.predicate()
		if err != nil {
			return nil, err
		}
		body["query"] = query
	}
	answer, err := c.send(ctx, http.MethodPost, "entities/by-query", nil, body)
	if status := statusError(0); errors.As(err, &status) && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		return nil, fmt.Errorf("a value with a comma, or with white space at an end, needs a Backstage that has POST /entities/by-query: %w", err)
	}
	return answer, err
}

// send makes one request. Errors say nothing of what was asked: that is personal.
func (c *client) send(ctx context.Context, method, path string, query url.Values, body any) (*page, error) {
	token, err := c.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: Config.TokenSource: %v", authprovider.ErrUnavailable, err) // not wrapped: its classes are not ours
	}
	if !isToken(token) {
		return nil, errors.New("Config.TokenSource returned no token, or one that cannot stand in a header")
	}
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+string(token))
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		var transport *url.Error
		if errors.As(err, &transport) { // whose text has the query
			err = transport.Err
		}
		return nil, fmt.Errorf("%w: %v", authprovider.ErrUnavailable, err)
	}
	defer res.Body.Close()
	return readAnswer(res)
}

// statusError is the status of an answer other than 200, with what the host can do about it.
type statusError int

func (e statusError) Error() string {
	text := fmt.Sprintf("the catalog answers %d", int(e))
	switch {
	case e == http.StatusUnauthorized:
		return text + ": it does not accept the token; is it one of Backstage's backend.auth.externalAccess?"
	case e == http.StatusForbidden:
		return text + ": the token may not read the catalog; see accessRestrictions of Backstage's backend.auth.externalAccess"
	case e == http.StatusNotFound:
		return text + ": it has no such endpoint; Config.URL usually ends in /api/catalog"
	case e/100 == 3:
		return text + ", a redirect, which is not followed: Config.URL must be where the catalog is"
	}
	return text
}

// Unwrap makes an outage of what passes.
func (e statusError) Unwrap() error {
	if e >= 500 || e == http.StatusTooManyRequests || e == http.StatusRequestTimeout {
		return authprovider.ErrUnavailable
	}
	return nil
}

func readAnswer(res *http.Response) (*page, error) {
	if res.StatusCode != http.StatusOK {
		return nil, statusError(res.StatusCode)
	}
	if mediaType, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, unusable(fmt.Errorf("content type %.64q, want JSON", mediaType)) // Backstage's own frontend answers any path with a page
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, unusable(err)
	}
	if len(body) > maxAnswer {
		return nil, unusable(fmt.Errorf("larger than %d bytes", maxAnswer))
	}
	return decode(body)
}

// decode reads a page strictly: a name that is there twice, or in another case, is an error.
func decode(body []byte) (*page, error) {
	var p page
	if err := jose.UnmarshalStrict(body, &p); err != nil {
		return nil, unusable(errors.New("no strict JSON of the documented form")) // err may quote
	}
	if p.Items == nil {
		return nil, unusable(errors.New("no items"))
	}
	return &p, nil
}

// unusable is an answer that a broken gateway or a maintenance page may have given.
func unusable(err error) error {
	return fmt.Errorf("%w: unusable answer: %w", authprovider.ErrUnavailable, err)
}

// isToken reports whether a token can stand in a header, as Backstage wants it: without white space.
func isToken(token authprovider.Secret) bool {
	return token != "" && strings.IndexFunc(string(token), func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
