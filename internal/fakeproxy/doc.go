// Package fakeproxy stands for the identity-aware proxies of vendors, for demonstrations and tests: Cloudflare Access, Google IAP, oauth2-proxy,
// AWS load balancers, Azure Easy Auth, and any proxy that signs a header.
//
// Start from [New] with one of the vendors: [Access], [IAP], [OAuth2Proxy], [ALB], [EasyAuth] or [SignedHeader]. The [Edge] puts a person's
// headers and cookies into requests as that vendor does ([Edge.Decorate]), stands as a whole proxy in front of a handler
// ([Edge.Protect]), and serves the vendor's keys under the vendor's addresses ([Edge.ServeHTTP], or [Edge.Transport] for a client that has to
// reach them). It does right until [Edge.Set] makes it do one thing wrong.
//
// It is made of the standard library alone: a fake that shared code with the library could share its defects. Its people
// have no passwords, so it must not guard anything real.
package fakeproxy
