package guest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// DefaultUserRef is who guests are if [Config] does not say.
const DefaultUserRef = "user:development/guest"

// Config configures [Provider].
type Config struct {
	// DangerouslyAllowGuests signs in whoever asks, without any proof. Required, so that nobody has guests by mistake.
	DangerouslyAllowGuests bool
	// DangerouslyAllowOutsideDevelopment does so on a base URL outside loopback too, and whatever host a request is for: everybody who
	// reaches the application is the guest. Right only where that is wanted, such as in a public demonstration.
	DangerouslyAllowOutsideDevelopment bool

	// UserRef is the entity reference of the user that guests are, of kind User. If empty, it is [DefaultUserRef].
	UserRef string
	// OwnershipRefs are what guests own if the catalog does not have the user. If nil, it is UserRef alone.
	OwnershipRefs []string

	// Options are those of any proxy provider. Without a ProfileTransform the profile is that of the catalog's user, or empty.
	Options proxyauth.Options[Result]
}

// check returns the guest that c stands for.
func (c Config) check(baseURL string) (Result, error) {
	switch {
	case !c.DangerouslyAllowGuests:
		return Result{}, errors.New("guest: Config.DangerouslyAllowGuests is required")
	case !c.DangerouslyAllowOutsideDevelopment && !isLoopbackURL(baseURL):
		return Result{}, fmt.Errorf("guest: Config.DangerouslyAllowOutsideDevelopment is required on the base URL %q: everybody who reaches it would be the guest", baseURL)
	}
	text := c.UserRef
	if text == "" {
		text = DefaultUserRef
	}
	ref, err := authprovider.ParseEntityRef(text)
	if err != nil {
		return Result{}, fmt.Errorf("guest: Config.UserRef: %w", err)
	}
	if !strings.EqualFold(ref.Kind, "user") {
		return Result{}, fmt.Errorf("guest: Config.UserRef %q is not of kind User", text)
	}
	guest := Result{UserRef: ref.String()}
	for i, text := range c.OwnershipRefs {
		ref, err := authprovider.ParseEntityRef(text)
		if err != nil {
			return Result{}, fmt.Errorf("guest: Config.OwnershipRefs[%d]: %w", i, err)
		}
		guest.OwnershipRefs = append(guest.OwnershipRefs, ref.String())
	}
	if guest.OwnershipRefs == nil {
		guest.OwnershipRefs = []string{guest.UserRef}
	}
	return guest, nil
}

func isLoopbackURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && isLoopback(u.Host)
}

// isLoopback reports whether a host, with or without port, is the machine itself. "localhost" is: browsers and RFC 6761 section 6.3
// keep it, and what ends in it, on loopback.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.IsLoopback()
}
