package listener

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// look reads the tables of both families: who listens at [::] listens for IPv4 as well.
func look(local, remote netip.AddrPort) (v View, err error) {
	s := seen{local: unmapped(local), remote: unmapped(remote)}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if err := s.read(table); err != nil && !os.IsNotExist(err) { // a kernel without IPv6 has one
			return View{}, err
		}
	}
	for _, r := range s.others {
		if r.local.Addr() == s.remote.Addr() || s.At.Addr().IsUnspecified() { // who listens everywhere has peers at all addresses
			s.Peers = append(s.Peers, r.remote)
		}
	}
	if s.best.inode != 0 {
		s.Process = owner(s.best.inode)
	}
	return s.View, nil
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// seen gathers a View.
type seen struct {
	View
	local, remote netip.AddrPort
	best          row   // the listener that fits best
	fits          int   // how well
	others        []row // connections at the port that a program has, but the one that was asked about
}

func (s *seen) read(table string) error {
	f, err := os.Open(table)
	if err != nil {
		return err
	}
	defer f.Close()
	return readTable(f, s.see)
}

func (s *seen) see(r row) {
	switch {
	case r.local.Port() != s.remote.Port():
	case r.state == listening:
		s.listener(r)
	case r.remote == s.local && r.local == s.remote:
		s.Conn = Conn{Known: r.state == established || r.state == closeWait, Accepted: r.inode != 0, Unread: r.unread}
		if r.state == closeWait {
			s.Conn.Unread = max(0, r.unread-1) // the end of the stream counts as a byte
		}
	case r.state == established && r.inode != 0:
		s.others = append(s.others, r)
	}
}

// listener keeps the one that the kernel would give a connection to remote: the more special address wins.
func (s *seen) listener(r row) {
	fits := 0
	switch at := r.local.Addr(); {
	case at == s.remote.Addr():
		fits = 3
	case at.IsUnspecified() && at.Is4() == s.remote.Addr().Is4():
		fits = 2
	case at == netip.IPv6Unspecified():
		fits = 1
	}
	if fits <= s.fits {
		if fits == 0 || r.local != s.At { // several may share one address (SO_REUSEPORT)
			s.Elsewhere = append(s.Elsewhere, r.local)
		}
		return
	}
	if s.fits > 0 {
		s.Elsewhere = append(s.Elsewhere, s.At)
	}
	s.best, s.fits, s.At, s.Waiting = r, fits, r.local, r.unread
}

// owner is the process that has a socket: the first one, as a child inherits the parent's.
func owner(inode uint64) *Process {
	want := fmt.Sprintf("socket:[%d]", inode)
	processes, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, p := range processes {
		if pid, err := strconv.Atoi(filepath.Base(p)); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	for _, pid := range pids {
		descriptors, _ := os.ReadDir(file(pid, "fd")) // of another user's there are none to see
		for _, d := range descriptors {
			if to, err := os.Readlink(file(pid, "fd/"+d.Name())); err == nil && to == want {
				return Of(pid)
			}
		}
	}
	return nil
}

func file(pid int, name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }

// Of says what is known of a process, at least its number.
func Of(pid int) *Process {
	p := &Process{PID: pid}
	name, _ := os.ReadFile(file(pid, "comm"))
	p.Name = strings.Map(printable, string(bytes.TrimSpace(name)))
	stat, _ := os.ReadFile(file(pid, "stat"))
	state := string(stat[bytes.LastIndexByte(stat, ')')+1:]) // of "77 (name) T 1 …", where a name may have parentheses
	p.Stopped = strings.HasPrefix(state, " T ") || strings.HasPrefix(state, " t ")
	descriptors, err := os.ReadDir(file(pid, "fd"))
	if limits, _ := os.ReadFile(file(pid, "limits")); err == nil {
		p.Limit = openFiles(string(limits))
		p.Descriptors = len(descriptors)
	}
	if pid == os.Getpid() {
		p.Descriptors-- // the one by which they were counted
	}
	return p
}

// printable keeps what a process calls itself from writing to a terminal.
func printable(r rune) rune {
	if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
		return '?'
	}
	return r
}

// openFiles is the soft limit in "Max open files            1024                 4096                 files"; 0: none is there.
func openFiles(limits string) int {
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				n, _ := strconv.Atoi(f[0]) // "unlimited" is 0
				return n
			}
		}
	}
	return 0
}
