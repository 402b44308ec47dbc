//go:build tools

// Pins the version of actionlint and of everything it is built from; go.sum holds the checksums.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
