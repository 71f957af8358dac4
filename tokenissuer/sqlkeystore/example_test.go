package sqlkeystore_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/tokenissuer"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// openDatabase stands for sql.Open("pgx", os.Getenv("DATABASE_URL")).
func openDatabase() *sql.DB { return newFakeDB().open() }

// newIssuer is what each replica does when it starts.
func newIssuer(db *sql.DB, secret []byte) (*tokenissuer.Issuer, error) {
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.PostgreSQL})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(context.Background()); err != nil { // or leave it to the first use
		return nil, err
	}
	return tokenissuer.New(tokenissuer.Config{
		Issuer:   "https://portal.example.com/api/auth",
		Keys:     store,
		UserInfo: store,
		Secrets:  [][]byte{secret},
	})
}

func Example() {
	ctx := context.Background()
	db := openDatabase()
	defer db.Close()
	secret := bytes.Repeat([]byte{42}, 32) // of a random generator, really, and the same on all replicas

	one, err := newIssuer(db, secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := one.IssueToken(ctx, authprovider.TokenClaims{Subject: "user:default/jane"})
	if err != nil {
		fmt.Println(err)
		return
	}

	another, err := newIssuer(db, secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := another.Verify(ctx, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verified.Subject)
	// Output: user:default/jane
}

func ExampleStore_Schema() {
	db := openDatabase()
	defer db.Close()
	store, err := sqlkeystore.New(sqlkeystore.Config{
		DB: db, Dialect: sqlkeystore.PostgreSQL, KeysTable: "auth.keys", UserInfoTable: "auth.userinfo", DisableMigrations: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(store.Schema())
	// Output:
	// CREATE TABLE IF NOT EXISTS "auth"."keys_version" (version INTEGER NOT NULL PRIMARY KEY);
	// CREATE TABLE IF NOT EXISTS "auth"."keys" (id VARCHAR(64) COLLATE "C" NOT NULL PRIMARY KEY, data BYTEA NOT NULL, expires BIGINT NOT NULL);
	// CREATE TABLE IF NOT EXISTS "auth"."userinfo" (id BYTEA NOT NULL PRIMARY KEY, data BYTEA NOT NULL, expires BIGINT NOT NULL);
	// CREATE INDEX IF NOT EXISTS "userinfo_expires" ON "auth"."userinfo" (expires);
	// INSERT INTO "auth"."keys_version" (version) VALUES (1) ON CONFLICT (version) DO NOTHING;
}
