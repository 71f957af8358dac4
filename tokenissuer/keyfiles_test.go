package tokenissuer_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/internal/jose"
	"example.com/stagedoor/tokenissuer"
)

func newPrivate(t testing.TB, alg jose.Algorithm) crypto.Signer {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	require.NoError(t, err)
	return key
}

func pemOf(typ string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
}

func privatePEM(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pemOf("PRIVATE KEY", der)
}

func publicPEM(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return pemOf("PUBLIC KEY", der)
}

func thumbprint(t testing.TB, key crypto.Signer) string {
	t.Helper()
	kid, err := jose.Thumbprint(key.Public())
	require.NoError(t, err)
	return kid
}

// keyDir is a directory of key files.
type keyDir struct {
	t   testing.TB
	dir string
}

func newKeyDir(t testing.TB) keyDir { return keyDir{t, t.TempDir()} }

func (d keyDir) path(name string) string { return filepath.Join(d.dir, name) }

func (d keyDir) write(name string, text []byte) string {
	d.t.Helper()
	require.NoError(d.t, os.WriteFile(d.path(name), text, 0o600))
	return d.path(name)
}

func newFileIssuer(t testing.TB, files ...tokenissuer.KeyFile) (*tokenissuer.Issuer, *authprovidertest.Clock, *logLines) {
	t.Helper()
	logged := new(logLines)
	issuer, clock := newIssuer(t, func(c *tokenissuer.Config) {
		c.KeyFiles, c.Logger = files, slog.New(slog.NewTextHandler(logged, nil))
	})
	return issuer, clock, logged
}

func TestKeyFileForms(t *testing.T) {
	ec, rsaKey, ed := newPrivate(t, jose.ES256), newPrivate(t, jose.RS256), newPrivate(t, jose.EdDSA)
	sec1, err := x509.MarshalECPrivateKey(ec.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		key  crypto.Signer
		text []byte
		alg  string
	}{
		"PKCS 8, EC":       {ec, privatePEM(t, ec), "ES256"},
		"PKCS 8, RSA":      {rsaKey, privatePEM(t, rsaKey), "RS256"},
		"PKCS 8, RSA-PSS":  {rsaKey, privatePEM(t, rsaKey), "PS256"},
		"PKCS 8, Ed25519":  {ed, privatePEM(t, ed), "EdDSA"},
		"SEC 1":            {ec, pemOf("EC PRIVATE KEY", sec1), "ES256"},
		"PKCS 1":           {rsaKey, pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey.(*rsa.PrivateKey))), "RS256"},
		"space around":     {ec, append(append([]byte("\n"), privatePEM(t, ec)...), " \r\n\n"...), "ES256"},
		"lines of Windows": {ec, []byte(strings.ReplaceAll(string(privatePEM(t, ec)), "\n", "\r\n")), "ES256"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newKeyDir(t)
			file := tokenissuer.KeyFile{PrivateKeyFile: d.write("key", tt.text), PublicKeyFile: d.write("pub", publicPEM(t, tt.key.Public())), Algorithm: tt.alg}
			issuer, _, _ := newFileIssuer(t, file)
			token := issue(t, issuer, jane)
			require.Equal(t, thumbprint(t, tt.key), kidOf(t, token))
			verifyAs(t, publishedKeys(t, issuer), token, "vnd.backstage.user", tt.alg)
			verifyAs(t, publishedKeys(t, issuer), limited(t, token), "vnd.backstage.limited-user", tt.alg)
			_, err := issuer.Verify(t.Context(), token)
			require.NoError(t, err)
		})
	}
}

// The first signs, all verify, each with the algorithm that it is for.
func TestSeveralKeyFiles(t *testing.T) {
	d := newKeyDir(t)
	first, second, third := newPrivate(t, jose.ES256), newPrivate(t, jose.EdDSA), newPrivate(t, jose.RS256)
	files := []tokenissuer.KeyFile{
		{PrivateKeyFile: d.write("1", privatePEM(t, first)), KeyID: "first"},
		{PrivateKeyFile: d.write("2", privatePEM(t, second)), Algorithm: "EdDSA"},
		{PublicKeyFile: d.write("3", publicPEM(t, third.Public())), KeyID: "third", Algorithm: "RS256"},
	}
	issuer, _, _ := newFileIssuer(t, files...)
	require.Equal(t, []string{"first", thumbprint(t, second), "third"}, servedKIDs(t, issuer))
	token := issue(t, issuer, jane)
	require.Equal(t, "first", kidOf(t, token))
	publishedKeys(t, issuer)

	// A process whose first key is another takes tokens of all.
	turned, _, _ := newFileIssuer(t, files[1], files[0], files[2])
	for _, token := range []string{token, issue(t, turned, jane)} {
		for _, i := range []*tokenissuer.Issuer{issuer, turned} {
			_, err := i.Verify(t.Context(), token)
			require.NoError(t, err)
		}
	}
}

