"""A socket of libzmq under attack, told what to do in lines of JSON, and telling what it sees in others.

{"do": "open", "run": 1, "type": "PULL", "bind": true, "endpoint": "tcp://127.0.0.1:*", "mechanism": "NULL", "options": {}, "zap": null}
{"do": "send", "frames": ["hex"]}
{"do": "close"}

Each is answered by {"answer": true, …}. What comes by itself has the run's number: {"run": 1, "message": ["hex"]} and
{"run": 1, "event": "name", "value": 0}. One thread does all of it, so what a socket has seen is told before "close" is answered.
"""

import json
import os
import struct
import sys
import time

import zmq
from zmq.utils import z85

NAMES = {
    0x0008: "listening", 0x0010: "bind_failed", 0x0020: "accepted", 0x0001: "connected", 0x0002: "connect_delayed",
    0x0004: "connect_retried", 0x0080: "closed", 0x0200: "disconnected", 0x0800: "handshake_failed_no_detail",
    0x1000: "handshake_succeeded", 0x2000: "handshake_failed_protocol", 0x4000: "handshake_failed_auth", 0x0400: "stopped",
}  # zmq_socket_monitor(3)

CLIENT = (b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")  # zmq_curve(7)
SERVER = (b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def secure(s, mechanism):
    if mechanism == "NULL-domain":
        s.setsockopt(zmq.ZAP_DOMAIN, b"lab")
    elif mechanism == "PLAIN-server":
        s.setsockopt(zmq.PLAIN_SERVER, 1)
    elif mechanism == "PLAIN-client":
        s.setsockopt(zmq.PLAIN_USERNAME, b"admin")
        s.setsockopt(zmq.PLAIN_PASSWORD, b"secret")
    elif mechanism == "CURVE-server":
        s.setsockopt(zmq.CURVE_SERVER, 1)
        s.setsockopt(zmq.CURVE_SECRETKEY, SERVER[1])
    elif mechanism == "CURVE-client":
        s.setsockopt(zmq.CURVE_SERVERKEY, SERVER[0])
        s.setsockopt(zmq.CURVE_PUBLICKEY, CLIENT[0])
        s.setsockopt(zmq.CURVE_SECRETKEY, CLIENT[1])


def options(s, given):
    for name, value in given.items():
        if name == "HandshakeTimeout":
            s.setsockopt(zmq.HANDSHAKE_IVL, int(value))
        elif name == "MaxMessageSize":
            s.setsockopt(zmq.MAXMSGSIZE, int(value))
        elif name == "ReqCorrelate":
            s.setsockopt(zmq.REQ_CORRELATE, 1)


class Target:
    def __init__(self):
        self.context = zmq.Context()
        self.handler = self.context.socket(zmq.ROUTER)
        self.handler.setsockopt(zmq.LINGER, 0)
        self.handler.bind("inproc://zeromq.zap.01")
        self.socket = self.monitor = None
        self.run = 0

    def open(self, run, type, bind, endpoint, mechanism, options_, zap):
        self.run, self.zap = run, zap
        s = self.socket = self.context.socket(getattr(zmq, type))
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.RECONNECT_IVL, 20)
        s.setsockopt(zmq.SNDTIMEO, 300)
        if type == "REQ":
            s.setsockopt(zmq.REQ_RELAXED, 1)
        if type == "SUB":
            s.setsockopt(zmq.SUBSCRIBE, b"")
        secure(s, mechanism)
        options(s, options_)
        address = f"inproc://events-{run}"
        s.monitor(address, zmq.EVENT_ALL)
        self.monitor = self.context.socket(zmq.PAIR)
        self.monitor.connect(address)
        if bind:
            s.bind(endpoint)
            endpoint = s.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
        else:
            s.connect(endpoint)
        if type == "XSUB":
            s.send(b"\x01")
        return endpoint

    def close(self):
        self.look(0.02)  # what its I/O thread has passed on, and its program has not taken
        # The monitor goes first, and its end is read: libzmq's I/O thread waits for whoever does not read it, for ever.
        self.socket.monitor(None, 0)
        while self.event() != "stopped":
            pass
        self.monitor.close(linger=0)
        self.socket.close()
        self.socket = self.monitor = None

    def event(self):
        head, address = self.monitor.recv_multipart()
        kind, value = struct.unpack("=HI", head)
        name = NAMES.get(kind, hex(kind))
        say(run=self.run, event=name, value=value)
        return name

    def message(self):
        try:
            frames = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        say(run=self.run, message=[f.hex() for f in frames])
        if self.socket.socket_type == zmq.REP:
            self.socket.send(b"answer")
        return True

    def decide(self):
        frames = self.handler.recv_multipart()
        envelope, (version, id, domain, address, identity, mechanism), credentials = frames[:2], frames[2:8], frames[8:]
        status = b"400"
        if mechanism == b"NULL" or credentials in ([b"admin", b"secret"], [z85.decode(CLIENT[0])]):
            status = b"200"
        answers = [[version, id, status, b"", b"", b""]]
        if credentials[:1] == [b"mallory"] and self.zap is not None:
            answers = [[bytes.fromhex(f).replace(b"@id", id) for f in answer] for answer in self.zap if answer]
        for answer in answers:
            self.handler.send_multipart(envelope + answer)

    def look(self, patience):
        """Takes what there is. A program that calls its socket lets libzmq do what it leaves to that thread."""
        deadline = time.monotonic() + patience
        while True:
            poller = zmq.Poller()
            poller.register(0, zmq.POLLIN)
            poller.register(self.handler, zmq.POLLIN)
            if self.socket is not None:
                poller.register(self.monitor, zmq.POLLIN)
                poller.register(self.socket, zmq.POLLIN)
            ready = dict(poller.poll(max(0, min(20, 1000 * (deadline - time.monotonic())))))
            if self.handler in ready:
                self.decide()
            if self.monitor in ready:
                self.event()
            if self.socket in ready:
                self.message()
            if 0 in ready or time.monotonic() > deadline:
                return 0 in ready


def main():
    target, pending = Target(), b""
    while True:
        while b"\n" not in pending:
            if target.look(0.05):
                more = os.read(0, 1 << 20)
                if not more:
                    os._exit(0)
                pending += more
        line, pending = pending.split(b"\n", 1)
        order = json.loads(line)
        do = order.pop("do")
        try:
            if do == "open":
                order["options_"] = order.pop("options") or {}
                say(answer=True, endpoint=target.open(**order))
            elif do == "send":
                target.socket.send_multipart([bytes.fromhex(f) for f in order["frames"]])
                say(answer=True)
            elif do == "hello":
                say(answer=True)
            elif do == "close":
                target.close()
                say(answer=True)
        except zmq.ZMQError as e:
            say(answer=True, error=str(e))


main()
