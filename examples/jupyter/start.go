package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// A connection is what the connection file tells a kernel: where to bind, and the key of its messages ("Making kernels for
// Jupyter", Connection files).
type connection struct {
	Transport string `json:"transport"` // tcp or ipc
	IP        string `json:"ip"`        // of ipc, the path up to the number
	Scheme    string `json:"signature_scheme"`
	Key       string `json:"key"`
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Heartbeat int    `json:"hb_port"`
}

// newConnection finds five places that nobody is bound to.
func newConnection(transport, dir string, s session) (c connection, err error) {
	c = connection{Transport: transport, IP: "127.0.0.1", Scheme: "hmac-sha256", Key: string(s.key)}
	ports := []*int{&c.Shell, &c.IOPub, &c.Stdin, &c.Control, &c.Heartbeat}
	if transport == "ipc" {
		c.IP = filepath.Join(dir, "kernel")
		for i, p := range ports {
			*p = i + 1
		}
		return c, nil
	}
	return c, freePorts(ports)
}

// freePorts looks where no system hands out ports by itself, which is from 32768 on: between our look and the kernel's bind
// nobody shall get them.
func freePorts(ports []*int) error {
	port := 20000 + rand.IntN(6000)
	for range 6000 {
		if len(ports) == 0 {
			return nil
		}
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			ln.Close()
			*ports[0], ports = port, ports[1:]
		}
		port++
	}
	return fmt.Errorf("the ports below %d are all in use", port)
}

// endpoint is where a channel is.
func (c connection) endpoint(port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return fmt.Sprintf("tcp://%s:%d", c.IP, port)
}

// A process is the kernel's.
type process struct {
	cmd    *exec.Cmd
	dir    string
	stderr bytes.Buffer // to be read once ended is closed
	ended  chan struct{}
}

// launch starts a kernel that reads the connection file.
func launch(command []string, c connection, dir string) (*process, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "connection.json")
	if err := os.WriteFile(file, text, 0o600); err != nil { // who reads the key runs code
		return nil, err
	}
	p := &process{dir: dir, ended: make(chan struct{})}
	p.cmd = exec.Command(command[0], append(command[1:len(command):len(command)], "-f", file)...)
	p.cmd.Env = append(os.Environ(), "IPYTHONDIR="+filepath.Join(dir, "ipython"),
		fmt.Sprintf("JPY_PARENT_PID=%d", os.Getpid())) // it does not outlive us
	p.cmd.Stderr = &p.stderr
	alone(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// wait waits until the process has ended by itself; if ctx ends first, it is killed.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("the kernel did not end, and was killed: %w", context.Cause(ctx))
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// said is the end of what the kernel said on its standard error, once it has ended.
func (p *process) said() string {
	text := bytes.TrimSpace(p.stderr.Bytes())
	return string(text[max(0, len(text)-1000):])
}
