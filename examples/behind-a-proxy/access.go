package main

import "example.com/stagedoor/internal/fakeproxy"

const (
	teamName = "acme"
	audience = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2"
)

// newAccess is the stand-in for Cloudflare Access: the edge, the team's keys, and its get-identity endpoint. It knows a person more than the
// catalog does.
func newAccess() (*fakeproxy.Edge, error) {
	return fakeproxy.New(fakeproxy.Config{
		Vendor: fakeproxy.Access{TeamName: teamName, Audience: audience},
		People: []fakeproxy.Person{
			{Subject: "1001", Name: "Nora Lind", Email: "nora@example.com", Groups: []string{"stage-managers"}},
			{Subject: "1002", Name: "Sam Okafor", Email: "sam@example.com", Groups: []string{"lighting"}},
			{Subject: "1003", Name: "Max Stranger", Email: "max@elsewhere.example"},
		},
	})
}
