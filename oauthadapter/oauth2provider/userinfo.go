package oauth2provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter"
)

// Result is what a sign-in resolver gets from a provider that [New] or [Provider] made.
type Result = *oauthadapter.Result[Profile]

// SignInInfo is the argument of sign-in resolvers for such a provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Provider returns the factory of a provider with a userinfo address. The sign-in resolvers are tried in order; without one the app gets tokens
// and a profile, but no identity. What is wrong with c shows when the factory is called.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return oauthadapter.Provider(a, c.Options, signIn...)(pc)
	}
}

// New checks c and returns an authenticator that reads profiles from Config.UserInfoURL. It needs no network.
func New(c Config) (*Authenticator[Profile], error) {
	if err := errors.Join(c.check(), c.checkUserInfo()); err != nil {
		return nil, err
	}
	fields, logger := c.Fields, c.logger()
	return NewWithProfile(c, func(ctx context.Context, api *API) (Person[Profile], error) {
		var raw json.RawMessage
		if err := api.GetJSON(ctx, c.UserInfoURL, &raw); err != nil {
			return Person[Profile]{}, err
		}
		fields.logAbsent(ctx, logger, raw)
		p := fields.profile(raw)
		return Person[Profile]{Subject: p.ID, Profile: p.defaultProfile(), FullProfile: p}, nil
	})
}

// Fields are where in a userinfo answer a profile is: the names of members, with dots between them for members of members, and numbers for
// elements of arrays, such as "data.emails.0.value". A field that is empty here is empty in every profile.
type Fields struct {
	// ID is the person's stable ID: what the provider never gives to somebody else. A text or a whole number.
	ID string
	// Username is the name to sign in with, Name the one to show, and Picture a URL.
	Username, Name, Picture string
	// Email is an address, and EmailVerified says whether the provider verified that very address.
	Email, EmailVerified string
}

// Profile is what the provider says about a person. ID identifies the person for good; everything else can change, and most of it the person
// can choose. What is absent or of another type is empty.
type Profile struct {
	ID       string
	Username string
	Name     string
	Picture  string

	Email string
	// EmailVerified is read as email_verified of OpenID Connect is: true and "true" are verified, null and absence are unknown, and anything
	// else is unverified.
	EmailVerified authprovider.EmailVerification

	raw json.RawMessage
}

// ParseProfile returns the profile in a userinfo answer, for the unit tests of sign-in resolvers.
func ParseProfile(answer []byte, f Fields) (Profile, error) {
	var raw json.RawMessage
	if err := jose.UnmarshalStrict(answer, &raw); err != nil {
		return Profile{}, fmt.Errorf("oauth2provider: userinfo: %w", err)
	}
	return f.profile(raw), nil
}

// Claims decodes the whole answer into v, by exact name.
func (p Profile) Claims(v any) error { return oauthclient.DecodeClaims("oauth2provider", p.raw, v) }

// profile reads an answer that was read strictly.
func (f Fields) profile(raw json.RawMessage) Profile {
	p := Profile{
		ID:       text(raw, f.ID),
		Username: text(raw, f.Username),
		Name:     text(raw, f.Name),
		Picture:  text(raw, f.Picture),
		Email:    text(raw, f.Email),
		raw:      raw,
	}
	if p.Email != "" {
		p.EmailVerified = verification(at(raw, f.EmailVerified))
	}
	return p
}

// logAbsent helps whoever writes the paths: a mistaken one looks like a person of whom the provider says little.
func (f Fields) logAbsent(ctx context.Context, logger *slog.Logger, raw json.RawMessage) {
	if !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	for _, field := range []struct{ name, path string }{
		{"ID", f.ID}, {"Username", f.Username}, {"Name", f.Name}, {"Picture", f.Picture}, {"Email", f.Email}, {"EmailVerified", f.EmailVerified},
	} {
		if field.path != "" && at(raw, field.path) == nil {
			logger.DebugContext(ctx, "oauth2provider: the userinfo answer has nothing there", "field", field.name, "path", field.path)
		}
	}
}

// defaultProfile is the profile that the app shows, unless a transform makes another.
func (p Profile) defaultProfile() authprovider.Profile {
	out := authprovider.Profile{DisplayName: p.Name, Picture: p.Picture}
	if out.DisplayName == "" {
		out.DisplayName = p.Username
	}
	if p.EmailVerified != authprovider.EmailUnverified { // anybody can claim an address that nobody checked
		out.Email, out.EmailVerification = p.Email, p.EmailVerified
	}
	return out
}

// at returns the value at a dotted path, or nil.
func at(raw json.RawMessage, path string) json.RawMessage {
	if path == "" {
		return nil
	}
	for name := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) == nil {
			raw = object[name]
			continue
		}
		var array []json.RawMessage
		i, err := strconv.Atoi(name)
		if err != nil || json.Unmarshal(raw, &array) != nil || i < 0 || i >= len(array) {
			return nil
		}
		raw = array[i]
	}
	return raw
}

// text returns a text, or a whole number as it is written: through a float64 two large IDs would become one.
func text(raw json.RawMessage, path string) string {
	value := at(raw, path)
	if len(value) > 0 && strings.Trim(string(value), "0123456789") == "" {
		return string(value)
	}
	s, _ := jose.Text(value)
	return s
}

func verification(value json.RawMessage) authprovider.EmailVerification {
	switch string(value) {
	case "", "null":
		return authprovider.EmailVerificationUnknown
	case "true", `"true"`:
		return authprovider.EmailVerified
	}
	return authprovider.EmailUnverified
}
