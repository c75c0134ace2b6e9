"""Conversations of Debian's python3-zmq: patterns, polling, options, monitor, CURVE, proxy, many sockets, asyncio.

Run as: talk.py NAME. It says "ok" at its end. The same runs on either libzmq.
"""
import asyncio
import itertools
import os
import struct
import sys
import threading
import time

import zmq
import zmq.asyncio
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils import monitor

names = itertools.count()
LIMIT = 20000  # ms that anything may take


def socket(ctx, kind, **options):
    s = ctx.socket(kind)
    s.rcvtimeo = s.sndtimeo = LIMIT
    s.linger = 0
    for name, value in options.items():
        setattr(s, name, value)
    return s


def bound(s, scheme="tcp"):
    if scheme == "tcp":
        s.bind("tcp://127.0.0.1:*")
    elif scheme == "ipc":
        s.bind("ipc://*")
    else:
        s.bind("inproc://talk-%d" % next(names))
    return s.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def patterns():
    for scheme in "tcp", "ipc", "inproc":
        with zmq.Context() as ctx:
            pair(ctx, scheme)
            reqrep(ctx, scheme)
            pubsub(ctx, scheme)
            router(ctx, scheme)
            pipeline(ctx, scheme)
            xpub(ctx, scheme)
            ctx.destroy(linger=0)


def pair(ctx, scheme):
    a, b = socket(ctx, zmq.PAIR), socket(ctx, zmq.PAIR)
    b.connect(bound(a, scheme))
    a.send_multipart([b"one", b"", b"x" * 100_000])
    assert b.recv_multipart() == [b"one", b"", b"x" * 100_000]
    b.send_string("back")
    assert a.recv_string() == "back"


def reqrep(ctx, scheme):
    rep, req = socket(ctx, zmq.REP), socket(ctx, zmq.REQ)
    req.connect(bound(rep, scheme))
    for i in range(10):
        req.send_json({"n": i})
        refuses(zmq.ZMQError, lambda: req.send(b"twice"), zmq.EFSM)
        assert rep.recv_json() == {"n": i}
        refuses(zmq.ZMQError, lambda: rep.recv(zmq.DONTWAIT), zmq.EFSM)
        rep.send_multipart([b"a", b"b"])
        assert req.recv() == b"a" and req.rcvmore
        assert req.recv() == b"b" and not req.rcvmore


def pubsub(ctx, scheme):
    pub, sub = socket(ctx, zmq.XPUB), socket(ctx, zmq.SUB)
    sub.subscribe(b"a")
    sub.connect(bound(pub, scheme))
    assert pub.recv() == b"\1a"
    pub.send_multipart([b"b", b"not this"])
    pub.send_multipart([b"ab", b"this"])
    assert sub.recv_multipart() == [b"ab", b"this"]
    sub.unsubscribe(b"a")
    assert pub.recv() == b"\0a"


def router(ctx, scheme):
    r = socket(ctx, zmq.ROUTER, router_mandatory=1)
    at = bound(r, scheme)
    dealers = []
    for i in range(5):
        d = socket(ctx, zmq.DEALER, identity=b"dealer %d" % i)
        d.connect(at)
        d.send(b"hello")
        dealers.append(d)
    for _ in dealers:
        who, what = r.recv_multipart()
        assert what == b"hello"
        r.send_multipart([who, b"for", who])
    for i, d in enumerate(dealers):
        assert d.recv_multipart() == [b"for", b"dealer %d" % i]
    refuses(zmq.ZMQError, lambda: r.send_multipart([b"nobody", b""]), zmq.EHOSTUNREACH)


def pipeline(ctx, scheme):
    push, pull = socket(ctx, zmq.PUSH), socket(ctx, zmq.PULL)
    pull.connect(bound(push, scheme))
    n = 20_000
    t = threading.Thread(target=lambda: [push.send(b"%d" % i) for i in range(n)])
    t.start()
    for i in range(n):
        assert pull.recv() == b"%d" % i
    t.join()
    refuses(zmq.Again, lambda: pull.recv(zmq.DONTWAIT), zmq.EAGAIN)
    refuses(zmq.ZMQError, lambda: pull.send(b""), zmq.ENOTSUP)
    refuses(zmq.ZMQError, lambda: push.recv(zmq.DONTWAIT), zmq.ENOTSUP)


