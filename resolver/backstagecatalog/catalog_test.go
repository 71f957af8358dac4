package backstagecatalog_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/backstagecatalog"
	"example.com/stagedoor/resolver/catalogtest"
)

func TestContract(t *testing.T) {
	catalogtest.TestUserCatalog(t, catalogtest.Rig{New: func(t testing.TB, users []user) authprovider.UserCatalog {
		var entities []map[string]any
		for _, u := range users {
			entities = append(entities, entityOf(u))
		}
		b := newBackstage(t, entities...)
		b.pageSize = 2
		return b.catalog(t)
	}})
}

func people() []map[string]any {
	return []map[string]any{
		entityOf(user{Ref: "user:default/Jane", Email: "Jane@acme.example", Annotations: map[string]string{"example.com/id": "7",
			"backstage.io/ldap-dn": "CN=Jane,DC=acme"}, MemberOf: []string{"group:default/devs"}}),
		entityOf(user{Ref: "user:default/bob", Email: "bob@acme.example"}),
		entityOf(user{Ref: "group:default/devs", MemberOf: []string{"group:default/unit", "group:default/guild"}}),
		entityOf(user{Ref: "group:default/unit", MemberOf: []string{"group:default/acme"}}),
	}
}

func find(t testing.TB, c authprovider.UserCatalog, q query) []user {
	t.Helper()
	found, err := c.FindUsers(t.Context(), q)
	require.NoError(t, err)
	return found
}

// TestRequests: what goes over the wire is what the API's documentation describes.
func TestRequests(t *testing.T) {
	b := newBackstage(t, people()...)
	const fields = "fields=kind%2Cmetadata%2Cspec%2Crelations"
	for _, tt := range []struct {
		q     query
		want  string
		found int
	}{
		{query{Ref: "User:JANE"}, "POST /api/catalog/entities/by-refs", 1},
		{query{Ref: "user:nobody"}, "POST /api/catalog/entities/by-refs", 0},
		{query{Email: "jane@acme.example"}, "GET /api/catalog/entities/by-query?" + fields + "&filter=kind%3Duser%2Cspec.profile.email%3Djane%40acme.example&limit=100", 1},
		{query{Annotations: map[string]string{"example.com/id": "7"}},
			"GET /api/catalog/entities/by-query?" + fields + "&filter=kind%3Duser%2Cmetadata.annotations.example.com%2Fid%3D7&limit=100", 1},
		{query{Filter: map[string]string{"metadata.name": "bob", "kind": "User"}, Kinds: []string{"User", "Group", "user"}},
			"GET /api/catalog/entities/by-query?" + fields + "&filter=kind%3Dgroup%2Ckind%3DUser%2Cmetadata.name%3Dbob&filter=kind%3Duser%2Ckind%3DUser%2Cmetadata.name%3Dbob&limit=100", 1},
		{query{Annotations: map[string]string{"backstage.io/ldap-dn": "CN=Jane,DC=acme"}}, "POST /api/catalog/entities/by-query", 1},
		{query{Filter: map[string]string{"relations.ownerOf": "component:default/x", "metadata.name": "bob"}},
			"GET /api/catalog/entities/by-query?" + fields + "&filter=kind%3Duser%2Cmetadata.name%3Dbob%2Crelations.ownerOf%3Dcomponent%3Adefault%2Fx&limit=100", 1},
	} {
		require.Len(t, find(t, b.catalog(t), tt.q), tt.found)
		require.Equal(t, []string{tt.want}, b.asked())
	}
	for _, q := range []query{
		{}, {Kinds: []string{"user"}}, {Ref: "group:devs"}, {Ref: "user:jane", Kinds: []string{"group"}}, {Email: "a\x00b"}, {Email: "\xff"},
		{Email: "x", Kinds: []string{"a,b", "a b", "a:b"}},
	} {
		require.Empty(t, find(t, b.catalog(t), q))
		require.Empty(t, b.asked(), "nobody can match")
	}
}

