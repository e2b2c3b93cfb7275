//go:build !wasip1

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// The same renderer as a program of the machine, for comparison: each line of the input is `{"header": {...}, "text": "..."}`,
// each line of the output the nanoseconds that its rendering took, or the process ends with the fault.
func main() {
	type request struct {
		Header json.RawMessage `json:"header"`
		Text   string          `json:"text"`
	}
	lines := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var next request
		if err := lines.Decode(&next); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		var output bytes.Buffer
		started := time.Now()
		outcome := run(next.Header, []byte(next.Text), &output)
		took := time.Since(started)
		if outcome.Error != "" {
			fmt.Fprintln(os.Stderr, outcome.Error)
			os.Exit(1)
		}
		fmt.Println(took.Nanoseconds())
	}
}
