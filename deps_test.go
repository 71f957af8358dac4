package stagedoor_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "example.com/stagedoor"

// goList returns the lines that go list prints.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	require.NoError(t, err, "go list %v", args)
	return strings.Fields(string(out))
}

// imports returns the packages of this module, each with its direct imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	require.NoError(t, err)
	all := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		all[fields[0]] = fields[1:]
	}
	return all
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// TestImportDirections proves who may import whom. A package is judged by the longest prefix that has a rule.
func TestImportDirections(t *testing.T) {
	proxyOwn, proxyWhy := []string{"authprovider", "proxyauth", "internal/jose", "internal/keyset", "internal/proxytoken"}, "a proxy knows the contract and no sibling"
	vendorOwn, vendorWhy := []string{"authprovider", "oauthadapter", "internal/jose", "internal/oauthclient"}, "a vendor knows the adapter, the generic authenticators and no library of its own"
	rules := map[string]struct {
		allowed []string // prefixes within the module, without it
		foreign []string // prefixes outside
		why     string
	}{
		"":                              {why: "the root is documentation"},
		"authprovider":                  {why: "the vocabulary is for everybody, so it costs nothing: standard library only"},
		"authprovider/authprovidertest": {allowed: []string{"authprovider", "oauthadapter", "proxyauth", "internal/fakeidp", "internal/fakeproxy"}, why: "fakes are servers, built on the contracts"},
		"resolver":                      {allowed: []string{"authprovider", "resolver"}, why: "a toolbox over the contracts"},
		"tokenissuer":                   {allowed: []string{"authprovider", "tokenissuer", "internal/jose", "internal/keyset"}, why: "an issuer without any provider is a use of its own"},
		"oauthadapter":                  {allowed: []string{"authprovider", "internal/cookies"}, why: "adapters never import resolver, a vendor or an OAuth library"},
		"oauthadapter/oidcprovider":     {allowed: []string{"authprovider", "oauthadapter", "internal/jose", "internal/keyset", "internal/oauthclient"}, foreign: []string{"golang.org/x/oauth2", "github.com/coreos/go-oidc/v3"}, why: "a vendor knows the adapter and the OAuth libraries"},
		"oauthadapter/oauth2provider":   {allowed: vendorOwn, why: vendorWhy},
		"oauthadapter/github":           {allowed: vendorOwn, why: vendorWhy},
		"oauthadapter/bitbucket":        {allowed: vendorOwn, why: vendorWhy},
		"oauthadapter/bitbucketserver":  {allowed: vendorOwn, why: vendorWhy},
		"oauthadapter/atlassian":        {allowed: vendorOwn, why: vendorWhy},
		"oauthadapter/google":           {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/gitlab":           {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/okta":             {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/microsoft":        {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/auth0":            {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/onelogin":         {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"oauthadapter/keycloak":         {allowed: vendorOwn, foreign: []string{"golang.org/x/oauth2"}, why: vendorWhy},
		"proxyauth":                     {allowed: []string{"authprovider", "internal/jose", "internal/keyset", "internal/proxytoken"}, why: "it serves any proxy and knows none"},
		"cfaccess":                      {allowed: proxyOwn, why: proxyWhy},
		"gcpiap":                        {allowed: proxyOwn, why: proxyWhy},
		"oauth2proxy":                   {allowed: proxyOwn, why: proxyWhy},
		"awsalb":                        {allowed: proxyOwn, why: proxyWhy},
		"azureeasyauth":                 {allowed: proxyOwn, why: proxyWhy},
		"guest":                         {allowed: []string{"authprovider", "proxyauth"}, why: "it verifies nothing, so it needs nothing"},
		"internal/proxytoken":           {allowed: []string{"authprovider", "internal/jose", "internal/keyset"}, why: "what authenticators behind proxies share"},
		"internal/oauthclient":          {allowed: []string{"authprovider", "oauthadapter", "internal/jose"}, foreign: []string{"golang.org/x/oauth2"}, why: "what vendors share"},
		"internal/jose":                 {foreign: []string{"github.com/lestrrat-go/jwx/v3"}, why: "the only importer of the JOSE library"},
		"internal/keyset":               {allowed: []string{"internal/jose"}, foreign: []string{"github.com/coreos/go-oidc/v3"}, why: "keys are parsed by jose"},
		"internal/cookies":              {why: "standard library only"},
		"internal/fakeproxy":            {why: "a fake that shared code with the library could share its defects: standard library only"},
		"internal/fakeidp":              {why: "a fake that shared code with the library could share its defects: standard library only"},
		"internal/vendortest":           {allowed: []string{"authprovider", "oauthadapter", "internal/fakeidp"}, why: "what the tests of vendors share"},
		"examples":                      {allowed: []string{"authprovider", "oauthadapter", "resolver", "tokenissuer", "proxyauth", "cfaccess", "gcpiap", "oauth2proxy", "awsalb", "azureeasyauth", "guest", "internal/fakeidp", "internal/fakeproxy"}, why: "examples need only the library"},
	}
	for pkg, direct := range imports(t) {
		path := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		prefix := path
		for {
			if _, ok := rules[prefix]; ok || prefix == "" {
				break
			}
			prefix = prefix[:max(0, strings.LastIndex(prefix, "/"))]
		}
		rule := rules[prefix]
		for _, imported := range direct {
			var ok bool
			switch own, mine := strings.CutPrefix(imported, module+"/"); {
			case mine:
				ok = slices.ContainsFunc(rule.allowed, func(p string) bool { return own == p || strings.HasPrefix(own, p+"/") })
			case isStandard(imported):
				ok = true
			default:
				ok = slices.ContainsFunc(rule.foreign, func(p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") })
			}
			if !ok {
				t.Errorf("%s must not import %s: %s", pkg, imported, rule.why)
			}
		}
	}
}

// TestNothingHeavyIsLinked proves what importers link: every package but the test kit.
func TestNothingHeavyIsLinked(t *testing.T) {
	banned := map[string]string{
		"testing":                     "a production binary would get its flags",
		"github.com/stretchr/testify": "it is for tests",
		"github.com/chromedp":         "a browser driver lives in e2e",
		"github.com/zitadel/oidc":     "another's provider lives in e2e",
		"github.com/goccy/go-yaml":    "only authconfig reads YAML",
		"gopkg.in/yaml.v3":            "only authconfig reads YAML",
		"github.com/jackc/pgx":        "hosts bring their database driver",
		"github.com/lib/pq":           "hosts bring their database driver",
		"github.com/go-sql-driver":    "hosts bring their database driver",
		"modernc.org/sqlite":          "hosts bring their database driver",
		"github.com/redis":            "it lives in a module of its own",
		"github.com/crewjam/saml":     "it lives in a module of its own",
	}
	for _, pkg := range goList(t, "./...") {
		if strings.HasSuffix(pkg, "test") {
			continue
		}
		for _, dep := range goList(t, "-deps", pkg) {
			for path, why := range banned {
				if dep == path || strings.HasPrefix(dep, path+"/") {
					t.Errorf("%s links %s: %s", pkg, dep, why)
				}
			}
		}
	}
}

// TestOneImporterOfTheJOSELibrary: a move to another library must stay a change of one package.
func TestOneImporterOfTheJOSELibrary(t *testing.T) {
	for pkg, direct := range imports(t) {
		for _, imported := range direct {
			if strings.HasPrefix(imported, "github.com/lestrrat-go/") && pkg != module+"/internal/jose" {
				t.Errorf("%s imports %s", pkg, imported)
			}
		}
	}
}
