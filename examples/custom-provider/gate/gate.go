// Package gate signs people in whom a gateway in front has signed in already, and which says so in plain headers: X-Gate-User,
// X-Gate-Name and X-Gate-Groups. It is an example to copy, for gateways that nobody has a package for. One that signs a JWT needs no code:
// it is one line of proxyauth.JWTProvider.
//
// Nobody signs these headers, so they are believed only on requests that pass a trust anchor: the gateway's addresses, a secret that it adds,
// or both. The gateway must remove the headers, in every spelling, from what clients send; no code behind it can.
package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// Config configures the gateway.
type Config struct {
	// Trust says how a request shows that it came through the gateway. Required.
	Trust proxyauth.TrustConfig
	// SignOutPath is where the gateway ends its own session, such as "/gate/sign-out". If empty, there is no sign-out.
	SignOutPath string
	// ProfileTransform makes the profile that the app shows. If nil, it is the gateway's.
	ProfileTransform authprovider.ProfileTransform[Result]
}

// Result is whom the gateway vouches for.
type Result struct {
	User   string
	Name   string
	Groups []string
}

// SignInInfo is the argument of sign-in resolvers for the gateway.
type SignInInfo = authprovider.SignInInfo[Result]

const (
	userHeader   = "X-Gate-User"
	nameHeader   = "X-Gate-Name"
	groupsHeader = "X-Gate-Groups"
)

// Provider is what goes into authprovider.Config. What is wrong with c shows when the factory is called.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return proxyauth.Provider(a, proxyauth.Options[Result]{ProfileTransform: c.ProfileTransform}, signIn...)(pc)
	}
}

// Authenticator reads the gateway's headers. It is safe for concurrent use.
type Authenticator struct {
	trust       *proxyauth.TrustAnchor
	signOutPath string
}

var (
	_ proxyauth.Authenticator[Result] = (*Authenticator)(nil)
	_ proxyauth.Describer[Result]     = (*Authenticator)(nil)
	_ proxyauth.SignOuter             = (*Authenticator)(nil)
	_ proxyauth.CredentialHeaders     = (*Authenticator)(nil)
)

// New checks c.
func New(c Config) (*Authenticator, error) {
	trust, err := proxyauth.NewTrustAnchor(c.Trust)
	if err != nil {
		return nil, fmt.Errorf("gate: Config.Trust: %w", err)
	}
	if c.SignOutPath != "" && !strings.HasPrefix(c.SignOutPath, "/") {
		return nil, fmt.Errorf("gate: Config.SignOutPath %q must begin with a slash", c.SignOutPath)
	}
	return &Authenticator{trust: trust, signOutPath: c.SignOutPath}, nil
}

// Authenticate implements [proxyauth.Authenticator]: first where the request comes from, then what it says.
func (a *Authenticator) Authenticate(_ context.Context, r *http.Request) (Result, error) {
	if err := a.trust.Check(r); err != nil {
		return Result{}, err
	}
	user, err := proxyauth.HeaderValue(r, userHeader) // never r.Header.Get, which takes the first of two
	if err != nil {
		return Result{}, err
	}
	name, err := optional(proxyauth.HeaderValue(r, nameHeader))
	if err != nil {
		return Result{}, err
	}
	if name == "" {
		name = user
	}
	groups, err := optional(proxyauth.HeaderList(r, groupsHeader))
	if err != nil {
		return Result{}, err
	}
	return Result{User: user, Name: name, Groups: split(groups)}, nil
}

// optional takes an absent header for an empty one. One that is there and not sound stays an error.
func optional(value string, err error) (string, error) {
	if errors.Is(err, proxyauth.ErrMissing) {
		return "", nil
	}
	return value, err
}

func split(list string) []string {
	var items []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Describe implements [proxyauth.Describer].
func (a *Authenticator) Describe(r Result) proxyauth.Description {
	return proxyauth.Description{Profile: authprovider.Profile{DisplayName: r.Name}}
}

// SignOut implements [proxyauth.SignOuter].
func (a *Authenticator) SignOut(origin string) proxyauth.SignOut {
	if a.signOutPath == "" {
		return proxyauth.SignOut{}
	}
	return proxyauth.SignOut{URL: origin + a.signOutPath}
}

// CredentialHeaders implements [proxyauth.CredentialHeaders]: resolvers go by the Result, which was checked, and see neither the secret nor
// the headers, which were not.
func (a *Authenticator) CredentialHeaders() []string {
	return append(a.trust.CredentialHeaders(), userHeader, nameHeader, groupsHeader)
}

// NameWithGroups is a profile transform: what the app shows.
func NameWithGroups(_ context.Context, r Result, _ *authprovider.ResolverContext) (authprovider.Profile, error) {
	name := r.Name
	if len(r.Groups) > 0 {
		name += " (" + strings.Join(r.Groups, ", ") + ")"
	}
	return authprovider.Profile{DisplayName: name}, nil
}

// UserMatchingName is a sign-in resolver: the user whose name in the catalog is the user name at the gateway. Whoever is in the group
// "contractors" is refused.
func UserMatchingName(ctx context.Context, in SignInInfo, rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
	if slices.Contains(in.Result.Groups, "contractors") {
		return nil, authprovider.ErrNotAllowed
	}
	ref, err := authprovider.UserRef(in.Result.User) // a name with ':' or '/' in it must not choose a namespace
	if err != nil {
		return nil, authprovider.ErrNotAllowed
	}
	return rc.SignInWithUser(ctx, authprovider.UserQuery{Ref: ref})
}
