// Package main renders Go templates inside a WebAssembly sandbox: Go's own text/template, sprig and a few functions
// more. It reads nothing but the request: no files, no network, no environment of the host.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/template"
	"time"
	_ "time/tzdata" // the sandbox has no zone files

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"gopkg.in/yaml.v2"
)

// Request is what the host hands over besides the template's text.
type Request struct {
	Name     string            `json:"name"`
	Data     json.RawMessage   `json:"data"`
	URLs     map[string]string `json:"urls"` // dotted path in the data -> the URL that becomes a url.URL there
	Env      map[string]string `json:"env"`
	TimeZone string            `json:"timeZone"`
}

// Outcome is what the host gets besides the output.
type Outcome struct {
	Phase  string   `json:"phase"` // where Error comes from: "request", "parse" or "execute"
	Error  string   `json:"error"`
	Raised []string `json:"raised"` // the messages of RaiseError, in order
}

// run renders one template. Output written before an error stays written, as with the template package itself.
func run(header, text []byte, output io.Writer) Outcome {
	outcome := Outcome{Raised: []string{}}
	fail := func(phase string, err error) Outcome {
		outcome.Phase, outcome.Error = phase, err.Error()
		return outcome
	}
	var request Request
	if err := json.Unmarshal(header, &request); err != nil {
		return fail("request", err)
	}
	zone, err := time.LoadLocation(request.TimeZone)
	if err != nil {
		return fail("request", err)
	}
	time.Local = zone
	data, err := dataOf(request)
	if err != nil {
		return fail("request", err)
	}
	raise := func(message string) string {
		outcome.Raised = append(outcome.Raised, message)
		return ""
	}
	parsed, err := template.New(request.Name).Funcs(functions(request.Env, raise)).Parse(string(text))
	if err != nil {
		return fail("parse", err)
	}
	if err := parsed.Execute(output, data); err != nil {
		return fail("execute", err)
	}
	return outcome
}

func functions(env map[string]string, raise func(string) string) template.FuncMap {
	all := sprig.TxtFuncMap()
	lookUp := func(name string) string { return env[name] }
	all["env"] = lookUp
	all["expandenv"] = func(text string) string { return os.Expand(text, lookUp) }
	all["getHostByName"] = func(name string) (string, error) {
		return "", fmt.Errorf("%q is not looked up: a template has no network", name)
	}
	all["RaiseError"] = raise
	all["toJson"] = toJSON
	all["toYaml"] = toYAML
	all["toToml"] = toTOML
	return all
}

// What cannot be marshalled becomes an empty string: templates rely on it.
func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func toYAML(value any) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func toTOML(value any) string {
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(value); err != nil {
		return err.Error()
	}
	return text.String()
}

func dataOf(request Request) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(request.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return nil, err
	}
	data = withNumbers(data)
	for path, text := range request.URLs {
		parsed, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		if err := place(data, strings.Split(path, "."), *parsed); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return data, nil
}

// withNumbers makes whole numbers int, as a template's own literals are, and all others float64.
func withNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := strconv.Atoi(value.String()); err == nil {
			return whole
		}
		broken, _ := value.Float64()
		return broken
	case map[string]any:
		for key, inner := range value {
			value[key] = withNumbers(inner)
		}
	case []any:
		for index, inner := range value {
			value[index] = withNumbers(inner)
		}
	}
	return value
}

func place(data any, path []string, value url.URL) error {
	inside, ok := data.(map[string]any)
	if !ok {
		return errors.New("not an object")
	}
	if len(path) == 1 {
		inside[path[0]] = value
		return nil
	}
	return place(inside[path[0]], path[1:], value)
}
