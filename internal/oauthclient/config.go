package oauthclient

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"example.com/stagedoor/authprovider"
)

// CheckURL accepts an absolute https URL without user and fragment, and an http one on loopback.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if strings.Contains(raw, "@") && (err != nil || u.User != nil) {
		return errors.New("must be a URL without user") // not shown: there may be a password in it
	}
	if err != nil || u.Hostname() == "" || strings.Contains(raw, "#") {
		return fmt.Errorf("%.200q must be an absolute URL without fragment", raw)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return fmt.Errorf("%.200q must be https", raw)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Redacted is how the Config of package pkg is printed: it says which client it is, and of the secret only whether there is one.
func Redacted(pkg, baseURL, clientID, clientSecret string) string {
	return fmt.Sprintf("%s.Config{URL:%q ClientID:%q ClientSecret:%v}", pkg, baseURL, clientID, authprovider.Secret(clientSecret))
}
