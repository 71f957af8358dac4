package stagedoor_test

import (
	"encoding/json"
	"os"
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

// vendorPackages returns the packages below oauthadapter that are one vendor's.
func vendorPackages(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("oauthadapter")
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "oidcprovider" {
			names = append(names, e.Name())
		}
	}
	require.Greater(t, len(names), 10)
	return names
}

// TestImportDirections proves who may import whom. A package is judged by the longest prefix that has a rule.
func TestImportDirections(t *testing.T) {
	type rule struct {
		allowed []string // prefixes within the module, without it; "=" in front means that package alone
		foreign []string // prefixes outside
		why     string
	}
	yaml := []string{"github.com/goccy/go-yaml"}
	proxies := []string{"cfaccess", "gcpiap", "oauth2proxy", "awsalb", "azureeasyauth"}
	rules := map[string]rule{
		"":                              {why: "the root is documentation"},
		"authprovider":                  {why: "the vocabulary is for everybody, so it costs nothing: standard library only"},
		"authprovider/authprovidertest": {allowed: []string{"authprovider", "oauthadapter", "proxyauth", "internal/fakeidp", "internal/fakeproxy", "internal/fakevendor"}, why: "fakes are servers, built on the contracts"},
		"resolver":                      {allowed: []string{"authprovider", "resolver", "internal/signin"}, why: "a toolbox over the contracts"},
		"resolver/filecatalog":          {allowed: []string{"authprovider", "resolver"}, foreign: yaml, why: "entity files are YAML"},
		"resolver/backstagecatalog":     {allowed: []string{"authprovider", "resolver", "internal/jose"}, why: "answers are read by the strict reader"},
		"authconfig":                    {allowed: []string{"authprovider", "oauthadapter", "proxyauth", "tokenissuer"}, foreign: yaml, why: "it knows the contracts and no provider"},
		"authconfig/builtin":            {allowed: append([]string{"authconfig", "authprovider", "oauthadapter", "proxyauth", "resolver", "guest"}, proxies...), why: "it knows every provider"},
		"tokenissuer":                   {allowed: []string{"authprovider", "tokenissuer", "internal/jose", "internal/keyset"}, why: "an issuer without any provider is a use of its own"},
		"oauthadapter":                  {allowed: []string{"authprovider", "internal/cookies"}, why: "adapters never import resolver, a vendor or an OAuth library"},
		"oauthadapter/oidcprovider":     {allowed: []string{"authprovider", "=oauthadapter", "internal/jose", "internal/keyset", "internal/oauthclient", "internal/signin"}, foreign: []string{"github.com/coreos/go-oidc/v3"}, why: "a vendor knows the adapter and the OAuth libraries"},
		"proxyauth":                     {allowed: []string{"authprovider", "internal/jose", "internal/keyset", "internal/proxytoken"}, why: "it serves any proxy and knows none"},
		"guest":                         {allowed: []string{"authprovider", "proxyauth"}, why: "it verifies nothing, so it needs nothing"},
		"internal/proxytoken":           {allowed: []string{"authprovider", "internal/jose", "internal/keyset"}, why: "what authenticators behind proxies share"},
		"internal/oauthclient":          {allowed: []string{"authprovider", "oauthadapter", "internal/jose"}, foreign: []string{"golang.org/x/oauth2"}, why: "what vendors share"},
		"internal/signin":               {allowed: []string{"authprovider"}, why: "what resolvers of vendors and proxies share"},
		"internal/fakevendor":           {allowed: []string{"internal/fakeidp"}, why: "a fake that shared code with the library could share its defects: it is made of another fake"},
		"internal/jose":                 {foreign: []string{"github.com/lestrrat-go/jwx/v3"}, why: "the only importer of the JOSE library"},
		"internal/keyset":               {allowed: []string{"internal/jose"}, foreign: []string{"github.com/coreos/go-oidc/v3"}, why: "keys are parsed by jose"},
		"internal/cookies":              {why: "standard library only"},
		"internal/fakeproxy":            {why: "a fake that shared code with the library could share its defects: standard library only"},
		"internal/fakeidp":              {why: "a fake that shared code with the library could share its defects: standard library only"},
		"examples":                      {allowed: []string{"authprovider", "oauthadapter", "resolver", "tokenissuer", "proxyauth", "cfaccess", "gcpiap", "oauth2proxy", "awsalb", "azureeasyauth", "guest", "examples/custom-provider", "internal/fakeidp", "internal/fakeproxy"}, why: "examples need only the library"},
	}
	for _, name := range proxies {
		rules[name] = rule{allowed: []string{"authprovider", "proxyauth", "internal/jose", "internal/keyset", "internal/proxytoken", "internal/signin"}, why: "a proxy knows the contract and no sibling"}
	}
	for _, name := range vendorPackages(t) {
		rules["oauthadapter/"+name] = rule{allowed: []string{"authprovider", "=oauthadapter", "oauthadapter/oidcprovider", "oauthadapter/oauth2provider", "internal/jose", "internal/oauthclient", "internal/signin"},
			why: "a vendor knows the adapter, the generic authenticators and no library of its own"}
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
				ok = slices.ContainsFunc(rule.allowed, func(p string) bool { return own == p || "="+own == p || strings.HasPrefix(own, p+"/") })
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
		"github.com/goccy/go-yaml":    "only authconfig and filecatalog read YAML",
		"gopkg.in/yaml.v3":            "only authconfig and filecatalog read YAML",
		"github.com/jackc/pgx":        "hosts bring their database driver",
		"github.com/lib/pq":           "hosts bring their database driver",
		"github.com/go-sql-driver":    "hosts bring their database driver",
		"modernc.org/sqlite":          "hosts bring their database driver",
		"github.com/redis":            "it lives in a module of its own",
		"github.com/crewjam/saml":     "it lives in a module of its own",
		"github.com/russellhaering":   "it lives in a module of its own",
	}
	for _, pkg := range goList(t, "./...") {
		if strings.HasSuffix(pkg, "test") {
			continue
		}
		yaml := strings.HasPrefix(pkg, module+"/authconfig") || pkg == module+"/resolver/filecatalog"
		for _, dep := range goList(t, "-deps", pkg) {
			for path, why := range banned {
				if yaml && path == "github.com/goccy/go-yaml" {
					continue
				}
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

// TestDependenciesAreChosen: a new one is argued for, and those of nested modules (browsers, databases, SAML) stay out of what
// importers download.
func TestDependenciesAreChosen(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	require.ElementsMatch(t, []string{
		"github.com/coreos/go-oidc/v3", "github.com/goccy/go-yaml", "github.com/lestrrat-go/jwx/v3", "github.com/stretchr/testify", "golang.org/x/oauth2",
	}, direct)
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, foreign := range []string{"crewjam", "goxmldsig", "etree", "chromedp", "pgx", "go-sql-driver", "sqlite", "redis"} {
			require.NotContains(t, string(text), foreign, name)
		}
	}
}
