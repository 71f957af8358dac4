package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/oauthadapter"
	"example.com/stagedoor/oauthadapter/github"
)

// commandLines are what a newcomer types for each vendor, and the page of the vendor's that a start leads to.
var commandLines = map[string]struct{ flags, page string }{
	"atlassian":       {"", "https://auth.atlassian.com/authorize"},
	"auth0":           {"-domain acme.eu.auth0.com", "https://acme.eu.auth0.com/authorize"},
	"bitbucket":       {"", "https://bitbucket.org/site/oauth2/authorize"},
	"bitbucketserver": {"-base-url https://bitbucket.example.com", "https://bitbucket.example.com/rest/oauth2/latest/authorize"},
	"gitea":           {"-base-url https://git.example.com", "https://git.example.com/authorize"},
	"github":          {"", "https://github.com/login/oauth/authorize"},
	"gitlab":          {"", "https://gitlab.com/authorize"},
	"google":          {"-domain example.com", "https://accounts.google.com/authorize"},
	"keycloak":        {"-base-url https://sso.example.com/realms/acme", "https://sso.example.com/realms/acme/authorize"},
	"microsoft":       {"-tenant aaaabbbb-0000-cccc-1111-dddd2222eeee", "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/authorize"},
	"oauth2provider": {"-auth-url https://acme.example/auth -token-url https://acme.example/token -userinfo-url https://acme.example/me -id-field id -scope read:me",
		"https://acme.example/auth"},
	"oidcprovider": {"-issuer https://id.example.com", "https://id.example.com/authorize"},
	"okta":         {"-base-url https://acme.okta.com", "https://acme.okta.com/authorize"},
	"onelogin":     {"-issuer https://acme.onelogin.com/oidc/2", "https://acme.onelogin.com/oidc/2/authorize"},
	"openshift":    {"-base-url https://oauth-openshift.apps.example.com -api-url https://api.example.com:6443", "https://oauth-openshift.apps.example.com/oauth/authorize"},
	"pinniped":     {"-issuer https://pinniped.example.com/acme", "https://pinniped.example.com/acme/authorize"},
	"vmwarecloud":  {"-organization 2f3d0c3e-5bd4-4c0c-9e0f-1d2c3b4a5968", "https://console.cloud.vmware.com/csp/gateway/am/api/authorize"},
}

// discovery answers like the discovery document of every issuer in the world, and reaches nobody.
type discovery struct{}

func (discovery) RoundTrip(r *http.Request) (*http.Response, error) {
	base, ok := strings.CutSuffix(r.URL.String(), "/.well-known/openid-configuration")
	if !ok {
		return nil, errors.New("nobody is asked")
	}
	issuer := base
	switch r.URL.Host { // those that are called otherwise than where they are
	case "acme.eu.auth0.com":
		issuer += "/"
	case "console.cloud.vmware.com":
		issuer = "https://gaz.csp-vidm-prod.com"
	}
	document, err := json.Marshal(map[string]any{
		"issuer": issuer, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "userinfo_endpoint": base + "/userinfo", "jwks_uri": base + "/jwks",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
	})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(document)), Request: r}, err
}

func parse(line string, environment ...string) (options, error) {
	getenv := func(name string) string {
		for _, e := range environment {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value
			}
		}
		return ""
	}
	return parseOptions(strings.Fields(line), getenv, io.Discard)
}

// TestVendors: each vendor can be tried from the command line, and a sign-in begins at the vendor itself.
func TestVendors(t *testing.T) {
	require.Equal(t, slices.Sorted(maps.Keys(vendors())), slices.Sorted(maps.Keys(commandLines)))
	for name, c := range commandLines {
		t.Run(name, func(t *testing.T) {
			o, err := parse("-provider "+name+" -client-id my-app "+c.flags, "CLIENT_SECRET=my-secret")
			require.NoError(t, err)
			const origin = "http://localhost:7007"
			handler, err := newHandler(origin, o, &http.Client{Transport: discovery{}}, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, origin+"/api/auth/"+name+"/start?env=development&flow=popup&origin="+origin+"&scope=", nil))
			require.Equal(t, http.StatusFound, w.Code, w.Body)
			location, err := url.Parse(w.Header().Get("Location"))
			require.NoError(t, err)
			require.Equal(t, c.page, location.Scheme+"://"+location.Host+location.Path)
			q := location.Query()
			require.Equal(t, "my-app", q.Get("client_id"))
			require.Equal(t, o.callback(origin), q.Get("redirect_uri"))
			require.Equal(t, origin+"/api/auth/"+name+"/handler/frame", q.Get("redirect_uri"))
			require.NotContains(t, location.String(), "my-secret")

			w = httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, origin+"/", nil))
			require.Contains(t, w.Body.String(), `data-provider="`+name+`" data-scopes="">`)
		})
	}
}

