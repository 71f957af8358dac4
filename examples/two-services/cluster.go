package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/guest"
	"example.com/stagedoor/tokenissuer"
)

const (
	userRef   = "user:default/nora"
	tokenTTL  = time.Hour
	keyPeriod = 3 * time.Hour // the shortest that there is
)

// cluster is the service that signs people in: replicas behind a balancer, which share a key store and a secret.
type cluster struct {
	baseURL  string
	store    *keyStore
	secrets  [][]byte
	now      func() time.Time
	logger   *slog.Logger
	replicas []atomic.Pointer[authprovider.Handler]
	requests atomic.Uint64
}

func newCluster(origin string, replicas int, now func() time.Time, logger *slog.Logger) (*cluster, error) {
	if replicas < 1 {
		return nil, errors.New("a cluster needs a replica")
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	c := &cluster{
		baseURL:  origin + "/api/auth",
		store:    &keyStore{MemoryKeyStore: tokenissuer.MemoryKeyStore{Now: now}},
		secrets:  [][]byte{secret},
		now:      now,
		logger:   logger,
		replicas: make([]atomic.Pointer[authprovider.Handler], replicas),
	}
	for n := range c.replicas {
		if err := c.restart(n); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// restart puts a new replica in the place of the n-th, which takes all that it had in memory along.
func (c *cluster) restart(n int) error {
	replica, err := c.newReplica()
	if err != nil {
		return err
	}
	c.replicas[n].Store(replica)
	return nil
}

// newReplica is what a host's process does when it starts. There, the store is a *sqlkeystore.Store, the secret comes from the
// deployment, and the provider is that of the company.
func (c *cluster) newReplica() (*authprovider.Handler, error) {
	issuer, err := tokenissuer.New(tokenissuer.Config{
		Issuer:           c.baseURL,
		Keys:             c.store,
		Secrets:          c.secrets,
		TTL:              tokenTTL,
		KeyPeriod:        keyPeriod,
		OwnershipInToken: true, // else replicas share a store of userinfo too
		Now:              c.now,
		Logger:           c.logger,
	})
	if err != nil {
		return nil, err
	}
	return authprovider.New(authprovider.Config{
		BaseURL: c.baseURL,
		Secrets: c.secrets,
		Issuer:  issuer,
		Providers: map[string]authprovider.ProviderFactory{
			"guest": guest.Provider(guest.Config{DangerouslyAllowGuests: true, UserRef: userRef}),
		},
		Now:    c.now,
		Logger: c.logger,
	})
}

// ServeHTTP is the balancer: each request goes to the next replica, whoever sent it.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := c.requests.Add(1) % uint64(len(c.replicas))
	c.replicas[n].Load().ServeHTTP(w, r)
}

// keyStore is what stands for the database: it can be down, and counts the keys that were made.
type keyStore struct {
	tokenissuer.MemoryKeyStore
	down atomic.Bool
	made atomic.Int64
}

var errDown = errors.New("connection refused")

func (s *keyStore) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return s.MemoryKeyStore.ListKeys(ctx)
}

func (s *keyStore) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	if s.down.Load() {
		return errDown
	}
	err := s.MemoryKeyStore.CreateKey(ctx, r)
	if err == nil {
		s.made.Add(1)
	}
	return err
}

func (s *keyStore) DeleteKey(ctx context.Context, id string) error {
	if s.down.Load() {
		return errDown
	}
	return s.MemoryKeyStore.DeleteKey(ctx, id)
}

// newAcceptor is the other service, which knows no more of the first than its issuer URL: it fetches the keys from there, and
// lets in whoever has a token.
func newAcceptor(issuer string, now func() time.Time, logger *slog.Logger) (http.Handler, *tokenissuer.Verifier, error) {
	verifier, err := tokenissuer.NewVerifier(tokenissuer.VerifierConfig{Issuer: issuer, Now: now, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/hello", verifier.Middleware(http.HandlerFunc(hello)))
	return mux, verifier, nil
}

func hello(w http.ResponseWriter, r *http.Request) {
	token, ok := tokenissuer.UserFromContext(r.Context())
	if !ok {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"subject": token.Subject, "ownership": token.Ownership}) // the client may be gone
}
