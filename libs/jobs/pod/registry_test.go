package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTrustsARegistrysOwnAuthority(t *testing.T) {
	content := archive(file("src/main.txt", "hello", 0o644)).Bytes()
	server := httptest.NewTLSServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Write(content)
	}))
	defer server.Close()
	defer func() { client.Transport = nil }()
	directory := t.TempDir()
	sum := sha256.Sum256(content)
	from := strings.TrimPrefix(server.URL, "https://") + "/widget-source@sha256:" + hex.EncodeToString(sum[:])
	authority, none := filepath.Join(directory, "ca.crt"), filepath.Join(directory, "none.crt")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	os.WriteFile(authority, pem.EncodeToMemory(block), 0o644)
	os.WriteFile(none, []byte("nothing"), 0o644)

	if err := source([]string{"-from", from, "-ca", none, directory}); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("a file without a certificate: %v", err)
	}
	target := filepath.Join(directory, "source")
	if err := source([]string{"-from", from, "-strip", "/src", "-ca", authority, target}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(target, "main.txt")); string(text) != "hello" {
		t.Errorf("unpacked %q", text)
	}
}

func TestSaysWhyARegistryIsNotTrusted(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	of := layer{strings.TrimPrefix(server.URL, "https://"), "widget-source", "sha256:" + strings.Repeat("0", 64)}
	_, passing, err := fetchOnce("https://"+of.registry+"/v2/", "")
	if err == nil || passing || !strings.Contains(err.Error(), "caConfigMap") {
		t.Errorf("passing %v, %v", passing, err)
	}
}
