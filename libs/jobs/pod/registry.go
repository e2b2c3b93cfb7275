package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// layer is where a registry has a blob.
type layer struct{ registry, repository, digest string }

var layerShape = regexp.MustCompile(`^([^/]+)/([a-z0-9._/-]+)@(sha256:[0-9a-f]{64})$`)

func parseLayer(text string) (layer, error) {
	parts := layerShape.FindStringSubmatch(text)
	if parts == nil {
		return layer{}, fmt.Errorf("%q is not registry/repository@sha256:...", text)
	}
	return layer{parts[1], parts[2], parts[3]}, nil
}

// trust takes a registry's own authority for a good one; its token server's as well.
func trust(file string) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // an image with nothing but this program has none
	}
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s holds no certificate in PEM", file)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	client.Transport = transport
	return nil
}

// fetch asks for the blob, with credentials where the registry wants them, and again where it is away.
func fetch(of layer, plain bool, config string) (io.ReadCloser, error) {
	scheme := "https"
	if plain {
		scheme = "http"
	}
	address := fmt.Sprintf("%s://%s/v2/%s/blobs/%s", scheme, of.registry, of.repository, of.digest)
	credential, err := credentialFor(config, of.registry)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		body, passing, err := fetchOnce(address, credential)
		if err == nil || !passing || try == tries {
			return body, err
		}
		time.Sleep(time.Duration(try+1) * time.Second)
	}
}

func fetchOnce(address, credential string) (body io.ReadCloser, passing bool, err error) {
	answer, err := get(address, "")
	if err == nil && answer.StatusCode == http.StatusUnauthorized {
		answer.Body.Close()
		var header string
		if header, err = authorization(answer.Header.Get("WWW-Authenticate"), credential); err == nil {
			answer, err = get(address, header)
		}
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		const hint = "name its authority's certificate (caConfigMap of a builder's registries, caFile of KEELSON_REGISTRIES)"
		return nil, false, fmt.Errorf("fetching %s: %w: %s", address, err, hint)
	}
	if err != nil {
		return nil, true, fmt.Errorf("fetching %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		passing = answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests
		return nil, passing, fmt.Errorf("fetching %s: HTTP status %d", address, answer.StatusCode)
	}
	return answer.Body, false, nil
}

func get(address, header string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if header != "" {
		request.Header.Set("Authorization", header)
	}
	return client.Do(request)
}

var parameter = regexp.MustCompile(`(\w+)="([^"]*)"`)

// authorization answers a registry's challenge: with the credential itself, or with a token that it buys.
func authorization(challenge, credential string) (string, error) {
	basic := ""
	if credential != "" {
		basic = "Basic " + credential
	}
	if !strings.HasPrefix(strings.ToLower(challenge), "bearer ") {
		return basic, nil
	}
	query, realm := url.Values{}, ""
	for _, pair := range parameter.FindAllStringSubmatch(challenge, -1) {
		if pair[1] == "realm" {
			realm = pair[2]
		} else {
			query.Set(pair[1], pair[2])
		}
	}
	answer, err := get(realm+"?"+query.Encode(), basic)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var given struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&given); err != nil {
		return "", fmt.Errorf("the registry's token server answered with HTTP status %d", answer.StatusCode)
	}
	return "Bearer " + given.Token + given.AccessToken, nil
}

// credentialFor is what Docker's configuration has for a registry, base64 of user:password; empty when it has nothing.
func credentialFor(file, registry string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var config struct {
		Auths map[string]struct{ Auth, Username, Password string }
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("%s is no configuration of Docker", file)
	}
	for _, name := range []string{registry, "https://" + registry, "https://" + registry + "/v1/"} {
		if found, ok := config.Auths[name]; ok && found.Auth != "" {
			return found.Auth, nil
		} else if ok {
			return base64.StdEncoding.EncodeToString([]byte(found.Username + ":" + found.Password)), nil
		}
	}
	return "", nil
}
