// Package wycheproof runs the JWS and JWK vectors of Project Wycheproof against
// internal/jose. It is a module of its own so that importers of the library do not get
// the vectors into their go.sum, and holds tests only.
package wycheproof
