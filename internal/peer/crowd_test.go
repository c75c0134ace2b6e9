package peer

import (
	"net"
	"testing"
)

// A crowd is asked by connections that come and go; each row says what becomes of one.
func TestCrowd(t *testing.T) {
	var c crowd
	outs := map[string]func(){}
	for i, step := range []struct {
		come, go_ string
		full      error
	}{
		{come: "1.2.3.4:1"},
		{come: "1.2.3.4:2"},
		{come: "1.2.3.4:3", full: errTooManyOfOne},
		{come: "[::ffff:1.2.3.4]:3", full: errTooManyOfOne}, // the same, as a socket for both families says it
		{come: "[2001:db8::1]:1"},
		{come: "[2001:db8::2]:1"},
		{come: "[2001:db8::3]:1", full: errTooManyOfOne}, // one network
		{come: "[2001:db8:0:1::1]:1"},
		{go_: "1.2.3.4:1"},
		{go_: "1.2.3.4:1"}, // once is enough
		{come: "1.2.3.4:3"},
		{come: "1.2.3.4:4", full: errTooManyOfOne},
		{come: "a path"}, {come: "a path"}, {come: "a path"}, // no host, no limit but that of all
		{come: "5.6.7.8:1", full: errTooMany},
		{go_: "[2001:db8::1]:1"},
		{come: "5.6.7.8:1"},
	} {
		if step.go_ != "" {
			outs[step.go_]()
			continue
		}
		var from net.Addr = &net.UnixAddr{Name: step.come}
		if tcp, err := net.ResolveTCPAddr("tcp", step.come); err == nil {
			from = tcp
		}
		s, full := c.in(from, 8, 2)
		if full != step.full {
			t.Fatalf("step %d, %s: %v, want %v", i+1, step.come, full, step.full)
		}
		if full == nil {
			outs[step.come] = s.leave
		}
	}
	for _, out := range outs {
		out()
	}
	if c.all != 2 || len(c.of) != 0 { // two of the three that came by one path
		t.Errorf("%d connections and %d hosts are left, want 2 and none", c.all, len(c.of))
	}
}