def xpub(ctx, scheme):
    pub, sub = socket(ctx, zmq.XPUB), socket(ctx, zmq.XSUB)
    pub.setsockopt(zmq.XPUB_MANUAL, 1)
    sub.connect(bound(pub, scheme))
    sub.send(b"\1A")
    assert pub.recv() == b"\1A"
    pub.setsockopt(zmq.SUBSCRIBE, b"B")
    pub.send(b"A no")
    pub.send(b"B yes")
    assert sub.recv() == b"B yes"


def refuses(kind, f, errno):
    try:
        f()
    except kind as e:
        assert e.errno == errno, e
    else:
        raise AssertionError("was not refused")


def poll():
    with zmq.Context() as ctx:
        a, b = socket(ctx, zmq.PAIR), socket(ctx, zmq.PAIR)
        b.connect(bound(a))
        r, w = os.pipe()
        p = zmq.Poller()
        p.register(a, zmq.POLLIN | zmq.POLLOUT)
        p.register(r, zmq.POLLIN)
        assert dict(p.poll(LIMIT)) == {a: zmq.POLLOUT}
        os.write(w, b"x")
        assert dict(p.poll(LIMIT))[r] == zmq.POLLIN
        os.read(r, 1)
        b.send(b"1")
        p.modify(a, zmq.POLLIN)
        assert dict(p.poll(LIMIT)) == {a: zmq.POLLIN}
        assert a.poll(0) == zmq.POLLIN and a.get(zmq.EVENTS) == zmq.POLLIN | zmq.POLLOUT
        b.send(b"2")
        assert a.recv() == b"1"
        assert dict(p.poll(LIMIT)) == {a: zmq.POLLIN}
        assert a.recv() == b"2"
        began = time.monotonic()
        assert p.poll(50) == []
        assert 0.04 < time.monotonic() - began < 10
        ctx.destroy(linger=0)


def fd():
    """The descriptor's edges: readable means that ZMQ_EVENTS is to be asked, which resets it."""
    import select
    with zmq.Context() as ctx:
        a, b = socket(ctx, zmq.PAIR), socket(ctx, zmq.PAIR)
        b.connect(bound(a))
        b.send(b"first")
        assert a.recv() == b"first"
        f = a.get(zmq.FD)
        a.get(zmq.EVENTS)
        for i in range(200):
            while a.get(zmq.EVENTS) & zmq.POLLIN:
                raise AssertionError("nothing was sent")
            b.send(b"%d" % i)
            while not a.get(zmq.EVENTS) & zmq.POLLIN:
                assert select.select([f], [], [], LIMIT / 1000)[0] == [f], "an edge was lost"
            assert a.recv() == b"%d" % i
        ctx.destroy(linger=0)


def watch():
    with zmq.Context() as ctx:
        a, b = socket(ctx, zmq.PUSH), socket(ctx, zmq.PULL)
        at = bound(a)
        m = b.get_monitor_socket()
        m.rcvtimeo = LIMIT
        b.connect(at)
        seen = []
        while not seen or seen[-1]["event"] != zmq.EVENT_HANDSHAKE_SUCCEEDED:
            seen.append(monitor.recv_monitor_message(m))
        assert [e["event"] for e in seen][-2:] == [zmq.EVENT_CONNECTED, zmq.EVENT_HANDSHAKE_SUCCEEDED], seen
        assert seen[-1]["endpoint"].decode() == at, seen
        a.close()
        while seen[-1]["event"] != zmq.EVENT_DISCONNECTED:
            seen.append(monitor.recv_monitor_message(m))
        b.disable_monitor()
        ctx.destroy(linger=0)


def curve():
    with zmq.Context() as ctx:
        auth = ThreadAuthenticator(ctx)
        auth.start()
        auth.allow("127.0.0.1")
        sp, ss = zmq.curve_keypair()
        cp, cs = zmq.curve_keypair()
        assert zmq.curve_public(cs) == cp
        auth.configure_curve_callback("talk", Only(cp))
        server = socket(ctx, zmq.REP, curve_server=1, curve_secretkey=ss, zap_domain=b"talk")
        assert server.get(zmq.MECHANISM) == zmq.CURVE
        at = bound(server)
        good = socket(ctx, zmq.REQ, curve_publickey=cp, curve_secretkey=cs, curve_serverkey=sp)
        good.connect(at)
        good.send(b"secret")
        m = server.recv(copy=False)
        assert m.bytes == b"secret" and m.get("Socket-Type") == "REQ" and m.get("Peer-Address") == "127.0.0.1"
        assert m.get("User-Id"), "the authenticator's answer names the user"
        server.send(b"known")
        assert good.recv() == b"known"
        bp, bs = zmq.curve_keypair()
        bad = socket(ctx, zmq.REQ, curve_publickey=bp, curve_secretkey=bs, curve_serverkey=sp)
        told = bad.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        told.rcvtimeo = LIMIT
        bad.connect(at)
        assert monitor.recv_monitor_message(told)["value"] == 400
        auth.stop()
        ctx.destroy(linger=0)


