package builtin

import (
	"example.com/stagedoor/authconfig"
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/guest"
)

type guestSection struct {
	UserRef                            string   `key:"userEntityRef" doc:"The user that guests are. user:development/guest if it is absent."`
	OwnershipRefs                      []string `key:"ownershipEntityRefs" doc:"What guests own if the catalog does not have the user."`
	DangerouslyAllowOutsideDevelopment bool     `key:"dangerouslyAllowOutsideDevelopment" doc:"Has guests on a base URL outside loopback too: everybody who reaches it is the guest."`
}

// Guest reads a section for package guest. That there is one says that there are to be guests; on a base URL outside loopback it takes a key more.
func Guest(c guest.Config, signIn ...authprovider.SignInResolver[guest.Result]) *authconfig.Proxy[guest.Result] {
	c.DangerouslyAllowGuests = true
	p := proxy[guestSection](c, c.Options, signIn, guest.Provider, nil)
	p.Resolvers = nil
	return p
}
