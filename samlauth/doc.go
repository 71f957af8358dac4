// Package samlauth signs people in with a SAML 2.0 identity provider.
package samlauth
