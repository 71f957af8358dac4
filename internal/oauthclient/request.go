package oauthclient

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// Answer is a successful answer, read to its end.
type Answer struct {
	Header http.Header
	Body   []byte
}

// Do sends r once and returns the answer if its status is a 2xx. endpoint names the receiver in errors, and secrets are what r holds:
// no error repeats them.
func (c *Client) Do(endpoint string, r *http.Request, secrets ...string) (*Answer, error) {
	res, err := c.http.Do(r)
	if err != nil {
		return nil, c.failure(endpoint, err, secrets...)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return nil, c.refusal(endpoint, res, secrets...)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, c.failure(endpoint, err, secrets...)
	}
	return &Answer{Header: res.Header, Body: body}, nil
}

// Get reads what belongs to the access token (RFC 6750 section 2.1).
func (c *Client) Get(ctx context.Context, endpoint, rawURL string, accessToken authprovider.Secret) (*Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, fmt.Errorf("oauthclient: %s endpoint: %w", endpoint, err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+string(accessToken))
	return c.Do(endpoint, r, string(accessToken))
}

// GetJSON reads a JSON value that belongs to the access token, such as a userinfo answer, into v in the manner of [jose.UnmarshalStrict].
func (c *Client) GetJSON(ctx context.Context, endpoint, rawURL string, accessToken authprovider.Secret, v any) error {
	a, err := c.Get(ctx, endpoint, rawURL, accessToken)
	if err != nil {
		return err
	}
	return a.JSON(endpoint, v)
}

// JSON decodes the body into v in the manner of [jose.UnmarshalStrict].
func (a *Answer) JSON(endpoint string, v any) error {
	if err := checkJSON(a.Header); err != nil {
		return Unavailable(err, 0)
	}
	if err := jose.UnmarshalStrict(a.Body, v); err != nil {
		return Unavailable(fmt.Errorf("%w: %s: not the JSON expected", ErrAnswer, endpoint), 0)
	}
	return nil
}
