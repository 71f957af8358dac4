package authprovider

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// ClientAuthResponse is what an app gets from a sign-in or a refresh, as Backstage's frontend reads it.
type ClientAuthResponse struct {
	Profile Profile `json:"profile"`
	// ProviderInfo is the provider's own part. For OAuth providers it holds the tokens.
	ProviderInfo any `json:"providerInfo,omitempty"`
	// BackstageIdentity is nil if the provider has no sign-in resolver.
	BackstageIdentity *BackstageIdentity `json:"backstageIdentity,omitempty"`
}

// BackstageIdentity is the identity part of a [ClientAuthResponse].
type BackstageIdentity struct {
	// Token is the user token; it is a plain string here because it is made to be sent.
	Token string `json:"token"`
	// ExpiresInSeconds is what is left of the token's life. It is absent if the token has no exp.
	ExpiresInSeconds *int64       `json:"expiresInSeconds,omitempty"`
	Identity         UserIdentity `json:"identity"`
}

// UserIdentity is who the user is.
type UserIdentity struct {
	Type                string   `json:"type"` // always "user"
	UserEntityRef       string   `json:"userEntityRef"`
	OwnershipEntityRefs []string `json:"ownershipEntityRefs"`
}

// WriteJSON writes the text that encoding/json makes of the response. Apps poll for it, so it is written without reflection but for
// ProviderInfo and unusual text. Nothing is written if ProviderInfo cannot be encoded; any other error is w's.
func (r *ClientAuthResponse) WriteJSON(w io.Writer) error {
	size := 384
	if id := r.BackstageIdentity; id != nil {
		size += len(id.Token)
	}
	b := append(make([]byte, 0, size), `{"profile":`...)
	b = r.Profile.appendJSON(b)
	if r.ProviderInfo != nil {
		info, err := json.Marshal(r.ProviderInfo)
		if err != nil {
			return fmt.Errorf("authprovider: encode ProviderInfo: %w", err)
		}
		b = append(append(b, `,"providerInfo":`...), info...)
	}
	if id := r.BackstageIdentity; id != nil {
		b = appendText(append(b, `,"backstageIdentity":{"token":`...), id.Token)
		if id.ExpiresInSeconds != nil {
			b = strconv.AppendInt(append(b, `,"expiresInSeconds":`...), *id.ExpiresInSeconds, 10)
		}
		b = id.Identity.appendJSON(append(b, `,"identity":`...))
		b = append(b, '}')
	}
	_, err := w.Write(append(b, '}'))
	return err
}

func (p *Profile) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for _, member := range [...]struct{ name, value string }{{"email", p.Email}, {"displayName", p.DisplayName}, {"picture", p.Picture}} {
		if member.value == "" {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, member.name), ':'), member.value)
	}
	return append(b, '}')
}

func (u *UserIdentity) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"type":`...), u.Type)
	b = appendText(append(b, `,"userEntityRef":`...), u.UserEntityRef)
	b = append(b, `,"ownershipEntityRefs":`...)
	if u.OwnershipEntityRefs == nil {
		return append(b, "null}"...)
	}
	b = append(b, '[')
	for i, ref := range u.OwnershipEntityRefs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, ref)
	}
	return append(b, "]}"...)
}

// appendText appends a JSON string. Whatever needs escaping is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string can always be encoded
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
