"""Shows a glass agent what happens on the ZeroMQ sockets of a Python program (pyzmq, libzmq 4.0 or newer).

    import glass_bridge

    socket = context.socket(zmq.SUB)
    glass_bridge.watch(socket, "ticks", app="pricing")
    socket.connect("tcp://feed:5556")

Nothing here waits for the agent. While it is away, or slow, events are kept, up to a number, then dropped and counted, and the
agent is told how many they were as soon as it listens again.
"""
import os
import secrets
import struct
import sys
import threading
from urllib.parse import quote

import zmq

LOST = 1 << 28  # the number of glass's event "lost"


def watch(socket, name="", app="", agent="tcp://127.0.0.1:5580", queue=1000):
    """Forwards what happens to socket from now on, until it is closed: call it before bind and connect, on the socket's thread.

    name and app are what the agent shows; app is the program's file name if it is empty. queue is how many events are kept for
    the agent. What it returns has an attribute dropped: how many were dropped so far.
    """
    here = "inproc://glass-%s" % secrets.token_hex(8)
    socket.monitor(here, zmq.EVENT_ALL)
    # The same context under another name: the program's Context.destroy must not close a socket that another thread uses.
    events = zmq.Context.shadow(socket.context.underlying).socket(zmq.PAIR)
    events.rcvhwm = 0  # libzmq's thread that does all input and output waits while a monitor is full: this one never is
    events.connect(here)
    bridge = _Bridge(events, _routing_id(socket, name, app or os.path.basename(sys.argv[0])), agent, queue)
    bridge.start()
    return bridge


def _routing_id(socket, name, app):
    """Who we are: at most 255 bytes, so the names are cut. The random end keeps two watchers of one name apart."""
    word = lambda text: quote(text.encode()[:30], safe="")
    kind = zmq.SocketType(socket.type).name
    return "app=%s;socket=%s;type=%s;pid=%d;n=%s" % (word(app), word(name), kind, os.getpid(), secrets.token_hex(4))


class _Bridge(threading.Thread):
    def __init__(self, events, routing_id, agent, queue):
        super().__init__(name="glass_bridge", daemon=True)  # it does not keep the program alive
        self.dropped = 0
        self._untold = 0
        self._events = events
        self._context = zmq.Context()  # of its own, so that the program's can end without it
        self._out = self._context.socket(zmq.DEALER)
        self._out.routing_id = routing_id.encode()
        self._out.sndhwm = queue
        self._out.linger = 500  # the last events may still leave when the socket is closed
        self._out.connect(agent)

    def run(self):
        try:
            while True:
                frames = self._events.recv_multipart()
                self._forward(frames)
                if struct.unpack_from("=H", frames[0])[0] == zmq.EVENT_MONITOR_STOPPED:
                    break  # the socket was closed
        except zmq.ContextTerminated:
            # Its whole context was: then libzmq gives away nothing more, so we say the last word.
            self._forward([struct.pack("=HI", zmq.EVENT_MONITOR_STOPPED, 0), b""])
        self._events.close(0)
        self._out.close()
        self._context.term()

    def _forward(self, frames):
        if self._untold and self._send([struct.pack("=Q", n) for n in (LOST, 1, self._untold)] + [b"", b""]):
            self._untold = 0
        if not self._send(frames):
            self.dropped += 1
            self._untold += 1

    def _send(self, frames):
        try:
            self._out.send_multipart(frames, zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False
