package authconfig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
)

// Source says where a configuration is.
type Source struct {
	// Files are YAML files in order: a later one is laid over those before it, mappings key by key, anything else as a whole. Required.
	Files []string
	// FS is where Files are. If nil, they are files of the machine.
	FS fs.FS
	// SecretDirs are directories outside those of Files, such as "/run/secrets", from which $file may read by absolute path. If nil, there are none.
	SecretDirs []string
	// Env looks up environment variables. If nil, it is os.LookupEnv.
	Env func(name string) (string, bool)

	// Providers are what auth.providers may name. Required; builtin.Registry has ours.
	Providers Registry
	// Database opens what keyStore.provider "database" means: the same store twice, as package sqlkeystore has it. It is called for that and if
	// there is no keyStore.provider, once nothing else is wrong, and may ask [Config.Decode] for what it needs; c has nothing else yet. If
	// it is nil or opens none, "database" is an error, and without a provider keys are in memory.
	Database func(c *Config) (tokenissuer.KeyStore, tokenissuer.UserInfoStore, error)
}

// Load reads the files. It needs no network. Its error is [Errors], everything that is wrong at once.
func Load(s Source) (*Config, error) {
	switch {
	case len(s.Files) == 0:
		return nil, errors.New("authconfig: Source.Files is required")
	case s.Providers == nil:
		return nil, errors.New("authconfig: Source.Providers is required")
	}
	for _, id := range slices.Sorted(maps.Keys(s.Providers)) {
		if !authprovider.ValidID(id) {
			return nil, fmt.Errorf("authconfig: Source.Providers: the ID %.64q does not match [a-z0-9][A-Za-z0-9._-]*", id)
		}
	}
	if s.Env == nil {
		s.Env = os.LookupEnv
	}
	l := &loading{Source: s, decoder: decoder{substituter: &substituter{env: s.Env, secretDirs: s.SecretDirs}}}
	l.refuseOverrides()
	root := l.read()
	if len(l.errs) > 0 {
		return nil, sorted(l.errs) // of half a configuration nothing can be said
	}
	c := l.config(root)
	if len(l.errs) > 0 {
		return nil, sorted(l.errs)
	}
	return c, nil
}

// loading is one call of Load.
type loading struct {
	Source
	decoder

	root  *node
	base  values                        // of BaseURL and its like
	trial *authprovider.ProviderContext // to build providers with; nil if the base is faulty
}

