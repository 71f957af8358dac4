package oauth2proxy

import (
	"errors"
	"net/http"
	"strings"

	"example.com/stagedoor/proxyauth"
)

// HeaderStyle is how the plain headers are named: what stands in front of -User, -Email, -Preferred-Username and -Groups.
type HeaderStyle string

const (
	// ForwardedHeaders are X-Forwarded-User and so on: oauth2-proxy as a reverse proxy, --pass-user-headers.
	ForwardedHeaders HeaderStyle = "X-Forwarded"
	// AuthRequestHeaders are X-Auth-Request-User and so on: oauth2-proxy beside nginx or Traefik, --set-xauthrequest.
	AuthRequestHeaders HeaderStyle = "X-Auth-Request"
)

// Headers is what the plain headers of a request say that passed the trust anchor. What is absent is empty.
type Headers struct {
	// User is the identity provider's sub, unless oauth2-proxy is told otherwise (--user-id-claim), or the provider's own form of user name.
	User              string
	Email             string
	PreferredUsername string
	// Groups are those of a list separated by commas: a group whose name has a comma in it cannot be told from two.
	Groups []string
}

// names returns the names of the headers: user, e-mail address, preferred username, groups.
func (s HeaderStyle) names() []string {
	p := string(s)
	return []string{p + "-User", p + "-Email", p + "-Preferred-Username", p + "-Groups"}
}

// read reads the headers, each of them there once at most.
func (s HeaderStyle) read(r *http.Request) (Headers, error) {
	var h Headers
	names := s.names()
	for i, value := range [...]*string{&h.User, &h.Email, &h.PreferredUsername} {
		var err error
		if *value, err = optional(proxyauth.HeaderValue(r, names[i])); err != nil {
			return Headers{}, err
		}
	}
	list, err := optional(proxyauth.HeaderList(r, names[3]))
	if err != nil {
		return Headers{}, err
	}
	for group := range strings.SplitSeq(list, ",") {
		if group = strings.TrimSpace(group); group != "" {
			h.Groups = append(h.Groups, group)
		}
	}
	return h, nil
}

// optional forgives a header that is absent, and no other fault.
func optional(value string, err error) (string, error) {
	if errors.Is(err, proxyauth.ErrMissing) {
		return "", nil
	}
	return value, err
}
