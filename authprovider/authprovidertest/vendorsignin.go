package authprovidertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"example.com/stagedoor/oauthadapter"
)

// SignInAt signs in whoever it is that signs in at the vendor, with handlers alone and without a host: for tests of profiles. The scopes
// are asked for before those that the handlers require, as an app's are.
func SignInAt[P any](t testing.TB, v *Vendor, h oauthadapter.OAuthHandlers[P], scopes ...string) (*oauthadapter.Result[P], error) {
	t.Helper()
	req, err := BeginAt(t, v, h, scopes...)
	if err != nil {
		return nil, err
	}
	return h.Authenticate(t.Context(), req)
}

// BeginAt is the part of [SignInAt] before [oauthadapter.OAuthHandlers].Authenticate: it returns what that is to be called with.
func BeginAt[P any](t testing.TB, v *Vendor, h oauthadapter.OAuthHandlers[P], scopes ...string) (oauthadapter.CallbackRequest, error) {
	t.Helper()
	req, verifier := startRequest(h, nil, scopes)
	start, err := h.Start(t.Context(), req)
	if err != nil {
		return oauthadapter.CallbackRequest{}, err
	}
	params := v.SignIn(t, start.URL)
	return oauthadapter.CallbackRequest{Code: params.Get("code"), CodeVerifier: verifier, Nonce: req.Nonce, CallbackURL: req.CallbackURL, Scopes: req.Scopes, Params: params}, nil
}

// AuthorizationRequest returns the address that Start sends the browser to, and the parameters there that are the vendor's own: client_id,
// scope and whatever else, but none of state, nonce, PKCE, redirect_uri and response_type, which have to be as the adapter wants them. query
// is the caller's.
func AuthorizationRequest[P any](t testing.TB, h oauthadapter.OAuthHandlers[P], query url.Values, scopes ...string) (address string, params url.Values, err error) {
	t.Helper()
	req, _ := startRequest(h, query, scopes)
	start, err := h.Start(t.Context(), req)
	if err != nil {
		return "", nil, err
	}
	address, raw, _ := strings.Cut(start.URL, "?")
	if params, err = url.ParseQuery(raw); err != nil {
		t.Fatalf("Start sends the browser to %q: %v", start.URL, err)
	}
	for name, want := range map[string]string{
		"state": req.State, "nonce": req.Nonce, "code_challenge": req.CodeChallenge, "code_challenge_method": "S256",
		"redirect_uri": req.CallbackURL, "response_type": "code",
	} {
		if got, there := params[name]; (there || name != "nonce") && (len(got) != 1 || got[0] != want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
		delete(params, name)
	}
	return address, params, nil
}

// startRequest is what the adapter asks handlers for, with its PKCE verifier.
func startRequest[P any](h oauthadapter.OAuthHandlers[P], query url.Values, scopes []string) (req oauthadapter.StartRequest, verifier string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	return oauthadapter.StartRequest{
		State: "state." + rand.Text(), Nonce: rand.Text(), CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]),
		CallbackURL: ConformanceCallback, Scopes: withRequired(h, scopes), Query: query,
	}, verifier
}