class Only:
    def __init__(self, key):
        self.keys = key, zmq.utils.z85.decode(key)

    def callback(self, domain, key):
        return domain == "talk" and key in self.keys


def stonehouse():
    """CURVE without anybody who is asked: everybody with the server's key comes in."""
    with zmq.Context() as ctx:
        sp, ss = zmq.curve_keypair()
        cp, cs = zmq.curve_keypair()
        server = socket(ctx, zmq.PULL, curve_server=1, curve_secretkey=ss)
        client = socket(ctx, zmq.PUSH, curve_publickey=cp, curve_secretkey=cs, curve_serverkey=sp)
        client.connect(bound(server))
        client.send(b"x" * 50_000)
        assert server.recv() == b"x" * 50_000
        ctx.destroy(linger=0)


def plain():
    with zmq.Context() as ctx:
        auth = ThreadAuthenticator(ctx)
        auth.start()
        auth.configure_plain("*", {"ann": "secret"})
        server = socket(ctx, zmq.PULL, plain_server=1)
        client = socket(ctx, zmq.PUSH, plain_username=b"ann", plain_password=b"secret")
        client.connect(bound(server))
        client.send(b"hello")
        m = server.recv(copy=False)
        assert m.bytes == b"hello" and m.get("User-Id") == "ann", m.get("User-Id")
        auth.stop()
        ctx.destroy(linger=0)


def proxy():
    ctx = zmq.Context()
    front, back, control = socket(ctx, zmq.ROUTER), socket(ctx, zmq.DEALER), socket(ctx, zmq.PAIR)
    capture = socket(ctx, zmq.PUSH)
    f, b, c, d = bound(front), bound(back), bound(control, "inproc"), bound(capture, "inproc")
    t = threading.Thread(target=lambda: zmq.proxy_steerable(front, back, capture, control))
    tap = socket(ctx, zmq.PULL)
    tap.connect(d)
    t.start()
    steer = socket(ctx, zmq.PAIR)
    steer.connect(c)
    req, rep = socket(ctx, zmq.REQ), socket(ctx, zmq.REP)
    req.connect(f)
    rep.connect(b)
    for i in range(1000):
        req.send(b"%d" % i)
        assert rep.recv() == b"%d" % i
        rep.send_multipart([b"for", b"%d" % i])
        assert req.recv_multipart() == [b"for", b"%d" % i]
        assert tap.recv_multipart()[-1] == b"%d" % i
        assert tap.recv_multipart()[-2:] == [b"for", b"%d" % i]
    steer.send(b"STATISTICS")
    stats = [struct.unpack("=Q", s)[0] for s in steer.recv_multipart()]
    assert len(stats) == 8 and stats[0] and stats[4], stats
    steer.send(b"PAUSE")
    steer.send(b"RESUME")
    req.send(b"again")
    assert rep.recv() == b"again"
    steer.send(b"TERMINATE")
    t.join(LIMIT / 1000)
    assert not t.is_alive()
    ctx.destroy(linger=0)


def ends():
    """A thread that waits hears of its context's end, and messages that were sent before a close arrive."""
    ctx = zmq.Context()
    s = ctx.socket(zmq.PULL)
    at = bound(s)
    heard = []

    def wait():
        try:
            s.recv()
        except zmq.ContextTerminated:
            heard.append("terminated")
            s.close()

    t = threading.Thread(target=wait)
    t.start()
    ctx.term()
    t.join()
    assert heard == ["terminated"]
    with zmq.Context() as ctx:
        push = ctx.socket(zmq.PUSH)
        push.connect(at)
        for i in range(100):
            push.send(b"%d" % i)
        push.close()  # nobody is there yet, and it lingers for ever
        pull = socket(ctx, zmq.PULL)
        pull.bind(at)
        for i in range(100):
            assert pull.recv() == b"%d" % i
        pull.close()


