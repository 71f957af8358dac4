package proxytoken_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/proxytoken"
)

const name = "X-Forwarded-User"

func with(header http.Header) *http.Request { return &http.Request{Header: header} }

func codeOf(err error) string {
	var e *authprovider.Error
	if !errors.As(err, &e) || !errors.Is(err, authprovider.ErrAuthentication) || e.Message != "" {
		return "not a refusal"
	}
	return e.Code
}

// TestHeader has a row for each rule. list is "" where a header that is a list is read alike.
func TestHeader(t *testing.T) {
	const missing, ambiguous, invalid = proxytoken.CodeMissing, proxytoken.CodeAmbiguous, proxytoken.CodeInvalid
	for _, row := range []struct {
		name   string
		header http.Header
		want   string // the value
		code   string // or why there is none
		list   string // what List returns where Value refuses
	}{
		{"one value", http.Header{name: {"jane"}}, "jane", "", ""},
		{"UTF-8", http.Header{name: {"Jäne Döe"}}, "Jäne Döe", "", ""},
		{"as long as permitted", http.Header{name: {strings.Repeat("a", proxytoken.MaxValue)}}, strings.Repeat("a", proxytoken.MaxValue), "", ""},
		{"absent", http.Header{}, "", missing, ""},
		{"nil header", nil, "", missing, ""},
		{"no values", http.Header{name: {}}, "", missing, ""},
		{"empty", http.Header{name: {""}}, "", invalid, ""},
		{"twice", http.Header{name: {"jane", "joe"}}, "", ambiguous, ""},
		{"twice the same", http.Header{name: {"jane", "jane"}}, "", ambiguous, ""},
		{"comma", http.Header{name: {"jane,joe"}}, "", ambiguous, "jane,joe"},
		{"comma alone", http.Header{name: {","}}, "", ambiguous, ","},
		{"too long", http.Header{name: {strings.Repeat("a", proxytoken.MaxValue+1)}}, "", invalid, ""},
		{"not UTF-8", http.Header{name: {"j\xe4ne"}}, "", invalid, ""},
		{"NUL", http.Header{name: {"jane\x00"}}, "", invalid, ""},
		{"line feed", http.Header{name: {"jane\nlevel=ERROR"}}, "", invalid, ""},
		{"tab", http.Header{name: {"jane\tdoe"}}, "", invalid, ""},
		{"delete", http.Header{name: {"jane\x7f"}}, "", invalid, ""},
		{"a space alone", http.Header{name: {" "}}, "", invalid, ""},
		{"a space behind", http.Header{name: {"jane "}}, "", invalid, ""},
		{"a space in front", http.Header{name: {"\u2003jane"}}, "", invalid, ""},
		{"C1 control", http.Header{name: {"jane\u0085"}}, "", invalid, ""},

		{"twin in full", http.Header{name: {"jane"}, "X_Forwarded_User": {"joe"}}, "", ambiguous, ""},
		{"twin in part", http.Header{name: {"jane"}, "X-Forwarded_User": {"joe"}}, "", ambiguous, ""},
		{"twin in lower case", http.Header{name: {"jane"}, "x_forwarded_user": {"joe"}}, "", ambiguous, ""},
		{"twin as CGI writes it", http.Header{name: {"jane"}, "X_FORWARDED_USER": {"joe"}}, "", ambiguous, ""},
		{"twin alone", http.Header{"X_forwarded_user": {"joe"}}, "", ambiguous, ""},
		{"twin without values", http.Header{name: {"jane"}, "X_forwarded_user": nil}, "", ambiguous, ""},
		{"the name in another case", http.Header{name: {"jane"}, "x-forwarded-user": {"joe"}}, "", ambiguous, ""},
		{"a longer name", http.Header{name: {"jane"}, "X-Forwarded-User-Id": {"joe"}, "X_forwarded_user_id": {"joe"}}, "jane", "", ""},
		{"a shorter name", http.Header{name: {"jane"}, "X-Forwarded-Use": {"joe"}}, "jane", "", ""},
		{"another name of the same length", http.Header{name: {"jane"}, "X-Forwarded-Uses": {"joe"}}, "jane", "", ""},

		{"Connection", http.Header{name: {"jane"}, "Connection": {name}}, "", ambiguous, ""},
		{"Connection, the header gone", http.Header{"Connection": {name}}, "", ambiguous, ""},
		{"Connection in lower case", http.Header{name: {"jane"}, "Connection": {"close,x-forwarded-user"}}, "", ambiguous, ""},
		{"Connection names the twin", http.Header{name: {"jane"}, "Connection": {"X_forwarded_User"}}, "", ambiguous, ""},
		{"Connection in the second line", http.Header{name: {"jane"}, "Connection": {"close", " \tX-Forwarded-User "}}, "", ambiguous, ""},
		{"Connection names others", http.Header{name: {"jane"}, "Connection": {"keep-alive, Upgrade, X-Forwarded-Use, ,"}}, "jane", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			value, err := proxytoken.Value(with(row.header), name)
			list, listErr := proxytoken.List(with(row.header), name)
			if row.code == "" {
				require.NoError(t, err)
				require.NoError(t, listErr)
				require.Equal(t, row.want, value)
				require.Equal(t, row.want, list)
				return
			}
			require.Empty(t, value)
			require.Equal(t, row.code, codeOf(err))
			require.Equal(t, row.code == missing, errors.Is(err, proxytoken.ErrMissing))
			for _, secret := range []string{"jane", "joe", "aaa"} {
				require.NotContains(t, err.Error(), secret)
			}
			require.Equal(t, row.list, list)
			if row.list == "" {
				require.Equal(t, row.code, codeOf(listErr))
			}
		})
	}
}

