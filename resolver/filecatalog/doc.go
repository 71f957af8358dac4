// Package filecatalog is a user catalog of Backstage entity files, the YAML that a Backstage catalog reads its users and groups from:
//
//	users, err := filecatalog.New(filecatalog.Config{Paths: []string{"/etc/portal/org"}})
//	auth, err := authprovider.New(authprovider.Config{
//		Users:     users,
//		Ownership: resolver.NestedGroups(users), // or leave it out: the user and its direct groups
//		...
//	})
//
// Entities of kind User and Group are read, in any number of documents a file; those of other kinds are passed over. A user is in the
// groups that its spec.memberOf names and in those whose spec.members name it; a group is in its spec.parent and in those whose spec.children
// name it. A reference may leave out its kind and its namespace, as in Backstage. Locations are not followed: list their files instead.
//
// # When files change
//
// A lookup looks whether files have changed, at most once in [Config.CheckInterval], and reads those that have, at some 15,000 users a
// second; other lookups meanwhile see what was there before. There is no goroutine. [Catalog.Reload] does the same at a time of the host's
// choosing, on SIGHUP, say, and returns what is wrong. A file that cannot be read any more keeps the content that it had, and an error is
// logged: a slip of the pen must not lock everybody out. The other files are up to date all the same. So a user whom a broken file should
// have removed can still sign in until it is mended.
//
// # What is wrong with a file
//
// A file is taken whole or not at all. Errors name file, line and field. Values that YAML takes for something other than the text that was
// meant, such as an annotation 0123 or a name 1.50, are errors and must be quoted. Several entities of one reference are a mistake that is
// logged; nobody can sign in as such a user, as it would be a guess which one is meant.
//
// Whoever may write the files decides who is who. So that a file cannot exhaust the process, a document has at most 1 MiB, 5,000 keys, 64 levels
// and 200,000 values, those behind aliases counted each time; merge keys and tags other than !!str are refused.
package filecatalog
