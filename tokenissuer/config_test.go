package tokenissuer_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/tokenissuer"
)

func TestNewRefuses(t *testing.T) {
	url := func(u string) tokenissuer.Config { return tokenissuer.Config{Issuer: u} }
	tests := map[string]struct {
		config tokenissuer.Config
		want   string
	}{
		"no issuer":              {tokenissuer.Config{}, "Config.Issuer is required"},
		"plain http":             {url("http://portal.example.com/api/auth"), "Config.Issuer"},
		"other scheme":           {url("ftp://portal.example.com"), "Config.Issuer"},
		"no scheme":              {url("portal.example.com"), "Config.Issuer"},
		"slash at the end":       {url(issuerURL + "/"), "Config.Issuer"},
		"slash alone":            {url("https://portal.example.com/"), "Config.Issuer"},
		"query":                  {url(issuerURL + "?a=b"), "Config.Issuer"},
		"empty query":            {url(issuerURL + "?"), "Config.Issuer"},
		"fragment":               {url(issuerURL + "#a"), "Config.Issuer"},
		"empty fragment":         {url(issuerURL + "#"), "Config.Issuer"},
		"user":                   {url("https://jane@portal.example.com"), "Config.Issuer"},
		"dot segments":           {url("https://portal.example.com/a/../b"), "Config.Issuer"},
		"two slashes":            {url("https://portal.example.com//a"), "Config.Issuer"},
		"escaped slash":          {url("https://portal.example.com/a%2fb"), "Config.Issuer"},
		"upper-case host":        {url("https://Portal.example.com"), `must be written "https://portal.example.com"`},
		"default port":           {url("https://portal.example.com:443/a"), `must be written "https://portal.example.com/a"`},
		"default port, insecure": {tokenissuer.Config{Issuer: "http://portal.internal:80", InsecurePlainHTTP: true}, `must be written "http://portal.internal"`},
		"no host, insecure":      {tokenissuer.Config{Issuer: "http://", InsecurePlainHTTP: true}, "Config.Issuer"},
		"space":                  {url("https://portal.example.com/a b"), "Config.Issuer"},
		"TTL too short":          {tokenissuer.Config{Issuer: issuerURL, TTL: 10*time.Minute - time.Second}, "Config.TTL"},
		"TTL too long":           {tokenissuer.Config{Issuer: issuerURL, TTL: 24*time.Hour + time.Second}, "Config.TTL"},
		"TTL negative":           {tokenissuer.Config{Issuer: issuerURL, TTL: -time.Hour}, "Config.TTL"},
		"TTL of a fraction":      {tokenissuer.Config{Issuer: issuerURL, TTL: time.Hour + time.Millisecond}, "Config.TTL"},
		"period too short":       {tokenissuer.Config{Issuer: issuerURL, TTL: 10 * time.Minute, KeyPeriod: 179 * time.Minute}, "Config.KeyPeriod"},
		"period below TTL":       {tokenissuer.Config{Issuer: issuerURL, TTL: 24 * time.Hour, KeyPeriod: 23 * time.Hour}, "Config.KeyPeriod"},
		"period negative":        {tokenissuer.Config{Issuer: issuerURL, KeyPeriod: -time.Hour}, "Config.KeyPeriod"},
		"period too long":        {tokenissuer.Config{Issuer: issuerURL, KeyPeriod: 366 * 24 * time.Hour}, "Config.KeyPeriod"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			issuer, err := tokenissuer.New(tt.config)
			require.ErrorContains(t, err, "tokenissuer: ")
			require.ErrorContains(t, err, tt.want)
			require.Nil(t, issuer)
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for _, c := range []tokenissuer.Config{
		{Issuer: issuerURL},
		{Issuer: "https://portal.example.com"},
		{Issuer: "https://portal.example.com:8443/a"},
		{Issuer: "http://localhost:7007/api/auth"},
		{Issuer: "http://127.0.0.1:7007"},
		{Issuer: "http://[::1]:7007"},
		{Issuer: "http://portal.internal:7007/api/auth", InsecurePlainHTTP: true},
		{Issuer: "http://portal.internal", InsecurePlainHTTP: true},
		{Issuer: issuerURL, TTL: 10 * time.Minute, KeyPeriod: 3 * time.Hour},
		{Issuer: issuerURL, TTL: 24 * time.Hour, KeyPeriod: 24 * time.Hour},
	} {
		issuer, err := tokenissuer.New(c)
		require.NoError(t, err, c.Issuer)
		require.Equal(t, c.Issuer, issuer.IssuerURL())
		issue(t, issuer, jane)
	}
}

// A configuration that is printed or logged shows none of its secrets.
func TestConfigIsRedacted(t *testing.T) {
	c := tokenissuer.Config{Issuer: "https://portal.example.com/api/auth", Secrets: [][]byte{[]byte("marker-secret-marker-secret-mark")}}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, c, &c)
	}
	require.Contains(t, out.String(), "https://portal.example.com/api/auth")
	for _, secret := range []string{"marker", fmt.Sprintf("%x", "marker"), "109 97 114", base64.StdEncoding.EncodeToString([]byte("marker"))[:6]} {
		require.NotContains(t, out.String(), secret)
	}
}
