package cfaccess

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

const (
	identityTimeout = 5 * time.Second
	maxIdentity     = 1 << 20
)

// newClient returns a client like c that follows no redirect, which would take the token elsewhere, and sends no cookies but ours.
func newClient(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	own := *c
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// getIdentity asks the endpoint at url about the person whose token it is. Its errors never hold the answer, which is about a person.
func getIdentity(ctx context.Context, client *http.Client, url, token string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("cfaccess: get-identity: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	// The token was read strictly: it has no character that could end the cookie.
	req.Header.Set("Cookie", tokenCookie+"="+token)
	res, err := client.Do(req)
	if err != nil {
		return nil, unavailable(err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		// The token is well signed and has not expired: Access does not know its session any more. (400 is what it answers where it finds
		// no session at all.)
		return nil, proxyauth.Refuse("session_revoked", fmt.Errorf("cfaccess: get-identity answered with status %d", res.StatusCode))
	default:
		return nil, unavailable(fmt.Errorf("unexpected status %d", res.StatusCode))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxIdentity+1))
	if err != nil {
		return nil, unavailable(err)
	}
	if len(answer) > maxIdentity {
		return nil, unavailable(fmt.Errorf("the answer is larger than %d bytes", maxIdentity))
	}
	return answer, nil
}

func unavailable(err error) error {
	return &authprovider.Error{Kind: authprovider.ErrUnavailable, Code: "identity_unavailable", Err: fmt.Errorf("cfaccess: get-identity: %w", err)}
}
