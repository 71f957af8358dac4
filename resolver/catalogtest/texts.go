package catalogtest

import "strings"

// awkward are texts that mean something to SQL, URLs, JSON, YAML, filters or templates.
var awkward = []string{
	"a,b", "a=b", "a=b,c=d", "CN=Jane Doe,OU=People,DC=acme,DC=example", "a&b", "a?b", "a#b", "a+b", "a b", "a%20b", "a%b", "a_b", "axb", "a;b",
	"a:b", "a|b", "a\\b", "a\"b", "a'b", "a`b",
	"a/b", "a/../b", "a.b", "a[0]", "a{b}", "${a}", "$a", "$exists", "{\"$exists\":true}", "a*b", "(a)", "^a$", "<a>", "a\tb", "\u00e9",
	"\u65e5\u672c", "\U0001f511", "null", "true", "~", "-", "- a", "!!int 1",
	"0x10", "1e3", "NULL", "*a", "&a", "@a", "' OR ''='", "a -- b", "a\u00a0b",
}

// hostile are texts that are in no catalog.
var hostile = []string{
	"' OR '1'='1", "'; DROP TABLE users; --", "\" OR \"\"=\"", "1) OR (1=1",
	"\\", "\x00", "\xff\xfe", "%00", "../../../etc/passwd", "%2e%2e%2f", "?filter=kind=user", "#", "\r\nX-Injected: 1",
	"{\"$any\":[]}", "{{7*7}}", "${jndi:ldap://x}", "&a [*a,*a]",
	"\u202e", strings.Repeat("x", 10_000), strings.Repeat("%", 1000), strings.Repeat("\U0001f511", 1000), ",kind=group", "=",
}
