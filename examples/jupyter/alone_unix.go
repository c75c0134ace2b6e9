//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// alone gives the kernel a process group of its own: an interrupt goes to the group.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
