package gcpiap

import (
	"example.com/stagedoor/authprovider"
	"example.com/stagedoor/proxyauth"
)

// SignInInfo is the argument of sign-in resolvers for this provider.
type SignInInfo = authprovider.SignInInfo[Result]

// Provider returns the factory of a provider. At least one sign-in resolver is required; they are tried in order. What is wrong with
// c shows when the factory is called. It needs no network.
func Provider(c Config, signIn ...authprovider.SignInResolver[Result]) authprovider.ProviderFactory {
	return func(pc *authprovider.ProviderContext) (authprovider.RouteHandlers, error) {
		c := c
		pc.Inherit(&c.HTTPClient, &c.Now, &c.Logger)
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return proxyauth.Provider(a, c.Options, signIn...)(pc)
	}
}
