"""A publisher of KV events over libzmq, built as vLLM builds its own: one thread, a PUB, a ROUTER and what was said last.

A line on standard input is a command, and has one line for an answer: "keep 5" makes five events that nobody hears, "publish
5" five that go out, "bind STREAM REPLAY" makes the publisher reachable, "asked" is how many questions there were. The end
of standard input is the end.
"""

import collections
import os
import sys

import zmq

END = (-1).to_bytes(8, "big", signed=True)


class Publisher:
    def __init__(self, topic, life):
        self.topic, self.life = topic.encode(), life
        self.context = zmq.Context()
        self.pub = self.context.socket(zmq.PUB)
        self.pub.set_hwm(100_000)
        self.replay = self.context.socket(zmq.ROUTER)  # at its default mark, 1000
        self.kept = collections.deque(maxlen=100_000)
        self.next, self.questions = 0, 0

    def event(self):
        seq, payload = self.next.to_bytes(8, "big"), b"event %d of life %d" % (self.next, self.life)
        self.kept.append((self.next, payload))
        self.next += 1
        return [self.topic, seq, payload]

    def keep(self, count):
        for _ in range(int(count)):
            self.event()

    def publish(self, count):
        for _ in range(int(count)):
            self.pub.send_multipart(self.event())

    def bind(self, stream, replay):
        self.replay.bind(replay)
        self.pub.bind(stream)

    def asked(self):
        return self.questions

    def answer(self):
        who, empty, number = self.replay.recv_multipart()
        self.questions += 1
        first = int.from_bytes(number, "big")
        for seq, payload in self.kept:
            if seq >= first:
                self.replay.send_multipart([who, empty, seq.to_bytes(8, "big"), payload])
        self.replay.send_multipart([who, empty, END, b""])


def main(topic, life):
    publisher = Publisher(topic, int(life))
    poller = zmq.Poller()
    poller.register(0, zmq.POLLIN)
    poller.register(publisher.replay, zmq.POLLIN)
    pending = b""
    while True:
        ready = dict(poller.poll())
        if publisher.replay in ready:
            publisher.answer()
        if 0 in ready:
            some = os.read(0, 4096)
            if not some:
                os._exit(0)  # nothing lingers
            *lines, pending = (pending + some).split(b"\n")
            for line in lines:
                command, *words = line.decode().split()
                print(getattr(publisher, command)(*words), flush=True)


main(*sys.argv[1:])
