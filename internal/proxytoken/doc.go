// Package proxytoken reads what an identity-aware proxy put into a request: a header, or a signed token in a header or a cookie.
//
// [Value] is the only reader of such headers. It takes exactly one value, bounded, without a comma, and refuses a request in which
// the header has a twin that is spelled with underscores. [Verifier] hands what it finds to the strict front of package jose. Errors are
// *[authprovider.Error] of class ErrAuthentication, or ErrUnavailable if the keys could not be had; none holds the credential.
package proxytoken