// TestInput: what the API cannot be asked is an error, and never nobody.
func TestInput(t *testing.T) {
	b := newBackstage(t, people()...)
	c := b.catalog(t)
	for want, q := range map[string]query{
		"has no kind":                             {Ref: "jane"},
		"one of Ref, Email":                       {Ref: "user:jane", Email: "x"},
		"of more than 200 characters":             {Email: strings.Repeat("x", 201)},
		"200 characters":                          {Filter: map[string]string{strings.Repeat("x", 201): "x"}},
		"without a path or a value":               {Filter: map[string]string{"x": ""}},
		"an annotation without a name":            {Annotations: map[string]string{"": "x"}},
		"begins with a dollar sign":               {Filter: map[string]string{"$not": "a,b"}},
		"backstagecatalog: a condition without a": {Annotations: map[string]string{"x": ""}},
	} {
		found, err := c.FindUsers(t.Context(), q)
		require.ErrorIs(t, err, authprovider.ErrInput)
		require.ErrorContains(t, err, want)
		require.Empty(t, found)
	}
	require.Empty(t, b.asked())

	b.old = true
	_, err := c.FindUsers(t.Context(), query{Annotations: map[string]string{"backstage.io/ldap-dn": "CN=Jane,DC=acme"}})
	require.ErrorContains(t, err, "needs a Backstage that has POST /entities/by-query")
	require.NotErrorIs(t, err, authprovider.ErrNotFound)
}

func TestConfig(t *testing.T) {
	const url = "https://backstage.example.com/api/catalog"
	source := func(context.Context) (authprovider.Secret, error) { return token, nil }
	for want, c := range map[string]backstagecatalog.Config{
		"Config.URL is required":                                    {Token: token},
		"Config.URL is no URL":                                      {URL: "https://user:pass%word@x/", Token: token},
		"is not an absolute URL without user, query and fragment":   {URL: "https://user:pass@x/", Token: token},
		"\"/api/catalog\" is not an absolute":                       {URL: "/api/catalog", Token: token},
		"without user, query":                                       {URL: url + "?x", Token: token},
		"query and fragment":                                        {URL: url + "#x", Token: token},
		"is neither https nor http on loopback":                     {URL: "http://backstage.example.com/api/catalog", Token: token},
		"\"ftp://localhost/\" is neither":                           {URL: "ftp://localhost/", Token: token},
		"Config.Token or Config.TokenSource is required":            {URL: url},
		"Config.Token and Config.TokenSource are both set":          {URL: url, Token: token, TokenSource: source},
		"Config.Token has characters that cannot stand in a header": {URL: url, Token: token + "\n"},
		"Config.Timeout is -1s":                                     {URL: url, Token: token, Timeout: -time.Second},
	} {
		_, err := backstagecatalog.New(c)
		require.ErrorContains(t, err, "backstagecatalog: ")
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "pass")
		require.NotContains(t, err.Error(), token)
	}
	for _, url := range []string{url, url + "/", "http://localhost:7007/api/catalog", "http://127.0.0.1/", "http://[::1]:1/x"} {
		_, err := backstagecatalog.New(backstagecatalog.Config{URL: url, TokenSource: source})
		require.NoError(t, err)
	}
}

