package authprovidertest

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/authprovider"
)

// vendorProfileCases are about who signs in.
func vendorProfileCases[P any]() []conformanceCase[*vendorRig[P]] {
	return []conformanceCase[*vendorRig[P]]{
		{"whose sign-in it is", "Session.Subject is the vendor's stable ID: two people have two, and a person keeps it whatever name and address it has.", func(t testing.TB, r *vendorRig[P]) {
			r.wantSubject(t, r.first)
			r.Vendor.SignsIn(r.second.Subject)
			r.wantSubject(t, r.second)

			// The names of one become the other's.
			renamed := r.second
			renamed.Name, renamed.PreferredUsername, renamed.Email, renamed.EmailVerified = r.first.Name, r.first.PreferredUsername, r.first.Email, r.first.EmailVerified
			r.Vendor.SetPerson(renamed)
			defer r.Vendor.SetPerson(r.second)
			r.wantSubject(t, r.second)
		}},
		{"default profile", "The default profile shows the person's name; no address is more verified there than at the vendor, and one that is known to be unverified is not there.", func(t testing.TB, r *vendorRig[P]) {
			for _, p := range []Person{r.first, r.second} {
				r.Vendor.SignsIn(p.Subject)
				got := r.signIn(t).Profile
				if got.DisplayName != p.Name && (p.Name != "" || got.DisplayName == "") {
					t.Errorf("the display name of %q is %q", p.Name, got.DisplayName)
				}
				said := p.EmailVerified != nil && !r.spec.SilentOnEmail
				switch {
				case got.EmailVerification == authprovider.EmailVerified && (!said || !*p.EmailVerified):
					t.Errorf("the address of %q passes for verified", p.Name)
				case got.Email != "" && said && !*p.EmailVerified && got.EmailVerification != authprovider.EmailUnverified:
					t.Errorf("the unverified address of %q is in the default profile", p.Name)
				case got.Email != "" && p.Email != "" && got.Email != p.Email:
					t.Errorf("the address of %q is %q, want %q", p.Name, got.Email, p.Email)
				}
			}
		}},
		{"printed secrets", "The client's secret shows neither in the configuration nor in the handlers, however they are printed and logged.", func(t testing.TB, r *vendorRig[P]) {
			text := printed(r.Handlers)
			if r.Config != nil {
				text += printed(r.Config)
			}
			secret := r.Vendor.ClientSecret()
			for _, form := range []string{secret, url.QueryEscape(secret), fmt.Sprintf("%x", secret)} {
				if strings.Contains(text, form) {
					t.Errorf("the client's secret is printed")
				}
			}
		}},
	}
}

func (r *vendorRig[P]) wantSubject(t testing.TB, p Person) {
	t.Helper()
	if got, want := r.signIn(t).Session.Subject, r.Vendor.Subject(p.Subject); got != want {
		t.Errorf("the subject of %q is %q, want %q", p.Name, got, want)
	}
}

// printed returns what a value looks like in every way there is.
func printed(v any) string {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("value", "value", v)
	slog.New(slog.NewTextHandler(&out, nil)).Info("value", "value", v)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", struct{ V any }{v})
	}
	return out.String()
}
