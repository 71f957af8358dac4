// Package catalogtest is the contract of [authprovider.UserCatalog] as a test suite, for those who write a catalog of their own:
//
//	func TestCatalog(t *testing.T) {
//		catalogtest.TestUserCatalog(t, catalogtest.Rig{
//			New: func(t testing.TB, users []authprovider.User) authprovider.UserCatalog {
//				return mycatalog.New(t, users)
//			},
//		})
//	}
//
// Each rule is a subtest with a catalog of its own. A failure says what happened and the rule that it breaks. Run it with -race.
//
// # Why the rules are strict
//
// Whoever a catalog returns is signed in. A store that compares text by the rules of a language finds "jose" when "josé" signs in, one
// that takes '%' or '_' for a wildcard finds somebody for whoever can choose their user name, and one that returns only
// the first of two hides that it had to guess. Such a catalog asks its store widely and compares what comes back itself.
//
// # What it cannot see
//
// How a catalog behaves when its store is down: it must return an error that wraps [authprovider.ErrUnavailable], never nobody.
package catalogtest
