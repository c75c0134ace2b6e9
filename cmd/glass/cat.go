package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/lines"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

const catText = `cat is netcat for ZeroMQ: it opens a socket of a type, sends what it reads and prints what it receives. A line is a
message, both ways.

What the types do:
  PUSH, PUB, PULL, SUB     send the lines of the input, or print what comes
  PAIR, DEALER, ROUTER, XPUB, XSUB, STREAM
                           both at once; of a ROUTER and STREAM the first frame is the peer's routing id
  REQ                      asks each line, and prints the answer before it asks the next one
  REP                      prints each request, and answers it with --reply, with the request itself (--echo), or with
                           the next line of the input
A SUB subscribes to everything unless -s says to what. A PUB waits for the first subscriber before it sends, as what it
sends to nobody is lost; --wait says for how many, and 0 for none.

The input is read as --frames says, the output written as -o says: what -o hex and -o jsonl print, --frames hex and
--frames json read. Text escapes whatever a terminal should not see; raw is for pipes.

PUSH, PUB, REQ and a REP that answers from the input end with the input; the others go on to --count, --for or Ctrl-C, or
end with it, too, for --eof. At the end, what is queued may go as long as the option linger says (5 s; half a second after
Ctrl-C). What goes wrong with connections is told on the standard error, once until it changes, in the words of glass watch;
--quiet silences it.

Exit codes: 0 ok, 1 if something could not be done, or messages were lost, 2 if the command line is wrong, and 3 if --for was
over before --count.

`

const catExamples = `  glass cat SUB -c tcp://feed:5556 -s EUR -o jsonl        what a publisher sends about EUR
  seq 1000 | glass cat PUSH -b 'tcp://*:5557'             a ventilator
  echo 'how are you?' | glass cat REQ -c tcp://db:5556 --for 2s
  glass cat REP -b tcp://127.0.0.1:5556 --reply fine      a server that says yes to everything
  glass cat ROUTER -b tcp://127.0.0.1:5556 --echo -o hex
  glass cat PULL -b tcp://127.0.0.1:5558 -n 3 --for 10s   wait for three messages; exit code 3 if they do not come
  glass cat REP -b 'tcp://*:5556' --echo --curve-key hub.key_secret --curve-clients clients/`

// A catting is the command line of cat.
type catting struct {
	opening
	out, in   choice
	null      bool
	prefixes  []string
	most      int
	during    time.Duration
	interval  time.Duration
	reply     string
	replies   bool // --reply was given
	echo, eof bool
	wait      int
	quiet     bool
	noColour  bool
}

func newCat() *cobra.Command {
	c := catting{out: choice{lines.Text, lines.Forms}, in: choice{lines.One, lines.Splits}}
	cmd := &cobra.Command{
		Use:               "cat TYPE -b ENDPOINT | -c ENDPOINT ...",
		Short:             "Send lines as messages, and print messages as lines",
		Long:              catText + secureText + optionsText(),
		Example:           catExamples,
		Args:              oneType,
		ValidArgsFunction: completeType,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.replies = cmd.Flags().Changed("reply")
			if !cmd.Flags().Changed("wait") {
				c.wait = -1
			}
			catter, err := c.plan(cmd, args[0])
			if err != nil {
				return err
			}
			return catter.run(cmd.Context())
		},
	}
	c.flags(cmd)
	return cmd
}

