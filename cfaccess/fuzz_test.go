package cfaccess_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/stagedoor/cfaccess"
)

// No text but the signed one authenticates.
func FuzzAuthenticate(f *testing.F) {
	e := newEdge(f)
	e.direct = true
	a := e.authenticator(func(c *cfaccess.Config) { c.SkipIdentity = true })
	good := e.token(e.person(nil))
	f.Add(good)
	f.Add(good + "=")
	f.Add(" " + good)
	f.Add("bearer " + good)
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, value string) {
		result, err := a.Authenticate(t.Context(), request(header, value))
		if err != nil && result.Subject != "" {
			t.Errorf("a result beside %v", err)
		}
		scheme := len(value) > len("bearer ") && strings.EqualFold(value[:len("bearer ")], "bearer ") && value[len("bearer "):] == good
		if (err == nil) != (value == good || scheme) {
			t.Errorf("%q: %v", value, err)
		}
	})
}

// What is read of an identity stands in it.
func FuzzIdentity(f *testing.F) {
	f.Add([]byte(janesIdentity))
	f.Add([]byte(`{"groups":[{"id":1},"a",null,[]],"idp":{"id":"x"},"id":0}`))
	f.Add([]byte(`{"id":"\u0000","name":"\ud800"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		result, err := cfaccess.ParseResult([]byte(`{}`), answer)
		if err != nil || len(answer) == 0 {
			return
		}
		id := result.Identity
		var all map[string]any
		if err := json.Unmarshal(answer, &all); err != nil {
			t.Fatalf("%q was read, and is no JSON: %v", answer, err)
		}
		for name, got := range map[string]string{"name": id.Name, "email": id.Email, "user_uuid": id.UserUUID} {
			if want, _ := all[name].(string); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		groups, _ := all["groups"].([]any)
		if len(id.Groups) > len(groups) {
			t.Errorf("%d groups became %d", len(groups), len(id.Groups))
		}
		for _, g := range id.Groups {
			if g.ID == "" && g.Name == "" {
				t.Error("a group without ID and name")
			}
		}
	})
}

// No configuration moves the host from which keys come.
func FuzzTeam(f *testing.F) {
	for _, s := range []string{"acme", "evil.example/#", "x@evil.example", "evil.example:443", "evil%2eexample", "login.acme.com", "127.0.0.1"} {
		f.Add(s, "")
		f.Add("", s)
	}
	f.Fuzz(func(t *testing.T, name, domain string) {
		var asked []string
		spy := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.String())
			w := httptest.NewRecorder()
			w.WriteHeader(http.StatusBadGateway)
			return w.Result(), nil
		})
		a, err := cfaccess.New(cfaccess.Config{TeamName: name, TeamDomain: domain, Audience: []string{audience}, HTTPClient: &http.Client{Transport: spy}})
		if err != nil {
			return
		}
		host := domain
		if name != "" {
			host = name + ".cloudflareaccess.com"
		}
		token := b64(goodHeader) + "." + b64(`{"iss":"https://`+host+`","aud":"`+audience+`","type":"app","exp":99999999999,"sub":"x"}`) + "." + b64("signature")
		if _, err := a.Authenticate(t.Context(), request(header, token)); err == nil {
			t.Error("an unsigned token was taken")
		}
		if len(asked) != 1 || asked[0] != "https://"+host+"/cdn-cgi/access/certs" {
			t.Errorf("%q, %q asked %q", name, domain, asked)
		}
	})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
