//go:build tools

// Package buildkit names the version of BuildKit that `npm run testbed -- images` puts in an image.
package buildkit

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
