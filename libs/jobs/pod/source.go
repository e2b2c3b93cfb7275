package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// wanted is one layer of a registry, and where it goes.
type wanted struct {
	from, strip, authority, config, into string
	plain                                bool
}

// source brings one layer of a registry into a directory: a commit's tree, by its digest.
func source(args []string) error {
	var want wanted
	flags := flag.NewFlagSet("source", flag.ExitOnError)
	flags.StringVar(&want.from, "from", "", "the layer, registry/repository@sha256:...")
	flags.StringVar(&want.strip, "strip", "", "directory of the layer whose content is wanted, without it")
	flags.BoolVar(&want.plain, "plain-http", false, "speak HTTP without TLS to the registry")
	flags.StringVar(&want.authority, "ca", "", "file with certificates in PEM to trust besides the image's own")
	flags.StringVar(&want.config, "docker-config", "", "file with credentials for registries, as Docker has it")
	marks := flags.String("marks", "", "directory in which a file, done or failed, tells the container beside")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("source takes the directory to unpack into")
	}
	want.into = flags.Arg(0)
	err := bring(want)
	if *marks == "" {
		return err
	}
	return errors.Join(err, mark(*marks, err))
}

// mark makes the file that a container beside this one waits for.
func mark(directory string, failure error) error {
	if failure != nil {
		return os.WriteFile(filepath.Join(directory, "failed"), []byte(failure.Error()+"\n"), 0o644)
	}
	return os.WriteFile(filepath.Join(directory, "done"), nil, 0o644)
}

func bring(want wanted) error {
	layer, err := parseLayer(want.from)
	if err != nil {
		return err
	}
	if err := trust(want.authority); err != nil {
		return err
	}
	body, err := fetch(layer, want.plain, want.config)
	if err != nil {
		return err
	}
	defer body.Close()
	hash := sha256.New()
	if err := unpack(io.TeeReader(body, hash), want.strip, want.into); err != nil {
		return fmt.Errorf("unpacking %s: %w", want.from, err)
	}
	if got := "sha256:" + hex.EncodeToString(hash.Sum(nil)); got != layer.digest {
		return fmt.Errorf("the registry sent something else for %s: its digest is %s", want.from, got)
	}
	return nil
}

// unpack writes a tar archive, compressed or not, and reads to its very end. Nothing of it gets out of the directory: paths and links are
// resolved by the kernel below it.
func unpack(archive io.Reader, strip, directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	plain, err := uncompressed(archive)
	if err != nil {
		return err
	}
	reader := tar.NewReader(plain)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if name, wanted := below(header.Name, strip); wanted {
			if err := write(root, name, header, reader); err != nil {
				return fmt.Errorf("%s: %w", header.Name, err)
			}
		}
	}
	// The digest is of all bytes, what follows the archive's end included.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, archive)
	return err
}

func uncompressed(archive io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(archive, 64*1024)
	magic, err := buffered.Peek(4)
	if err != nil {
		return nil, err
	}
	switch {
	case magic[0] == 0x1f && magic[1] == 0x8b:
		return gzip.NewReader(buffered)
	case magic[0] == 0x28 && magic[1] == 0xb5:
		return nil, errors.New("the layer is compressed with zstd: have sources pushed with gzip, or uncompressed")
	}
	return buffered, nil
}

// below is a name without the directory that is stripped; false when it is not in it.
func below(name, strip string) (string, bool) {
	name = path.Clean(strings.TrimLeft(name, "/"))
	strip = strings.Trim(strip, "/")
	if strip == "" {
		return name, name != "."
	}
	rest, inside := strings.CutPrefix(name, strip+"/")
	return rest, inside
}

func write(root *os.Root, name string, header *tar.Header, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		return writeFile(root, name, header.FileInfo().Mode().Perm(), content)
	}
	return fmt.Errorf("a source has no entries of type %q", header.Typeflag)
}

func writeFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	// Never through a link that came before it.
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}
