// Command gohost is a Go program that is linked with libzmq.so.
package main

/*
#cgo LDFLAGS: -lzmq
#include <zmq.h>
*/
import "C"

import (
	"fmt"
	"syscall"
)

func main() {
	ctx, err := C.zmq_ctx_new()
	if ctx == nil && err == syscall.ENOTSUP {
		fmt.Println("refused")
	} else {
		fmt.Println(ctx, err)
	}
}
