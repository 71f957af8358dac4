// Package openshift signs people in with the OAuth server of an OpenShift cluster.
//
//	"openshift": openshift.Provider(openshift.Config{
//		OAuthURL: "https://oauth-openshift.apps.example.com", APIURL: "https://api.example.com:6443", ClientID: "portal", ClientSecret: secret,
//	}, openshift.DisplayNameMatchingUserEntityName),
//
// Create an OAuthClient whose redirectURIs has {BaseURL}/{provider ID}/handler/frame. Addresses of the cluster have certificates of its own:
// give Config.HTTPClient a transport that trusts them.
//
// OpenShift has no ID tokens: who the person is rests on its API, asked over TLS with the token for a code that PKCE binds to this browser. It
// gives no refresh tokens either: a session lives as long as its access token, a day by default; a refresh reads the user again, and notices that
// the token was deleted. A sign-out deletes the token, for which it has to be one that may do all that the person may, unless
// Config.IdentityOnly is set.
//
// It leaves to the caller who may sign in. The temporary administrator kubeadmin has no ID and cannot. Users have no e-mail addresses.
package openshift
