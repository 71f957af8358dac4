package sqlcatalog_test

import (
	"context"
	"database/sql"
	"fmt"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/resolver/sqlcatalog"
)

// openDatabase stands for sql.Open("pgx", os.Getenv("DATABASE_URL")).
func openDatabase() *sql.DB {
	return newFakeDB(authprovider.User{Ref: "user:default/jane", Email: "jane@example.com", MemberOf: []string{"platform"}}).db()
}

func Example() {
	db := openDatabase()
	defer db.Close()

	const columns = "SELECT id, ref, mail, full_name, picture, staff_no, floor, badges FROM users "
	users, err := sqlcatalog.New(sqlcatalog.Config{
		DB: db,
		Columns: map[string]string{
			"id": "id", "ref": "ref", "mail": "spec.profile.email", "full_name": "spec.profile.displayName", "picture": "spec.profile.picture",
			"staff_no": "spec.employeeId", "floor": "spec.floor", "badges": "spec.badges",
		},
		ByRef:   columns + "WHERE lower(ref) = $1",
		ByEmail: columns + "WHERE lower(mail) = $1",
		Groups:  "SELECT team FROM members WHERE user_id = $1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rc := authprovider.NewResolverContext(authprovider.ResolverContextConfig{Users: users})
	id, err := rc.SignInWithUser(context.Background(), authprovider.UserQuery{Email: "Jane@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.UserRef, id.OwnershipRefs)
	// Output: user:default/jane [user:default/jane group:default/platform]
}
