//go:build tools

// Package tools pins what the tests build: see go.mod.
package tools

import _ "github.com/opencontainers/distribution-spec/conformance"
