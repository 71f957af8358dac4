package vendortest

import (
	"context"
	"net/url"
	"testing"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/fakeidp"
	"example.com/stagedoor/oauthadapter"
)

const portal = "https://portal.example.com"

// RunHost signs two people in through a whole host, from the app's popup over the vendor to refresh and sign-out. The configuration behind
// provider has neither HTTPClient nor Now: they are the host's.
func RunHost[P any](t *testing.T, v *Vendor, provider func(...authprovider.SignInResolver[*oauthadapter.Result[P]]) authprovider.ProviderFactory) {
	t.Helper()
	bySubject := func(_ context.Context, in authprovider.SignInInfo[*oauthadapter.Result[P]], _ *authprovider.ResolverContext) (*authprovider.Identity, error) {
		return &authprovider.Identity{UserRef: "user:default/" + in.Result.Session.Subject}, nil
	}
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: authprovidertest.ConformanceBaseURL, Secrets: [][]byte{[]byte("conformance secret: 32 bytes long")},
		Issuer: &authprovidertest.Issuer{Now: v.Clock.Now}, Now: v.Clock.Now, HTTPClient: v.HTTPClient(),
		Providers: map[string]authprovider.ProviderFactory{"under-test": provider(bySubject), "other": provider(bySubject)},
	})
	if err != nil {
		t.Fatal(err)
	}
	browser := authprovidertest.NewBrowser(t)
	browser.Now = v.Clock.Now
	browser.Host(portal, auth)
	for _, address := range v.config.Endpoints {
		if u, err := url.Parse(address); err == nil {
			browser.Host("https://"+u.Host, v)
		}
	}
	app := authprovidertest.App{Origin: portal, Provider: authprovidertest.ConformanceProvider}
	other := authprovidertest.App{Origin: portal, Provider: authprovidertest.ConformanceBaseURL + "/other"}

	for _, subject := range []string{Jane, Joe} {
		v.SignsIn(subject)
		m := browser.SignInPopup(app)
		if m.Response == nil || m.Response.UserRef() != "user:default/"+subject {
			t.Fatalf("%s was not signed in: %s %s", subject, m.Undelivered, m.Code())
		}
		v.Clock.Advance(30 * time.Minute)
		if a := browser.Refresh(app); a.Session == nil || a.Session.UserRef() != "user:default/"+subject {
			t.Errorf("the refresh of %s: status %d, %s", subject, a.Status, a.Code())
		}
		if a := browser.Refresh(other); a.Code() != "session_missing" {
			t.Errorf("another instance of the vendor has the session: status %d, %s", a.Status, a.Code())
		}
	}
	before := v.Calls(fakeidp.Revoke)
	if a := browser.Logout(app); !a.OK() {
		t.Errorf("the sign-out: status %d, %s", a.Status, a.Code())
	}
	if v.Calls(fakeidp.Revoke) != before+1 {
		t.Errorf("the sign-out has revoked nothing")
	}
	if a := browser.Refresh(app); a.Code() != "session_missing" {
		t.Errorf("a refresh after the sign-out: status %d, %s", a.Status, a.Code())
	}
}
