# A TLS server with OpenSSL. argv[1] is where it keeps its certificate. The first line of output is where it is. The end of the
# input is the end.
import os
import socket
import ssl
import subprocess
import sys
import threading

path = sys.argv[1]
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path,
                "-out", path + ".crt", "-subj", "/CN=localhost", "-days", "1"], check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(path + ".crt", path)
listener = socket.create_server(("127.0.0.1", 0))
print("tcp://127.0.0.1:%d" % listener.getsockname()[1], flush=True)


def serve():
    while True:
        c, _ = listener.accept()
        try:
            context.wrap_socket(c, server_side=True).close()
        except OSError:
            c.close()


threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()
os._exit(0)
