package gcpiap_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/authprovider/authprovidertest"
	"example.com/stagedoor/gcpiap"
)

func TestNewRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		config gcpiap.Config
		field  string
	}{
		"nothing":              {gcpiap.Config{}, "Config.Audience is required"},
		"empty audiences":      {gcpiap.Config{Audience: []string{}}, "Config.Audience is required"},
		"empty audience":       {gcpiap.Config{Audience: []string{audience, ""}}, "Config.Audience"},
		"client ID":            {gcpiap.Config{Audience: []string{"1-a.apps.googleusercontent.com"}}, "Config.Audience"},
		"service URL":          {gcpiap.Config{Audience: []string{"https://portal.example.com"}}, "Config.Audience"},
		"project ID":           {gcpiap.Config{Audience: []string{"/projects/portal/global/backendServices/1"}}, "Config.Audience"},
		"service name":         {gcpiap.Config{Audience: []string{"/projects/1/global/backendServices/portal"}}, "Config.Audience"},
		"no leading slash":     {gcpiap.Config{Audience: []string{audience[1:]}}, "Config.Audience"},
		"trailing slash":       {gcpiap.Config{Audience: []string{audience + "/"}}, "Config.Audience"},
		"trailing newline":     {gcpiap.Config{Audience: []string{audience + "\n"}}, "Config.Audience"},
		"wildcard":             {gcpiap.Config{Audience: []string{"/projects/1/apps/*"}}, "Config.Audience"},
		"service without name": {gcpiap.Config{Audience: []string{"/projects/1/locations/europe-west1/services/"}}, "Config.Audience"},
		"project alone":        {gcpiap.Config{Audience: []string{"/projects/1"}}, "Config.Audience"},
		"no domains":           {gcpiap.Config{Audience: []string{audience}, HostedDomains: []string{}}, "Config.HostedDomains"},
		"empty domain":         {gcpiap.Config{Audience: []string{audience}, HostedDomains: []string{""}}, "Config.HostedDomains"},
		"domain with @":        {gcpiap.Config{Audience: []string{audience}, HostedDomains: []string{"@example.com"}}, "Config.HostedDomains"},
		"upper-case domain":    {gcpiap.Config{Audience: []string{audience}, HostedDomains: []string{"Example.com"}}, "Config.HostedDomains"},
		"wildcard domain":      {gcpiap.Config{Audience: []string{audience}, HostedDomains: []string{"*.example.com"}}, "Config.HostedDomains"},
		"header with a space":  {gcpiap.Config{Audience: []string{audience}, Header: "X Goog"}, "Config.Header"},
		"header _":             {gcpiap.Config{Audience: []string{audience}, Header: "X_Goog"}, "Config.Header"},
		"header Cookie":        {gcpiap.Config{Audience: []string{audience}, Header: "cookie"}, "Config.Header"},
		"negative leeway":      {gcpiap.Config{Audience: []string{audience}, Leeway: -1}, "Config.Leeway"},
		"wide leeway":          {gcpiap.Config{Audience: []string{audience}, Leeway: 5*time.Minute + 1}, "Config.Leeway"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := gcpiap.New(row.config)
			require.Nil(t, a)
			require.ErrorContains(t, err, "gcpiap: "+row.field)
			// The provider says the same, in its host's words.
			_, err = authprovider.New(authprovider.Config{
				BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{},
				Providers: map[string]authprovider.ProviderFactory{"iap": gcpiap.Provider(row.config, gcpiap.IDMatchingUserEntityAnnotation)},
			})
			require.ErrorContains(t, err, `provider "iap": gcpiap: `+row.field)
		})
	}
	_, err := authprovider.New(authprovider.Config{
		BaseURL: "http://localhost:7007/api/auth", Issuer: &authprovidertest.Issuer{},
		Providers: map[string]authprovider.ProviderFactory{"iap": gcpiap.Provider(gcpiap.Config{Audience: []string{audience}})},
	})
	require.ErrorContains(t, err, "a sign-in resolver is required")
}

func TestAudienceForms(t *testing.T) {
	for _, aud := range []string{
		audience,
		"/projects/123456789012/us-central1/backendServices/42",
		"/projects/123456789012/apps/my-project",
		"/projects/123456789012/apps/example.com:my-project",
		"/projects/123456789012/locations/europe-west1/services/portal-2",
	} {
		_, err := gcpiap.New(gcpiap.Config{Audience: []string{aud}})
		require.NoError(t, err, aud)
	}
}
