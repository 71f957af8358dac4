// Package sqlcatalog is a user catalog over a table of users that the host has already. The host gives the queries and says what their
// columns are; it imports no driver:
//
//	const columns = "SELECT id, login, mail, full_name, github_id FROM users "
//	users, err := sqlcatalog.New(sqlcatalog.Config{
//		DB: db,
//		Columns: map[string]string{
//			"id": "id", "login": "metadata.name", "mail": "spec.profile.email", "full_name": "spec.profile.displayName",
//			"github_id": "metadata.annotations.github.com/user-id",
//		},
//		ByRef:        columns + "WHERE lower(login) = $1",
//		ByEmail:      columns + "WHERE lower(mail) = $1",
//		ByAnnotation: map[string]string{"github.com/user-id": columns + "WHERE github_id = $1"},
//		Groups:       "SELECT team FROM members WHERE user_id = $1",
//	})
//
// What a query looks for is bound to its parameters, written as the driver has them, and is never part of its text. A query that is not
// given is refused with the name of the field that is missing, and nobody signs in by a laxer rule instead.
//
// # What a query finds
//
// A query should find a bit too much rather than too little. What it finds is compared again with [authprovider.UserQuery.Matches], and
// others are dropped: the collations of MySQL and SQL Server take "jose" for "josé" and "admin " for "admin", and whoever can choose such a
// name would be somebody else. A query that finds too little, such as one for an address that compares with regard to case, hides a person,
// or one of two.
//
// Every result must have exactly the columns of [Config.Columns], so that a user is the same whichever query found it. NULL is absent.
// Columns of type CHAR(n) come with spaces at their end from some databases, and match nothing; cast them. Numbers are compared as they are
// written: in PostgreSQL, compare with github_id::text, as a text that is no number is an error otherwise.
//
// # When the database cannot answer
//
// An error of the database wraps [authprovider.ErrUnavailable]. A statement has three seconds ([Config.StatementTimeout]), by a context that
// the driver must honour. More rows than [Config.MaxRows] are an error: a query that finds many is not the one that was meant. Nothing is
// cached.
package sqlcatalog
