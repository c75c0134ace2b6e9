# libzmq sockets of several types that ask a ZAP handler, bound over tcp: with PLAIN, which lets in ann, and with CURVE, which
# lets in the certificates of the folder argv[1]. The first line of output is JSON: where each is, and the server's public key.
# The end of the input is the end.
import json
import sys
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

context = zmq.Context()
auth = ThreadAuthenticator(context)
auth.start()
auth.configure_plain(domain="*", passwords={"ann": "secret"})
auth.configure_curve(domain="*", location=sys.argv[1])
public, secret = zmq.curve_keypair()
sockets, places = [], {"NULL": {}, "PLAIN": {}, "CURVE": {}}
for mechanism, at in places.items():
    for name in "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB".split():
        s = context.socket(getattr(zmq, name))
        s.linger = 0
        sockets.append(s)  # what nothing refers to is closed
        if mechanism == "PLAIN":
            s.plain_server = True
        if mechanism == "CURVE":
            s.curve_server, s.curve_secretkey = True, secret
        at[name] = "tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1")
print(json.dumps({"places": places, "key": public.decode()}), flush=True)
sys.stdin.read()
auth.stop()
context.destroy(linger=0)
