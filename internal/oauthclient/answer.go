package oauthclient

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
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"example.com/stagedoor/internal/jose"
)

// ErrAnswer means that an answer cannot be used: it is no JSON object, has members that are there twice, or lacks what it must have.
// Errors that wrap it wrap [authprovider.ErrUnavailable] too: such answers come from a maintenance page or a broken gateway.
var ErrAnswer = errors.New("oauthclient: unusable answer")

const maxLifetime = 365 * 24 * 60 * 60 // seconds

// tokenContext makes x/oauth2 send its one request through c's client.
func (c *Client) tokenContext(ctx context.Context, scopes []string) context.Context {
	own := *c.http
	own.Transport = tokenTransport{next: c.http.Transport, scope: strings.Join(scopes, " ")}
	return context.WithValue(ctx, oauth2.HTTPClient, &own)
}

// tokenTransport stands between x/oauth2 and the token endpoint. x/oauth2 reads answers with encoding/json, which folds case and takes
// the last of two equal names, fails on an odd expires_in, and cannot ask for scopes on a refresh.
type tokenTransport struct {
	next  http.RoundTripper
	scope string
}

var _ http.RoundTripper = tokenTransport{}

func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := t.prepare(r)
	if err != nil {
		return nil, err
	}
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		if body, err = tokenAnswer(res.Header, body); err != nil {
			return nil, err
		}
	} else {
		body = errorAnswer(body)
	}
	res.Header = res.Header.Clone()
	res.Header.Set("Content-Type", "application/json")
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

// prepare asks for JSON, and for the scopes of a refresh.
func (t tokenTransport) prepare(r *http.Request) (*http.Request, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	if t.scope == "" {
		return r, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	form := string(body) + "&" + url.Values{"scope": {t.scope}}.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	return r, nil
}

// tokenAnswer checks an answer strictly and returns what is read of it, with a sane expires_in.
func tokenAnswer(h http.Header, body []byte) ([]byte, error) {
	body, err := jsonOf(h, body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		AccessToken      json.RawMessage `json:"access_token,omitempty"`
		TokenType        json.RawMessage `json:"token_type,omitempty"`
		RefreshToken     json.RawMessage `json:"refresh_token,omitempty"`
		IDToken          json.RawMessage `json:"id_token,omitempty"`
		Scope            json.RawMessage `json:"scope,omitempty"`
		ExpiresIn        json.RawMessage `json:"expires_in,omitempty"`
		Error            json.RawMessage `json:"error,omitempty"`
		ErrorDescription json.RawMessage `json:"error_description,omitempty"`
	}
	if jose.UnmarshalStrict(body, &answer) != nil {
		return nil, fmt.Errorf("%w: not strict JSON", ErrAnswer)
	}
	seconds := lifetime(answer.ExpiresIn)
	answer.ExpiresIn = nil
	if seconds > 0 {
		answer.ExpiresIn = json.RawMessage(strconv.Itoa(seconds))
	}
	return json.Marshal(answer)
}

// jsonOf returns a token answer as JSON. Some providers, such as GitHub, write a form: it is taken with each name once.
func jsonOf(h http.Header, body []byte) ([]byte, error) {
	if mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return body, checkJSON(h)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: not a form", ErrAnswer) // err may quote
	}
	members := make(map[string]string, len(form))
	for name, values := range form {
		if len(values) != 1 {
			return nil, fmt.Errorf("%w: a member is there twice", ErrAnswer)
		}
		members[name] = values[0]
	}
	return json.Marshal(members)
}

// lifetime reads expires_in, which some write as a text or with a fraction. A year at most; zero for what is not a positive number.
func lifetime(raw json.RawMessage) int {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if (err != nil && !errors.Is(err, strconv.ErrRange)) || !(f > 0) {
		return 0
	}
	return int(min(f, maxLifetime))
}

// errorAnswer returns the error answer in body (RFC 6749 section 5.2), or an empty one.
func errorAnswer(body []byte) []byte {
	var e errorBody
	if jose.UnmarshalStrict(body, &e) != nil {
		e = errorBody{}
	}
	// Microsoft Entra ID says invalid_grant, which ends a session, of a scope that nobody has consented to yet, and names the OpenID
	// Connect code for that in a member of its own.
	if e.Code == "invalid_grant" && string(e.More) == `"consent_required"` {
		e.Code = "consent_required"
	}
	e.More = nil
	clean, err := json.Marshal(e)
	if err != nil {
		return []byte("{}")
	}
	return clean
}

type errorBody struct {
	Code        string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`

	More json.RawMessage `json:"suberror,omitempty"`
}

func checkJSON(h http.Header) error {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || (mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json")) {
		return fmt.Errorf("%w: content type %.64q, want JSON", ErrAnswer, mediaType)
	}
	return nil
}
