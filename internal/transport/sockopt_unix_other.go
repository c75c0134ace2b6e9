//go:build unix && !linux

package transport

import "errors"

const abstract = false // "@name" is a file of that name

func setPriority(uintptr, int) error { return errors.ErrUnsupported }

func setUserTimeout(uintptr, int) error { return errors.ErrUnsupported }

func bindToDevice(uintptr, string) error { return errors.ErrUnsupported }

func deferPort(int) {} // these systems choose the port at bind
