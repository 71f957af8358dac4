// Package keystoretest is the contract of [tokenissuer.KeyStore] and of [tokenissuer.UserInfoStore] as test suites, for those who write
// a store of their own:
//
//	func TestKeyStore(t *testing.T) {
//		keystoretest.TestKeyStore(t, func(t testing.TB) keystoretest.KeyRig {
//			return keystoretest.KeyRig{Store: mystore.New(t), Now: time.Now}
//		})
//	}
//
// Each rule is a subtest with a store of its own. A failure says what happened and the rule that it breaks. Run it with -race.
//
// # What it cannot see
//
// Replicas are processes: what a store keeps in memory between two of them, such as a cache of its own, shows only if
// [KeyRig.Another] gives a handle that shares nothing but the database. And it does not end the database's process in the middle
// of a statement.
package keystoretest
