//go:build !linux

package kernel

import (
	"errors"
	"fmt"
)

// Dump is errors.ErrUnsupported: only Linux shows the connections of other processes with their TCP_INFO.
func Dump() ([]Conn, error) {
	return nil, fmt.Errorf("the kernel's table of connections: %w on this system", errors.ErrUnsupported)
}
