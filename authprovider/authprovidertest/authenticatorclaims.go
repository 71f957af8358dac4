package authprovidertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
)

// misissued returns a good token with its texts changed and signed with the proxy's own key.
func (r *authenticatorRig[R]) misissued(t testing.TB, change func(token *compactToken)) string {
	t.Helper()
	token := r.take(t)
	change(&token)
	return token.bearer + r.Edge.Sign(token.header, token.payload)
}

// refuseClaims expects a refusal of each of the changes, made to the payload.
func (r *authenticatorRig[R]) refuseClaims(t testing.TB, changes []map[string]any) {
	t.Helper()
	r.accept(t, "a good request", r.request())
	for _, members := range changes {
		value := r.misissued(t, func(token *compactToken) { token.payload = edit(t, token.payload, members) })
		r.refuse(t, fmt.Sprintf("%.80v", members), r.with(value))
	}
}

// misissueCases are tokens that the proxy signed, and that are not for this application, or not now.
func misissueCases[R any]() []conformanceCase[*authenticatorRig[R]] {
	return []conformanceCase[*authenticatorRig[R]]{
		{"lifetime", "A token has an exp, and is of no use after it, nor before its nbf and iat (RFC 7519 section 4.1).", func(t testing.TB, r *authenticatorRig[R]) {
			now := r.Clock.Now()
			at := func(d time.Duration) int64 { return now.Add(d).Unix() }
			r.refuseClaims(t, []map[string]any{
				{"exp": at(-10 * time.Minute)}, {"exp": nil}, {"exp": json.RawMessage("null")}, {"exp": fmt.Sprint(at(time.Hour))}, {"exp": 0}, {"exp": -1},
				{"exp": []int64{at(time.Hour)}}, {"exp": json.RawMessage("1e400")}, {"exp": true},
				{"nbf": at(10 * time.Minute)}, {"nbf": "x"}, {"iat": "x"},
			})
			if has(r.take(t).payload, "iat") {
				r.refuseClaims(t, []map[string]any{{"iat": at(10 * time.Minute)}})
			}
			old := r.request()
			r.accept(t, "a token in its time", old)
			r.Clock.Advance(48 * time.Hour)
			r.refuse(t, "the same token two days later", old)
		}},
		{"issuer", "The issuer is compared as a whole: another tenant of the same proxy signs with keys of the same kind (RFC 8725 section 3.8).", func(t testing.TB, r *authenticatorRig[R]) {
			var claims struct {
				Iss string `json:"iss"`
			}
			if err := json.Unmarshal(r.take(t).payload, &claims); err != nil {
				t.Fatalf("%v", err)
			}
			r.refuseClaims(t, []map[string]any{
				{"iss": "https://another-issuer.example.net"}, {"iss": nil}, {"iss": ""}, {"iss": []string{claims.Iss}}, {"iss": claims.Iss + "/"}, {"iss": claims.Iss + ".evil.example.net"},
				{"iss": strings.ToUpper(claims.Iss)}, {"iss": claims.Iss[:len(claims.Iss)-1]}, {"iss": claims.Iss + "\u0000"}, {"iss": 1}, {"iss": json.RawMessage("null")},
			})
		}},
		{"audience", "A token for another application behind the same proxy is somebody else's to use (RFC 8725 section 3.9).", func(t testing.TB, r *authenticatorRig[R]) {
			token := r.take(t)
			if !has(token.payload, "aud") {
				return // the signer stands in
			}
			var claims struct {
				Aud any `json:"aud"`
			}
			if err := json.Unmarshal(token.payload, &claims); err != nil {
				t.Fatalf("%v", err)
			}
			own, ok := claims.Aud.(string)
			if list, many := claims.Aud.([]any); many && len(list) > 0 {
				own, ok = list[0].(string)
			}
			if !ok || own == "" {
				t.Fatalf("the proxy's own aud is %v", claims.Aud)
			}
			r.refuseClaims(t, []map[string]any{
				{"aud": "another-application"}, {"aud": []string{"another-application"}}, {"aud": nil}, {"aud": ""}, {"aud": []string{}}, {"aud": own + "x"}, {"aud": own[:len(own)-1]},
				{"aud": strings.ToUpper(own) + "X"}, {"aud": 1}, {"aud": map[string]any{"aud": own}}, {"aud": []any{own, 1}}, {"aud": json.RawMessage("null")},
			})
		}},
		{"signer", "Where one endpoint has the keys of everybody's load balancers, the signer says whose token it is.", func(t testing.TB, r *authenticatorRig[R]) {
			if !has(r.take(t).header, "signer") {
				return
			}
			for _, signer := range []any{"arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/evil/0123456789abcdef", nil, "", []string{"x"}} {
				value := r.misissued(t, func(token *compactToken) { token.header = edit(t, token.header, map[string]any{"signer": signer}) })
				r.refuse(t, fmt.Sprintf("signer %v", signer), r.with(value))
			}
		}},
		{"subject", "A token that names nobody is nobody's.", func(t testing.TB, r *authenticatorRig[R]) {
			r.refuseClaims(t, []map[string]any{{"sub": nil}, {"sub": ""}, {"sub": 1}, {"sub": []string{"x"}}, {"sub": json.RawMessage("null")}})
		}},
		{"type", "A signed token of another kind, such as an access token, is no sign-in (RFC 8725 section 3.11).", func(t testing.TB, r *authenticatorRig[R]) {
			for _, typ := range []any{"at+jwt", "secevent+jwt", "logout+jwt", "JWE", 1} {
				value := r.misissued(t, func(token *compactToken) { token.header = edit(t, token.header, map[string]any{"typ": typ}) })
				r.refuse(t, fmt.Sprintf("typ %v", typ), r.with(value))
			}
		}},
		{"header", "What the header declares critical is understood or refused; the algorithm is one that fits the key (RFC 7515 section 4.1.11).", func(t testing.TB, r *authenticatorRig[R]) {
			for _, members := range []map[string]any{
				{"crit": []string{"exp"}}, {"crit": []string{}}, {"crit": []string{"b64"}, "b64": false}, {"crit": []string{"x"}, "x": 1}, {"crit": nil, "b64": false}, {"b64": false},
				{"alg": "HS256"}, {"alg": "PS256"}, {"alg": "RS512"}, {"alg": "ES384"}, {"alg": "EdDSA"}, {"alg": nil}, {"zip": "DEF", "crit": []string{"zip"}},
			} {
				value := r.misissued(t, func(token *compactToken) { token.header = edit(t, token.header, members) })
				r.refuse(t, fmt.Sprintf("header %v", members), r.with(value))
			}
		}},
		{"JSON", "Two readers see the same claims: no name twice, none in another case, nothing behind the object (RFC 8725 section 2.4).", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "a good request", r.request())
			for what, change := range map[string]func(*compactToken){
				"sub twice":        func(c *compactToken) { c.payload = withText(c.payload, "", `,"sub":"somebody-else"`) },
				"sub twice, first": func(c *compactToken) { c.payload = withText(c.payload, `"sub":"somebody-else",`, "") },
				"exp twice":        func(c *compactToken) { c.payload = withText(c.payload, "", `,"exp":99999999999`) },
				"Sub beside sub":   func(c *compactToken) { c.payload = withText(c.payload, "", `,"Sub":"somebody-else"`) },
				"EXP beside exp":   func(c *compactToken) { c.payload = withText(c.payload, "", `,"EXP":99999999999`) },
				"escaped twin":     func(c *compactToken) { c.payload = withText(c.payload, "", `,"\u0073ub":"somebody-else"`) },
				"alg twice":        func(c *compactToken) { c.header = withText(c.header, "", `,"alg":"none"`) },
				"kid twice":        func(c *compactToken) { c.header = withText(c.header, "", `,"kid":"x"`) },
				"two objects":      func(c *compactToken) { c.payload = append(c.payload, c.payload...) },
				"text behind":      func(c *compactToken) { c.payload = append(c.payload, " x"...) },
				"a list":           func(c *compactToken) { c.payload = []byte("[" + string(c.payload) + "]") },
				"a list as header": func(c *compactToken) { c.header = []byte("[" + string(c.header) + "]") },
				"null":             func(c *compactToken) { c.payload = []byte("null") },
				"nothing":          func(c *compactToken) { c.payload = nil },
				"no UTF-8":         func(c *compactToken) { c.payload = withText(c.payload, "", ",\"x\":\"\xff\"") },
				"depth": func(c *compactToken) {
					c.payload = withText(c.payload, "", `,"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000))
				},
				"text, no object":   func(c *compactToken) { c.payload = []byte(`"` + "sub" + `"`) },
				"a trailing comma":  func(c *compactToken) { c.payload = withText(c.payload, "", ",") },
				"a byte order mark": func(c *compactToken) { c.payload = append([]byte("\xef\xbb\xbf"), c.payload...) },
			} {
				r.refuse(t, what, r.with(r.misissued(t, change)))
			}
		}},
	}
}

// keyCases are about the proxy's keys.
func keyCases[R any]() []conformanceCase[*authenticatorRig[R]] {
	return []conformanceCase[*authenticatorRig[R]]{
		{"keys not to be had", "Keys that cannot be fetched are authprovider.ErrUnavailable, and no redirect is followed to others: nobody is signed out for an outage.", func(t testing.TB, r *authenticatorRig[R]) {
			for _, fault := range []AnswerFault{ServerErrorAnswer, UnavailableAnswer, HangUpAnswer, MalformedAnswer, HTMLAnswer, HugeAnswer, RedirectAnswer} {
				fresh := r.newRig(t)
				fresh.failKeys(fault)
				err := fresh.fail(t, string(fault), fresh.request())
				if err != nil && (!errors.Is(err, authprovider.ErrUnavailable) || errors.Is(err, authprovider.ErrAuthentication)) {
					t.Errorf("%s: the error %q is not of class authprovider.ErrUnavailable", fault, err)
				}
				r.Edge.Behave()
				r.Clock.Advance(time.Minute)
				fresh.accept(t, "after "+string(fault), fresh.request())
			}
		}},
		{"known keys", "A key that is known outlives an outage of where it came from, and is not fetched for each request.", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "the first request", r.request())
			before := r.Edge.KeyFetches()
			for range 20 {
				r.accept(t, "a request under a known key", r.request())
			}
			if n := r.Edge.KeyFetches() - before; n > 0 {
				t.Errorf("keys were fetched %d times for 20 requests under a known key", n)
			}
			r.failKeys(UnavailableAnswer)
			r.accept(t, "a request during an outage", r.request())
			r.Clock.Advance(10 * time.Minute)
			r.accept(t, "a request ten minutes into the outage", r.request())
		}},
		{"rotation", "A new key is found when the first token names it; those before it stay good as long as they are published.", func(t testing.TB, r *authenticatorRig[R]) {
			old := r.take(t)
			r.accept(t, "before the rotation", r.request())
			r.Clock.Advance(time.Minute)
			r.Edge.RotateKey()
			r.accept(t, "under the new key", r.request())
			r.accept(t, "under the old key", r.with(r.underKeyOf(t, old)))
		}},
		{"withdrawn keys", "A key that was withdrawn, perhaps since somebody stole it, is of no use a day later.", func(t testing.TB, r *authenticatorRig[R]) {
			old := r.take(t)
			r.accept(t, "before the rotation", r.request())
			r.Edge.RotateKey()
			r.Edge.DropOldKeys()
			r.Clock.Advance(25 * time.Hour)
			r.accept(t, "under the new key", r.request())
			r.refuse(t, "under the withdrawn key", r.with(r.underKeyOf(t, old)))
		}},
		{"floods", "Tokens under made-up keys cause few fetches, and leave those under known keys alone.", func(t testing.TB, r *authenticatorRig[R]) {
			r.accept(t, "before the flood", r.request())
			token, before := r.take(t), r.Edge.KeyFetches()
			for i := range 200 {
				token.header = edit(t, token.header, map[string]any{"kid": fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)})
				r.fail(t, "a made-up key", r.with(token.String())) // refused, or unavailable
			}
			if n := r.Edge.KeyFetches() - before; n > 20 {
				t.Errorf("200 made-up keys caused %d fetches", n)
			}
			r.accept(t, "after the flood", r.request())
		}},
	}
}

func (r *authenticatorRig[R]) failKeys(fault AnswerFault) {
	r.Edge.Set(func(b *EdgeBehavior) { b.KeysAnswer, b.DiscoveryAnswer = fault, fault })
}

// underKeyOf returns a good token of now, signed with the key of an older one.
func (r *authenticatorRig[R]) underKeyOf(t testing.TB, old compactToken) string {
	t.Helper()
	var h struct {
		Kid string `json:"kid"`
	}
	if err := json.Unmarshal(old.header, &h); err != nil {
		t.Fatalf("token header: %v", err)
	}
	return r.misissued(t, func(token *compactToken) { token.header = edit(t, token.header, map[string]any{"kid": h.Kid}) })
}
