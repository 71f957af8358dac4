package tokenissuer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/jose"
)

// KeyFile names the PEM files of one key, which somebody else makes and renews: a secret manager, an operator.
type KeyFile struct {
	// PrivateKeyFile holds the private half: PKCS #8, or the older forms for EC and RSA keys. If empty, the key verifies what it signed
	// before, and signs nothing.
	PrivateKeyFile string
	// PublicKeyFile holds the public half (PKIX). If empty, it is taken from the private one; if both are given, they must match.
	PublicKeyFile string
	// KeyID is the kid. If empty, it is the RFC 7638 thumbprint, which is right for files whose content is exchanged: verifiers that know
	// another key under the same kid refuse tokens for minutes.
	KeyID string
	// Algorithm is the one that the key is for. If empty, it is [Config.Algorithm].
	Algorithm string
}

const maxKeyFile = 64 << 10

// fileKeys is the source of keys that stand in files. They are read again once a minute when they are used. What cannot be read leaves
// what was read before in force.
type fileKeys struct {
	files     []KeyFile
	algorithm jose.Algorithm
	logger    *slog.Logger

	snapshot atomic.Pointer[keySnapshot]
	mu       sync.Mutex           // held while reading; guards what follows
	served   map[string]time.Time // by kid: since when
}

var _ keySource = (*fileKeys)(nil)

func newFileKeys(files []KeyFile, algorithm jose.Algorithm, now time.Time, logger *slog.Logger) (*fileKeys, error) {
	f := &fileKeys{files: files, algorithm: algorithm, logger: logger, served: make(map[string]time.Time)}
	keys, err := f.read()
	if err != nil {
		return nil, err
	}
	// What is there from the start is taken for what the process before published.
	for _, k := range keys {
		f.served[k.public.KeyID] = now.Add(-lead)
	}
	s, err := f.next(keys, now)
	if err != nil {
		return nil, err
	}
	f.snapshot.Store(s)
	return f, nil
}

func (f *fileKeys) signing(ctx context.Context, now time.Time) (*key, error) {
	s, err := f.current(ctx, now)
	if err != nil {
		return nil, err
	}
	return s.signer, nil
}

func (f *fileKeys) current(ctx context.Context, now time.Time) (*keySnapshot, error) {
	s := f.snapshot.Load()
	if now.Before(s.reloadDue) || !f.mu.TryLock() {
		return s, nil
	}
	defer f.mu.Unlock()
	if s := f.snapshot.Load(); now.Before(s.reloadDue) {
		return s, nil
	}
	keys, err := f.read()
	if err != nil {
		f.logger.LogAttrs(ctx, slog.LevelError, "tokenissuer: key files not readable, the keys read before stay", slog.Any("error", err))
		keys = slices.Clone(s.served)
	}
	for i, k := range keys {
		for _, old := range s.served {
			if k.jwk == old.jwk && (k.signer == nil) == (old.signer == nil) {
				keys[i] = old // the same in memory: who remembers verified tokens goes by that
			}
		}
	}
	next, err := f.next(keys, now)
	if err != nil {
		return nil, err
	}
	f.snapshot.Store(next)
	return next, nil
}

// next returns the snapshot of keys. The first of them signs, but not before it has been published for as long as a successor in a store
// is, unless the key that signed is gone.
func (f *fileKeys) next(keys []*key, now time.Time) (*keySnapshot, error) {
	since := make(map[string]time.Time, len(keys))
	for _, k := range keys {
		kid := k.public.KeyID
		if since[kid] = now; !f.served[kid].IsZero() {
			since[kid] = f.served[kid]
		}
	}
	f.served = since
	s := &keySnapshot{served: keys, signer: keys[0], reloadDue: now.Add(reloadInterval)}
	if old := f.snapshot.Load(); old != nil && now.Sub(since[s.signer.public.KeyID]) < lead {
		for _, k := range keys {
			if k.signer != nil && k.public.KeyID == old.signer.public.KeyID {
				s.signer = k
			}
		}
	}
	var err error
	s.jwks, err = newJWKS(keys, jwksMaxAge)
	return s, err
}

