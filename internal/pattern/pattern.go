// Package pattern chooses: which pipe takes the next message, whose message comes next. Nothing here blocks, starts
// anything, reads a clock or holds a lock: a socket calls with the lock of the direction held, so a test needs no
// goroutine. Messages do not pass through: a byte that crosses an interface costs an allocation.
package pattern

import (
	"errors"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
)

// ErrState is a call that is not this pattern's turn: EFSM.
var ErrState = errors.New("not this call's turn")

// A Sender chooses the pipe for a message.
type Sender interface {
	Attach(p *pipe.Pipe)
	Detach(p *pipe.Pipe)
	Ready(p *pipe.Pipe) // p has room again

	// Choose says which pipe takes the next message and what envelope goes before it. A nil pipe without an error:
	// nobody can take it now.
	Choose() (p *pipe.Pipe, envelope [][]byte, err error)
	Took(p *pipe.Pipe) // the chosen pipe has taken the message
	Full(p *pipe.Pipe) // it had no room, or is gone: another one, or the call waits …
	Drops() bool       // … unless this pattern drops what the chosen pipe does not take, and counts it as sent
}

// A Receiver chooses the pipe that the next message comes from.
type Receiver interface {
	Attach(p *pipe.Pipe)
	Detach(p *pipe.Pipe) (was bool)
	Ready(p *pipe.Pipe) // p has messages again
	Leave(p *pipe.Pipe) // p's peer has gone, and has left messages

	Meet(p *pipe.Pipe) // p's peer has come, perhaps back

	Waiting(yield func(*pipe.Pipe) bool) // the pipes that may have messages

	Choose() (*pipe.Pipe, error) // nil without an error: no pipe has a message
	Empty(p *pipe.Pipe)          // the chosen pipe had none

	// Took takes the envelope off a message that the chosen pipe gave; !keep: it is not for the user. By value: a pointer
	// through an interface would put every message on the heap.
	Took(p *pipe.Pipe, m message.Message) (_ message.Message, keep bool)
	Fits(p *pipe.Pipe, m message.Message) bool // whether Took would keep m
}