func TestKeyFilesRefused(t *testing.T) {
	d := newKeyDir(t)
	ec, other := newPrivate(t, jose.ES256), newPrivate(t, jose.ES256)
	p384, p521 := newPrivate(t, jose.ES384), newPrivate(t, jose.ES512)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	agreement, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	good := privatePEM(t, ec)
	goodFile := d.write("good", good)
	body := string(good[len("-----BEGIN PRIVATE KEY-----\n") : len(good)-len("-----END PRIVATE KEY-----\n")])
	text := func(name, text string) tokenissuer.KeyFile {
		return tokenissuer.KeyFile{PrivateKeyFile: d.write(name, []byte(text))}
	}
	key := func(name string, key any) tokenissuer.KeyFile { return text(name, string(privatePEM(t, key))) }
	half := base64.StdEncoding.EncodeToString([]byte(body[:40]))
	for name, tt := range map[string]struct {
		files []tokenissuer.KeyFile
		want  string
	}{
		"none":                {[]tokenissuer.KeyFile{}, "Config.KeyFiles is empty"},
		"no file":             {[]tokenissuer.KeyFile{{}}, "Config.KeyFiles[0]: PrivateKeyFile or PublicKeyFile is required"},
		"missing":             {[]tokenissuer.KeyFile{{PrivateKeyFile: d.path("missing")}}, "Config.KeyFiles[0]: open "},
		"second missing":      {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile}, {PublicKeyFile: d.path("missing")}}, "Config.KeyFiles[1]: open "},
		"directory":           {[]tokenissuer.KeyFile{{PrivateKeyFile: d.dir}}, "Config.KeyFiles[0]: read "},
		"first is public":     {[]tokenissuer.KeyFile{{PublicKeyFile: d.write("ec.pub", publicPEM(t, ec.Public()))}}, "Config.KeyFiles[0].PrivateKeyFile is required"},
		"halves of two":       {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, PublicKeyFile: d.write("other.pub", publicPEM(t, other.Public()))}}, "is not the public half of"},
		"halves of two kinds": {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, PublicKeyFile: d.write("p384.pub", publicPEM(t, p384.Public()))}}, "is not the public half of"},
		"public is private":   {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, PublicKeyFile: goodFile}}, "PUBLIC KEY"},
		"private is public":   {[]tokenissuer.KeyFile{{PrivateKeyFile: d.write("ec.pub", publicPEM(t, ec.Public()))}}, "want PRIVATE KEY"},
		"duplicate":           {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile}, {PrivateKeyFile: goodFile}}, "Config.KeyFiles[1]: kid "},
		"duplicate KeyID":     {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, KeyID: "a"}, {PrivateKeyFile: d.write("other", privatePEM(t, other)), KeyID: "a"}}, `kid "a" is there twice`},
		"KeyID too long":      {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, KeyID: strings.Repeat("a", 600)}}, "kid"},
		"algorithm unknown":   {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, Algorithm: "HS256"}}, `algorithm "HS256"`},
		"curve of ES384":      {[]tokenissuer.KeyFile{key("p384", p384)}, "do not fit algorithm ES256"},
		"curve of ES512":      {[]tokenissuer.KeyFile{key("p521", p521)}, "do not fit algorithm ES256"},
		"curve of nothing":    {[]tokenissuer.KeyFile{key("p224", p224)}, "Config.KeyFiles[0]"},
		"RSA of 1024 bits":    {[]tokenissuer.KeyFile{{PrivateKeyFile: d.write("small", privatePEM(t, small)), Algorithm: "RS256"}}, "do not fit algorithm RS256"},
		"EC key for RS256":    {[]tokenissuer.KeyFile{{PrivateKeyFile: goodFile, Algorithm: "RS256"}}, "do not fit algorithm RS256"},
		"for key agreement":   {[]tokenissuer.KeyFile{key("x25519", agreement)}, "private key of type"},
		"empty":               {[]tokenissuer.KeyFile{text("empty", "")}, "is not one PEM block"},
		"no PEM":              {[]tokenissuer.KeyFile{text("base64", body)}, "is not one PEM block"},
		"cut off":             {[]tokenissuer.KeyFile{text("cut", string(good[:len(good)-30]))}, "is not one PEM block"},
		"two blocks":          {[]tokenissuer.KeyFile{text("two", string(good)+string(good))}, "is not one PEM block"},
		"text behind":         {[]tokenissuer.KeyFile{text("behind", string(good)+"x")}, "is not one PEM block"},
		"too large":           {[]tokenissuer.KeyFile{text("large", string(good)+strings.Repeat("\n", 64<<10))}, "has more than 65536 bytes"},
		"broken":              {[]tokenissuer.KeyFile{text("broken", "-----BEGIN PRIVATE KEY-----\n"+half+"\n-----END PRIVATE KEY-----\n")}, "not a private key"},
		"encrypted":           {[]tokenissuer.KeyFile{text("encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"+body+"-----END ENCRYPTED PRIVATE KEY-----\n")}, "unencrypted"},
		"encrypted, old":      {[]tokenissuer.KeyFile{text("old", "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"+body+"-----END EC PRIVATE KEY-----\n")}, "unencrypted"},
		"certificate":         {[]tokenissuer.KeyFile{text("cert", "-----BEGIN CERTIFICATE-----\n"+body+"-----END CERTIFICATE-----\n")}, "want PRIVATE KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: issuerURL, KeyFiles: tt.files})
			require.ErrorContains(t, err, "tokenissuer: Config.KeyFiles")
			require.ErrorContains(t, err, tt.want)
			require.Nil(t, issuer)
			requireNoKeyBytes(t, err.Error(), body)
		})
	}
	_, err = tokenissuer.New(tokenissuer.Config{Issuer: issuerURL, Keys: new(tokenissuer.MemoryKeyStore), KeyFiles: []tokenissuer.KeyFile{{PrivateKeyFile: goodFile}}})
	require.ErrorContains(t, err, "exclude each other")
}

