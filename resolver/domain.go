package resolver

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"example.com/stagedoor/authprovider"
)

// RequireDomain lets inner decide about people whose e-mail address is of the domain, and refuses everybody else: those
// of another domain, those whose address is malformed or unverified, and those who have none. Whether a provider that is
// silent about verification is good enough, is for inner to say (see [EmailOptions.RequireVerifiedEmail]).
//
// For several domains use [EmailOptions.AllowedDomains], or [FirstMatch] over one [WhenDomain] each.
func RequireDomain[R any](domain string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	return domainRule("RequireDomain", authprovider.ErrNotAllowed, domain, inner)
}

// WhenDomain lets inner decide about people whose e-mail address is of the domain, and passes on everybody whom
// [RequireDomain] would refuse: another resolver may know them.
func WhenDomain[R any](domain string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	return domainRule("WhenDomain", authprovider.ErrNoMatch, domain, inner)
}

func domainRule[R any](name string, otherwise error, domain string, inner authprovider.SignInResolver[R]) authprovider.SignInResolver[R] {
	switch {
	case !validDomain(domain):
		return misconfigured[R](fmt.Errorf("resolver: %s: %q is not a domain such as example.com", name, domain))
	case inner == nil:
		return misconfigured[R](fmt.Errorf("resolver: %s: the inner resolver is nil", name))
	}
	domain = strings.ToLower(domain)
	combinator := name + " " + strconv.Quote(domain)
	return func(ctx context.Context, in authprovider.SignInInfo[R], rc *authprovider.ResolverContext) (*authprovider.Identity, error) {
		a, reason := readEmail(in.Profile)
		switch {
		case reason != "":
			return nil, &Error{Resolver: combinator, Reason: reason, Detail: shown(in.Profile.Email), Err: otherwise}
		case a.domain != domain:
			return nil, &Error{Resolver: combinator, Reason: ReasonDomainNotAllowed, Detail: strconv.Quote(a.domain), Err: otherwise}
		}
		return within(ctx, combinator, inner, in, rc)
	}
}
