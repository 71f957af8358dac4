package backstagecatalog_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/backstagecatalog"
)

type (
	user  = authprovider.User
	query = authprovider.UserQuery
)

const token = "s3cr3t-token-of-the-test"

// backstage is the catalog API of a Backstage installation, as its documentation and its behaviour have it: filters are cut at commas, trimmed and
// compared in lower case, two conditions on one field are alternatives, and a text of more than 200 characters is not indexed.
type backstage struct {
	*httptest.Server
	old      bool // it has no POST /entities/by-query
	pageSize int  // at most

	mu       sync.Mutex // guards the fields below
	entities []map[string]any
	requests []string
	respond  http.HandlerFunc // instead of the API
}

func newBackstage(t testing.TB, entities ...map[string]any) *backstage {
	b := &backstage{entities: entities, pageSize: 1000}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/catalog/entities/by-refs", b.byRefs)
	mux.HandleFunc("GET /api/catalog/entities/by-query", b.byQuery)
	mux.HandleFunc("POST /api/catalog/entities/by-query", b.byPredicate)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requests = append(b.requests, r.Method+" "+r.URL.RequestURI())
		respond := b.respond
		b.mu.Unlock()
		switch {
		case respond != nil:
			respond(w, r)
		case r.Header.Get("Authorization") != "Bearer "+token:
			fail(w, http.StatusUnauthorized, "AuthenticationError", "Illegal token")
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

// asked returns the requests since the last call.
func (b *backstage) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests := b.requests
	b.requests = nil
	return requests
}

func (b *backstage) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *backstage) config() backstagecatalog.Config {
	return backstagecatalog.Config{URL: b.URL + "/api/catalog", Token: token}
}

func (b *backstage) catalog(t testing.TB, change ...func(*backstagecatalog.Config)) *backstagecatalog.Catalog {
	t.Helper()
	config := b.config()
	for _, f := range change {
		f(&config)
	}
	c, err := backstagecatalog.New(config)
	require.NoError(t, err)
	return c
}

func fail(w http.ResponseWriter, status int, name, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"name": name, "message": message}, "response": map[string]any{"statusCode": status}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

func refOf(e map[string]any) string {
	metadata := e["metadata"].(map[string]any)
	return strings.ToLower(fmt.Sprintf("%s:%s/%s", e["kind"], metadata["namespace"], metadata["name"]))
}

func (b *backstage) byRefs(w http.ResponseWriter, r *http.Request) {
	var request struct {
		EntityRefs []string `json:"entityRefs"`
		Fields     []string `json:"fields"`
	}
	if json.NewDecoder(r.Body).Decode(&request) != nil || r.Header.Get("Content-Type") != "application/json" {
		fail(w, http.StatusBadRequest, "InputError", "Malformed request body")
		return
	}
	items := make([]any, len(request.EntityRefs))
	for i, ref := range request.EntityRefs {
		for _, e := range b.entities {
			if refOf(e) == ref {
				items[i] = selected(e, request.Fields)
			}
		}
	}
	answer(w, http.StatusOK, map[string]any{"items": items})
}

func selected(e map[string]any, fields []string) map[string]any {
	part := make(map[string]any)
	for _, f := range fields {
		if value, ok := e[f]; ok {
			part[f] = value
		}
	}
	return part
}

// row is one of the search index.
type row struct{ key, value string }

func index(e map[string]any) (rows []row) {
	add := func(key string, value any) {
		text := strings.ToLower(fmt.Sprint(value))
		if key = strings.ToLower(key); len(key) <= 200 && len(text) <= 200 {
			rows = append(rows, row{key, text})
		}
	}
	var visit func(path string, value any)
	visit = func(path string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for k, item := range v {
				visit(strings.TrimPrefix(path+"."+k, "."), item)
			}
		case []any:
			for _, item := range v {
				visit(path, item)
				if s, ok := item.(string); ok {
					add(path+"."+s, "true")
				}
			}
		case nil:
		default:
			if path != "relations" {
				add(path, v)
			}
		}
	}
	for _, part := range []string{"kind", "metadata", "spec"} {
		visit(part, e[part])
	}
	relations, _ := e["relations"].([]any)
	for _, r := range relations {
		relation := r.(map[string]any)
		add("relations."+relation["type"].(string), relation["targetRef"])
	}
	return rows
}

func (b *backstage) byQuery(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	limit, err := strconv.Atoi(values.Get("limit"))
	if err != nil {
		limit = 20
	}
	filters := values["filter"]
	offset := 0
	if cursor := values.Get("cursor"); cursor != "" {
		filters, offset = readCursor(cursor)
	}
	var match []map[string]any
	for _, e := range b.entities {
		if slices.ContainsFunc(filters, func(f string) bool { return matches(e, f) }) {
			match = append(match, e)
		}
	}
	b.page(w, match, filters, offset, limit, strings.Split(values.Get("fields"), ","))
}

// matches reads a filter as Backstage does.
func matches(e map[string]any, filter string) bool {
	wanted := make(map[string][]string)
	for _, statement := range strings.Split(filter, ",") {
		if statement = strings.TrimSpace(statement); statement == "" {
			continue
		}
		key, value, _ := strings.Cut(statement, "=")
		key = strings.TrimSpace(key)
		wanted[key] = append(wanted[key], strings.ToLower(strings.TrimSpace(value)))
	}
	rows := index(e)
	for key, values := range wanted {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.key == strings.ToLower(key) && slices.Contains(values, r.value) }) {
			return false
		}
	}
	return true
}