func (c *catting) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	c.opening.flags(cmd)
	f.VarP(&c.out, "output", "o", "`form` of what is received: text, raw, hex or jsonl")
	f.Var(&c.in, "frames", "how a line of input becomes frames: `form` one (the whole line), tab, hex or json")
	f.BoolVarP(&c.null, "null", "0", false, "a zero byte instead of the end of a line, both ways")
	f.StringArrayVarP(&c.prefixes, "subscribe", "s", nil, "SUB, XSUB: receive what begins with this `prefix`; may be repeated")
	f.IntVarP(&c.most, "count", "n", 0, "end after this `number` of messages received, or sent by a type that only sends; 0: no end")
	f.DurationVar(&c.during, "for", 0, "end after this `time`; 0: only Ctrl-C ends")
	f.DurationVar(&c.interval, "interval", 0, "pause for this `time` between messages sent")
	f.StringVar(&c.reply, "reply", "", "REP: answer every request with this `text`")
	f.BoolVar(&c.echo, "echo", false, "send back what is received, instead of the input")
	f.BoolVar(&c.eof, "eof", false, "end with the input, also if more could be received")
	f.IntVar(&c.wait, "wait", 0, "send nothing before so many `peers` are ready (default 1 for PUB and XPUB, else 0)")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "say nothing of connections")
	f.BoolVar(&c.noColour, "no-color", false, "no colours on a terminal either (also: the environment variable NO_COLOR)")
	complete(cmd, "output", c.out.among)
	complete(cmd, "frames", c.in.among)
}

// plan is what the command line means.
func (c *catting) plan(cmd *cobra.Command, typ string) (*catter, error) {
	for _, n := range []struct {
		flag string
		bad  bool
	}{{"--count", c.most < 0}, {"--for", c.during < 0}, {"--interval", c.interval < 0}, {"--wait", c.wait < -1}} {
		if n.bad {
			return nil, usagef("%s below 0: write how much, or 0 for none", n.flag)
		}
	}
	socket, err := c.socket(typ, catConfig)
	if err != nil {
		return nil, err
	}
	if err := c.suits(socket); err != nil {
		socket.Close() // nothing had begun
		return nil, usage(err)
	}
	end := byte('\n')
	if c.null {
		end = 0
	}
	k := &catter{flags: c, socket: socket, sub: socket.Watch(catMask), end: end,
		in: lines.NewReader(cmd.InOrStdin(), c.in.chosen, end), out: cmd.OutOrStdout(), notes: cmd.ErrOrStderr()}
	if !c.quiet {
		k.told = show.NewStream(k.notes, show.Options{Form: show.Text, NoColour: c.noColour})
	}
	return k, nil
}

// catConfig lets a ROUTER say whom it does not know: a person who mistypes a routing id wants to hear of it.
func catConfig(t zmq.Type) zmq.Config { return zmq.Config{RouterMandatory: t == zmq.ROUTER} }

// What matters to who sends and receives: that it does not go well, and that it does again.
const (
	catTroubles = monitor.Failures | monitor.Disconnected | monitor.Dropped | monitor.QueueFull
	catMask     = catTroubles | monitor.HandshakeSucceeded | monitor.Inproc
)

// suits says which flag makes no sense for a socket of this type.
func (c *catting) suits(s zmq.Socket) error {
	_, sends := s.(zmq.Sender)
	_, subscribes := s.(subscriber)
	var wrong string
	switch {
	case c.replies && s.Type() != zmq.REP:
		wrong = "--reply is for REP"
	case c.replies && c.echo:
		wrong = "--reply and --echo are two answers to one request: give one of them"
	case c.echo && !slices.Contains(echoes, s.Type()):
		wrong = "--echo is for REP, PAIR, DEALER, ROUTER and STREAM"
	case len(c.prefixes) > 0 && !subscribes:
		wrong = "-s is for SUB and XSUB"
	case c.wait > 0 && !sends:
		wrong = "--wait is for types that send"
	case c.interval > 0 && !sends:
		wrong = "--interval is for types that send"
	default:
		return nil
	}
	return fmt.Errorf("%v: %s", s.Type(), wrong)
}

// echoes are the types that may send to whom they have received from.
var echoes = []zmq.Type{zmq.REP, zmq.PAIR, zmq.DEALER, zmq.ROUTER, zmq.STREAM}

type subscriber interface {
	Subscribe(prefixes ...string) error
}
