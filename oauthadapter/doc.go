// Package oauthadapter turns the small OAuth interface of a vendor, [OAuthHandlers], into the four routes of a provider:
// start, handler/frame, refresh and logout, for popups and for redirects.
//
//	func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
//		return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
//			a, err := New(c) // a implements OAuthHandlers[Profile]
//			if err != nil {
//				return nil, err
//			}
//			return oauthadapter.Provider(a, c.Options, signIn...)(pc)
//		}
//	}
//
// Hosts use a vendor's package, such as oidcprovider, and [EnvironmentHandler] or [MapConfig] where one provider ID has several
// configurations. Whoever adds a vendor starts from [OAuthHandlers] and [Provider].
//
// # What is done here, for every vendor
//
// Start makes state, OpenID Connect nonce and PKCE verifier, and checks origin, redirect URL and scope before anything is set.
// The state names an attempt and says nothing about it; the attempt itself lies in an encrypted cookie of its own, so that
// parallel tabs work, bound to the provider, the environment, the state and the browser.
//
// The callback believes nothing before the state's MAC, the attempt's cookie and the issuer (RFC 9207) have been checked; a forged
// state never redirects. A cookie is set only when exchange, profile transform, resolvers and token have all succeeded. Failures are shown
// in the flow: posted to the window that opened the popup, or returned to the app as error (our words) and error_code (stable).
//
// Refresh and logout pass only requests that the app's own script makes. Parallel refreshes of one session share one call to
// the provider. Only an ended session is cleared; an outage or a missing consent signs nobody out. Logout clears the browser
// first, then revokes as well as it can.
//
// # What an app sends
//
//   - It opens GET {provider}/start in a popup, or navigates to it. All parameters are optional: scope (separated by spaces), flow
//     ("popup", or "redirect" with redirectUrl, a page of the app's), origin (the app's own; [authprovider.Config.AppURL]'s if absent) and
//     env, the environment, which a provider without [EnvironmentHandler] ignores.
//   - The popup posts {"type":"config_info","targetOrigin":...} to its opener, then {"type":"authorization_response"} with either
//     "response", an [authprovider.ClientAuthResponse], or "error". The redirect flow returns to redirectUrl, where the app refreshes.
//   - GET or POST {provider}/refresh, with scope and env, answers with a ClientAuthResponse, and POST {provider}/logout with nothing or
//     {"logoutUrl":...}, to which the app navigates. Both need the browser's cookies and the header X-Requested-With: XMLHttpRequest.
//   - The user token is the response's backstageIdentity.token; it goes to services as Authorization: Bearer.
//
// The page of examples/quickstart does all of it.
//
// # Cookies
//
// All are HttpOnly and host-only. "__Host-auth-browser" holds 16 random bytes.
// "__Secure-<provider>[~<environment>]~attempt~..." and "...~session" are encrypted with AES-256-GCM and live on the provider's
// path; a session may take several cookies and at most 12 KiB. SameSite is Lax if the app's host name is the callback's, and
// None otherwise. On http://localhost the names have no prefix. Two attempts that begin at the same moment in a browser that
// has no cookie of ours yet get one browser cookie each; the one that is overwritten has to begin again.
//
// A sign-in that fails changes nothing: whoever was signed in in that browser before still is.
//
// # What is left to others
//
// Sign-in identifies a person; it protects no route. The vendor verifies ID tokens. An attempt that was used is refused in this
// process; across replicas the deleted cookie, PKCE and the provider's one-time code bound a replay.
package oauthadapter
