package main

import (
	"cmp"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authconfig/builtin"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/backstagecatalog"
	"example.com/stagedoor/resolver/filecatalog"
	"example.com/stagedoor/tokenissuer"
)

// options are what is not in the files.
type options struct {
	files  []string
	logger *slog.Logger

	// What tests replace.
	env    func(string) (string, bool)
	client *http.Client
	open   func(address string) (net.Listener, error)
}

// settings are the block "stagedoor".
type settings struct {
	Listen   string              `key:"listen"`   // host and port
	Users    []string            `key:"users"`    // files or directories with entities, or
	Catalog  *catalogSettings    `key:"catalog"`  // a Backstage catalog
	Database authprovider.Secret `key:"database"` // URL, with the password in it
}

type catalogSettings struct {
	URL   string              `key:"url,required"`   // of the API, such as http://backstage.internal:7007/api/catalog
	Token authprovider.Secret `key:"token,required"` // one of backend.auth.externalAccess there
}

type backend struct {
	auth    http.Handler
	baseURL string
	listen  string
	db      *sql.DB // nil if keys are in memory
	leaving atomic.Bool
}

func newBackend(o options) (*backend, error) {
	b := &backend{}
	if err := b.build(o); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *backend) build(o options) error {
	c, err := authconfig.Load(authconfig.Source{
		Files:     o.files,
		Env:       o.env,
		Providers: builtin.Registry(),
		Database: func(c *authconfig.Config) (tokenissuer.KeyStore, tokenissuer.UserInfoStore, error) {
			var s settings
			if err := c.Decode("stagedoor", &s); err != nil {
				return nil, nil, err
			}
			store, err := b.openStore(s.Database, o.logger)
			if err != nil || store == nil {
				return nil, nil, err
			}
			return store, store, nil
		},
	})
	if err != nil {
		return err
	}
	var s settings
	if err := c.Decode("stagedoor", &s); err != nil {
		return err
	}
	for _, w := range c.Warnings {
		o.logger.Warn(w.String())
	}
	b.baseURL, b.listen = c.Auth.BaseURL, cmp.Or(s.Listen, "localhost:7007")

	c.Issuer.Logger = o.logger
	issuer, err := tokenissuer.New(c.Issuer)
	if err != nil {
		return err
	}
	if c.Auth.Users, err = newUsers(s, o); err != nil {
		return err
	}
	c.Auth.Issuer, c.Auth.HTTPClient, c.Auth.Logger = issuer, o.client, o.logger
	b.auth, err = authprovider.New(c.Auth)
	return err
}

// newUsers returns the catalog in which people are looked up.
func newUsers(s settings, o options) (authprovider.UserCatalog, error) {
	switch {
	case (s.Catalog != nil) == (len(s.Users) > 0):
		return nil, errors.New("backstage-backend: either stagedoor.users or stagedoor.catalog is required: without one nobody could sign in")
	case s.Catalog != nil:
		return backstagecatalog.New(backstagecatalog.Config{URL: s.Catalog.URL, Token: s.Catalog.Token})
	}
	return filecatalog.New(filecatalog.Config{Paths: s.Users, Logger: o.logger})
}

// handler serves the auth API, and what a load balancer asks, under the paths that it knows from Backstage.
func (b *backend) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", b.auth)
	mux.HandleFunc("GET /.backstage/health/v1/liveness", func(w http.ResponseWriter, _ *http.Request) { health(w, true) })
	mux.HandleFunc("GET /.backstage/health/v1/readiness", func(w http.ResponseWriter, _ *http.Request) { health(w, !b.leaving.Load()) })
	return mux
}

func health(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"error"}`))
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}`))
}

func (b *backend) close() {
	if b.db != nil {
		_ = b.db.Close()
	}
}
