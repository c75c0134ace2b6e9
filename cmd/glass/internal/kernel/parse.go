package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
)

// The messages that netlink itself sends (netlink(7)).
const (
	typeError = 2 // NLMSG_ERROR
	typeDone  = 3 // NLMSG_DONE
)

// parse reads one answer of netlink: messages of struct nlmsghdr (u32 length, itself included; u16 type, flags; u32 seq, pid) and
// what they carry. done: it was the last.
func parse(b []byte, seq uint32, conns []Conn) (_ []Conn, done bool, err error) {
	for len(b) >= 16 {
		n := binary.NativeEndian.Uint32(b)
		if n < 16 || uint64(n) > uint64(len(b)) {
			return conns, true, errors.New("netlink: a message that is longer than what came")
		}
		body := b[16:n]
		switch typ := binary.NativeEndian.Uint16(b[4:]); {
		case binary.NativeEndian.Uint32(b[8:]) != seq: // an answer to a question of before
		case typ == typeDone:
			return conns, true, nil
		case typ == typeError:
			return conns, true, refusal(body)
		case len(conns) == MaxConns:
			return conns, true, fmt.Errorf("there are more than %d: those beyond were left out", MaxConns)
		default:
			if c, ok := decode(body); ok {
				conns = append(conns, c)
			}
		}
		b = b[min((int(n)+3)&^3, len(b)):]
	}
	return conns, false, nil
}

// refusal is struct nlmsgerr: the negative error number first; 0 is an acknowledgement.
func refusal(body []byte) error {
	if len(body) < 4 {
		return errors.New("netlink: an error without a number")
	}
	if n := -int32(binary.NativeEndian.Uint32(body)); n != 0 {
		return syscall.Errno(n)
	}
	return nil
}
