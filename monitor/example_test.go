package monitor_test

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// A reader sees what happened, in order, until the last event. Here the hub
// stands for a socket; its Watch returns such a subscription.
func Example_readTheStory() {
	var hub monitor.Hub
	w := hub.Subscribe(monitor.Lifecycle, 0)
	defer w.Close()

	dial := monitor.Event{Side: monitor.SideConnect, EndpointID: 1, Endpoint: "tcp://127.0.0.1:5555", Attempt: 1, FD: -1}
	failed, retried := dial, dial
	failed.Kind, failed.Conn = monitor.ConnectFailed, 7
	failed.Reason, failed.Err = monitor.ReasonRefused, syscall.ECONNREFUSED
	retried.Kind, retried.Reason, retried.Interval = monitor.ConnectRetried, monitor.ReasonRefused, 100*time.Millisecond
	hub.Emit(&failed)
	hub.Emit(&retried)
	hub.Close()

	for e := range w.Events(context.Background()) {
		fmt.Println(e)
		if e.Kind&monitor.Failures != 0 {
			fmt.Println("  why: ", e.Why())
			fmt.Println("  hint:", e.Hint())
		}
	}
	// Output:
	// connect_failed      tcp://127.0.0.1:5555 conn=7 who=peer reason=refused attempt=1
	//   why:  nothing listens on tcp://127.0.0.1:5555
	//   hint: start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host
	// connect_retried     tcp://127.0.0.1:5555 who=peer reason=refused attempt=1 interval=100ms
	// monitor_stopped
}

// A slow reader is told what it missed, in its place.
func Example_fallBehind() {
	var hub monitor.Hub
	w := hub.Subscribe(monitor.All, 2)
	for conn := range monitor.ConnID(5) {
		hub.Emit(&monitor.Event{Kind: monitor.Accepted, Conn: conn + 1, FD: -1})
	}
	hub.Close()
	for e := range w.Events(context.Background()) {
		fmt.Println(e.Seq, e)
	}
	// Output:
	// 3 lost                n=3
	// 4 accepted            conn=4
	// 5 accepted            conn=5
	// 6 monitor_stopped
}

// What arrives at a PAIR socket that listens to libzmq's monitor, or to ours.
func ExampleParse() {
	frames := monitor.Event{
		Kind: monitor.Listening, Side: monitor.SideBind, Local: "tcp://127.0.0.1:40773", FD: 12,
	}.AppendFrames(nil, 1)
	e, err := monitor.Parse(frames)
	fmt.Println(e.Kind, e.FD, e.Addr(), err)
	// Output: listening 12 tcp://127.0.0.1:40773 <nil>
}

// A story that a test recorded is held against the grammar.
func ExampleCheck() {
	story := []monitor.Event{
		{Kind: monitor.Connected, Seq: 1, Conn: 7, EndpointID: 1, Side: monitor.SideConnect},
		{Kind: monitor.Disconnected, Seq: 2, Conn: 7, EndpointID: 1, Side: monitor.SideConnect},
	}
	fmt.Println(monitor.Check(slices.Values(story)))
	// Output: event 2 of the story (seq 2, disconnected): connection 7 is up, after connected: legal are handshake_failed_no_detail|handshake_succeeded|handshake_failed_protocol|handshake_failed_auth|local_closed|identity_conflict
}
