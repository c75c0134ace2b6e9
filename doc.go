// Package zmq is ZeroMQ in pure Go whose every socket can be watched.
//
// It speaks ZMTP 3.1 and 3.0 (ZeroMQ RFC 37 and 23) with libzmq and every other engine that does. This page is the
// manual: the model first, then what is promised, then what is not there.
//
// # Model
//
// A socket is a message queue with a network behind it. It has any number of endpoints ("tcp://db:5556"), of its own
// (Bind) and of others (Connect), and any number of peers, who come and go; which side binds and which connects does
// not matter to messages. The type says what a socket does with its peers:
//
//	PUSH    gives each message to the next peer that has room      talks to PULL
//	PULL    takes messages from its peers in turn                  PUSH
//	PUB     gives each message to every peer that subscribed       SUB, XSUB
//	SUB     takes what it has subscribed to                        PUB, XPUB
//	XPUB    PUB, and receives what its peers subscribe to          SUB, XSUB
//	XSUB    SUB, and sends to its publishers                       PUB, XPUB
//	REQ     asks one peer, and takes that peer's answer            REP, ROUTER
//	REP     takes a question, and answers who asked                REQ, DEALER
//	DEALER  sends as PUSH, receives as PULL                        REP, DEALER, ROUTER
//	ROUTER  knows its peers by routing ids, and picks one          REQ, DEALER, ROUTER
//	PAIR    talks to one peer; a second one is turned away         PAIR
//	STREAM  knows its peers by routing ids; they speak bytes       any TCP program
//
// There is a Go type for each, with the methods that its pattern allows: [Push], [Pull], [Pub], [Sub] and so on. [Socket]
// is what they have in common, [New] makes one whose type is known at run time only, and [Proxy] joins two of them.
//
// Addresses are frames. The first frame of what a ROUTER or STREAM receives is the sender's routing id, the first frame of
// what it sends the receiver's; [Router.Reply] gets the envelope of a REQ right. The first frame of what a PUB sends is what
// subscriptions, which are prefixes, are compared with. What there is nobody for is dropped by PUB and ROUTER (unless
// Config.RouterMandatory), and queues, or waits, everywhere else.
//
// Connect never fails because of the peer. It dials in the background, again and again, with pauses from 100 ms to 5 s
// (Config.ReconnectMin, ReconnectMax), and every attempt resolves the name again. So the order in which programs start
// does not matter: messages queue meanwhile, up to the high-water mark. To wait for a peer there is WaitReady, whose
// error says what each endpoint is stuck on.
//
// # Endpoints
//
//	tcp://host:port              Connect: a name, an IPv4 address, or an IPv6 address in brackets
//	tcp://source:port;host:port  Connect, from this address, interface or port
//	tcp://*:5555                 Bind: every interface; instead of * an address or interface ("lo", "eth0")
//	tcp://127.0.0.1:*            Bind: a port of the system's choice; Bind returns which
//	ipc:///run/feed              between processes: a Unix socket at that path; Bind takes over what a dead process left
//	ipc://@name                  the same, with a name that needs no file (Linux)
//	ipc://*                      Bind: a path of its own; Bind returns which
//	inproc://name                within the process: sockets of one Context; up to 256 bytes
//
// With Config.IPv6 names, interfaces and * mean IPv6 as well. Over inproc there is no connection: one socket's queue is
// the other's, and connecting before somebody has bound the name is as good as after.
//
// # Messages and who owns bytes
//
// A message has one or more frames, and arrives whole or not at all. Send copies: the bytes are the caller's again when
// it returns. A [Message] is to [][]byte what a string is to []byte: nobody changes its bytes once it exists, so copies
// share them, any goroutine may read them, and SendMessage need not copy. What Recv returns is the caller's to keep for
// ever but not to change; Clone gives bytes to change. A small message that is kept keeps up to 4 KiB alive with it, one
// of several frames up to 8, unless it is cloned.
//
// RecvInto receives into a [Buffer] whose memory is used again: no garbage, and its frames are valid until the next
// RecvInto. Send them, or Clone what is to go by SendMessage: a queue that shares them does not know of the next RecvInto.
//
// A nil error from Send says: queued, whole. It does not say: received. ZeroMQ has no acknowledgement; who needs one
// asks (REQ), or lets the peer answer. What is promised for every type:
//
//   - A message is delivered at most once, and whole.
//   - The messages from one socket to one peer come in their order. After a break some can be missing; none is swapped or
//     repeated.
//   - When a connection breaks, the queue of an endpoint that we dialled stays, and the next connection carries it on. The
//     queue of a peer that dialled us goes with it. What the operating system had taken already is beyond anybody's count.
//   - Messages that came before the break stay readable.
//
// The marks Config.SendHWM and RecvHWM count messages per peer, 1000 by default. A peer whose queue is full is passed
// over; when all are full, Send waits. PUB drops a message for the subscribers that are full, and only for them, ROUTER for
// the peer it names; Config.XPubNoDrop and RouterMandatory make them wait. REP drops an answer, too; what is being written
// does not count there, for the peer may have it and ask again. Over inproc there is one queue, as long as both marks
// together.
//
// # Contexts, waiting, NoWait
//
// A context.Context belongs to one call. A call that need not wait succeeds, unless its context is done already: then
// it returns the context's cause, so that a busy loop hears Ctrl-C. A call that has to wait when its context ends
// returns an error that is both [ErrWouldBlock] and the context's. [NoWait] is a context that never waits:
// s.Recv(zmq.NoWait) takes what is there, or returns ErrWouldBlock at once and allocates nothing. For a time limit use
// context.WithTimeout; there is no time-out among the options.
//
// [Context], with a capital C, is something else: a set of sockets that share inproc names and end together. Sockets
// whose Config names none are in [DefaultContext].
//
// # Errors
//
// A peer's failure is an event, never an error: Recv and Send of a socket whose peers are all gone wait for the next
// one. So an error is always about the call. errors.Is finds the sentinels, [ErrWouldBlock], [ErrState] (REQ and REP
// out of turn), [ErrHostUnreachable] (ROUTER and STREAM), [ErrInvalid], [ErrNotFound], [ErrNotSupported], [ErrClosed], [ErrTerminated], and the operating
// system's errors behind them; [Errno] gives libzmq's number. Bind, Connect, Unbind, Disconnect and Monitor return an
// [OpError], which names the endpoint. What is refused has changed nothing.
//
// Constructors start nothing and cannot fail. A [Config] that is out of range or does not apply to the type is a
// [ConfigError] from every call on that socket, and from New.
//
// # Concurrency
//
// Every method may be called from any goroutine at any time, during Close as well, and from inside an OnEvent callback or
// the function given to Update.
//
// What is ordered:
//
//   - The messages that one goroutine sends stay in their order, for each peer. Those of several goroutines come in some
//     order; each is whole.
//   - Several goroutines that receive from one socket share its messages out, in no promised order.
//   - A peer's HandshakeSucceeded was emitted before its first message can be received or sent, and its last event after
//     no more can arrive. Every message and every event of a connection carries its id ([Message.Conn]), which joins the
//     two: in a select the order of channels is chance.
//   - Listening was emitted when Bind returns; MonitorStopped, a socket's last event, when Close does.
//
// Who waits for whom:
//
//   - Send waits for room, Recv for a message, WaitReady for peers, Do for its answer, Close and Shutdown for what is
//     queued. Each waits alone: the socket's other calls go on, in the other direction and in the same one. Nothing else
//     waits for a peer.
//   - A peer that is slow, silent or dead delays nobody else's messages.
//   - A reader of events, or an OnEvent callback, that is slow or stuck delays nothing. It loses events, and is told how
//     many.
//   - REQ and REP take turns, so goroutines that share one get in each other's way. [Req.Do] asks and receives in one
//     step, and questions of several goroutines wait for their turn. A REP belongs to one goroutine.
//
// # Closing and linger
//
// Close ends all other calls with ErrClosed, closes the listeners, and then lingers: it waits until what is queued has
// been handed to the peers' systems, for at most Config.Linger, which is 5 s by default. So a program that sends and
// closes loses nothing to a peer that is there, or comes back in time. What is left then is dropped, and Close returns
// a [DroppedError] with how many messages, for whom, and why. Shutdown lingers until its context ends; Shutdown(NoWait)
// drops at once. Messages that were received but not read are dropped without being counted. When Close returns, the
// socket's goroutines and descriptors are gone; only a callback that is just running may still run.
//
// A program that ends without Close loses what is queued at that moment.
//
// Context.Terminate ends the calls of all its sockets with ErrTerminated; Context.Close does that and closes them, side
// by side, each with its own Linger. Unbind and Disconnect end one endpoint, and what is queued for it lingers in the
// background.
//
// # Monitoring
//
// Everything that happens to a connection is one [Event]: what, when, which socket, which connection, who ended it, in
// which phase, why, in plain words (Event.Why) and with what to change (Event.Hint). Package monitor has the type;
// docs/events.md is the reference of kinds, reasons, JSON keys, and of where this differs from libzmq.
//
//   - Watch gives a [monitor.Subscription]: range over Events(ctx), or Next, Poll, Ready, C. Any number of them.
//   - OnEvent, or Config.OnEvent for a socket that must not lose its first event, calls one function for each event, on a
//     goroutine of its own. [monitor.Log] and [monitor.JSON] are such functions.
//   - Monitor sends libzmq's frames over a PAIR on inproc, for ported code (zmq_socket_monitor(3)). MonitorVersioned also
//     has version 2 frames, and PUB and PUSH. [monitor.Parse] decodes them.
//   - Context.Watch and Context.WatchState do the same for all sockets of a Context, later ones too.
//   - State is the present: endpoints, peers, exact queue depths, totals. WatchState is the present and the events after
//     it, with nothing between.
//
// Watching never changes what goes over the wire, nor when. While nobody watches, an event costs two atomic
// instructions. What happens over inproc is told to masks with monitor.Inproc only: libzmq tells nothing of it.
//
// # Select
//
// Readable and Writable are channels that are closed while Recv, or Send, need not wait. They are made for select, with
// any other channel beside them, and need not be drained: ask for the channel anew in each round, and take one message
// a round with NoWait. If another goroutine was faster, the call returns ErrWouldBlock, and the next round waits again.
// Set a channel to nil to leave a case out.
//
// # Strangers
//
// A listener is open to everybody. Bytes that are not ZMTP, oversize frames, wrong socket types and peers that stall
// end their own connection, with an event that says why, and nobody else notices. Config.MaxMessageSize bounds what a
// peer may send (no limit by default), MaxHandshakes and HandshakeTimeout what strangers may hold. Without a Mechanism
// everybody who can reach the port can send and receive, in the clear. SECURITY.md says more.
//
// # Security
//
// Config.Mechanism is a value: [zmtp.PlainClient] and [zmtp.PlainServer] for a password in the clear, which goes no farther
// than this machine unless Config.PlainAnywhere says so (a Bind that is reachable from elsewhere is an error); Client and Server of package zmtp/curve for keys and encryption, as
// libzmq has them with libsodium. Which side is the server has nothing to do with which one binds.
//
// A server asks about each peer: Config.Authenticate, a function, or if that is nil the ZAP handler of its Context, any REP
// or ROUTER that is bound to inproc://zeromq.zap.01. With nobody to ask nobody comes in; [AllowAny] is how to want that.
// Package auth has such a function ready: networks, passwords and keys, per domain, from files, changed while sockets run.
// Who a peer turned out to be stands in its messages, in State and in events, and the peer cannot overwrite it. A client that
// was refused says so in its events, and tries again no faster than Config.ReconnectMax. Over inproc nobody is asked.
//
// # Compatibility
//
// Socket types, endpoints, kinds of events, their numbers and the errors' numbers are libzmq's, and so is the wire:
// greeting 3.1, 3.0 accepted, older versions refused with an event that says so. Defaults are libzmq's but for these:
// Linger is 5 s instead of for ever, the pause between dial attempts grows to 5 s, an attempt is given up after 30 s,
// and the backlog is as long as the system allows. RCVTIMEO, SNDTIMEO and DONTWAIT are contexts here; SNDMORE and
// RCVMORE are the frames of one call; zmq_poll is select.
//
// The module has no release yet: names may still change, as CHANGELOG.md will say.
//
// # Limitations
//
// What is not there returns [ErrNotSupported], or is not offered at all:
//
//   - libzmq's draft types (SERVER, CLIENT, RADIO, DISH …)
//   - the transports ws, udp, and what else libzmq has beyond tcp, ipc and inproc
//   - ZMTP 1 and 2 peers
package zmq
