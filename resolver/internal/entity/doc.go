// Package entity reads entities of a Backstage catalog, decoded from YAML or JSON, as the entries of a user catalog. What it makes of an entity
// can be selected by [authprovider.UserQuery.Filter] as Backstage's own search index can.
package entity
