// Package e2e drives the library in headless Chromium: the quickstart as a newcomer starts it, and a small host of our own, each as a
// person with a browser sees it. The identity providers are the quickstart's own and the one of github.com/zitadel/oidc, which was
// written by others. It is a module of its own, so that a browser driver and a second provider never reach an importer's go.sum.
//
//	go test ./...
//
// needs Chromium at /usr/bin/chromium, or where the variable CHROMIUM says. It leaves pictures of what the person sees in the directory
// screenshots, which git does not keep.
//
// It also drives the proxy authenticators over real sockets, behind stand-ins of their proxies; runs the contract of key stores on SQLite,
// PostgreSQL and MariaDB, whose servers the tests start and end themselves; and has our tokens verified by other people's libraries, one
// of them under Node after npm ci in the directory interop. What is not installed is skipped with a message, but for the gate, which sets
// STAGEDOOR_E2E_REQUIRE_DATABASES and STAGEDOOR_E2E_REQUIRE_NODE.
package e2e