// requireNoKeyBytes wants no eight characters in a row of a key's PEM text in another.
func requireNoKeyBytes(t testing.TB, text, body string) {
	t.Helper()
	body = strings.ReplaceAll(body, "\n", "")
	for i := 0; i+8 <= len(body); i++ {
		require.NotContains(t, text, body[i:i+8])
	}
}

// What cannot be read leaves what was read before in force, is said once a minute, and is got over.
func TestKeyFileThatBreaks(t *testing.T) {
	d := newKeyDir(t)
	key, next := newPrivate(t, jose.ES256), newPrivate(t, jose.ES256)
	file := tokenissuer.KeyFile{PrivateKeyFile: d.write("key", privatePEM(t, key)), PublicKeyFile: d.write("pub", publicPEM(t, key.Public()))}
	issuer, clock, logged := newFileIssuer(t, file)
	token := issue(t, issuer, jane)
	lines := 0
	for name, breakIt := range map[string]func(){
		"truncated":       func() { d.write("key", privatePEM(t, key)[:100]) },
		"empty":           func() { d.write("pub", nil) },
		"missing":         func() { require.NoError(t, os.Remove(file.PublicKeyFile)) },
		"half of another": func() { d.write("key", privatePEM(t, next)) },
	} {
		breakIt()
		clock.Advance(time.Minute)
		lines++
		for range 5 {
			require.Equal(t, []string{thumbprint(t, key)}, servedKIDs(t, issuer), name)
			_, err := issuer.Verify(t.Context(), token)
			require.NoError(t, err, name)
			require.Equal(t, kidOf(t, token), kidOf(t, issue(t, issuer, jane)), name)
		}
		require.Equal(t, lines, logged.count("not readable"), name)
		d.write("key", privatePEM(t, key))
		d.write("pub", publicPEM(t, key.Public()))
	}
	requireNoKeyBytes(t, logged.text.String(), string(privatePEM(t, key)[28:200]))

	// A mounted secret that is exchanged while it is read: halves of two, then both new.
	d.write("key", privatePEM(t, next))
	clock.Advance(time.Minute)
	require.Equal(t, []string{thumbprint(t, key)}, servedKIDs(t, issuer))
	d.write("pub", publicPEM(t, next.Public()))
	clock.Advance(time.Minute - time.Second)
	require.Equal(t, []string{thumbprint(t, key)}, servedKIDs(t, issuer), "read once a minute")
	clock.Advance(time.Second)
	require.Equal(t, []string{thumbprint(t, next)}, servedKIDs(t, issuer))
	_, err := issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken, "a key that is in no file is withdrawn")
}