def interrupted():
    """A signal's handler runs while a call waits, and the call goes on or ends."""
    import signal
    ctx = zmq.Context()
    s = ctx.socket(zmq.PULL)
    bound(s)

    class Rang(Exception):
        pass

    def ring(*_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Rang

    signal.signal(signal.SIGALRM, ring)
    for what in lambda: s.recv(), lambda: s.poll(), lambda: s.poll(LIMIT):
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)  # again and again: one that comes just before the call waits does not end it
        try:
            what()
        except Rang:
            continue
        raise AssertionError("no signal came")
    s.close(0)
    ctx.term()


def thousands():
    with zmq.Context() as ctx:
        ctx.max_sockets = 5000
        pull = socket(ctx, zmq.PULL)
        at = bound(pull, "inproc")
        all = []
        for i in range(3000):
            s = socket(ctx, zmq.PUSH)
            s.connect(at)
            all.append(s)
        for i, s in enumerate(all):
            s.send(b"%d" % i)
        assert {int(pull.recv()) for _ in all} == set(range(3000))
        ctx.destroy(linger=0)


def aio():
    async def serve(s):
        while True:
            who, n = await s.recv_multipart()
            await s.send_multipart([who, n, b"answer"])

    async def ask(ctx, at, i):
        s = socket(ctx, zmq.DEALER)
        s.rcvtimeo = s.sndtimeo = -1
        s.connect(at)
        for j in range(100):
            await s.send(b"%d %d" % (i, j))
            assert await s.recv_multipart() == [b"%d %d" % (i, j), b"answer"]

    async def main():
        ctx = zmq.asyncio.Context()
        r = ctx.socket(zmq.ROUTER)
        at = bound(r)
        server = asyncio.ensure_future(serve(r))
        await asyncio.wait_for(asyncio.gather(*(ask(ctx, at, i) for i in range(20))), LIMIT / 1000)
        server.cancel()
        ctx.destroy(linger=0)

    asyncio.run(main())


def through():
    """A SOCKS 5 proxy, which says at the end whom it was asked for."""
    import socket as plain_socket
    proxy = plain_socket.create_server(("127.0.0.1", 0))
    asked = []

    def pump(a, b):
        while data := a.recv(65536):
            b.sendall(data)
        b.close()

    def serve():
        c, _ = proxy.accept()
        n = c.recv(2)[1]
        assert 0 in c.recv(n)
        c.sendall(b"\x05\x00")
        version, command, _, kind = c.recv(4)
        assert (version, command) == (5, 1)
        host = plain_socket.inet_ntoa(c.recv(4)) if kind == 1 else c.recv(c.recv(1)[0]).decode()
        port = int.from_bytes(c.recv(2), "big")
        asked.append((host, port))
        to = plain_socket.create_connection((host, port))
        c.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        threading.Thread(target=pump, args=(to, c), daemon=True).start()
        pump(c, to)

    threading.Thread(target=serve, daemon=True).start()
    with zmq.Context() as ctx:
        rep, req = socket(ctx, zmq.REP), socket(ctx, zmq.REQ)
        at = bound(rep)
        req.setsockopt(zmq.SOCKS_PROXY, b"127.0.0.1:%d" % proxy.getsockname()[1])
        req.connect(at)
        req.send(b"x" * 10_000)
        assert rep.recv() == b"x" * 10_000
        rep.send(b"y")
        assert req.recv() == b"y"
        assert asked == [("127.0.0.1", int(at.split(":")[-1]))], asked
        ctx.destroy(linger=0)


def stream():
    import socket as plain_socket
    with zmq.Context() as ctx:
        s = socket(ctx, zmq.STREAM)
        at = bound(s)
        host, port = at[6:].split(":")
        c = plain_socket.create_connection((host, int(port)))
        who, empty = s.recv_multipart()
        assert empty == b""
        c.sendall(b"raw bytes")
        assert s.recv_multipart() == [who, b"raw bytes"]
        s.send_multipart([who, b"back"])
        assert c.recv(100) == b"back"
        ctx.destroy(linger=0)


globals()[sys.argv[1]]()
print("ok")
