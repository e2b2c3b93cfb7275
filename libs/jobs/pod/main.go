// Command keelson-pod is what Keelson has inside a pod: it wraps a test whose files are kept, and brings sources to builders.
package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage:
  keelson-pod install FILE            copy this program to FILE
  keelson-pod run -- COMMAND...       run COMMAND, then upload the files that /keelson/grant/grant.json asks for
  keelson-pod source [flags] DIR      unpack a layer of a registry into DIR; see keelson-pod source -h
`

func main() {
	if len(os.Args) < 2 {
		fail(2, usage)
	}
	switch os.Args[1] {
	case "install":
		check(install(os.Args[2:]))
	case "run":
		os.Exit(run(os.Args[2:]))
	case "source":
		check(source(os.Args[2:]))
	default:
		fail(2, usage)
	}
}

func check(err error) {
	if err != nil {
		fail(1, "keelson-pod: "+err.Error()+"\n")
	}
}

func fail(code int, message string) {
	fmt.Fprint(os.Stderr, message)
	os.Exit(code)
}

// install copies the running program: images that tests run in need not have it.
func install(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("install takes the file to write")
	}
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}
