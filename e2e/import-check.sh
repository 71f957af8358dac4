#!/usr/bin/env bash
# Does what the README tells an importer to do, in a module outside the tree: mounts the library beside routes of its own
# (testdata/outside), builds and tests that, and looks at what came with it.
set -euo pipefail
library=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$library"/e2e/testdata/outside/*.go "$dir"
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod

go mod init example.org/outside
go mod edit -replace "example.com/stagedoor=$library"
go mod tidy
go vet ./...
go test ./...
go build -o outside .

# What only tests need must not be linked into a host, nor may a browser driver or a second provider enter its go.sum.
failed=0
refuse() { # refuse <what> <pattern> <text>
	local found
	if found=$(grep -E "$2" <<<"$3"); then
		printf 'import-check: %s:\n%s\n' "$1" "$found"
		failed=1
	fi
}
heavy='github\.com/(chromedp|zitadel)/'
refuse "packages in the host's binary" "^testing(/|$)|stretchr/testify|$heavy" "$(go list -deps .)"
refuse "modules in the host's binary" "stretchr/testify|$heavy" "$(go version -m outside)"
refuse "modules in the host's go.sum" "$heavy" "$(cat go.sum)"
exit "$failed"
