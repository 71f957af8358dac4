package authprovidertest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider/authprovidertest"
)

// A redirect target is resolved to the same whatever resolves it again, and holds nothing that browsers read in another way.
func FuzzRedirectTarget(f *testing.F) {
	for _, seed := range []string{"/x", "//evil.example.net", `/\evil.example.net`, "https:/x", "http:x", "javascript:alert(1)", "?a#b", "\t//x", "https://a@b:1/c", "", ":", "//"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://a.example.com/dir/page?q")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		target := authprovidertest.Resolve(base, reference)
		if !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "http://") {
			return
		}
		if again := authprovidertest.Resolve(base, target); again != target {
			t.Errorf("%q resolves to %q, and that to %q", reference, target, again)
		}
		authority, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(target, "https://"), "http://"), "/")
		if strings.ContainsAny(authority, "\\\t\n\r") {
			t.Errorf("%q resolves to the authority %q", reference, authority)
		}
	})
}

// Raw text never holds its own end tag, however the page is made.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{`<script id="message">{}</script>`, `<!--<script>--></script>`, `<script a="</script>">x</SCRIPT >`, `<title></title`, "<a b='", "<", "</", "<x/>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		for _, e := range authprovidertest.ElementTexts(page) {
			if name, text := e[0], strings.ToLower(e[1]); strings.Contains(text, "</"+name+">") {
				t.Errorf("the text of %s holds its end: %q", name, text)
			}
		}
	})
}

// Whatever a server sets, a prefixed cookie comes from a secure page of its own host.
func FuzzSetCookie(f *testing.F) {
	for _, seed := range []string{"__Host-a=b; Secure; Path=/", "__Host-a=b; Path=/; Domain=example.com; Secure", "__SECURE-a=b", "a=b; Max-Age=-1", "a=b; Expires=x; SameSite=None", "=", ";"} {
		f.Add("https://a.example.com/x", seed)
		f.Add("http://a.example.com/x", seed)
	}
	f.Fuzz(func(t *testing.T, page, header string) {
		u, err := url.Parse(page)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return
		}
		b := authprovidertest.NewBrowser(t)
		taken := b.SetCookie(page, header)
		c, err := http.ParseSetCookie(header)
		if err != nil {
			if taken {
				t.Errorf("a malformed cookie was taken: %q", header)
			}
			return
		}
		name := strings.ToLower(c.Name)
		if taken && (strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-")) && (u.Scheme != "https" || !c.Secure) {
			t.Errorf("%s set %q", page, header)
		}
		if taken && strings.HasPrefix(name, "__host-") && (c.Domain != "" || c.Path != "/") {
			t.Errorf("%s set %q", page, header)
		}
	})
}
