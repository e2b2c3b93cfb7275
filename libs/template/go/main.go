//go:build wasip1

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"unsafe"
)

//go:wasmimport keelson request_size
func requestSize(part uint32) uint32

//go:wasmimport keelson request_read
func requestRead(part uint32, into unsafe.Pointer)

//go:wasmimport keelson output
func writeOutput(from unsafe.Pointer, size uint32) uint32

//go:wasmimport keelson outcome
func writeOutcome(from unsafe.Pointer, size uint32)

var errOutputLimit = errors.New("the output is larger than allowed")

// hostOutput hands each piece to the host, which counts.
type hostOutput struct{}

func (hostOutput) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	if writeOutput(unsafe.Pointer(&piece[0]), uint32(len(piece))) != 0 {
		return 0, errOutputLimit
	}
	return len(piece), nil
}

func part(number uint32) []byte {
	bytes := make([]byte, requestSize(number))
	if len(bytes) > 0 {
		requestRead(number, unsafe.Pointer(&bytes[0]))
	}
	return bytes
}

// render is called once for each template; an instance may render many, one after the other.
//
//go:wasmexport render
func render() {
	output := bufio.NewWriterSize(hostOutput{}, 64<<10)
	outcome := run(part(0), part(1), output)
	if err := output.Flush(); err != nil && outcome.Error == "" {
		outcome.Phase, outcome.Error = "execute", err.Error()
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		panic(err)
	}
	writeOutcome(unsafe.Pointer(&text[0]), uint32(len(text)))
}

func main() {}
