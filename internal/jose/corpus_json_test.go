package jose_test

import (
	"fmt"
	"strings"

	"example.com/stagedoor/internal/jose"
)

// addJSON adds what is no strict JSON object (RFC 8259, RFC 7493, RFC 7515 section 4,
// RFC 7519 section 4), in the header and in the payload, both well signed.
func (m *mint) addJSON() {
	front := func(members string) func(string) string {
		return func(object string) string { return "{" + members + "," + object[1:] }
	}
	value := func(text string) func(string) string { return front(`"x":` + text) }
	after := func(text string) func(string) string {
		return func(object string) string { return object + text }
	}
	before := func(text string) func(string) string {
		return func(object string) string { return text + object }
	}
	whole := func(text string) func(string) string { return func(string) string { return text } }
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, `"m%d":0,`, i)
	}
	for name, edit := range map[string]func(string) string{
		// Names.
		"twice":                      front(`"x":1,"x":2`),
		"twice with one value":       front(`"x":1,"x":1`),
		"twice, one escaped":         front(`"xs":1,"x\u0073":2`),
		"twice, both escaped":        front(`"\u0078":1,"\u0078":2`),
		"twice, slash escaped":       front(`"a/b":1,"a\/b":2`),
		"twice, empty":               front(`"":1,"":2`),
		"twice, NUL":                 front(`"\u0000":1,"\u0000":2`),
		"twice, far apart":           front(`"x":1,` + many.String() + `"x":2`),
		"twice, after many":          front(many.String() + `"x":1,"x":2`),
		"twins":                      front(`"xy":1,"xY":2`),
		"twins, escaped":             front(`"xy":1,"x\u0059":2`),
		"twins, Kelvin sign":         front(`"k1":1,"` + "\u212a" + `1":2`),
		"twins, long s":              front(`"s1":1,"` + "\u017f" + `1":2`),
		"twins, long s escaped":      front(`"s1":1,"\u017f1":2`),
		"twins, Greek":               front(`"σ":1,"ς":2`),
		"twins, after many":          front(many.String() + `"x":1,"X":2`),
		"twins, not ASCII and many":  front(many.String() + `"é":1,"É":2`),
		"twice inside":               value(`{"a":1,"a":2}`),
		"twice in an array":          value(`[[{"a":1,"b":2,"a":3}]]`),
		"twice, deep":                value(strings.Repeat(`{"a":`, 20) + `{"b":1,"b":2}` + strings.Repeat(`}`, 20)),
		"twins inside":               value(`{"a":{"admin":1,"Admin":2}}`),
		"twice after an inner one":   value(`{"a":{"b":1},"c":[{"b":1}],"a":2}`),
		"name is a number":           front(`1:1`),
		"name is bare":               front(`x:1`),
		"name in single quotes":      front(`'x':1`),
		"name is null":               front(`null:1`),
		"name with a control char":   front("\"x\ny\":1"),
		"name with a lone surrogate": front(`"\ud800":1`),
		"no name":                    front(`:1`),
		"no colon":                   front(`"x" 1`),
		"no value":                   front(`"x":`),
		"two colons":                 front(`"x"::1`),
		"equals sign":                front(`"x"=1`),
		"two commas":                 front(`"x":1,`),
		"leading comma":              front(``),
		"no comma":                   func(object string) string { return `{"x":1 ` + object[1:] },
		"semicolon":                  func(object string) string { return `{"x":1;` + object[1:] },
		"trailing comma":             func(object string) string { return strings.TrimSuffix(object, "}") + ",}" },
		"unterminated":               func(object string) string { return strings.TrimSuffix(object, "}") },
		"unterminated string":        func(object string) string { return strings.TrimSuffix(object, "}") + `,"x":"y` },
		"closed by a bracket":        func(object string) string { return strings.TrimSuffix(object, "}") + "]" },
		// Around the object.
		"second object":      after(`{}`),
		"second object, gap": after("\n{}"),
		"letter after":       after(`x`),
		"brace after":        after(`}`),
		"comma after":        after(`,`),
		"NUL after":          after("\x00"),
		"comment after":      after(`//`),
		"record separator":   before("\x1e"),
		"BOM":                before("\ufeff"),
		"comment before":     before(`/**/`),
		"XSSI prefix":        before(")]}'\n"),
		"no-break space":     before("\u00a0"),
		"form feed":          before("\f"),
		"vertical tab":       before("\v"),
		"line separator":     after("\u2028"),
		"next line":          after("\u0085"),
		"in an array":        func(object string) string { return "[" + object + "]" },
		"in an object":       func(object string) string { return "{" + object + "}" },
		"as a string":        func(object string) string { return `"` + strings.ReplaceAll(object, `"`, `\"`) + `"` },
		"in brackets":        func(object string) string { return "(" + object + ")" },
		"null":               whole(`null`), "number": whole(`1`), "true": whole(`true`), "text": whole(`"x"`), "empty array": whole(`[]`), "white space": whole(` `),
		"NUL alone": whole("\x00"), "brace": whole(`{`), "CBOR": whole("\xa1\x63sub\x64jane"), "XML": whole(`<sub>jane</sub>`), "form": whole(`sub=jane&alg=none`),
		"UTF-16": func(object string) string {
			var out []byte
			for _, c := range []byte(object) {
				out = append(out, c, 0)
			}
			return string(out)
		},
		// Values.
		"leading zero": value(`01`), "minus alone": value(`-`), "minus and zero": value(`-01`), "plus": value(`+1`), "point at the end": value(`1.`), "point at the start": value(`.5`),
		"exponent without digits": value(`1e`), "exponent with a sign alone": value(`1e+`), "fraction of an exponent": value(`1e1.5`), "hexadecimal": value(`0x1F`), "octal": value(`0o17`),
		"underscore": value(`1_000`), "big integer": value(`1n`), "comma in a number": value(`1,5`), "NaN": value(`NaN`), "Infinity": value(`Infinity`), "minus Infinity": value(`-Infinity`),
		"full width digit": value(`１`), "True": value(`True`), "TRUE": value(`TRUE`), "tru": value(`tru`), "truex": value(`truex`), "nul": value(`nul`), "None": value(`None`),
		"undefined": value(`undefined`), "single quotes": value(`'y'`), "back quotes": value("`y`"), "bare text": value(`y`), "comment inside": value(`1/* */`), "comment to the end of line": value("1//\n"),
		"hash comment": value("1#\n"), "template": value(`{{x}}`), "regular expression": value(`/x/`),
		"array without comma": value(`[1 2]`), "array with trailing comma": value(`[1,]`), "array with leading comma": value(`[,1]`), "array of a comma": value(`[,]`), "array closed by a brace": value(`[1}`),
		"array with a colon": value(`["a":1]`),
		"newline in a text":  value("\"a\nb\""), "tab in a text": value("\"a\tb\""), "NUL in a text": value("\"a\x00b\""), "escape at the end": value(`"\`), "escaped quote at the end": value(`"\"`),
		"escaped letter": value(`"\a"`), "hexadecimal escape": value(`"\x41"`), "escaped single quote": value(`"\'"`), "capital U": value(`"\U0041"`), "braced escape": value(`"\u{41}"`), "three digits": value(`"\u004"`), "letter in an escape": value(`"\u00g1"`),
		"space in an escape": value(`"\u 041"`), "plus in an escape": value(`"\u+041"`), "escaped newline": value("\"\\\n\""),
		"lone high surrogate": value(`"\ud800"`), "lone low surrogate": value(`"\udc00"`), "two high surrogates": value(`"\ud800\ud800"`), "surrogates swapped": value(`"\udc00\ud800"`), "high surrogate, text": value(`"\ud800x"`),
		"high surrogate, escape": value(`"\ud800\n"`), "high surrogate, escaped backslash": value(`"\ud800\\udc00"`), "high surrogate, letter": value(`"\ud83d\u0041"`), "pair and a half": value(`"\ud83d\ude00\ud83d"`),
		"surrogates as bytes": value("\"\xed\xa0\xbd\xed\xb8\x80\""), "byte FF": value("\"\xff\""), "overlong slash": value("\"\xc0\xaf\""), "overlong NUL": value("\"\xc0\x80\""), "cut sequence": value("\"\xe2\x82\""), "above U+10FFFF": value("\"\xf4\x90\x80\x80\""),
		"Latin-1": value("\"\xe9\""), "stray continuation": value("\"\x80\""), "invalid UTF-8 in a name": front("\"\xff\":1"),
		"33 arrays": value(strings.Repeat("[", 32) + strings.Repeat("]", 32)), "33 objects": value(strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32)), "10,000 arrays": value(strings.Repeat("[", 10000) + strings.Repeat("]", 10000)),
		"10,000 open arrays": value(strings.Repeat("[", 10000)),
	} {
		want := jose.ErrMalformed
		m.bad("header JSON/"+name, "no strict JSON", m.sign(edit(m.header()), claims()), want)
		m.bad("payload JSON/"+name, "no strict JSON", m.sign(m.header(), edit(claims())), want)
	}
}