func (b *backstage) byPredicate(w http.ResponseWriter, r *http.Request) {
	if b.old {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "Cannot POST /api/catalog/entities/by-query")
		return
	}
	var request struct {
		Query  map[string]any `json:"query"`
		Fields []string       `json:"fields"`
		Limit  int            `json:"limit"`
		Cursor string         `json:"cursor"`
	}
	if json.NewDecoder(r.Body).Decode(&request) != nil {
		fail(w, http.StatusBadRequest, "InputError", "Malformed request body")
		return
	}
	offset := 0
	if request.Cursor != "" {
		var filters []string
		filters, offset = readCursor(request.Cursor)
		if err := json.Unmarshal([]byte(filters[0]), &request.Query); err != nil {
			panic(err)
		}
	}
	var match []map[string]any
	for _, e := range b.entities {
		if satisfies(index(e), request.Query) {
			match = append(match, e)
		}
	}
	text, err := json.Marshal(request.Query)
	if err != nil {
		panic(err)
	}
	b.page(w, match, []string{string(text)}, offset, request.Limit, request.Fields)
}

func satisfies(rows []row, predicate map[string]any) bool {
	for key, value := range predicate {
		switch key {
		case "$all":
			for _, p := range value.([]any) {
				if !satisfies(rows, p.(map[string]any)) {
					return false
				}
			}
		case "$any":
			if !slices.ContainsFunc(value.([]any), func(p any) bool { return satisfies(rows, p.(map[string]any)) }) {
				return false
			}
		default:
			if !slices.Contains(rows, row{strings.ToLower(key), strings.ToLower(value.(string))}) {
				return false
			}
		}
	}
	return true
}

func (b *backstage) page(w http.ResponseWriter, match []map[string]any, filters []string, offset, limit int, fields []string) {
	end := min(len(match), offset+min(limit, b.pageSize))
	items := []any{}
	for _, e := range match[min(offset, end):end] {
		items = append(items, selected(e, fields))
	}
	info := map[string]any{}
	if end < len(match) {
		text, err := json.Marshal([]any{filters, end})
		if err != nil {
			panic(err)
		}
		info["nextCursor"] = base64.StdEncoding.EncodeToString(text)
	}
	if offset > 0 {
		info["prevCursor"] = "back"
	}
	answer(w, http.StatusOK, map[string]any{"items": items, "totalItems": len(match), "pageInfo": info})
}

func readCursor(cursor string) (filters []string, offset int) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		panic(err)
	}
	parts := []any{&filters, &offset}
	if err := json.Unmarshal(text, &parts); err != nil {
		panic(err)
	}
	return filters, offset
}

// entityOf is the entity that a user is made of, with what a catalog adds.
func entityOf(u user) map[string]any {
	kind, rest, _ := strings.Cut(u.Ref, ":")
	namespace, name, _ := strings.Cut(rest, "/")
	relation := "memberOf"
	if kind == "group" {
		relation = "childOf"
	}
	annotations := make(map[string]any)
	for k, v := range u.Annotations {
		annotations[k] = v
	}
	metadata := map[string]any{"name": name, "namespace": namespace, "uid": "11f1", "etag": "7f", "annotations": annotations}
	profile := make(map[string]any)
	for name, value := range map[string]string{"email": u.Email, "displayName": u.DisplayName, "picture": u.Picture} {
		if value != "" {
			profile[name] = value
		}
	}
	spec := map[string]any{"profile": profile}
	for path, values := range u.Fields {
		parent, path, _ := strings.Cut(path, ".")
		object := map[string]map[string]any{"spec": spec, "metadata": metadata}[parent]
		if labels, label, ok := strings.Cut(path, "."); ok {
			object[labels] = map[string]any{label: values[0]}
			continue
		}
		list := []any{}
		for _, v := range values {
			list = append(list, v)
		}
		object[path] = list
		if len(list) == 1 {
			object[path] = list[0]
		}
	}
	relations := []any{map[string]any{"type": "ownerOf", "targetRef": "component:default/x", "target": map[string]any{"kind": "component",
		"namespace": "default", "name": "x"}}}
	for _, ref := range u.MemberOf {
		relations = append(relations, map[string]any{"type": relation, "targetRef": ref})
	}
	return map[string]any{"apiVersion": "backstage.io/v1alpha1", "kind": strings.ToUpper(kind[:1]) + kind[1:], "metadata": metadata, "spec": spec,
		"relations": relations, "status": map[string]any{}}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text) // the client may have gone
	}
}

// newExampleBackstage answers as the documentation of the API has it.
func newExampleBackstage() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/catalog/entities/by-query", body(`{
		"items": [{
			"apiVersion": "backstage.io/v1beta1", "kind": "User",
			"metadata": {"namespace": "default", "name": "jane", "uid": "5f2a",
			"annotations": {"backstage.io/managed-by-location": "url:https://example.com/org.yaml"}},
			"spec": {"profile": {"displayName": "Jane Doe", "email": "jane@example.com"}, "memberOf": ["platform"]},
			"relations": [{"type": "memberOf", "targetRef": "group:default/platform"}]
		}],
		"totalItems": 1, "pageInfo": {}
	}`))
	mux.HandleFunc("POST /api/catalog/entities/by-refs", body(`{"items": [null]}`))
	return httptest.NewServer(mux)
}
