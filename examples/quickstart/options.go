package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// options is what the command line says. Without any of it there is the demo provider.
type options struct {
	addr     string
	provider string // one of vendors, or none

	clientID, clientSecret           string
	baseURL, apiURL, issuer          string
	tenant, domain, organization     string
	authURL, tokenURL, userinfoURL   string
	idField, nameField, scope, email string
}

// providerID is the ID under which the provider is mounted.
func (o options) providerID() string {
	if o.provider == "" {
		return "demo"
	}
	return o.provider
}

// callback is the redirect URI to register with the provider.
func (o options) callback(origin string) string {
	return origin + "/api/auth/" + o.providerID() + "/handler/frame"
}

// scopes returns nil, and not an empty list, for the provider's default ones.
func (o options) scopes() []string {
	if o.scope == "" {
		return nil
	}
	return strings.Fields(o.scope)
}

// setting is a flag whose value is a text.
type setting struct {
	name  string
	value *string
	usage string
}

func (o *options) settings() []setting {
	return []setting{
		{"client-id", &o.clientID, "client ID at the provider"},
		{"client-secret", &o.clientSecret, "client secret there; better in the variable CLIENT_SECRET, " +
			"since other users of this machine can see a program's arguments"},
		{"base-url", &o.baseURL, "address of a provider of your own: github (Enterprise), gitlab, gitea, bitbucketserver, okta (organization), " +
			"keycloak (realm), openshift (OAuth server)"},
		{"api-url", &o.apiURL, "openshift: address of the cluster's API server"},
		{"issuer", &o.issuer, "issuer URL: oidcprovider, onelogin, pinniped, gitea; or, without -provider, of any OpenID Provider in place of the demo's"},
		{"tenant", &o.tenant, "microsoft: directory (tenant) ID"},
		{"domain", &o.domain, "auth0: the tenant's domain; google: admit this Workspace domain only"},
		{"organization", &o.organization, "vmwarecloud: the long ID of the organization"},
		{"auth-url", &o.authURL, "oauth2provider: authorization endpoint"},
		{"token-url", &o.tokenURL, "oauth2provider: token endpoint"},
		{"userinfo-url", &o.userinfoURL, "oauth2provider: address that says whose a token is"},
		{"id-field", &o.idField, "oauth2provider: member of its answer that is the person's stable ID"},
		{"name-field", &o.nameField, "oauth2provider: member of its answer that is the name to show"},
		{"scope", &o.scope, "oauth2provider, oidcprovider: scopes to ask for, separated by spaces"},
		{"email", &o.email, "with -issuer and no -provider: e-mail address of a person to be added to the user catalog"},
	}
}

// parseOptions reads a command line. getenv is os.Getenv; the flags' help goes to output.
func parseOptions(arguments []string, getenv func(string) string, output io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned
	flags.StringVar(&o.addr, "addr", "localhost:7007", "host and port to serve on")
	flags.StringVar(&o.provider, "provider", "", "sign in with this vendor, in place of the demo provider: "+vendorNames())
	for _, s := range o.settings() {
		flags.StringVar(s.value, s.name, "", s.usage)
	}
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(output)
		flags.PrintDefaults()
		return options{}, err
	case err != nil:
		return options{}, fmt.Errorf("%w; -h lists the flags", err)
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("%q is no flag: every argument belongs to one, as in -provider github", flags.Arg(0))
	}
	var given []string
	flags.Visit(func(f *flag.Flag) { given = append(given, f.Name) })
	if o.clientSecret == "" {
		o.clientSecret = getenv("CLIENT_SECRET")
	}
	return o, o.check(given)
}

// check names the flags that are missing, and those that would do nothing.
func (o *options) check(given []string) error {
	v, known := vendors()[o.provider]
	who := "-provider " + o.provider
	switch {
	case o.provider == "" && o.issuer == "":
		given = slices.DeleteFunc(given, func(name string) bool { return name == "addr" })
		if len(given) > 0 {
			return fmt.Errorf("-%s is for a provider of your own: name it with -provider, or with -issuer", given[0])
		}
		return nil
	case o.provider == "":
		v, who = vendor{takes: []string{"issuer", "email"}, public: true}, "-issuer"
	case !known:
		return fmt.Errorf("-provider %q is none of %s", o.provider, vendorNames())
	}

	var missing []string
	if o.clientID == "" {
		missing = append(missing, "-client-id")
	}
	if o.clientSecret == "" && !v.public {
		missing = append(missing, "-client-secret (or the variable CLIENT_SECRET)")
	}
	allowed := append([]string{"addr", "provider", "client-id", "client-secret"}, v.takes...)
	for _, n := range v.needs {
		allowed = append(allowed, n.flag)
		if o.setting(n.flag) == "" {
			missing = append(missing, "-"+n.flag+" ("+n.meaning+")")
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s needs %s", who, strings.Join(missing, ", "))
	}
	for _, name := range given {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("%s takes no -%s", who, name)
		}
	}
	return nil
}

// setting returns the value of a flag.
func (o *options) setting(name string) string {
	for _, s := range o.settings() {
		if s.name == name {
			return *s.value
		}
	}
	return ""
}

func vendorNames() string { return strings.Join(slices.Sorted(maps.Keys(vendors())), ", ") }
