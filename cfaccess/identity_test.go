package cfaccess_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
)

func TestGetIdentityIsAskedWithTheTokenAlone(t *testing.T) {
	e := newEdge(t)
	token := e.token(e.person(nil))
	var got *http.Request
	e.serve(func(w http.ResponseWriter, r *http.Request) {
		got = r
		e.serveIdentity(w, r)
	})
	jar := &jar{}
	a := e.authenticator(func(c *cfaccess.Config) { c.HTTPClient.Jar = jar })
	_, err := a.Authenticate(t.Context(), request(header, token, "Cookie", "session=of-ours", "X-Secret", "s"))
	require.NoError(t, err)
	require.Equal(t, []string{cookie + "=" + token}, got.Header["Cookie"])
	require.NotContains(t, got.Header, "X-Secret")
	require.NotContains(t, got.Header, header)
	require.Empty(t, got.URL.RawQuery)
}

// jar has a cookie for everybody.
type jar struct{}

func (*jar) SetCookies(*url.URL, []*http.Cookie) {}

func (*jar) Cookies(*url.URL) []*http.Cookie {
	return []*http.Cookie{{Name: cookie, Value: "of-another"}}
}

func TestSkipIdentity(t *testing.T) {
	e := newEdge(t)
	a := e.authenticator(func(c *cfaccess.Config) { c.SkipIdentity = true })
	got, err := a.Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.NoError(t, err)
	require.Equal(t, email, got.Email)
	require.Nil(t, got.Identity)
	require.Zero(t, e.calls(identityURL))
}

// What get-identity answers must be about the person in the token.
func TestIdentityOfSomebodyElse(t *testing.T) {
	const uuid = `"user_uuid":"` + subject + `"`
	for name, test := range map[string]struct {
		token  claims
		answer string
	}{
		"another address":                {nil, `{"email":"admin@example.com",` + uuid + `}`},
		"another ID":                     {nil, `{"email":"` + email + `","user_uuid":"57cf8cf2-f55a-4588-9ac9-f5e41e9f09b4"}`},
		"another address, no ID":         {nil, `{"email":"admin@example.com"}`},
		"no address":                     {nil, `{` + uuid + `}`},
		"address empty":                  {nil, `{"email":"",` + uuid + `}`},
		"address an array":               {nil, `{"email":["` + email + `"],` + uuid + `}`},
		"address of another case's name": {nil, `{"Email":"` + email + `",` + uuid + `}`},
		"a Kelvin sign for a k":          {claims{"email": "k@example.com"}, `{"email":"\u212a@example.com",` + uuid + `}`},
		"longer address":                 {nil, `{"email":"` + email + `.evil",` + uuid + `}`},
		"nobody":                         {nil, `{}`},
		"an error":                       {nil, `{"err":"no app token set"}`},
		"nobody, token without address":  {claims{"email": nil}, `{}`},
		"address, token without":         {claims{"email": nil}, `{"email":"` + email + `"}`},
		"ID empty, token without":        {claims{"email": nil}, `{"user_uuid":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.answer(http.StatusOK, test.answer)
			token := e.token(e.person(test.token))
			newPortal(e, e.config()).requireRefused(request(header, token), "identity_mismatch", token)
		})
	}
}

func TestIdentityOfTheSamePerson(t *testing.T) {
	const uuid = `"user_uuid":"` + subject + `"`
	for name, test := range map[string]struct {
		token  claims
		answer string
	}{
		"both":                  {nil, `{"email":"` + email + `",` + uuid + `}`},
		"without ID":            {nil, `{"email":"` + email + `"}`},
		"another case":          {nil, `{"email":"` + strings.ToUpper(email) + `",` + uuid + `}`},
		"token without address": {claims{"email": nil}, `{"email":"` + email + `",` + uuid + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.answer(http.StatusOK, test.answer)
			got, err := e.authenticator().Authenticate(t.Context(), request(header, e.token(e.person(test.token))))
			require.NoError(t, err)
			require.NotNil(t, got.Identity)
			if test.token != nil {
				require.Empty(t, got.Email, "the address is that of the token alone")
			}
		})
	}
}

func TestIdentityThatIsRefused(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			e := newEdge(t)
			e.answer(status, `{"err":"session revoked"}`)
			token := e.token(e.person(nil))
			newPortal(e, e.config()).requireRefused(request(header, token), "session_revoked", token)
		})
	}
}

func TestIdentityThatCannotBeHad(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(r.Header.Get("Cookie")))
		}
	}
	for name, serve := range map[string]http.HandlerFunc{
		"down": echo(http.StatusBadGateway),
		"down, with an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(janesIdentity))
		},
		"rate limited":        echo(http.StatusTooManyRequests),
		"unknown team":        echo(http.StatusNotFound),
		"no content":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"echo":                echo(http.StatusOK),
		"HTML":                func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Sign in</html>")) },
		"empty":               func(http.ResponseWriter, *http.Request) {},
		"reset":               func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"null":                func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`null`)) },
		"an array":            func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[` + janesIdentity + `]`)) },
		"more after the JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(janesIdentity + `{}`)) },
		"member twice": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(janesIdentity[:len(janesIdentity)-1] + `,"email":"` + email + `"}`))
		},
		"case twin": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(janesIdentity[:len(janesIdentity)-1] + `,"Groups":[{"name":"admins"}]}`))
		},
		"balloon": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(janesIdentity))
			_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20)))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/get-identity", http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.serve(serve)
			token, a := e.token(e.person(nil)), e.authenticator()
			_, err := a.Authenticate(t.Context(), request(header, token))
			newPortal(e, e.config()).requireUnavailable(err, request(header, token), token)

			// It is not kept: the person gets in as soon as the team's domain is well.
			e.serve(e.serveIdentity)
			_, err = a.Authenticate(t.Context(), request(header, token))
			require.NoError(t, err)
		})
	}
}