func (f *fileKeys) revoke(context.Context, time.Time, string) error {
	return fmt.Errorf("tokenissuer: revoke: %w: a key of Config.KeyFiles is withdrawn by removing it there", authprovider.ErrNotSupported)
}

// read returns the keys of all files, the first of which signs.
func (f *fileKeys) read() ([]*key, error) {
	keys := make([]*key, len(f.files))
	for i, file := range f.files {
		k, err := file.read(f.algorithm)
		if err != nil {
			return nil, fmt.Errorf("tokenissuer: Config.KeyFiles[%d]: %w", i, err)
		}
		for _, other := range keys[:i] {
			if other.public.KeyID == k.public.KeyID {
				return nil, fmt.Errorf("tokenissuer: Config.KeyFiles[%d]: kid %q is there twice", i, k.public.KeyID)
			}
		}
		keys[i] = k
	}
	if keys[0].signer == nil {
		return nil, errors.New("tokenissuer: Config.KeyFiles[0].PrivateKeyFile is required: the first key signs")
	}
	return keys, nil
}

func (f KeyFile) read(algorithm jose.Algorithm) (*key, error) {
	if f.Algorithm != "" {
		algorithm = jose.Algorithm(f.Algorithm)
	}
	if !isKnownAlgorithm(algorithm) {
		return nil, fmt.Errorf("algorithm %q is not one of ES256, ES384, RS256, PS256 and EdDSA", algorithm)
	}
	if f.PrivateKeyFile == "" && f.PublicKeyFile == "" {
		return nil, errors.New("PrivateKeyFile or PublicKeyFile is required")
	}
	k := new(key)
	var public crypto.PublicKey
	if f.PrivateKeyFile != "" {
		private, err := readPEM(f.PrivateKeyFile, parsePrivateKey)
		if err != nil {
			return nil, err
		}
		k.private, public = private, private.Public()
	}
	if f.PublicKeyFile != "" {
		own, err := readPEM(f.PublicKeyFile, parsePublicKey)
		if err != nil {
			return nil, err
		}
		if same, ok := public.(interface{ Equal(crypto.PublicKey) bool }); public != nil && (!ok || !same.Equal(own)) {
			return nil, fmt.Errorf("%q is not the public half of %q", f.PublicKeyFile, f.PrivateKeyFile)
		}
		public = own
	}
	k.public = jose.PublicKey{KeyID: f.KeyID, Algorithm: algorithm, Key: public}
	if !k.public.Fits(algorithm) {
		return nil, fmt.Errorf("a key of type %T and its size do not fit algorithm %s", public, algorithm)
	}
	var err error
	if f.KeyID == "" {
		if k.public.KeyID, err = jose.Thumbprint(public); err != nil {
			return nil, err
		}
	}
	if k.jwk, err = jose.NewJWK(k.public); err != nil {
		return nil, err
	}
	if k.private != nil {
		if k.signer, err = jose.NewSigner(k.private, algorithm, k.public.KeyID); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// readPEM reads the one block of a file. Its errors do not hold what was read.
func readPEM[K any](name string, parse func(*pem.Block) (K, error)) (K, error) {
	var none K
	file, err := os.Open(name)
	if err != nil {
		return none, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return none, err
	}
	if len(data) > maxKeyFile {
		return none, fmt.Errorf("%q has more than %d bytes", name, maxKeyFile)
	}
	block, rest := pem.Decode(data)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return none, fmt.Errorf("%q is not one PEM block", name)
	}
	k, err := parse(block)
	if err != nil {
		return none, fmt.Errorf("%q (PEM block of type %q): %w", name, block.Type, err)
	}
	return k, nil
}

func parsePublicKey(block *pem.Block) (crypto.PublicKey, error) {
	if block.Type != "PUBLIC KEY" {
		return nil, errors.New("want PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("not a public key")
	}
	return key, nil
}

func parsePrivateKey(block *pem.Block) (crypto.Signer, error) {
	if len(block.Headers) > 0 { // RFC 1421: how it is encrypted
		return nil, errors.New("want PRIVATE KEY, unencrypted")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, errors.New("want PRIVATE KEY, unencrypted")
	}
	if err != nil {
		return nil, errors.New("not a private key") // the parser's error may show parts
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a private key of type %T", parsed)
	}
	return signer, nil
}
