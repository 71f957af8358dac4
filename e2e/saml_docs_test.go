package e2e

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/samlauth"
	"example.com/stagedoor/samlauth/samlauthtest"
)

// TestSAMLPage: every line of Go in docs/saml.md stands in this file, which compiles, and what it shows works.
func TestSAMLPage(t *testing.T) {
	page, err := os.ReadFile("../docs/saml.md")
	require.NoError(t, err)
	source, err := os.ReadFile("saml_docs_test.go")
	require.NoError(t, err)
	compiled := make(map[string]bool)
	for line := range strings.Lines(string(source)) {
		compiled[strings.TrimSpace(line)] = true
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		code, _, ok := strings.Cut(block, "```")
		require.True(t, ok)
		for line := range strings.Lines(code) {
			if line = strings.TrimSpace(line); line != "" {
				require.True(t, compiled[line], "docs/saml.md has a line that does not stand here: %s", line)
			}
		}
	}
	// Each reason in the page is one of the package's.
	codes, err := os.ReadFile("../samlauth/codes.go")
	require.NoError(t, err)
	for _, word := range strings.FieldsFunc(string(page), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if strings.HasPrefix(word, "saml_") {
			require.Contains(t, string(codes), `"`+word+`"`)
		}
	}
}

func TestSAMLPageConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	writeKeyPair(t)
	var config samlauth.Config
	pair, err := tls.LoadX509KeyPair("saml.crt", "saml.key") // pair.Leaf is the certificate, and pair.PrivateKey the key
	require.NoError(t, err)
	config.Key, config.Certificate = pair.PrivateKey.(crypto.Signer), pair.Leaf
	portal := samlPagePortal(t, config.Key, config.Certificate)
	require.NotNil(t, portal)
}

func samlPagePortal(t *testing.T, key crypto.Signer, certificate *x509.Certificate) http.Handler {
	auth, err := authprovider.New(authprovider.Config{
		BaseURL: "https://portal.example.com/api/auth",
		Secrets: [][]byte{make([]byte, 32)},
		Issuer:  &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{
			"sso": samlauth.Provider(samlauth.Config{
				IDPMetadataURL: "https://idp.example.com/metadata",
				Key:            key,         // RSA, 2048 bits or more
				Certificate:    certificate, // of that key; it may be self-signed
			}, samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml-id")),
		},
	})
	require.NoError(t, err)
	return auth
}

func TestSAMLPageTest(t *testing.T) {
	newPortal := func(t *testing.T, metadataURL string) http.Handler {
		auth, err := authprovider.New(authprovider.Config{
			BaseURL: "https://portal.example.com/api/auth",
			Secrets: [][]byte{make([]byte, 32)},
			Issuer:  &authprovidertest.Issuer{},
			Users:   authprovidertest.Users(t, authprovider.User{Ref: "user:default/jane", Annotations: map[string]string{"example.com/saml-id": samlauthtest.Jane}}),
			Providers: map[string]authprovider.ProviderFactory{
				"sso": samlauth.Provider(samlauth.Config{IDPMetadataURL: metadataURL}, samlauth.NameIDMatchingUserEntityAnnotation("example.com/saml-id")),
			},
		})
		require.NoError(t, err)
		return auth
	}
	idp := samlauthtest.NewProvider(t, samlauthtest.ProviderConfig{})
	browser := authprovidertest.NewBrowser(t)
	browser.Host("https://portal.example.com", newPortal(t, idp.MetadataURL())) // the host's own set-up
	app := authprovidertest.App{Origin: "https://portal.example.com", Provider: "https://portal.example.com/api/auth/sso"}
	idp.Trust(browser, app)
	outcome := idp.SignInPopup(browser, app) // outcome.Response.UserRef(), outcome.Code()
	require.Empty(t, outcome.Code())
	require.Equal(t, "user:default/jane", outcome.Response.UserRef())
}

// writeKeyPair is what openssl does in the page.
func writeKeyPair(t *testing.T) {
	t.Helper()
	key, certificate := samlauthtest.NewKeyPair(t, time.Now())
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"saml.key": {Type: "PRIVATE KEY", Bytes: der}, "saml.crt": {Type: "CERTIFICATE", Bytes: certificate.Raw}} {
		require.NoError(t, os.WriteFile(filepath.Join(".", name), pem.EncodeToMemory(block), 0o600))
	}
}
