// Package sqlkeystore keeps the keys and the userinfo of a [tokenissuer.Issuer] in a SQL database that the host runs already: PostgreSQL,
// MySQL, MariaDB or SQLite. It imports no driver; the host hands it a *sql.DB:
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	store, err := sqlkeystore.New(sqlkeystore.Config{DB: db, Dialect: sqlkeystore.PostgreSQL})
//	issuer, err := tokenissuer.New(tokenissuer.Config{Issuer: baseURL, Keys: store, UserInfo: store, Secrets: secrets})
//
// The tables are created before the first use, by however many replicas at once; see [Store.Migrate], and [Store.Schema] for those who
// create tables themselves. There is no goroutine: expired rows go when new ones come, by the database's clock, a key an hour and userinfo five
// minutes after it expired.
//
// # What the database must do
//
// All replicas must see at once what one of them wrote. So the store needs the primary: no read replica, and on a Galera cluster one node
// or wsrep_sync_wait=1. Each call is one or two statements outside of any transaction, so autocommit must be on, as it is by default, and
// the isolation level does not matter: stricter ones can only make a statement fail that would have waited. A transaction pool such
// as PgBouncer's is fine.
//
// A statement has three seconds ([Config.StatementTimeout]), by a context that the driver must honour. It then leaves the connection, and the
// server may go on: whether a key was created is open after such an error, and a server that waits for a lock keeps the connection occupied.
// So let it give up as well, with PostgreSQL's statement_timeout, MariaDB's max_statement_time or MySQL's lock_wait_timeout
// set for the connections of the *sql.DB.
//
// MySQL: max_allowed_packet must be larger than the largest userinfo record; the defaults of 16 and 64 MiB are. Any sql_mode,
// clientFoundRows and interpolateParams are fine.
//
// SQLite: all processes must be on one machine and open one file, with a time to wait for one another that is shorter than
// the limit of a statement, since a driver does not interrupt such a wait: "file:auth.db?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)" with
// modernc.org/sqlite, "file:auth.db?_busy_timeout=2000&_journal_mode=WAL" with mattn/go-sqlite3. A database in memory is one for each
// connection: set db.SetMaxOpenConns(1).
//
// # What it leaves to the issuer
//
// Rows are bytes to it. That somebody with write access to the tables cannot forge tokens is the issuer's business; here such a row
// can be skipped, and the others are served. Errors and logs name tables, keys' IDs and sizes, never what a row holds.
package sqlkeystore
