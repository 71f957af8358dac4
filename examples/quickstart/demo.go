package main

import (
	"log/slog"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/internal/fakeidp"
)

const (
	demoClientID     = "stagedoor-quickstart"
	demoClientSecret = "not-a-secret" // it guards people who do not exist
)

// newDemoProvider is the identity provider to sign in with. It stands for the one that a company has, and knows a person more
// than the catalog does.
func newDemoProvider(origin, redirectURI string, logger *slog.Logger) (*fakeidp.Server, error) {
	verified := true
	return fakeidp.New(fakeidp.Config{
		Issuer: origin + "/idp",
		People: []fakeidp.Person{
			{Subject: "1001", Name: "Nora Lind", PreferredUsername: "nora", Email: "nora@example.com", EmailVerified: &verified, Groups: []string{"stage-managers"}},
			{Subject: "1002", Name: "Sam Okafor", PreferredUsername: "sam", Email: "sam@example.com", EmailVerified: &verified, Groups: []string{"lighting"}},
			{Subject: "1003", Name: "Max Stranger", PreferredUsername: "max", Email: "max@elsewhere.example", EmailVerified: &verified},
		},
		Clients: []fakeidp.Client{{
			ID:                     demoClientID,
			Secret:                 demoClientSecret,
			RedirectURIs:           []string{redirectURI},
			PostLogoutRedirectURIs: []string{origin, origin + "/"},
		}},
		Logger: logger,
	})
}

// demoUsers are the users of the catalog. Max Stranger is not among them.
func demoUsers() []authprovider.User {
	return []authprovider.User{
		{Ref: "user:default/nora", Email: "nora@example.com", DisplayName: "Nora Lind", MemberOf: []string{"group:default/stage-managers", "group:default/crew"}},
		{Ref: "user:default/sam", Email: "sam@example.com", DisplayName: "Sam Okafor", MemberOf: []string{"group:default/lighting"}},
	}
}
