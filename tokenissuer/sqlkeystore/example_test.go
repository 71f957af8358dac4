package sqlkeystore_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"example.com/stagedoor/tokenissuer"
	"example.com/stagedoor/tokenissuer/sqlkeystore"
)

// openDatabase stands for sql.Open("pgx", os.Getenv("DATABASE_URL")).
func openDatabase() *sql.DB { return newFakeDB().open() }

func Example() {
	db := openDatabase()
	defer db.Close()
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.PostgreSQL})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := store.Migrate(context.Background()); err != nil { // or leave it to the first use
		fmt.Println(err)
		return
	}
	err = store.CreateKey(context.Background(), tokenissuer.KeyRecord{ID: "kid", Data: []byte("{}"), Expires: time.Now().Add(time.Hour)})
	fmt.Println(err)
	keys, err := store.ListKeys(context.Background())
	fmt.Println(len(keys), err)
	// Output:
	// <nil>
	// 1 <nil>
}

func ExampleStore_Schema() {
	db := openDatabase()
	defer db.Close()
	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.PostgreSQL, KeysTable: "auth.keys", UserInfoTable: "auth.userinfo", DisableMigrations: true})
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
