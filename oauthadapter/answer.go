package oauthadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
)

// maxExpiresIn bounds what a vendor says of an access token's life: apps reckon with it.
const maxExpiresIn = 365 * 24 * time.Hour

// providerInfo is the OAuth part of the answer, as Backstage's frontend reads it.
type providerInfo struct {
	AccessToken      string `json:"accessToken"`
	IDToken          string `json:"idToken,omitempty"`
	Scope            string `json:"scope"`
	ExpiresInSeconds *int64 `json:"expiresInSeconds,omitempty"`
}

// respond runs the profile transform and the sign-in resolvers, and issues a token at the very end.
func (a *adapter[P]) respond(ctx context.Context, r *http.Request, result *Result[P], granted []string) (*authprovider.ClientAuthResponse, string, error) {
	profile := result.Profile
	if a.transform != nil {
		var err error
		if profile, err = a.transform(ctx, result, a.pc.ResolverContext); err != nil {
			return nil, "", fmt.Errorf("oauthadapter: profile transform: %w", err)
		}
	}
	info := providerInfo{AccessToken: string(result.Session.AccessToken), IDToken: string(result.Session.IDToken), Scope: strings.Join(a.implied(granted), " ")}
	if expires := result.Session.ExpiresAt; !expires.IsZero() {
		left := int64(min(max(0, expires.Sub(a.pc.Now())), maxExpiresIn) / time.Second)
		info.ExpiresInSeconds = &left
	}
	resp := &authprovider.ClientAuthResponse{Profile: profile, ProviderInfo: info}
	if len(a.signIn) == 0 {
		return resp, "", nil
	}
	id, err := authprovider.ResolveSignIn(ctx, authprovider.SignInInfo[*Result[P]]{Profile: profile, Result: result, Header: authprovider.SignInHeader(r)},
		a.pc.ResolverContext, a.signIn...)
	if err != nil {
		return nil, "", err
	}
	if resp.BackstageIdentity, err = a.pc.IssueIdentity(ctx, id); err != nil {
		return nil, "", err
	}
	return resp, id.UserRef, nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("oauthadapter: encode the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the app may be gone; nobody is left to tell
	return nil
}