func TestCookie(t *testing.T) {
	const missing, ambiguous, invalid = proxytoken.CodeMissing, proxytoken.CodeAmbiguous, proxytoken.CodeInvalid
	for _, row := range []struct {
		name    string
		cookies []string
		want    string
		code    string
	}{
		{"one", []string{"a=1; proxy=jane; b=2"}, "jane", ""},
		{"absent", []string{"a=1"}, "", missing},
		{"no header", nil, "", missing},
		{"twice", []string{"proxy=jane; proxy=joe"}, "", ambiguous},
		{"twice in two headers", []string{"proxy=jane", "proxy=jane"}, "", ambiguous},
		{"empty", []string{"proxy="}, "", invalid},
		{"too long", []string{"proxy=" + strings.Repeat("a", proxytoken.MaxValue+1)}, "", invalid},
		{"another case", []string{"Proxy=jane"}, "", missing},
	} {
		t.Run(row.name, func(t *testing.T) {
			value, err := proxytoken.Cookie(with(http.Header{"Cookie": row.cookies}), "proxy")
			require.Equal(t, row.want, value)
			if row.code == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, row.code, codeOf(err))
			require.Equal(t, row.code == missing, errors.Is(err, proxytoken.ErrMissing))
			require.NotContains(t, err.Error(), "jane")
		})
	}
}

func TestCheckHeaderName(t *testing.T) {
	for _, good := range []string{"Authorization", "X-Forwarded-User", "x-ms-token-aad-id-token", "X1"} {
		require.NoError(t, proxytoken.CheckHeaderName(good))
	}
	for _, bad := range []string{"", "X_Y", "X Y", "X:Y", "Ä", "X\n", "host", "Cookie", "CONNECTION", "Origin", "x-requested-with"} {
		require.Error(t, proxytoken.CheckHeaderName(bad), bad)
	}
}

// FuzzHeader: a value is returned only if the request holds it and nothing that could be taken for it.
func FuzzHeader(f *testing.F) {
	f.Add(name, "jane", "X_forwarded_user", "joe")
	f.Add(name, "jane", name, "joe")
	f.Add(name, "jane,joe", "Connection", "close")
	f.Add(name, "jane", "Connection", "a, x-forwarded-user")
	f.Add(name, "j\xff", "X-Other", "")
	f.Add("x-forwarded-user", "jane", "X-Forwarded-User", "joe")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		header := http.Header{}
		header[name1] = append(header[name1], value1)
		header[name2] = append(header[name2], value2)
		value, err := proxytoken.Value(with(header), name)
		list, listErr := proxytoken.List(with(header), name)
		if err != nil {
			require.Empty(t, value)
			require.NotEqual(t, "not a refusal", codeOf(err))
		} else {
			require.NoError(t, listErr, "what is one value is a list of one")
			require.Equal(t, value, list)
			require.NotContains(t, value, ",")
		}
		if listErr != nil {
			require.Empty(t, list)
			return
		}
		require.Equal(t, []string{list}, header[name])
		require.NotEmpty(t, list)
		require.LessOrEqual(t, len(list), proxytoken.MaxValue)
		require.True(t, utf8.ValidString(list))
		same := func(s string) bool { return strings.EqualFold(strings.ReplaceAll(s, "_", "-"), name) }
		for other := range header {
			require.False(t, other != name && same(other), "a twin: %q", other)
		}
		for _, option := range strings.Split(strings.Join(header["Connection"], ","), ",") {
			require.False(t, same(strings.TrimSpace(option)), "named in Connection")
		}
		require.False(t, slices.Contains(header[name], ""))
	})
}
