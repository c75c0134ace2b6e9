# libzmq's side of the table of troubles. The first line of output is JSON: where each socket is. The end of the input is the end.
# argv: a folder with the key files hub.key_secret and clients/. With argv[2] "limited", one REP whose process has no file
# descriptors left.
import json
import os
import resource
import select
import sys
import threading
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

folder = sys.argv[1]
context = zmq.Context()
sockets, places = [], {}


def bound(name, kind, prepare=lambda s: None, of=context):
    s = of.socket(kind)
    s.linger = 0
    prepare(s)
    places[name] = "tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1")
    sockets.append(s)
    return s


if sys.argv[2:] == ["limited"]:
    bound("REP", zmq.REP)
    line = json.dumps({"places": places}) + "\n"
    top = max(int(n) for n in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1, top + 1))
    while not select.select([0], [], [], 0.01)[0]:  # until who started us has gone
        try:
            while True:
                os.dup(0)  # what is free below the limit, also what libzmq's threads give back late
        except OSError:
            os.write(1, line.encode())  # only now
            line = ""
    os._exit(0)  # to end in order needs descriptors

auth = ThreadAuthenticator(context)
auth.start()
auth.configure_plain(domain="*", passwords={"ann": "secret"})
auth.configure_curve(domain="*", location=os.path.join(folder, "clients"))
_, secret = zmq.auth.load_certificate(os.path.join(folder, "hub.key_secret"))


def plain(s):
    s.plain_server = True


def curve(s):
    s.curve_server, s.curve_secretkey = True, secret


bound("PULL", zmq.PULL)
bound("PLAIN", zmq.REP, plain)
bound("CURVE", zmq.REP, curve)
bound("nobody to ask", zmq.REP, plain, zmq.Context())  # a context without a handler

# A ROUTER that answers, and its peer "ann".
router = bound("ROUTER", zmq.ROUTER)
ann = context.socket(zmq.DEALER)
ann.linger = 0
ann.routing_id = b"ann"
ann.connect(places["ROUTER"])
ann.send_multipart([b"", b"hello"])
router.send_multipart(router.recv_multipart())
ann.recv_multipart()


def answer():
    try:
        while True:
            router.send_multipart(router.recv_multipart())
    except zmq.ZMQError:
        pass  # the end


threading.Thread(target=answer, daemon=True).start()

# A PAIR that has its peer.
pair = bound("PAIR", zmq.PAIR)
mate = context.socket(zmq.PAIR)
mate.linger = 0
mate.connect(places["PAIR"])
mate.send(b"hello")
pair.recv()
bound("a free PAIR", zmq.PAIR)

print(json.dumps({"places": places}), flush=True)
sys.stdin.read()
os._exit(0)
