package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestMatcher(t *testing.T) {
	cases := []struct{ pattern, yes, no string }{
		{"dist/*", "dist/a dist/a.b", "dist/deep/b dist/.hidden a dist"},
		{"**/*.xml", "z.xml a/x.xml a/b/y.xml", "z.xmlx .cache/x.xml a/.xml"},
		{"a/**", "a/x a/b/y", "a b/a/x a/.x a/.b/y"},
		{"./z.xml", "z.xml", "a/z.xml"},
		{"out/.*", "out/.hidden", "out/shown"},
		{".cache/*", ".cache/x", "cache/x"},
		{"*/x", "a/x", ".cache/x x"},
		{"{a,b}/*.[ch]", "a/x.c b/y.h", "c/x.c a/x.d"},
		{"!x", "!x", "x"},
		{"a?c", "abc", "ac a/c"},
		{"../**", "", "x a/b"},
		{"/etc/passwd", "", "etc/passwd"},
	}
	for _, one := range cases {
		matches, err := matcher([]string{one.pattern})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(one.yes) {
			if !matches(path) {
				t.Errorf("%s does not match %s", one.pattern, path)
			}
		}
		for _, path := range strings.Fields(one.no) {
			if matches(path) {
				t.Errorf("%s matches %s", one.pattern, path)
			}
		}
	}
}

func TestFindsRegularFilesOnly(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"d/in", "new\nline", "-n"} {
		os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755)
		os.WriteFile(filepath.Join(root, name), []byte("x"), 0o644)
	}
	os.Symlink("/etc", filepath.Join(root, "etc"))
	os.Symlink("/etc/passwd", filepath.Join(root, "passwd"))
	found, err := findFiles(root, []string{"**", "etc/*", "../**"})
	if err != nil || !slices.Equal(found, []string{"-n", "d/in", "new\nline"}) {
		t.Errorf("found %q, %v", found, err)
	}
}

func archive(entries ...tar.Header) *bytes.Buffer {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, one := range entries {
		one.Size = int64(len(one.PAXRecords["KEELSON.content"]))
		content := one.PAXRecords["KEELSON.content"]
		one.PAXRecords = nil
		writer.WriteHeader(&one)
		writer.Write([]byte(content))
	}
	writer.Close()
	return &out
}

func file(name, content string, mode int64) tar.Header {
	return tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeReg, PAXRecords: map[string]string{"KEELSON.content": content}}
}

func TestUnpacksBelowAPrefix(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		plain := archive(file("src/run.sh", "#!/bin/sh\n", 0o755), file("src/a/b", "deep", 0o644),
			tar.Header{Name: "src/link", Linkname: "a/b", Typeflag: tar.TypeSymlink}, file("other/x", "x", 0o644))
		if zipped {
			var out bytes.Buffer
			writer := gzip.NewWriter(&out)
			writer.Write(plain.Bytes())
			writer.Close()
			plain = &out
		}
		into := filepath.Join(t.TempDir(), "new")
		if err := unpack(plain, "/src", into); err != nil {
			t.Fatal(err)
		}
		content, _ := os.ReadFile(filepath.Join(into, "link"))
		info, _ := os.Stat(filepath.Join(into, "run.sh"))
		if string(content) != "deep" || info.Mode().Perm() != 0o755 {
			t.Errorf("unpacked %q with mode %v", content, info.Mode())
		}
		if _, err := os.Stat(filepath.Join(into, "x")); err == nil {
			t.Error("what is beside the prefix was unpacked")
		}
	}
}

