package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

const (
	maxFiles  = 10_000
	maxLooked = 500_000
	tries     = 4
)

// grant is leave to upload below one prefix of a store, for a while.
type grant struct {
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	KeyPrefix string            `json:"keyPrefix"`
	MaxBytes  int64             `json:"maxBytes"`
	Patterns  []string          `json:"patterns"`
}

var client = &http.Client{Timeout: 10 * time.Minute}

func uploadGranted(file, directory string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the leave to upload files cannot be read: %w", err)
	}
	var leave grant
	if err := json.Unmarshal(text, &leave); err != nil {
		return fmt.Errorf("the leave to upload files cannot be read: %w", err)
	}
	paths, err := findFiles(directory, leave.Patterns)
	if err != nil {
		return err
	}
	var all []error
	for _, path := range paths {
		if err := upload(leave, directory, path); err != nil {
			all = append(all, err)
		}
		if len(all) == 10 {
			return errors.Join(append(all, errors.New("and so on"))...)
		}
	}
	return errors.Join(all...)
}

// findFiles lists the regular files that match; symbolic links are not followed, wherever they are.
func findFiles(directory string, patterns []string) ([]string, error) {
	matches, err := matcher(patterns)
	if err != nil {
		return nil, err
	}
	var found []string
	looked := 0
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // a directory that may not be read, or is gone: what is in it is not there for us
		}
		if looked++; looked > maxLooked {
			return fmt.Errorf("more than %d files to look through: name the artifacts more closely", maxLooked)
		}
		relative, err := filepath.Rel(directory, path)
		if err != nil || !entry.Type().IsRegular() || !matches(relative) {
			return nil
		}
		if found = append(found, relative); len(found) > maxFiles {
			return fmt.Errorf("more than %d files match: name the artifacts more closely", maxFiles)
		}
		return nil
	})
	sort.Strings(found)
	return found, err
}

func upload(leave grant, directory, path string) error {
	var err error
	for try := 0; try < tries; try++ {
		time.Sleep(time.Duration(try) * time.Second)
		var passing bool
		if passing, err = uploadOnce(leave, filepath.Join(directory, path), path); err == nil || !passing {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// uploadOnce posts one file; true when another try may succeed.
func uploadOnce(leave grant, file, path string) (bool, error) {
	// The command may have left processes that put something else in its place.
	opened, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false, errors.Join(err, errors.New("is no file any more"))
	}
	if info.Size() > leave.MaxBytes {
		return false, fmt.Errorf("has %d bytes, at most %d are kept", info.Size(), leave.MaxBytes)
	}
	before, after, kind, err := form(leave, path)
	if err != nil {
		return false, err
	}
	body := io.MultiReader(bytes.NewReader(before), io.LimitReader(opened, info.Size()), bytes.NewReader(after))
	request, err := http.NewRequest(http.MethodPost, leave.URL, body)
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", kind)
	request.ContentLength = int64(len(before)) + info.Size() + int64(len(after))
	return send(request)
}

// form is what comes before and after a file's bytes. S3 reads no field behind the file.
func form(leave grant, path string) (before, after []byte, kind string, err error) {
	var text bytes.Buffer
	writer := multipart.NewWriter(&text)
	for field, value := range leave.Fields {
		if err := writer.WriteField(field, value); err != nil {
			return nil, nil, "", err
		}
	}
	if err := writer.WriteField("key", leave.KeyPrefix+encoded(path)); err != nil {
		return nil, nil, "", err
	}
	if _, err := writer.CreateFormFile("file", "file"); err != nil {
		return nil, nil, "", err
	}
	length := text.Len()
	if err := writer.Close(); err != nil {
		return nil, nil, "", err
	}
	return text.Bytes()[:length], text.Bytes()[length:], writer.FormDataContentType(), nil
}

func send(request *http.Request) (bool, error) {
	answer, err := client.Do(request)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
	if answer.StatusCode < 300 {
		return false, nil
	}
	return answer.StatusCode >= 500 || answer.StatusCode == 429, fmt.Errorf("HTTP status %d: %s", answer.StatusCode, said)
}

// encoded is a path as one segment of a key: percent-encoded as encodeURIComponent does.
func encoded(path string) string {
	var out strings.Builder
	for _, one := range []byte(path) {
		isPlain := one >= 'a' && one <= 'z' || one >= 'A' && one <= 'Z' || one >= '0' && one <= '9'
		if isPlain || strings.IndexByte("-_.!~*'()", one) >= 0 {
			out.WriteByte(one)
		} else {
			fmt.Fprintf(&out, "%%%02X", one)
		}
	}
	return out.String()
}
