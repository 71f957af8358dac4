package microsoft

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/oauthclient"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// tenantPlaceholder stands for a tenant's ID in the metadata that tenants share.
const tenantPlaceholder = "{tenantid}"

// tenant is where people sign in. A domain becomes a tenant's ID at first use: the issuer of ID tokens has the ID in it.
type tenant struct {
	domain string
	issuer string // with tenantPlaceholder for the ID
	client *oauthclient.Client
	build  func(id string) (*oidcprovider.Vendor[Profile], error)

	mu    sync.Mutex // guards known; never held while waiting
	known *oidcprovider.Vendor[Profile]
}

func newTenant(c Config, oidc oidcprovider.Config, read oidcprovider.ProfileFunc[Profile], client *oauthclient.Client) (*tenant, error) {
	t := &tenant{domain: c.TenantID, issuer: c.authority(tenantPlaceholder), client: client}
	t.build = func(id string) (*oidcprovider.Vendor[Profile], error) {
		oidc := oidc
		oidc.Issuer = c.authority(id)
		rule := tenantRule{allowed: []string{id}}
		if c.manyTenants() {
			oidc.Issuer, oidc.DiscoveryURL = t.issuer, c.authority(c.TenantID)
			rule = tenantRule{allowed: c.AllowedTenants, any: c.DangerouslyAllowAnyTenant}
		}
		oidc.CheckIDToken = rule.check
		v, err := oidcprovider.NewVendor(oidc, read)
		if err != nil {
			return nil, fmt.Errorf("microsoft: %w", err)
		}
		return v, nil
	}
	v, err := t.build(c.TenantID) // for a domain, only to see what is wrong with the rest
	if err != nil {
		return nil, err
	}
	if c.manyTenants() || guid.MatchString(c.TenantID) {
		t.known = v
	}
	return t, nil
}

// vendor returns the OpenID Connect provider of the tenant. Once known it does not change: a domain that moves to other people is no
// reason to let them in.
func (t *tenant) vendor(ctx context.Context) (*oidcprovider.Vendor[Profile], error) {
	t.mu.Lock()
	known := t.known
	t.mu.Unlock()
	if known != nil {
		return known, nil
	}
	id, err := t.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	v, err := t.build(id)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil { // of several who asked, the first
		t.known = v
	}
	return t.known, nil
}

// lookUp reads the ID of the tenant from the metadata of its domain.
func (t *tenant) lookUp(ctx context.Context) (string, error) {
	before, after, _ := strings.Cut(t.issuer, tenantPlaceholder)
	address := before + t.domain + after + "/.well-known/openid-configuration"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("microsoft: discovery: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := t.client.Do("discovery", r)
	if err != nil {
		return "", fmt.Errorf("microsoft: the tenant of %q: %w", t.domain, err)
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if err := answer.JSON("discovery", &metadata); err != nil {
		return "", err
	}
	id := strings.TrimSuffix(strings.TrimPrefix(metadata.Issuer, before), after)
	if before+id+after != metadata.Issuer || !guid.MatchString(id) || id == personalAccounts {
		return "", oauthclient.Unavailable(fmt.Errorf("microsoft: the domain %q has the issuer %.200q, which names no tenant", t.domain, metadata.Issuer), 0)
	}
	return id, nil
}

// tenantRule says whose ID tokens are accepted.
type tenantRule struct {
	allowed []string
	any     bool
}

func (r tenantRule) check(idToken oidcprovider.Profile) error {
	c, err := readClaims(idToken)
	switch {
	case err != nil:
		return err
	case !guid.MatchString(c.TenantID) || !guid.MatchString(c.ObjectID):
		return errNoIdentifier
	case !r.any && !slices.Contains(r.allowed, c.TenantID):
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "tenant_refused",
			Err: fmt.Errorf("microsoft: the tenant %s is not one that may sign in", c.TenantID)}
	}
	return nil
}
