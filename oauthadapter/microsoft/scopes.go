package microsoft

import (
	"slices"
	"strings"
)

const (
	userRead = "User.Read"
	// graphID is the application ID of Microsoft Graph, which can stand for its address in scopes.
	graphID = "00000003-0000-0000-c000-000000000000"
)

// signInScopes belong to no resource: they are for the ID token and, the last one, for a refresh token.
func signInScopes() []string { return []string{"openid", "profile", "email", "offline_access"} }

// scopeRule tells the scopes of Microsoft Graph from those of other resources, by their names alone: what is in an access token is for its
// resource to read.
type scopeRule struct {
	graphHost string
	profile   bool // read from Graph, where there is a token for it
}

// resource returns what is before the last slash, without those that end it, or "" for Microsoft Graph, whose scopes need no such part.
func (r scopeRule) resource(scope string) string {
	name := strings.TrimRight(scope[:strings.LastIndexByte(scope, '/')+1], "/")
	if strings.EqualFold(name, "https://"+r.graphHost) || strings.EqualFold(name, graphID) {
		return ""
	}
	return name
}

func ofNoResource(scope string) bool { return slices.Contains(signInScopes(), scope) }

// ofOneResource keeps the scopes of the first one's resource: a token is for one only, and Entra refuses some requests that mix them. The
// adapter puts those that the app asks for now before those that were granted before.
func (r scopeRule) ofOneResource(scopes []string) []string {
	resource := ""
	if i := slices.IndexFunc(scopes, func(s string) bool { return !ofNoResource(s) }); i >= 0 {
		resource = r.resource(scopes[i])
	}
	var out []string
	for _, s := range scopes {
		if (ofNoResource(s) || r.resource(s) == resource) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if resource == "" && r.profile && !slices.ContainsFunc(out, r.readsProfile) {
		out = append(out, userRead)
	}
	return out
}

// opensProfile reports whether a token that was granted with these scopes may and can be used to read the profile.
func (r scopeRule) opensProfile(granted []string) bool {
	foreign := func(s string) bool { return !ofNoResource(s) && r.resource(s) != "" }
	return r.profile && !slices.ContainsFunc(granted, foreign) && slices.ContainsFunc(granted, r.readsProfile)
}

func (r scopeRule) readsProfile(scope string) bool {
	if r.resource(scope) != "" {
		return false
	}
	switch strings.ToLower(scope[strings.LastIndexByte(scope, '/')+1:]) {
	case "user.read", "user.readwrite", "user.read.all", "user.readwrite.all":
		return true
	}
	return false
}

func (r scopeRule) implied(granted []string) []string {
	out := append(slices.Clone(granted), signInScopes()...)
	for _, s := range granted {
		if !ofNoResource(s) && r.resource(s) == "" {
			name := s[strings.LastIndexByte(s, '/')+1:]
			out = append(out, name, "https://"+r.graphHost+"/"+name)
		}
	}
	return out
}
