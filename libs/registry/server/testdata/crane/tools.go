//go:build tools

// Package tools pins what the tests build: see go.mod.
package tools

import _ "github.com/google/go-containerregistry/cmd/crane"