// TestSignInWithAVendor: somebody who is in no catalog signs in, refreshes, calls a route and signs out, as the page does it.
func TestSignInWithAVendor(t *testing.T) {
	idp := authprovidertest.NewProvider(t, authprovidertest.ProviderConfig{})
	o, err := parse("-provider oidcprovider -issuer "+idp.Issuer()+" -client-id "+idp.ClientID(), "CLIENT_SECRET="+idp.ClientSecret())
	require.NoError(t, err)
	p := newPortalWith(t, o, func(callback string) { idp.AllowRedirect(callback) })
	_, body := p.do(http.MethodGet, "/api/auth/oidcprovider/start?"+url.Values{"env": {"development"}, "origin": {p.origin}, "scope": {""}}.Encode(), nil)
	require.Contains(t, body, `"displayName":"Jane Doe"`)
	response, body := p.do(http.MethodGet, "/api/auth/oidcprovider/refresh?env=development&optional=&scope=", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	var session authprovider.ClientAuthResponse
	require.NoError(t, json.Unmarshal([]byte(body), &session))
	ref := session.BackstageIdentity.Identity.UserEntityRef
	require.Regexp(t, "^user:oidcprovider/[0-9a-f]{32}$", ref)
	_, body = p.do(http.MethodGet, "/api/hello", http.Header{"Authorization": {"Bearer " + session.BackstageIdentity.Token}})
	require.Contains(t, body, ref)
	response, _ = p.do(http.MethodPost, "/api/auth/oidcprovider/logout?env=development", fromScript())
	require.Equal(t, http.StatusOK, response.StatusCode)

	idp.SignsIn(authprovidertest.Joe)
	_, body = p.do(http.MethodGet, "/api/auth/oidcprovider/start", nil)
	require.Contains(t, body, `"displayName":"Joe Bloggs"`)
	require.NotContains(t, body, ref, "another person is another user")
}

// TestFlagsReachTheVendor: the addresses of a provider of one's own, where they may be left out.
func TestFlagsReachTheVendor(t *testing.T) {
	for line, page := range map[string]string{
		"-provider github -base-url https://ghe.example.com":                  "https://ghe.example.com/login/oauth/authorize?",
		"-provider gitlab -base-url https://gitlab.example.com":               "https://gitlab.example.com/authorize?",
		"-provider oidcprovider -issuer https://id.example.com -scope openid": "https://id.example.com/authorize?",
		"-issuer https://id.example.com -email you@example.com":               "https://id.example.com/authorize?",
	} {
		o, err := parse(line + " -client-id my-app -client-secret my-secret")
		require.NoError(t, err)
		handler, err := newHandler("http://localhost:7007", o, &http.Client{Transport: discovery{}}, slog.New(slog.DiscardHandler))
		require.NoError(t, err, line)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/"+o.providerID()+"/start", nil))
		require.True(t, strings.HasPrefix(w.Header().Get("Location"), page), "%s: %s", line, w.Header().Get("Location"))
	}
}

// TestWrongCommandLines: an error says what to type.
func TestWrongCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"-provider githb -client-id a -client-secret b": `-provider "githb" is none of atlassian, auth0, bitbucket, `,
		"-provider github": "-provider github needs -client-id, -client-secret (or the variable CLIENT_SECRET)",
		"-provider okta -client-id a -client-secret b":                 "-provider okta needs -base-url (the organization's URL, such as https://acme.okta.com)",
		"-provider oauth2provider -client-id a -auth-url https://a.b":  "-provider oauth2provider needs -token-url (",
		"-provider github -client-id a -client-secret b -tenant c":     "-provider github takes no -tenant",
		"-provider github -client-id a -client-secret b -email a@b.cd": "-provider github takes no -email",
		"-issuer https://id.example.com":                               "-issuer needs -client-id",
		"-issuer https://id.example.com -client-id a -tenant c":        "-issuer takes no -tenant",
		"-client-id a":    "-client-id is for a provider of your own: name it with -provider, or with -issuer",
		"github":          `"github" is no flag: `,
		"-provder github": "flag provided but not defined: -provder; -h lists the flags",
	} {
		_, err := parse(line)
		require.ErrorContains(t, err, want, line)
		require.NotContains(t, err.Error(), "\n")
	}
	_, err := parse("", "CLIENT_SECRET=left over from yesterday")
	require.NoError(t, err)
	o, err := parse("-issuer https://id.example.com -client-id a", "CLIENT_SECRET=b")
	require.NoError(t, err)
	require.Equal(t, "b", o.clientSecret)
}

// TestEveryFlagIsForSomebody: help and vendors agree.
func TestEveryFlagIsForSomebody(t *testing.T) {
	used := map[string]bool{"client-id": true, "client-secret": true, "issuer": true, "email": true}
	for name, v := range vendors() {
		for _, flag := range slices.Concat(v.takes, flagsOf(v.needs)) {
			used[flag] = true
			for _, s := range new(options).settings() {
				require.False(t, s.name == flag && !strings.Contains(s.usage, name), "the help of -%s does not name %s", flag, name)
			}
		}
	}
	for _, s := range new(options).settings() {
		require.True(t, used[s.name], "-%s is for nobody", s.name)
		delete(used, s.name)
	}
	require.Empty(t, used, "needed, and no flags")

	var help strings.Builder
	_, err := parseOptions([]string{"-h"}, func(string) string { return "" }, &help)
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, help.String(), "other users of this machine can see a program's arguments")
}

func flagsOf(needs []need) (flags []string) {
	for _, n := range needs {
		flags = append(flags, n.flag)
	}
	return flags
}

// TestAnybody: two people are two users, whatever their names look like, and none of them is somebody of the catalog.
func TestAnybody(t *testing.T) {
	signIn := anybody[github.Profile]("github")
	seen := make(map[string]string)
	for _, subject := range []string{"MDQ6VXNlcjE=", "mdq6vxnlcje=", "nora", "auth0|17", "{6f0c}", "default/nora", "user:default/nora", strings.Repeat("x", 255)} {
		in := github.SignInInfo{Result: &oauthadapter.Result[github.Profile]{Session: oauthadapter.Session{Subject: subject}}}
		identity, err := authprovider.ResolveSignIn(t.Context(), in, nil, signIn)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(identity.UserRef, "user:github/"))
		require.Empty(t, seen[identity.UserRef], "%q is taken for %q", subject, seen[identity.UserRef])
		seen[identity.UserRef] = subject
	}
}
