//go:build unix && !linux

package transport

import "errors"

func setPriority(uintptr, int, bool) error { return errors.ErrUnsupported }

func bindToDevice(uintptr, string) error { return errors.ErrUnsupported }

func deferPort(int) {} // these systems choose the port at bind