// A mebibyte is taken, and a byte more is not.
func TestIdentityLimit(t *testing.T) {
	e := newEdge(t)
	pad := strings.Repeat(" ", 1<<20-len(janesIdentity))
	e.answer(http.StatusOK, janesIdentity+pad)
	_, err := e.authenticator().Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.NoError(t, err)
	e.answer(http.StatusOK, janesIdentity+pad+" ")
	_, err = e.authenticator().Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
}

// An answer without end is read no further than it may be long.
func TestIdentityWithoutEnd(t *testing.T) {
	e := newEdge(t)
	body := &endless{}
	a := e.authenticator(func(c *cfaccess.Config) {
		c.HTTPClient = &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.String() == identityURL {
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
			}
			return e.RoundTrip(r)
		})}
	})
	_, err := a.Authenticate(t.Context(), request(header, e.token(e.person(nil))))
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.LessOrEqual(t, body.read, 1<<20+1)
}

// endless is a body of blanks, as good as without end.
type endless struct{ read int }

func (b *endless) Read(p []byte) (int, error) {
	if b.read > 64<<20 {
		return 0, io.EOF
	}
	b.read += copy(p, bytes.Repeat([]byte(" "), len(p)))
	return len(p), nil
}

// Identity providers differ, and what one of them writes otherwise keeps nobody out.
func TestIdentityIsReadTolerantly(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   cfaccess.Identity
	}{
		"nothing":              {`{}`, cfaccess.Identity{}},
		"groups as texts":      {`{"groups":["a","b"]}`, cfaccess.Identity{Groups: []cfaccess.Group{{Name: "a"}, {Name: "b"}}}},
		"mixed groups":         {`{"groups":[{"id":"1"},"b",7,null,[],{},"",{"name":"d","more":{}},{"id":true,"name":"e"}]}`, cfaccess.Identity{Groups: []cfaccess.Group{{ID: "1"}, {Name: "b"}, {Name: "d"}, {Name: "e"}}}},
		"groups not a list":    {`{"groups":"a,b"}`, cfaccess.Identity{}},
		"groups an object":     {`{"groups":{"name":"a"}}`, cfaccess.Identity{}},
		"groups null":          {`{"groups":null}`, cfaccess.Identity{}},
		"numeric ID":           {`{"id":9007199254740993}`, cfaccess.Identity{ID: "9007199254740993"}},
		"ID with a fraction":   {`{"id":1.5}`, cfaccess.Identity{}},
		"negative ID":          {`{"id":-1}`, cfaccess.Identity{}},
		"name not a text":      {`{"name":["a"],"user_uuid":7}`, cfaccess.Identity{}},
		"idp not an object":    {`{"idp":"azureAD"}`, cfaccess.Identity{}},
		"idp with other types": {`{"idp":{"id":3,"type":4}}`, cfaccess.Identity{IDP: cfaccess.IDP{ID: "3"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cfaccess.ParseResult([]byte(`{}`), []byte(test.answer))
			require.NoError(t, err)
			id := got.Identity
			require.Equal(t, test.want, cfaccess.Identity{ID: id.ID, UserUUID: id.UserUUID, Name: id.Name, Email: id.Email, Groups: id.Groups, IDP: id.IDP})
		})
	}
}