// refuseOverrides: Backstage lets a variable such as APP_CONFIG_app_baseUrl replace a key of the files. To pass over one that is set would
// be to serve another application than the one that its operator configured.
func (l *loading) refuseOverrides() {
	for _, name := range []string{"APP_CONFIG_app_baseUrl", "APP_CONFIG_backend_baseUrl", "APP_CONFIG_auth_environment", "APP_CONFIG_auth_session_secret"} {
		if _, ok := l.env(name); ok {
			l.errs = append(l.errs, &Error{Key: name, Message: "is set, and not read: write ${...} into a file in its place", order: -1})
		}
	}
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// faulty reports whether there is an error at path or below it.
func (l *loading) faulty(path string) bool {
	return slices.ContainsFunc(l.errs, func(e *Error) bool {
		rest, ok := strings.CutPrefix(e.Key, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// read returns all files laid over each other.
func (l *loading) read() *node {
	root := &node{kind: mapping, at: position{}}
	for i, name := range l.Files {
		f := newFile(l.FS, name, i)
		data, err := f.read()
		if err != nil {
			l.errs = append(l.errs, &Error{File: name, Message: err.Error(), order: i})
			continue
		}
		n, fault := parse(f, data)
		switch {
		case fault != nil:
			l.errs = append(l.errs, fault)
		case n != nil:
			root = merge(root, n)
		}
	}
	return root
}

func (l *loading) config(root *node) *Config {
	l.root = root
	c := &Config{root: root, from: l.substituter}
	auth := root.get("auth")
	at := root.at
	if auth != nil {
		at = auth.at
	}
	var section authSection
	vs := l.structs(auth, at, "auth", reflect.ValueOf(&section).Elem())

	l.base = values{at: at, path: "auth", fields: maps.Clone(vs.fields)}
	c.Auth = authprovider.Config{
		BaseURL:        strings.TrimSuffix(l.baseURL(root, "backend", "http://localhost:7007"), "/") + "/api/auth",
		AppURL:         l.baseURL(root, "app", "http://localhost:3000"),
		AllowedOrigins: section.AllowedOrigins,
		Secrets:        secretBytes(section.Session.Secrets),
		Environment:    section.Environment,
		Providers:      make(map[string]authprovider.ProviderFactory),
	}
	l.checkBase(c.Auth, auth, root)
	l.providers(c, section)
	c.Issuer = l.issuer(c.Auth, section, vs)
	c.Warnings = l.warnings
	return c
}

// baseURL reads app.baseUrl or backend.baseUrl. Both blocks have more keys, which are not ours.
func (l *loading) baseURL(root *node, block, example string) string {
	path := block + ".baseUrl"
	n := root.get(block).get("baseUrl")
	if n == nil {
		at := root.at
		if b := root.get(block); b != nil {
			at = b.at
		}
		l.fault(at, path, "is required").Paste = block + ":\n  baseUrl: " + example
		return ""
	}
	s, _ := l.text(n, path)
	return s
}

const secretPaste = "session:\n  secret: ${AUTH_SESSION_SECRET} # made once with: openssl rand -base64 32"

// checkBase has authprovider look at what all providers have in common, and makes l.trial, if at least the base URL is right.
func (l *loading) checkBase(c authprovider.Config, auth, root *node) {
	if l.faulty("app") || l.faulty("backend") {
		return
	}
	c.Issuer = trialIssuer{}
	failed := len(l.errs)
	pc, err := authprovider.NewProviderContext(c, "trial")
	if err != nil {
		fields := map[string]decoded{
			"BaseURL": {key: "baseUrl", value: root.get("backend").get("baseUrl")},
			"AppURL":  {key: "baseUrl", value: root.get("app").get("baseUrl")},
		}
		for _, e := range flatten(err) {
			switch name, _, _ := strings.Cut(strings.TrimPrefix(e.Error(), "authprovider: Config."), " "); name {
			case "BaseURL":
				l.vendorFault(values{at: root.at, path: "backend", fields: fields}, e)
			case "AppURL":
				l.vendorFault(values{at: root.at, path: "app", fields: fields}, e)
			case "Secrets":
				at, session := l.base.at, auth.get("session")
				if secret := session.get("secret"); secret != nil {
					at = secret.at
				} else if session != nil {
					at = session.at
				}
				text := strings.TrimPrefix(e.Error(), "authprovider: Config.Secrets ")
				if len(c.Secrets) == 1 {
					text = strings.TrimPrefix(text, "[0] ")
				}
				text = strings.Replace(text, "BaseURL", "backend.baseUrl", 1)
				l.fault(at, "auth.session.secret", "%s", withoutSecrets(text, l.secrets)).Paste = secretPaste
			default:
				l.vendorFault(l.base, e)
			}
		}
	}
	if len(l.errs) > failed {
		// The providers' faults are told in the same run: they depend on no more than the base URL.
		c = authprovider.Config{BaseURL: c.BaseURL, InsecureEphemeralSecret: true, Issuer: c.Issuer}
		pc, err = authprovider.NewProviderContext(c, "trial")
		if err != nil {
			return
		}
	}
	l.trial = pc
}

// trialIssuer is in the place of the host's, which is made later. Nobody signs in with it.
type trialIssuer struct{}

func (trialIssuer) IssueToken(context.Context, authprovider.TokenClaims) (string, error) {
	return "", errors.New("authconfig: no token is issued while a configuration is loaded")
}

func (l *loading) issuer(base authprovider.Config, s authSection, vs values) tokenissuer.Config {
	c := tokenissuer.Config{
		Issuer:           strings.TrimSuffix(base.BaseURL, "/"),
		TTL:              time.Duration(s.TTL),
		OwnershipInToken: s.OmitOwnership != nil && !*s.OmitOwnership,
		Algorithm:        s.Algorithm,
	}
	l.keys(&c, base, s, vs)
	if l.trial == nil || l.faulty("auth.keyStore") || l.faulty("auth.backstageTokenExpiration") {
		return c
	}
	if _, err := tokenissuer.New(c); err != nil {
		vs.fields["KeyFiles"] = vs.fields["KeyStore"]
		l.vendorFault(vs, err)
	}
	return c
}

func (l *loading) keys(c *tokenissuer.Config, base authprovider.Config, s authSection, vs values) {
	at := vs.at
	if n := vs.fields["KeyStore"].value; n != nil {
		at = n.at
	}
	const path = "auth.keyStore"
	if s.KeyStore.Static != nil && s.KeyStore.Provider != "static" {
		l.fault(at, path+".static", "is for keyStore.provider: static")
	}
	switch s.KeyStore.Provider {
	case "memory":
	case "static":
		if s.KeyStore.Static == nil {
			l.fault(at, path+".static", "is required for keyStore.provider: static").Paste = "static:\n" +
				"  keys:\n    - keyId: ...\n      publicKeyFile: ...\n      privateKeyFile: ..."
			return
		}
		c.KeyFiles = []tokenissuer.KeyFile{}
		for _, k := range s.KeyStore.Static.Keys {
			if k.Algorithm == "" {
				k.Algorithm = "ES256"
			}
			c.KeyFiles = append(c.KeyFiles, tokenissuer.KeyFile(k))
		}
	case "database", "":
		l.database(c, base, s, at)
	case "firestore":
		l.fault(at, path+".provider", "firestore is not supported: use database, or give tokenissuer.Config.Keys a KeyStore of your own")
	default:
		l.fault(at, path+".provider", "unknown key store%s", suggest(s.KeyStore.Provider, []string{"database", "memory", "static"}))
	}
}

func (l *loading) database(c *tokenissuer.Config, base authprovider.Config, s authSection, at position) {
	if l.Database == nil {
		if s.KeyStore.Provider == "database" {
			l.fault(at, "auth.keyStore.provider", "database needs Source.Database, which says which one").Paste = "provider: memory"
		}
		return
	}
	if len(l.errs) > 0 {
		return // a database is not opened for nothing
	}
	keys, userInfo, err := l.Database(&Config{root: l.root, from: l.substituter})
	if own, ok := errors.AsType[Errors](err); ok {
		l.errs = append(l.errs, own...)
		return
	}
	if err != nil {
		l.fault(at, "auth.keyStore.provider", "%s", withoutSecrets(err.Error(), l.secrets))
		return
	}
	if keys == nil {
		if s.KeyStore.Provider == "database" {
			l.fault(at, "auth.keyStore.provider", "there is no database: Source.Database opened none").Paste = "provider: memory"
		}
		return
	}
	if len(base.Secrets) == 0 {
		l.fault(l.base.at, "auth.session.secret", "is required to keep keys in a database").Paste = secretPaste
		return
	}
	c.Keys, c.UserInfo, c.Secrets = keys, userInfo, base.Secrets
}

func (l *loading) providers(c *Config, s authSection) {
	if s.Providers != nil && s.Providers.kind != mapping {
		l.fault(s.Providers.at, "auth.providers", "is %s, want a mapping", s.Providers.kind)
		return
	}
	for id := range l.Providers {
		c.Auth.Providers[id] = notConfigured(id)
	}
	if s.Providers == nil {
		return
	}
	for _, f := range s.Providers.fields {
		if f.value.kind == null {
			continue // as if it were not there
		}
		path := "auth.providers." + shortened(f.key)
		p, ok := l.Providers[f.key]
		if !ok || p == nil {
			l.fault(f.at, path, "unknown provider%s", suggest(f.key, slices.Collect(maps.Keys(l.Providers))))
			continue
		}
		c.configured = append(c.configured, f.key)
		instances := p.load(l, f.key, f.value, path)
		for _, i := range instances {
			l.try(f.key, i)
		}
		c.Auth.Providers[f.key] = l.mount(f, path, instances, s.Environment)
	}
}
