package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const (
	grantFile = "/keelson/grant/grant.json"
	// What stands here the kubelet tells with the container's end.
	endFile = "/dev/termination-log"
)

// ending is what an exit code cannot say.
type ending struct {
	// Why the command could not be started.
	Unstartable string `json:"unstartable,omitempty"`
	// The signal it died of, by number.
	Signal int `json:"signal,omitempty"`
	// Why files are missing.
	Upload string `json:"upload,omitempty"`
}

// run is the first process of its container: it hands signals on, reaps orphans, and ends as the command does.
func run(args []string) int {
	if len(args) < 2 || args[0] != "--" {
		fail(2, usage)
	}
	var end ending
	code := command(args[1:], &end)
	if end.Unstartable == "" {
		if err := uploadGranted(grantFile, "."); err != nil {
			end.Upload = err.Error()
		}
	}
	tell(end)
	return code
}

func command(words []string, end *ending) int {
	path, err := lookUp(words[0])
	if err != nil {
		end.Unstartable = err.Error()
		return codeOf(err)
	}
	signals := make(chan os.Signal, 32)
	signal.Notify(signals)
	// Output and errors through one pipe: their order is kept.
	files := []uintptr{0, 1, 1}
	pid, err := syscall.ForkExec(path, words, &syscall.ProcAttr{Env: os.Environ(), Files: files})
	if err != nil {
		end.Unstartable = (&exec.Error{Name: words[0], Err: err}).Error()
		return codeOf(err)
	}
	go handOn(signals, pid)
	return await(pid, end)
}

// lookUp finds a program as a shell does, also in the working directory where the name has a slash.
func lookUp(name string) (string, error) {
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrDot) {
		return path, nil
	}
	return path, err
}

// codeOf is what shells answer: 127 when there is no such program, 126 when it cannot be run.
func codeOf(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

func handOn(signals <-chan os.Signal, pid int) {
	for one := range signals {
		// SIGURG is the Go runtime's own, and a child's end is seen by await.
		if number, ok := one.(syscall.Signal); ok && number != syscall.SIGCHLD && number != syscall.SIGURG {
			_ = syscall.Kill(pid, number) // it may have ended
		}
	}
}

// await waits for the command, and reaps whoever is left to the first process.
func await(pid int, end *ending) int {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) || (err == nil && ended != pid) {
			continue
		}
		if err != nil {
			return 1
		}
		if status.Signaled() {
			end.Signal = int(status.Signal())
			return 128 + end.Signal
		}
		return status.ExitStatus()
	}
}

func tell(end ending) {
	if end == (ending{}) {
		return
	}
	text, err := json.Marshal(map[string]ending{"keelson": end})
	if err != nil {
		return
	}
	// Nobody can be told when even that fails: the exit code stands.
	_ = os.WriteFile(endFile, text, 0o666)
}
