"""A libzmq peer that does what it is told in lines of JSON.

A line on standard input is a command: {"id": 7, "socket": "a", "do": "recv", "count": 3}. Each has one answer, a line on
standard output with the same id: {"id": 7, "messages": [...]}, or {"id": 7, "error": "..."}. What happens by itself is a
line without id: what a socket's monitor saw, and what a "drain" took.

A socket lives on one thread, which runs its commands in order; "stop" alone is for the command that is running. The
end of standard input is the end of the process, at once: a socket that is to linger is closed by a command first.

Generated messages are the same on both sides. Frame j of message i of a tag says so in its first bytes, and goes on with
random bytes, the same ones in every run, from a place that depends on the three: a byte that is lost, doubled or moved
shows.
"""

import hashlib
import json
import os
import queue
import struct
import sys
import threading
import time
import zlib

import zmq
from zmq.utils import z85

PATIENCE = 30.0  # seconds that one command may take

printing = threading.Lock()


def say(**line):
    text = json.dumps(line) + "\n"
    with printing:
        sys.stdout.write(text)
        sys.stdout.flush()


BOOK = hashlib.shake_128(b"the book").digest((1 << 20) + 7)  # no power of two: nobody's buffers repeat with it


def frame(tag, i, j, size):
    head = f"{tag} {i} {j} ".encode()
    start = zlib.crc32(head) % len(BOOK)
    page = head + BOOK[start : start + size]
    if len(page) < size:
        page += BOOK * (size // len(BOOK) + 1)
    return page[:size]


def message(tag, i, sizes):
    return [frame(tag, i, j, size) for j, size in enumerate(sizes)]


def printed(frames):
    """What a message is compared by: its sizes and a hash over its bytes, which the sizes cut into frames."""
    digest = hashlib.sha256()
    for f in frames:
        digest.update(f)
    return " ".join(str(len(f)) for f in frames) + " " + digest.hexdigest()[:32]


def sequel(tag, n, size):
    """Message n of a stream: who, the number, and bytes that belong to both."""
    return [tag.encode(), str(n).encode(), frame(tag, n, 2, size)]


def is_sequel(frames):
    """Whether frames are one whole message of a stream, nothing missing and nothing from another."""
    return len(frames) == 3 and frames == sequel(frames[0].decode(), int(frames[1]), len(frames[2]))


def prefix(i):
    """A topic of which there are many. None is a prefix of another; their bytes are of any kind."""
    return struct.pack(">I", i * 2654435761 % 2**32) + b"/%d/" % i


def digest(topics):
    """What a set of topics is compared by."""
    whole = hashlib.sha256()
    for topic in sorted(topics):
        whole.update(struct.pack(">I", len(topic)) + topic)
    return whole.hexdigest()[:32]


def set_options(socket, options):
    """Options by their names without ZMQ_; bytes that are no text are {"hex": ...}."""
    for name, value in options.items():
        if isinstance(value, dict):
            value = bytes.fromhex(value["hex"])
        elif isinstance(value, str):
            value = value.encode()
        socket.setsockopt(getattr(zmq, name), value)


class Socket(threading.Thread):
    """One socket and the thread that it belongs to."""

    def __init__(self, context, name, type, options):
        super().__init__(daemon=True)
        self.commands = queue.SimpleQueue()
        self.name = name
        self.socket = context.socket(getattr(zmq, type))
        self.set(options)
        # The events are read on a thread of their own, always: libzmq stands still when nobody reads them. So their
        # socket is made here, and handed to that thread by its start.
        address = f"inproc://events of {name}"
        self.socket.monitor(address, zmq.EVENT_ALL)
        events = context.socket(zmq.PAIR)
        events.connect(address)
        threading.Thread(target=self.watch, args=(events,), daemon=True).start()

    def watch(self, events):
        kind = 0
        while kind != zmq.EVENT_MONITOR_STOPPED:
            head, address = events.recv_multipart()
            kind, value = struct.unpack("=HI", head)  # zmq_socket_monitor(3)
            say(socket=self.name, event=kind, value=value, address=address.decode())
        events.close(linger=0)

    def command(self):
        """The next command. Meanwhile libzmq, which does part of its work on the program's thread, gets to do it."""
        while True:
            try:
                return self.commands.get(timeout=0.05)
            except queue.Empty:
                self.socket.getsockopt(zmq.EVENTS)

    def run(self):
        do = ""
        while do != "close":
            line = self.command()
            id, do, self.stopped = line.pop("id"), line.pop("do"), line.pop("stopped")
            self.deadline = time.monotonic() + PATIENCE
            try:
                say(id=id, **(getattr(self, do)(**line) or {}))
            except Exception as e:  # whatever it is, who asked must hear of it
                say(id=id, error=f"{do}: {type(e).__name__}: {e}")

    # Commands.

    def set(self, options):
        set_options(self.socket, options)

    def bind(self, endpoint):
        self.socket.bind(endpoint)
        return {"endpoint": self.socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()}

    def connect(self, endpoint):
        self.socket.connect(endpoint)

    def unbind(self, endpoint):
        self.socket.unbind(endpoint)

    def disconnect(self, endpoint):
        self.socket.disconnect(endpoint)

    def close(self, linger):
        self.socket.close(linger=linger)

    def send(self, count, tag, sizes):
        self.socket.getsockopt(zmq.EVENTS)  # takes in what the I/O thread has announced: new peers
        for i in range(count):
            self.put(message(tag, i, sizes))

    def send_shapes(self, tag, shapes):
        """One message of each shape."""
        for i, sizes in enumerate(shapes):
            self.put(message(tag, i, sizes))

    def put_frames(self, frames):
        """One message, as it stands."""
        self.put([bytes.fromhex(f) for f in frames])

    def put_frames_now(self, frames):
        """The same, if it can be sent without waiting."""
        self.socket.getsockopt(zmq.EVENTS)
        self.socket.send_multipart([bytes.fromhex(f) for f in frames], zmq.DONTWAIT)

    def subscribe(self, prefixes):
        for p in prefixes:
            self.socket.setsockopt(zmq.SUBSCRIBE, bytes.fromhex(p))

    def unsubscribe(self, prefixes):
        for p in prefixes:
            self.socket.setsockopt(zmq.UNSUBSCRIBE, bytes.fromhex(p))

    def subscribe_range(self, first, end, on):
        """The numbered prefixes from first to end - 1, or no longer."""
        for i in range(first, end):
            self.socket.setsockopt(zmq.SUBSCRIBE if on else zmq.UNSUBSCRIBE, prefix(i))

    def publish(self, numbers):
        """One message that begins with each of these prefixes."""
        for i in numbers:
            self.put([prefix(i), b"%d" % i])

    def hear(self, count):
        """What an XPUB hears, whatever the order: count messages, and what they are compared by."""
        return {"messages": [digest(self.take()[0] for _ in range(count))]}

    def recv(self, count):
        return {"messages": [printed(self.take()) for _ in range(count)]}

    def echo(self, count):
        """Everything comes back as it came: an answer from REP, and from ROUTER, whose envelope leads."""
        for _ in range(count):
            self.put(self.take())

    def converse(self, tag, shapes):
        """A question of each shape, its answer, the next question."""
        answers = []
        for i, sizes in enumerate(shapes):
            self.put(message(tag, i, sizes))
            answers.append(printed(self.take()))
        return {"messages": answers}

    def show(self):
        """The next message itself, for the few that are looked at."""
        return {"frames": [f.hex() for f in self.take()]}

    def gather(self, size):
        """Bytes of a STREAM's only peer, in whatever pieces they come: who it is, and what they are compared by."""
        peer, got = None, b""
        while len(got) < size:
            peer, piece = self.take()
            got += piece
        return {"frames": [peer.hex()], "messages": [printed([got])]}

    def stream(self, tag, size):
        """Numbered messages until "stop"."""
        n = 0
        while not self.stopped.is_set():
            if self.socket.poll(20, zmq.POLLOUT):
                self.socket.send_multipart(sequel(tag, n, size))
                n += 1
        return {"count": n}

    def call(self, tag):
        """Numbered messages, one every few milliseconds, until "stop": somebody has heard."""
        n = 0
        while not self.stopped.wait(0.003):
            self.socket.send_multipart(sequel(tag, n, 1))
            n += 1
        return {"count": n}

    def drain(self):
        """Takes messages of streams until "stop", and tells of each before it takes the next."""
        while not self.stopped.is_set():
            if self.socket.poll(20):
                frames = self.socket.recv_multipart()
                if is_sequel(frames):
                    say(socket=self.name, tag=frames[0].decode(), n=int(frames[1]))
                else:
                    say(socket=self.name, tag="torn", n=0, torn=printed(frames))

    # Send and receive within the command's time.

    def left(self):
        left = int((self.deadline - time.monotonic()) * 1000)
        if left <= 0:
            raise TimeoutError("the command's time is over")
        return left

    def put(self, frames):
        self.socket.setsockopt(zmq.SNDTIMEO, self.left())
        self.socket.send_multipart(frames)

    def take(self):
        self.socket.setsockopt(zmq.RCVTIMEO, self.left())
        return self.socket.recv_multipart()


def proxy(context, front, back, control=None):
    """zmq_proxy(3) between two sockets, until the process ends; they are bound where they are told to be. With a third
    one to command it: zmq_proxy_steerable(3)."""
    ends = []
    for end in filter(None, (front, back, control)):
        s = context.socket(getattr(zmq, end["type"]))
        set_options(s, end["options"])
        s.bind(end["endpoint"])
        ends.append(s)
    run = zmq.proxy_steerable if control else zmq.proxy
    threading.Thread(target=run, args=ends[:2] + [None] + ends[2:], daemon=True).start()
    return [s.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode() for s in ends]


def guard(context, plain, curve):
    """A ZAP handler (RFC 27) for the sockets of this process: the passwords of PLAIN, by user name, and the clients' keys
    of CURVE, in Z85. Who is not among them is refused with 400. Without it CURVE lets everybody in, and PLAIN nobody."""
    handler = context.socket(zmq.REP)
    handler.bind("inproc://zeromq.zap.01")
    keys = {z85.decode(key) for key in curve}

    def judge():
        while True:
            version, request, domain, address, identity, mechanism, *credentials = handler.recv_multipart()
            if mechanism == b"PLAIN":
                ok = plain.get(credentials[0].decode()) == credentials[1].decode()
            else:
                ok = mechanism == b"CURVE" and credentials[0] in keys
            verdict = [b"200", b"OK", b"somebody", b""] if ok else [b"400", b"No", b"", b""]
            handler.send_multipart([version, request] + verdict)

    threading.Thread(target=judge, daemon=True).start()


def main():
    context, sockets = zmq.Context(), {}
    latest = {}  # of each socket's commands: what "stop" stops
    for text in sys.stdin:
        line = json.loads(text)
        name = line.pop("socket")
        if line["do"] == "open":
            try:
                sockets[name] = Socket(context, name, line["type"], line["options"])
                sockets[name].start()
                say(id=line["id"])
            except Exception as e:
                say(id=line["id"], error=f"open: {type(e).__name__}: {e}")
        elif line["do"] == "proxy":
            try:
                say(id=line["id"], endpoints=proxy(context, line["front"], line["back"], line.get("control")))
            except Exception as e:
                say(id=line["id"], error=f"proxy: {type(e).__name__}: {e}")
        elif line["do"] == "guard":
            try:
                guard(context, line["plain"], line["curve"])
                say(id=line["id"])
            except Exception as e:
                say(id=line["id"], error=f"guard: {type(e).__name__}: {e}")
        elif line["do"] == "stop":
            latest[name].set()
            say(id=line["id"])
        else:
            latest[name] = line["stopped"] = threading.Event()
            sockets[name].commands.put(line)
    os._exit(0)  # no socket lingers, no thread is waited for


main()
