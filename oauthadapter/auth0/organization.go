package auth0

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/oauthadapter/oidcprovider"
)

// checkOrganization admits the members of one organization. An ID begins with "org_"; names are lower-case.
func checkOrganization(idToken oidcprovider.Profile, want string) error {
	p, err := newProfile(idToken)
	if err != nil {
		return err
	}
	got := p.OrganizationName
	if strings.HasPrefix(want, "org_") {
		got = p.OrganizationID
	}
	if got != want {
		return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: "organization_refused",
			Err: fmt.Errorf("auth0: organization %.100q, Config.Organization is %q", got, want)}
	}
	return nil
}

// startQuery reads the parameters that Auth0 documents for links to an application, such as that of an invitation.
type startQuery struct{ organization string }

var ticketForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,255}$`)

const maxLoginHint = 320 // of an e-mail address: RFC 3696 section 3

func (s startQuery) params(q url.Values) (map[string]string, error) {
	params := make(map[string]string)
	for _, p := range []struct {
		name string
		ok   func(value string) bool
	}{
		{"organization", func(v string) bool { return v == s.organization }},
		{"invitation", func(v string) bool { return s.organization != "" && ticketForm.MatchString(v) }},
		{"screen_hint", func(v string) bool { return v == "signup" || v == "login" }},
		{"login_hint", isLoginHint},
	} {
		values := q[p.name]
		switch {
		case len(values) == 0 || len(values) == 1 && values[0] == "":
		case len(values) > 1 || !p.ok(values[0]):
			return nil, badParameter(p.name)
		default:
			params[p.name] = values[0]
		}
	}
	return params, nil
}

func isLoginHint(v string) bool {
	return len(v) <= maxLoginHint && utf8.ValidString(v) && !strings.ContainsFunc(v, func(c rune) bool { return !unicode.IsPrint(c) })
}

func badParameter(name string) error {
	if name == "organization" || name == "invitation" {
		return &authprovider.Error{Kind: authprovider.ErrInput, Code: "organization_mismatch", Message: "This link is for another organization.",
			Err: errors.New("auth0: the start's " + name + " does not belong to Config.Organization")}
	}
	return &authprovider.Error{Kind: authprovider.ErrInput, Code: "parameter_invalid", Err: errors.New("auth0: the start's " + name + " is not valid")}
}
