// Call prints the figure that stands beside bench.c's row call: nanoseconds of a Go program's Send of 64 bytes by a Pub that
// nobody listens to. What row call has more is what the C interface costs.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/glassmq/zmq"
)

const size, calls = 64, 3000000

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	pub := zmq.NewPub(zmq.Config{})
	defer pub.Close()
	if _, err := pub.Bind("tcp://127.0.0.1:*"); err != nil {
		return err
	}
	ctx, bytes := context.Background(), make([]byte, size)
	began := time.Now()
	for range calls {
		if err := pub.Send(ctx, bytes); err != nil {
			return err
		}
	}
	_, err := fmt.Printf("%.1f\n", float64(time.Since(began).Nanoseconds())/calls)
	return err
}
