package resolver

import "strings"

// address is an e-mail address, split, in lower case.
type address struct{ local, domain string }

func (a address) String() string { return a.local + "@" + a.domain }

// withoutTag cuts "+tag" off the local part (RFC 5233 calls it the detail). Without a tag, a is returned as it is.
func (a address) withoutTag() address {
	if local, _, found := strings.Cut(a.local, "+"); found && validLocalPart(local) {
		a.local = local
	}
	return a
}

// RFC 5321 section 4.5.3.1. The limit of an address is that of a path less its angle brackets.
const (
	maxAddress   = 254
	maxLocalPart = 64
	maxDomain    = 253
	maxLabel     = 63
)

// parseAddress reads an address that has one reading only. Quoted local parts, comments, address literals and
// internationalised addresses are legal mail, but their readers disagree, and an attacker picks the reading that pays.
func parseAddress(s string) (address, bool) {
	if len(s) > maxAddress {
		return address{}, false
	}
	local, domain, _ := strings.Cut(s, "@")
	// A second '@' is left in the domain, where no letter of a host name matches it.
	if !validLocalPart(local) || !validDomain(domain) {
		return address{}, false
	}
	return address{local: strings.ToLower(local), domain: strings.ToLower(domain)}, true // both are ASCII now
}

// validLocalPart reports whether s is a dot-atom (RFC 5322 section 3.2.3). No part between dots is empty, so
// that no local part is "." or "..", which would be another path where a catalog is asked over HTTP.
func validLocalPart(s string) bool {
	if len(s) > maxLocalPart {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := 0; i < len(atom); i++ {
			if c := atom[i]; !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) < 0 {
				return false
			}
		}
	}
	return true
}

// validDomain reports whether s is a host name in ASCII (RFC 1123 section 2.1), without a dot at its end.
func validDomain(s string) bool {
	if len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !isAlphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