// TestAnswers: whatever a server, a gateway or a maintenance page answers, nobody is "not found" by it, and neither the token nor
// what was asked gets into an error.
func TestAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fail(w, code, "Error", "marker "+token) }
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("redirected with %v", r.Header) }))
	defer elsewhere.Close()
	const jane = `{"kind":"User","metadata":{"name":"jane"},"spec":{"profile":{"email":"jane@acme.example"}}}`
	for name, tt := range map[string]struct {
		respond   http.HandlerFunc
		want      string
		permanent bool // a mistake of the configuration, not an outage
	}{
		"401":      {status(401), "does not accept the token", true},
		"403":      {status(403), "the token may not read the catalog", true},
		"404":      {status(404), "Config.URL usually ends in /api/catalog", true},
		"404 HTML": {http.NotFound, "it has no such endpoint", true},
		"400":      {status(400), "the catalog answers 400", true},
		"204":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "the catalog answers 204", true},
		"201":      {status(201), "the catalog answers 201", true},
		"redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
			"a redirect, which is not followed", true},
		"redirect 307": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "a redirect, which is not followed", true},
		"redirect 308": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusPermanentRedirect) },
			"a redirect, which is not followed", true},
		"408": {status(408), "the catalog answers 408", false},
		"429": {status(429), "the catalog answers 429", false},
		"500": {status(500), "the catalog answers 500", false},
		"502": {status(502), "the catalog answers 502", false},
		"503": {status(503), "the catalog answers 503", false},
		"HTML": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>marker</html>")
		}, `content type "text/html", want JSON`, false},
		"no content type": {func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil; fmt.Fprint(w, "{}") }, "want JSON", false},
		"empty":           {body(""), "no strict JSON", false},
		"null":            {body("null"), "no items", false},
		"a list":          {body("[]"), "no strict JSON", false},
		"no items":        {body(`{"totalItems":0,"pageInfo":{}}`), "no items", false},
		"items null":      {body(`{"items":null}`), "no items", false},
		"items an object": {body(`{"items":{}}`), "no strict JSON", false},
		"Items":           {body(`{"Items":[]}`), "no strict JSON", false},
		"items twice":     {body(`{"items":[],"items":[` + jane + `]}`), "no strict JSON", false},
		"truncated":       {body(`{"items":[` + jane), "no strict JSON", false},
		"more after it":   {body(`{"items":[]}{"items":[]}`), "no strict JSON", false},
		"name twice":      {body(`{"items":[` + strings.Replace(jane, `"name":"jane"`, `"name":"bob","name":"jane"`, 1) + `]}`), "no strict JSON", false},
		"invalid UTF-8":   {body("{\"items\":[{\"kind\":\"\xff\"}]}"), "no strict JSON", false},
		"deep":            {body(`{"items":[{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}]}`), "no strict JSON", false},
		"a number":        {body(`{"items":[1]}`), "no strict JSON", false},
		"no kind":         {body(`{"items":[{"metadata":{"name":"jane"}}]}`), "kind is missing", false},
		"no metadata":     {body(`{"items":[{"kind":"User"}]}`), "metadata is missing", false},
		"name of a path":  {body(`{"items":[{"kind":"User","metadata":{"name":"../jane"}}]}`), "metadata.name cannot stand", false},
		"annotation": {body(`{"items":[{"kind":"User","metadata":{"name":"jane","annotations":{"a":1}}}]}`),
			"metadata.annotations.a is not a text", false},
		"relations": {body(`{"items":[{"kind":"User","metadata":{"name":"jane"},"relations":{}}]}`), "relations is not a list", false},
		"relation": {body(`{"items":[{"kind":"User","metadata":{"name":"jane"},"relations":[{"type":"memberOf","targetRef":"x"}]}]}`),
			"targetRef that is not a reference", false},
		"oversize":         {body(`{"items":[` + strings.Repeat(" ", 8<<20) + `]}`), "larger than 8388608 bytes", false},
		"cut off":          {cutOff, "unusable answer", false},
		"closed at once":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "service unavailable", false},
		"too few items":    {body(`{"items":[]}`), "", false},
		"the wrong entity": {body(`{"items":[{"kind":"User","metadata":{"name":"bob"}}]}`), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackstage(t)
			b.respond = tt.respond
			for _, q := range []query{{Ref: "user:default/jane"}, {Email: "jane@acme.example"}, {Annotations: map[string]string{"marker": "a,b"}}} {
				c := b.catalog(t)
				for range 2 { // and nothing is remembered
					found, err := c.FindUsers(t.Context(), q)
					require.Empty(t, found)
					switch {
					case tt.want == "" && q.Ref == "":
						require.NoError(t, err, "nobody matches, and the answer is one")
						continue
					case tt.want == "":
						require.ErrorContains(t, err, map[string]string{"too few items": "0 items for 1 references", "the wrong entity": "another entity than"}[name])
					default:
						require.ErrorContains(t, err, "backstagecatalog: ")
						require.ErrorContains(t, err, tt.want)
					}
					require.Equal(t, !tt.permanent, errors.Is(err, authprovider.ErrUnavailable))
					for _, class := range []error{authprovider.ErrNoMatch, authprovider.ErrNotFound, authprovider.ErrNotAllowed, authprovider.ErrInput} {
						require.NotErrorIs(t, err, class)
					}
					for _, secret := range []string{token, "marker", "jane@", "<html"} {
						require.NotContains(t, err.Error(), secret)
					}
				}
			}
		})
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"items":[`)
}

func TestUnreachable(t *testing.T) {
	b := newBackstage(t)
	c := b.catalog(t)
	b.Close()
	_, err := c.FindUsers(t.Context(), query{Email: "jane@acme.example"})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotContains(t, err.Error(), "jane")
	_, err = c.ParentGroups(t.Context(), []string{"group:default/devs"})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
}

// TestPages: all pages are read, up to a limit.
func TestPages(t *testing.T) {
	var entities []map[string]any
	for i := range 25 {
		entities = append(entities, entityOf(user{Ref: fmt.Sprintf("user:default/u%d", i), Email: "all@acme.example", Annotations: map[string]string{"dn": "a,b"}}))
	}
	b := newBackstage(t, entities...)
	b.pageSize = 10
	for _, q := range []query{{Email: "all@acme.example"}, {Annotations: map[string]string{"dn": "a,b"}}} {
		c := b.catalog(t)
		for range 2 { // an answer of so many is not kept
			require.Len(t, find(t, c, q), 25)
			require.Len(t, b.asked(), 3)
		}
	}

	b.pageSize = 2
	_, err := b.catalog(t).FindUsers(t.Context(), query{Email: "all@acme.example"})
	require.EqualError(t, err, "backstagecatalog: more than 10 pages of entities match")
	require.Len(t, b.asked(), 10)

	// Pages without an end, and an entity that moves from one to the next.
	n := 0
	b.respond = func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 3 {
			body(`{"items":[],"pageInfo":{}}`)(w, r)
			return
		}
		answer(w, 200, map[string]any{"items": entities[:1], "pageInfo": map[string]any{"nextCursor": "again"}})
	}
	require.Len(t, find(t, b.catalog(t), query{Email: "all@acme.example"}), 1)
	n = 100
	_, err = b.catalog(t).FindUsers(t.Context(), query{Email: "all@acme.example"})
	require.ErrorContains(t, err, "more than 10 pages")
}

func TestTokenSource(t *testing.T) {
	b := newBackstage(t, people()...)
	var next authprovider.Secret = token
	var fails error
	c := b.catalog(t, func(c *backstagecatalog.Config) {
		c.Token, c.CacheTTL = "", -1
		c.TokenSource = func(context.Context) (authprovider.Secret, error) { return next, fails }
	})
	require.Len(t, find(t, c, query{Ref: "user:jane"}), 1)
	next = "another"
	_, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorContains(t, err, "does not accept the token")
	for _, bad := range []authprovider.Secret{"", "a b", "a\nb"} {
		next = bad
		_, err = c.FindUsers(t.Context(), query{Ref: "user:jane"})
		require.ErrorContains(t, err, "Config.TokenSource returned no token")
	}
	fails = fmt.Errorf("vault: sealed: %w", authprovider.ErrNoMatch)
	_, err = c.FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.NotErrorIs(t, err, authprovider.ErrNoMatch)
	require.ErrorContains(t, err, "vault: sealed")
}

func TestParentGroups(t *testing.T) {
	b := newBackstage(t, people()...)
	c := b.catalog(t)
	parents, err := c.ParentGroups(t.Context(), []string{"group:default/unit", "Group:Default/Devs", "user:default/jane", "group:default/none",
		"group:default/devs"})
	require.NoError(t, err)
	require.Equal(t, []string{"group:default/acme", "group:default/unit", "group:default/guild"}, parents)
	require.Len(t, b.asked(), 1)
	parents, err = c.ParentGroups(t.Context(), []string{"group:default/devs", "group:default/none"})
	require.NoError(t, err)
	require.Equal(t, []string{"group:default/unit", "group:default/guild"}, parents)
	parents[0] = "spoiled"
	parents, err = c.ParentGroups(t.Context(), []string{"group:default/devs"})
	require.NoError(t, err)
	require.Equal(t, "group:default/unit", parents[0])
	require.Empty(t, b.asked(), "all known")

	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("group:default/g%d", i))
	}
	parents, err = c.ParentGroups(t.Context(), many)
	require.NoError(t, err)
	require.Empty(t, parents)
	require.Len(t, b.asked(), 3)
}

// TestCache: an answer is used for its time and never longer, and counts from when it was asked for.
func TestCache(t *testing.T) {
	b := newBackstage(t, people()...)
	var elapsed atomic.Int64
	start := time.Now()
	advance := func(d time.Duration) { elapsed.Add(int64(d)) }
	c := b.catalog(t, func(c *backstagecatalog.Config) {
		c.CacheTTL, c.NegativeTTL = time.Minute, 10*time.Second
		c.Now = func() time.Time { return start.Add(time.Duration(elapsed.Load())) }
	})
	requests := func(q query, found int) int {
		require.Len(t, find(t, c, q), found)
		return len(b.asked())
	}
	jane, nobody := query{Email: "jane@acme.example"}, query{Email: "nobody@acme.example"}
	require.Equal(t, 1, requests(jane, 1))
	require.Equal(t, 1, requests(nobody, 0))
	require.Equal(t, 0, requests(jane, 1))
	require.Equal(t, 0, requests(nobody, 0))
	require.Equal(t, 0, requests(query{Email: "jane@acme.example", Kinds: []string{"User"}}, 1), "the same question")
	require.Equal(t, 1, requests(query{Email: "jane@acme.example", Kinds: []string{"group"}}, 0), "another question")
	require.Equal(t, 1, requests(query{Filter: map[string]string{"spec.profile.email": "jane@acme.example", "kind": "user"}}, 1))
	advance(10*time.Second - 1)
	require.Equal(t, 0, requests(nobody, 0))
	advance(1)
	require.Equal(t, 1, requests(nobody, 0))
	advance(50*time.Second - 1)
	require.Equal(t, 0, requests(jane, 1))
	advance(1)
	require.Equal(t, 1, requests(jane, 1))

	// An answer that takes its time is that much older.
	b.set(func() {
		b.respond = func(w http.ResponseWriter, r *http.Request) {
			advance(50 * time.Second)
			answer(w, 200, map[string]any{"items": people()[:1]})
		}
	})
	require.Equal(t, 1, requests(query{Ref: "user:jane"}, 1))
	advance(10 * time.Second)
	require.Equal(t, 1, requests(query{Ref: "user:jane"}, 1))

	// A catalog that is down: what is known is used for its time, and then it is an error.
	b.set(func() { b.respond = nil })
	require.Equal(t, 1, requests(jane, 1))
	b.set(func() { b.respond = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) } })
	require.Equal(t, 0, requests(jane, 1))
	advance(time.Hour)
	_, err := c.FindUsers(t.Context(), jane)
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
}

func TestNoCache(t *testing.T) {
	b := newBackstage(t, people()...)
	for _, change := range []func(*backstagecatalog.Config){
		func(c *backstagecatalog.Config) { c.CacheTTL = -1 },
		func(c *backstagecatalog.Config) { c.NegativeTTL = -1 },
	} {
		c := b.catalog(t, change)
		for range 3 {
			require.Empty(t, find(t, c, query{Email: "nobody@acme.example"}))
			require.Len(t, b.asked(), 1)
		}
	}
}

// TestCacheIsBounded: a flood of questions pushes out old answers, and long ones are not kept.
func TestCacheIsBounded(t *testing.T) {
	b := newBackstage(t, people()...)
	c := b.catalog(t, func(c *backstagecatalog.Config) { c.HTTPClient = &http.Client{Transport: none{}} })
	first := query{Email: "first@acme.example"}
	require.Empty(t, find(t, c, first))
	for i := range 4095 {
		require.Empty(t, find(t, c, query{Email: fmt.Sprintf("u%d@acme.example", i)}))
	}
	asked.Store(0)
	require.Empty(t, find(t, c, first))
	require.EqualValues(t, 0, asked.Load())
	require.Empty(t, find(t, c, query{Email: "last@acme.example"}))
	require.Empty(t, find(t, c, first))
	require.EqualValues(t, 2, asked.Load())

	long := query{Filter: make(map[string]string)}
	for i := range 20 {
		long.Filter[fmt.Sprintf("spec.%d", i)] = strings.Repeat("x", 200)
	}
	require.Empty(t, find(t, c, long))
	require.Empty(t, find(t, c, long))
	require.EqualValues(t, 4, asked.Load())
}

var asked atomic.Int64

// none is a transport to a catalog of nobody.
type none struct{}

func (none) RoundTrip(*http.Request) (*http.Response, error) {
	asked.Add(1)
	w := httptest.NewRecorder()
	body(`{"items":[],"pageInfo":{}}`)(w, nil)
	return w.Result(), nil
}

// transport answers when the test lets it, within a bubble of virtual time.
type transport struct {
	asked   atomic.Int64
	release chan struct{}
}

func (s *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	select {
	case <-s.release:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	answer(w, 200, map[string]any{"items": people()[:1]})
	return w.Result(), nil
}

func stage(t *testing.T, change ...func(*backstagecatalog.Config)) (*transport, *backstagecatalog.Catalog) {
	s := &transport{release: make(chan struct{})}
	config := backstagecatalog.Config{URL: "https://backstage.example.com/api/catalog", Token: token, HTTPClient: &http.Client{Transport: s}}
	for _, f := range change {
		f(&config)
	}
	c, err := backstagecatalog.New(config)
	require.NoError(t, err)
	return s, c
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := stage(t)
		start := time.Now()
		_, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
		require.ErrorIs(t, err, authprovider.ErrUnavailable)
		require.ErrorContains(t, err, "no answer within 10s")
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

// TestDrip: a body that comes byte by byte is given up as well.
func TestDrip(t *testing.T) {
	b := newBackstage(t)
	b.respond = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"items":`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	c := b.catalog(t, func(c *backstagecatalog.Config) { c.Timeout = 50 * time.Millisecond })
	_, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
	require.ErrorIs(t, err, authprovider.ErrUnavailable)
	require.ErrorContains(t, err, "no answer within 50ms")
}