func TestTellsTheContainerBeside(t *testing.T) {
	content := archive(file("src/a", "x", 0o644)).Bytes()
	serving := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) { answer.Write(content) }))
	defer serving.Close()
	host := strings.TrimPrefix(serving.URL, "http://")
	digest := func(of []byte) string { return fmt.Sprintf("%s/team/x@sha256:%x", host, sha256.Sum256(of)) }
	for from, told := range map[string]string{digest(content): "done", digest(nil): "failed"} {
		marks := t.TempDir()
		into := filepath.Join(marks, "source")
		err := source([]string{"-from", from, "-strip", "/src", "-plain-http", "-marks", marks, into})
		if (err == nil) != (told == "done") {
			t.Errorf("%s: %v", told, err)
		}
		if found, _ := filepath.Glob(filepath.Join(marks, "[df]*")); len(found) != 1 || filepath.Base(found[0]) != told {
			t.Errorf("wants %s, found %v", told, found)
		}
		if said, _ := os.ReadFile(filepath.Join(marks, "failed")); err != nil && !strings.Contains(string(said), "its digest is") {
			t.Errorf("said %q", said)
		}
	}
}

func TestUnpacksNothingOutside(t *testing.T) {
	hostile := map[string][]tar.Header{
		"a path that leads out": {file("../out", "x", 0o644)},
		"a link that leads out": {{Name: "d", Linkname: "..", Typeflag: tar.TypeSymlink}, file("d/out", "x", 0o644)},
		"an absolute link":      {{Name: "d", Linkname: "/", Typeflag: tar.TypeSymlink}, file("d/out", "x", 0o644)},
		"a hard link":           {{Name: "h", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}},
		"a device":              {{Name: "null", Typeflag: tar.TypeChar}},
	}
	for what, entries := range hostile {
		parent := t.TempDir()
		if err := unpack(archive(entries...), "", filepath.Join(parent, "in")); err == nil {
			t.Errorf("%s was taken", what)
		}
		if left, _ := os.ReadDir(parent); len(left) != 1 {
			t.Errorf("%s left %v", what, left)
		}
	}
	// A file in the place of a link replaces it, and does not go through it.
	parent := t.TempDir()
	outside := filepath.Join(parent, "outside")
	os.WriteFile(outside, []byte("safe"), 0o644)
	entries := []tar.Header{{Name: "f", Linkname: outside, Typeflag: tar.TypeSymlink}, file("f", "x", 0o644)}
	if err := unpack(archive(entries...), "", filepath.Join(parent, "in")); err != nil {
		t.Error(err)
	}
	if kept, _ := os.ReadFile(outside); string(kept) != "safe" {
		t.Errorf("a link was followed: %q", kept)
	}
}

func TestCommandEndsAsItsCommand(t *testing.T) {
	program := filepath.Join(t.TempDir(), "keelson-pod")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	cases := []struct {
		words []string
		code  int
	}{
		{[]string{"sh", "-c", "exit 7"}, 7},
		{[]string{"sh", "-c", "exit 0"}, 0},
		{[]string{"sh", "-c", "kill -SEGV $$"}, 139},
		{[]string{"no-such-command"}, 127},
		{[]string{"./no-such.sh"}, 127},
		{[]string{"/etc/passwd"}, 126},
		{[]string{"sh", "-c", "sleep 0.2 & (sleep 0.1 &) ; exit 3"}, 3},
	}
	for _, one := range cases {
		command := exec.Command(program, append([]string{"run", "--"}, one.words...)...)
		command.Run()
		if code := command.ProcessState.ExitCode(); code != one.code {
			t.Errorf("%v ended with %d", one.words, code)
		}
	}
	both, _ := exec.Command(program, "run", "--", "sh", "-c", "echo 1; echo 2 >&2; echo 3").Output()
	if string(both) != "1\n2\n3\n" {
		t.Errorf("output and errors came as %q", both)
	}
}

func TestHandsSignalsOn(t *testing.T) {
	program := filepath.Join(t.TempDir(), "keelson-pod")
	exec.Command("go", "build", "-o", program, ".").Run()
	command := exec.Command(program, "run", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done")
	out, _ := command.StdoutPipe()
	command.Start()
	out.Read(make([]byte, 16))
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	if code := command.ProcessState.ExitCode(); code != 9 {
		t.Errorf("ended with %d", code)
	}
}

func TestKeysAreOneSegment(t *testing.T) {
	if got := encoded("dist/a b-ü.tar"); got != "dist%2Fa%20b-%C3%BC.tar" {
		t.Error(got)
	}
}
