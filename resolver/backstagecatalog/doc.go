// Package backstagecatalog is the user catalog of a Backstage installation, asked over its REST API:
//
//	users, err := backstagecatalog.New(backstagecatalog.Config{
//		URL:   "https://backstage.example.com/api/catalog",
//		Token: authprovider.Secret(os.Getenv("BACKSTAGE_CATALOG_TOKEN")),
//	})
//	auth, err := authprovider.New(authprovider.Config{
//		Users:     users,
//		Ownership: resolver.NestedGroups(users), // or leave it out: the user and its direct groups
//		...
//	})
//
// The token is one of Backstage's backend.auth.externalAccess, of type static, that may read the catalog:
//
//	backend:
//	  auth:
//	    externalAccess:
//	      - type: static
//	        options: {token: "${CATALOG_TOKEN}", subject: stagedoor}
//	        accessRestrictions: [{plugin: catalog, permission: catalog.entity.read}]
//
// # What is asked, and what is believed
//
// A reference is asked for with POST /entities/by-refs, everything else with GET /entities/by-query, page by page. Backstage compares without
// regard to the case of any alphabet, cuts white space off and takes two conditions on one field for alternatives, so what comes back is
// compared again with [authprovider.UserQuery.Matches], and others are dropped. Groups are those of the relations that Backstage worked out,
// of the type memberOf, and for groups childOf.
//
// The filter of GET has no way to write a comma, nor white space at an end, such as in an LDAP name. Such a query goes to POST
// /entities/by-query, which newer installations have; with an older one it is an error. So is a value of more than 200 characters, which
// Backstage does not index: it is never "no such user".
//
// # When it cannot answer
//
// An installation that is down, slow, or answers with something else than JSON of the documented form is an error that wraps
// [authprovider.ErrUnavailable], and nobody signs in by a laxer rule instead. A refused token, a wrong path and a redirect are errors of the
// configuration, and say so in the log. The token is in no error, and is sent nowhere but to Config.URL: no redirect is followed.
//
// # Cache
//
// What was found is used for 30 seconds, that nobody was found for 5 ([Config.CacheTTL], [Config.NegativeTTL]), and never longer: somebody
// who leaves a group can use it until then. Callers that ask the same at once share one request. At most 4,096 answers are kept. There is no
// goroutine.
package backstagecatalog
