package oauth2provider

import (
	"context"
	"fmt"
	"net/http"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
)

// ProfileFunc reads who a session belongs to. It is called once with each sign-in and refresh, concurrently for several people.
//
// It returns the errors of api as they are, so that an outage signs nobody out and a 401 ends a session. A person who is turned down is
// an error that wraps [authprovider.ErrNotAllowed] or [authprovider.ErrAuthentication].
type ProfileFunc[P any] func(ctx context.Context, api *API) (Person[P], error)

// Person is whom a session belongs to.
type Person[P any] struct {
	// Subject is the person's stable ID at the provider: a user name or an address that may come to be somebody else's is none. Required.
	Subject string
	// Profile is the default profile. An address that nobody verified must not be in it as anything else.
	Profile authprovider.Profile
	// FullProfile is the vendor's own.
	FullProfile P
	// Scope is what the access token is good for, separated by spaces or commas, where the API says so: it counts more than the token
	// answer. If empty, that does.
	Scope string
}

// API reads from the provider with a session's access token.
type API struct {
	client *oauthclient.Client
	token  *authprovider.Secret // a pointer, because package fmt prints unexported fields without asking their methods
}

// Get reads a URL, which must be https or on loopback. An answer other than a 2xx is a *[oauthadapter.ProviderError], and one that says to come
// back later, or none at all, wraps [authprovider.ErrUnavailable].
func (a *API) Get(ctx context.Context, url string) (*Answer, error) {
	if err := oauthclient.CheckURL(url); err != nil { // anybody on the way could read the access token
		return nil, fmt.Errorf("oauth2provider: API address %w", err)
	}
	answer, err := a.client.Get(ctx, "userinfo", url, *a.token)
	if err != nil {
		return nil, err
	}
	return &Answer{Header: answer.Header, Body: answer.Body}, nil
}

// GetJSON is Get and [Answer.JSON].
func (a *API) GetJSON(ctx context.Context, url string, v any) error {
	answer, err := a.Get(ctx, url)
	if err != nil {
		return err
	}
	return answer.JSON(v)
}

// Answer is a successful answer of an [API].
type Answer struct {
	Header http.Header
	// Body is one mebibyte at most.
	Body []byte
}

// JSON decodes the body into v as json.Unmarshal would, but for texts in which two readers could read two things: duplicate names, names that
// differ from a field's in case alone, invalid UTF-8. Errors wrap [authprovider.ErrUnavailable]: such answers come from broken gateways.
func (a *Answer) JSON(v any) error {
	answer := oauthclient.Answer{Header: a.Header, Body: a.Body}
	return answer.JSON("userinfo", v)
}
