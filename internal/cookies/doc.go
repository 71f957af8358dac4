// Package cookies seals values into cookies and reads them back: authenticated encryption bound to where a cookie
// belongs, values over several cookies, one builder for every attribute, and refusal of a name that was sent twice.
package cookies
