package stagedoor_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
	"example.com/stagedoor/tokenissuer/keystoretest"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// The Go of docs/replicas.md; TestReadme compares the two.

func newReplica(databaseURL, baseURL, appURL string, secrets [][]byte, users authprovider.UserCatalog, providers map[string]authprovider.ProviderFactory, logger *slog.Logger) (http.Handler, error) {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return nil, err
	}
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.PostgreSQL, Logger: logger})
	if err != nil {
		return nil, err
	}
	issuer, err := tokenissuer.New(tokenissuer.Config{
		Issuer:   baseURL,
		Keys:     store,
		UserInfo: store,
		Secrets:  secrets, // the same on every replica
		Logger:   logger,
	})
	if err != nil {
		return nil, err
	}
	return authprovider.New(authprovider.Config{BaseURL: baseURL, AppURL: appURL, Secrets: secrets, Issuer: issuer, Users: users, Providers: providers, Logger: logger})
}

func newMySQLStore(dsn string, logger *slog.Logger) (*sqlkeystore.Store, error) {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return nil, err
	}
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.MySQL, Logger: logger})
	return store, err
}

func newSQLiteStore(logger *slog.Logger) (*sqlkeystore.Store, error) {
	db, err := sql.Open("sqlite", "file:auth.db?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.SQLite, Logger: logger})
	return store, err
}

// TestReplicasBringTheirDriver: the names in the page are those of drivers, and none is linked here.
func TestReplicasBringTheirDriver(t *testing.T) {
	_, err := newReplica("postgres://db.example.com/portal", "https://portal.example.com/api/auth", "https://portal.example.com", [][]byte{make([]byte, 32)}, nil, nil, nil)
	require.ErrorContains(t, err, `unknown driver "pgx"`)
	_, err = newMySQLStore("portal@tcp(db.example.com)/portal", nil)
	require.ErrorContains(t, err, `unknown driver "mysql"`)
	_, err = newSQLiteStore(nil)
	require.ErrorContains(t, err, `unknown driver "sqlite"`)
}

func newStore(testing.TB) tokenissuer.KeyStore { return new(tokenissuer.MemoryKeyStore) }

func TestKeyStore(t *testing.T) {
	keystoretest.TestKeyStore(t, func(t testing.TB) keystoretest.KeyRig {
		return keystoretest.KeyRig{Store: newStore(t), Now: time.Now}
	})
}

func handleRevoke(operators *http.ServeMux, issuer *tokenissuer.Issuer, logger *slog.Logger) {
	operators.HandleFunc("POST /keys/{kid}/revoke", func(w http.ResponseWriter, r *http.Request) {
		switch err := issuer.Revoke(r.Context(), r.PathValue("kid")); {
		case errors.Is(err, tokenissuer.ErrKeyNotFound):
			http.Error(w, "no such key: it may have been revoked before", http.StatusNotFound)
		case err != nil:
			logger.ErrorContext(r.Context(), "key perhaps not revoked", "error", err)
			http.Error(w, "it is not known whether the key is revoked: try again", http.StatusServiceUnavailable)
		}
	})
}

// brokenStore is a store that can be down.
type brokenStore struct {
	tokenissuer.MemoryKeyStore
	down bool
}

func (s *brokenStore) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	if s.down {
		return nil, errors.New("connection refused")
	}
	return s.MemoryKeyStore.ListKeys(ctx)
}

func TestHandleRevoke(t *testing.T) {
	store := new(brokenStore)
	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: "https://portal.example.com/api/auth", Keys: store, Secrets: [][]byte{make([]byte, 32)}})
	require.NoError(t, err)
	operators := http.NewServeMux()
	handleRevoke(operators, issuer, slog.New(slog.DiscardHandler))
	token, err := issuer.IssueToken(t.Context(), authprovider.TokenClaims{Subject: "user:default/jane"})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	require.NoError(t, issuer.ServeJWKS(w, httptest.NewRequest(http.MethodGet, "/", nil)))
	kid := regexp.MustCompile(`"kid":"([^"]+)"`).FindStringSubmatch(w.Body.String())[1]
	revoke := func() int {
		w := httptest.NewRecorder()
		operators.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/keys/"+kid+"/revoke", nil))
		return w.Code
	}
	store.down = true
	require.Equal(t, http.StatusServiceUnavailable, revoke())
	store.down = false
	require.Equal(t, http.StatusOK, revoke())
	_, err = issuer.Verify(t.Context(), token)
	require.ErrorIs(t, err, tokenissuer.ErrInvalidToken)
	require.Equal(t, http.StatusNotFound, revoke())
}

// TestReplicasMessages: every log message that the page tells to monitor is one of the code.
func TestReplicasMessages(t *testing.T) {
	page, err := os.ReadFile("docs/replicas.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(page), "## What to monitor")
	require.True(t, ok)
	var code strings.Builder
	for _, dir := range []string{"tokenissuer", "internal/keyset"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			code.Write(source)
			return err
		}))
	}
	messages := regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(table, -1)
	require.Len(t, messages, 12)
	for _, m := range messages {
		require.Contains(t, code.String(), `"`+m[1]+`"`, "docs/replicas.md")
	}
}
