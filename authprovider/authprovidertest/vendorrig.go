package authprovidertest

import (
	"errors"
	"slices"
	"testing"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakevendor"
	"example.com/stagedoor/oauthadapter"
)

// vendorRig is a vendor that behaves, with its first person signing in, and nothing granted.
type vendorRig[P any] struct {
	VendorTest[P]
	spec          fakevendor.Spec
	first, second Person
}

func newVendorRig[P any](c VendorTest[P]) *vendorRig[P] {
	people := c.Vendor.everybody()
	r := &vendorRig[P]{c, c.Vendor.fake.Spec, people[0], people[1]}
	r.Vendor.Behave()
	r.Vendor.SignsIn(r.first.Subject)
	for _, p := range people {
		r.Vendor.Withdraw(p.Subject)
	}
	return r
}

// begin signs in up to the callback.
func (r *vendorRig[P]) begin(t testing.TB) oauthadapter.CallbackRequest {
	t.Helper()
	req, err := BeginAt(t, r.Vendor, r.Handlers, r.Scopes...)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	if req.Code == "" {
		t.Fatalf("the vendor gave no code: %v", req.Params)
	}
	return req
}

func (r *vendorRig[P]) signIn(t testing.TB) *oauthadapter.Result[P] {
	t.Helper()
	result, err := r.Handlers.Authenticate(t.Context(), r.begin(t))
	if err != nil || result == nil {
		t.Fatalf("Authenticate: %v, %v", result, err)
	}
	return result
}

// refused signs in while the vendor misbehaves after the callback, and returns the error.
func (r *vendorRig[P]) refused(t testing.TB, what string, misbehave func(*Behavior)) error {
	t.Helper()
	req := r.begin(t)
	r.Vendor.Set(misbehave)
	defer r.Vendor.Behave()
	result, err := r.Handlers.Authenticate(t.Context(), req)
	if err == nil || result != nil {
		t.Errorf("%s: Authenticate returned %v, %v", what, result, err)
	}
	return err
}

// refresh refreshes what the adapter keeps of a session.
func (r *vendorRig[P]) refresh(t testing.TB, s oauthadapter.Session) (*oauthadapter.Result[P], error) {
	t.Helper()
	refresher, ok := r.Handlers.(oauthadapter.Refresher[P])
	if !ok {
		t.Fatalf("the handlers are no oauthadapter.Refresher")
	}
	return refresher.Refresh(t.Context(), oauthadapter.RefreshRequest{Session: stored(s)})
}

// asksProfile reports whether a sign-in reads the profile from the vendor's API, rather than from an ID token alone.
func (r *vendorRig[P]) asksProfile(t testing.TB) bool {
	t.Helper()
	before := r.Vendor.Calls(UserInfo)
	r.signIn(t)
	return r.Vendor.Calls(UserInfo) > before
}

// wantEnded checks that an error ends the session at the adapter.
func wantEnded(t testing.TB, what string, err error) {
	t.Helper()
	var p *oauthadapter.ProviderError
	if !errors.Is(err, oauthadapter.ErrSessionEnded) && (!errors.As(err, &p) || p.Code != "invalid_grant") {
		t.Errorf("%s: the error ends no session: %v", what, err)
	}
}

// wantUnavailable checks that an error is one that passes.
func wantUnavailable(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, authprovider.ErrUnavailable) || errors.Is(err, oauthadapter.ErrSessionEnded) {
		t.Errorf("%s: the error is not authprovider.ErrUnavailable: %v", what, err)
	}
}

func (v *Vendor) everybody() []Person {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.people)
}

// endpointAddress returns where the vendor has an endpoint.
func (v *Vendor) endpointAddress(e Endpoint) string { return v.fake.URL(e) }