// As Kubernetes mounts a secret: a link to a directory, exchanged in one step.
func TestKeyFilesBehindALink(t *testing.T) {
	d := newKeyDir(t)
	key, next := newPrivate(t, jose.ES256), newPrivate(t, jose.ES256)
	mount := func(name string, k crypto.Signer) {
		require.NoError(t, os.Mkdir(d.path(name), 0o700))
		d.write(filepath.Join(name, "key"), privatePEM(t, k))
		d.write(filepath.Join(name, "pub"), publicPEM(t, k.Public()))
		require.NoError(t, os.Symlink(name, d.path("new")))
		require.NoError(t, os.Rename(d.path("new"), d.path("data")))
	}
	mount("a", key)
	issuer, clock, _ := newFileIssuer(t, tokenissuer.KeyFile{PrivateKeyFile: d.path("data/key"), PublicKeyFile: d.path("data/pub")})
	require.Equal(t, thumbprint(t, key), kidOf(t, issue(t, issuer, jane)))
	mount("b", next)
	clock.Advance(time.Minute)
	require.Equal(t, thumbprint(t, next), kidOf(t, issue(t, issuer, jane)))
}

// The first key is exchanged: it is published for ten minutes before it signs, while the old one is there to go on.
func TestExchangeOfTheFirstKeyFile(t *testing.T) {
	d := newKeyDir(t)
	old, next := newPrivate(t, jose.ES256), newPrivate(t, jose.ES256)
	d.write("1", privatePEM(t, old))
	files := []tokenissuer.KeyFile{{PrivateKeyFile: d.path("1")}, {PrivateKeyFile: d.path("3")}}
	d.write("3", privatePEM(t, newPrivate(t, jose.ES256)))
	issuer, clock, _ := newFileIssuer(t, files...)
	require.Equal(t, thumbprint(t, old), kidOf(t, issue(t, issuer, jane)))
	clock.Advance(24 * time.Hour)
	d.write("1", privatePEM(t, next))
	d.write("3", privatePEM(t, old))
	for range 10 {
		require.Equal(t, thumbprint(t, old), kidOf(t, issue(t, issuer, jane)))
		require.Equal(t, []string{thumbprint(t, next), thumbprint(t, old)}, servedKIDs(t, issuer))
		clock.Advance(time.Minute)
	}
	token := issue(t, issuer, jane)
	require.Equal(t, thumbprint(t, next), kidOf(t, token))

	// Again, but this time the old one is withdrawn: there is nothing to wait for.
	last := newPrivate(t, jose.ES256)
	d.write("1", privatePEM(t, last))
	clock.Advance(time.Minute)
	require.Equal(t, thumbprint(t, last), kidOf(t, issue(t, issuer, jane)))
	_, err := issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	// A key that stood second for ten minutes signs as soon as it stands first.
	d.write("1", privatePEM(t, old))
	d.write("3", privatePEM(t, last))
	clock.Advance(time.Minute)
	require.Equal(t, thumbprint(t, old), kidOf(t, issue(t, issuer, jane)))
}

// FuzzKeyFile: a file is one key that fits its algorithm, or an error that shows nothing of it.
func FuzzKeyFile(f *testing.F) {
	ec, ed := newPrivate(f, jose.ES256), newPrivate(f, jose.EdDSA)
	f.Add(privatePEM(f, ec))
	f.Add(privatePEM(f, ed))
	f.Add(publicPEM(f, ec.Public()))
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nMARKERMARKERMARKER\n-----END EC PRIVATE KEY-----"))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----"))
	d := newKeyDir(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		path := keyDir{t, d.dir}.write("key", text)
		for _, alg := range []string{"ES256", "EdDSA"} {
			issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: issuerURL, KeyFiles: []tokenissuer.KeyFile{{PrivateKeyFile: path, Algorithm: alg}}})
			if err != nil {
				require.Nil(t, issuer)
				require.ErrorContains(t, err, "tokenissuer: Config.KeyFiles[0]: ")
				block, _ := pem.Decode(text)
				if block != nil && len(block.Bytes) >= 6 {
					requireNoKeyBytes(t, err.Error(), base64.StdEncoding.EncodeToString(block.Bytes))
				}
				continue
			}
			verifyAs(t, publishedKeys(t, issuer), issue(t, issuer, jane), "vnd.backstage.user", alg)
		}
	})
}