// TestCacheKeepsQuestionsApart: an annotation is compared exactly, and the same path in a filter is not.
func TestCacheKeepsQuestionsApart(t *testing.T) {
	b := newBackstage(t, entityOf(user{Ref: "user:default/jane", Annotations: map[string]string{"a": "Ab"}}))
	exact, folded := query{Annotations: map[string]string{"a": "AB"}}, query{Filter: map[string]string{"metadata.annotations.a": "AB"}}
	c := b.catalog(t)
	require.Empty(t, find(t, c, exact))
	require.Len(t, find(t, c, folded), 1)
	require.Empty(t, find(t, c, exact))
	require.Len(t, b.asked(), 2)
}

// TestSingleFlight: those who ask the same share one request; whoever gives up spoils it for nobody.
func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := stage(t)
		leader, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := c.FindUsers(leader, query{Ref: "user:jane"})
			gone <- err
		}()
		synctest.Wait()
		var found atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				users, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
				if err == nil && len(users) == 1 {
					found.Add(1)
				}
			})
		}
		impatient, cancelImpatient := context.WithTimeout(t.Context(), time.Second)
		defer cancelImpatient()
		_, err := c.FindUsers(impatient, query{Ref: "user:jane"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualValues(t, 1, s.asked.Load())

		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		synctest.Wait()
		require.EqualValues(t, 2, s.asked.Load(), "another takes its place")
		close(s.release)
		wg.Wait()
		require.EqualValues(t, 50, found.Load())
		require.EqualValues(t, 2, s.asked.Load())
	})
}

// TestPanic: a transport or a token source of the host's that panics leaves nobody waiting.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enter := make(chan struct{})
		_, c := stage(t, func(c *backstagecatalog.Config) {
			c.Token = ""
			c.TokenSource = func(context.Context) (authprovider.Secret, error) { <-enter; panic("broken") }
		})
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				errs <- authprovider.Contain(func() error {
					_, err := c.FindUsers(t.Context(), query{Ref: "user:jane"})
					return err
				})
			}()
		}
		synctest.Wait()
		close(enter)
		for range 2 {
			require.Error(t, <-errs)
		}
	})
}
