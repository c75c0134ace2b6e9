# A libzmq socket of each type, bound over tcp and ipc. The first line of output is JSON: where each is. For each line of
# input, the answer is a line of JSON: what any socket has received since.
import json
import sys
import zmq

context = zmq.Context()
sockets, places = {}, {}
for name in "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB STREAM".split():
    s = context.socket(getattr(zmq, name))
    s.linger = 0
    if name == "SUB":
        s.subscribe(b"")
    sockets[name] = s
    places[name] = ["tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1")]
    if name != "STREAM":  # which is for tcp
        path = "ipc://%s/%s" % (sys.argv[1], name)
        s.bind(path)
        places[name].append(path)
for name in ("PLAIN", "CURVE"):
    s = context.socket(zmq.REP)
    s.linger = 0
    if name == "PLAIN":
        s.plain_server = True
    else:
        s.curve_server, s.curve_secretkey = True, zmq.curve_keypair()[1]
    sockets[name] = s
    places[name] = ["tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1")]
print(json.dumps(places), flush=True)
for line in sys.stdin:
    received = {}
    for name, s in sockets.items():
        while s.poll(0, zmq.POLLIN):
            received.setdefault(name, []).append([f.hex() for f in s.recv_multipart()])
    # Whoever could send now has taken the probe for a peer.
    sent = []
    for name in ("PUSH", "DEALER", "REQ", "PAIR"):
        try:
            sockets[name].send(b"for somebody else", zmq.NOBLOCK)
            sent.append(name)
        except zmq.Again:
            pass
    print(json.dumps({"received": received, "sent": sent}), flush=True)
context.destroy(linger=0)
