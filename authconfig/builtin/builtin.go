package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/cfaccess"
	"example.com/stagedoor/oauthadapter/github"
	"example.com/stagedoor/oauthadapter/google"
)

// Registry returns all of ours under the IDs that Backstage knows them by, and under ours where they differ. It is the caller's to change.
func Registry() authconfig.Registry {
	r := authconfig.Registry{
		"github": GitHub(github.Config{}),
		"google": Google(google.Config{}),
	}
	r["cfaccess"] = CFAccess(cfaccess.Config{})
	return r
}

// client is what every OAuth vendor's section has.
type client struct {
	ClientID     string              `key:"clientId,required" doc:"The client's ID at the vendor."`
	ClientSecret authprovider.Secret `key:"clientSecret,required" doc:"The client's secret at the vendor."`
}
