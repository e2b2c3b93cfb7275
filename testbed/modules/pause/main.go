// Command pause keeps a pod's namespaces open until it is told to end.
package main

import (
	"os/signal"
	"syscall"

	"context"
)

func main() {
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	<-ended.Done()
}
