package listener

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// States of TCP as /proc/net/tcp has them (proc(5)).
const (
	established = 0x01
	closeWait   = 0x08 // the near end has finished speaking, and the far one has not closed
	listening   = 0x0A
)

// A row is one TCP socket of /proc/net/tcp or tcp6.
type row struct {
	local, remote netip.AddrPort
	state         uint64
	unread        int    // of a listener: connections that wait to be accepted
	inode         uint64 // 0: no process has it (yet, or any more)
}

// readTable gives each row of a table to see.
func readTable(r io.Reader, see func(row)) error {
	lines := bufio.NewScanner(r)
	lines.Scan() // the heading
	for lines.Scan() {
		one, err := parseRow(lines.Text())
		if err != nil {
			return err
		}
		see(one)
	}
	return lines.Err()
}

// parseRow reads "0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000 0 0 16206633 …".
func parseRow(line string) (r row, err error) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return r, fmt.Errorf("a row of %d fields, there should be 10 at least: %q", len(f), line)
	}
	_, unread, _ := strings.Cut(f[4], ":")
	waiting, err4 := strconv.ParseUint(unread, 16, 31)
	r.unread = int(waiting)
	var err1, err2, err3, err5 error
	r.local, err1 = parseAddr(f[1])
	r.remote, err2 = parseAddr(f[2])
	r.state, err3 = strconv.ParseUint(f[3], 16, 8)
	r.inode, err5 = strconv.ParseUint(f[9], 10, 64)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return row{}, fmt.Errorf("row %q: %w", line, err)
		}
	}
	return r, nil
}

// parseAddr reads "0100007F:1F90": the address is one word of the machine, or four, whose bytes are in network order; the port is a number.
func parseAddr(text string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	b, err := hex.DecodeString(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for i := 0; i+4 <= len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("an address of %d bytes", len(b))
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), nil
}
