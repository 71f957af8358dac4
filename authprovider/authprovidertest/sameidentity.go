package authprovidertest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
)

// Way is one way to sign in. [Provider.Way], [Vendor.Way] and [Edge.Way] make them; a host can write one for a handler of its own.
type Way struct {
	// Name is for failures.
	Name string
	// SignIn signs in the person with this subject, and returns what the app got. It fails the test if there is no sign-in.
	SignIn func(t testing.TB, subject string) *Session
}

// Way returns the way through an OAuth provider that is a client of p: a popup. The configuration is the handler's, with its users, issuer and
// clock; the addresses in it, Providers and Secrets are the run's. It registers [ConformanceCallback].
func (p *Provider) Way(name string, c authprovider.Config, provider authprovider.ProviderFactory) Way {
	return Way{name, func(t testing.TB, subject string) *Session {
		t.Helper()
		p.AllowRedirect(ConformanceCallback)
		p.SignsIn(subject)
		browser := NewBrowser(t)
		browser.Now = c.Now
		browser.Host(conformanceOrigin, newHandler(t, c, provider))
		m := browser.SignInPopup(App{Origin: conformanceOrigin, Provider: ConformanceProvider}, "openid", "profile", "email")
		if m.Response == nil {
			t.Fatalf("%s: nobody was signed in: %s%s", name, m.Undelivered, m.Code())
		}
		return m.Response
	}}
}

// Way returns the way through a provider behind e: a refresh. The configuration is as for [Provider.Way].
func (e *Edge) Way(name string, c authprovider.Config, provider authprovider.ProviderFactory) Way {
	return Way{name, func(t testing.TB, subject string) *Session {
		t.Helper()
		e.SignsIn(subject)
		browser := NewBrowser(t)
		browser.Now = c.Now
		browser.Host(conformanceOrigin, e.Protect(newHandler(t, c, provider)))
		a := browser.Refresh(App{Origin: conformanceOrigin, Provider: ConformanceProvider})
		if a.Session == nil {
			t.Fatalf("%s: nobody was signed in: %s%s, status %d", name, a.Blocked, a.Code(), a.Status)
		}
		return a.Session
	}}
}

func newHandler(t testing.TB, c authprovider.Config, provider authprovider.ProviderFactory) http.Handler {
	t.Helper()
	c.AppURL, c.MountPath, c.Environment = "", "", ""
	c.BaseURL, c.Secrets = ConformanceBaseURL, [][]byte{[]byte("conformance secret: 32 bytes long")}
	c.Providers = map[string]authprovider.ProviderFactory{conformanceID: provider}
	if c.Issuer == nil {
		c.Issuer = &Issuer{Now: c.Now}
	}
	handler, err := authprovider.New(c)
	if err != nil {
		t.Fatalf("the provider cannot be built: %v", err)
	}
	return handler
}

// SameIdentity signs in one person in each of the ways, and fails unless it is the same user with the same ownership each time, in the
// answer and in the user token alike: who moves from one provider to another, or uses two, must not become somebody else. It
// returns who the user is.
func SameIdentity(t testing.TB, subject string, ways ...Way) authprovider.UserIdentity {
	t.Helper()
	if len(ways) < 2 {
		t.Fatalf("authprovidertest: SameIdentity needs two ways to compare")
	}
	var first authprovider.UserIdentity
	for i, way := range ways {
		session := way.SignIn(t, subject)
		if session == nil || session.BackstageIdentity == nil {
			t.Fatalf("%s: %q is signed in without an identity; the provider needs a sign-in resolver", way.Name, subject)
		}
		identity := session.BackstageIdentity.Identity
		token := tokenIdentity(t, way.Name, session.BackstageIdentity.Token)
		if i == 0 {
			first = identity
		}
		if identity.UserEntityRef != first.UserEntityRef {
			t.Errorf("%s: %q is %s, but %s through %s", way.Name, subject, identity.UserEntityRef, first.UserEntityRef, ways[0].Name)
		}
		if token.UserEntityRef != identity.UserEntityRef {
			t.Errorf("%s: the user token is of %s, the answer says %s", way.Name, token.UserEntityRef, identity.UserEntityRef)
		}
		want := sorted(first.OwnershipEntityRefs)
		if got := sorted(identity.OwnershipEntityRefs); !slices.Equal(got, want) {
			t.Errorf("%s: %q owns through %v, but through %v by %s", way.Name, subject, got, want, ways[0].Name)
		}
		// An issuer may leave ent out, for userinfo to say.
		if got := sorted(token.OwnershipEntityRefs); got != nil && !slices.Equal(got, want) {
			t.Errorf("%s: the user token says that %q owns through %v, but through %v by %s", way.Name, subject, got, want, ways[0].Name)
		}
	}
	return first
}

func sorted(refs []string) []string {
	refs = slices.Clone(refs)
	slices.Sort(refs)
	return refs
}

// tokenIdentity reads sub and ent of a user token. Whether it verifies is for tests of the issuer.
func tokenIdentity(t testing.TB, way, token string) authprovider.UserIdentity {
	t.Helper()
	var claims struct {
		Sub string   `json:"sub"`
		Ent []string `json:"ent"`
	}
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(payload, &claims)
		}
		if err != nil {
			t.Errorf("%s: the user token cannot be read: %v", way, err)
		}
	}
	return authprovider.UserIdentity{UserEntityRef: claims.Sub, OwnershipEntityRefs: claims.Ent}
}
