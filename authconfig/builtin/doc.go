// Package builtin has every provider of this module in the form that package authconfig reads.
//
//	registry := builtin.Registry()
//	registry["ghe"] = builtin.GitHub(github.Config{}) // a second GitHub, with a section of its own
//
// Start with [Registry]. It imports all providers; a host that wants few of them makes an authconfig.Registry of those.
//
// Each function takes the Config of the provider's package, for what stands in code and not in a file (a key of the section replaces it), and
// sign-in resolvers in code, which exclude those of a file. Sections have Backstage's keys, and further ones for what Backstage does not have.
// Where a documented key says something else than here, the file's author is told so.
package builtin
