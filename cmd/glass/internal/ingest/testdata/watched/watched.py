"""A program that is watched, for the tests: it does what it reads, a command a line, and says when it has been done."""
import sys

import zmq

import glass_bridge

context, strangers = zmq.Context(), zmq.Context()
pull = context.socket(zmq.PULL)
bridge = glass_bridge.watch(pull, "jobs; a=b", app="wörker", agent=sys.argv[1])
endpoint = "tcp://127.0.0.1:%d" % pull.bind_to_random_port("tcp://127.0.0.1")
print(endpoint, flush=True)
for line in sys.stdin:
    command, count = line.split()
    if command == "quit":
        break
    for i in range(int(count)):  # a peer comes, is heard, and goes
        push = strangers.socket(zmq.PUSH)
        push.connect(endpoint)
        push.send(b"job")
        pull.recv()
        push.close()
    print("done", flush=True)
context.destroy(0)  # closes the sockets as well
bridge.join()
print("dropped", bridge.dropped, flush=True)
