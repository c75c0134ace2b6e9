"""A Jupyter kernel and a client of it: code is run, its output, its answer and its errors come back, and it can be interrupted."""
import sys
import threading

from jupyter_client.manager import KernelManager

LIMIT = 60


def outputs(client, code):
    said = []
    reply = client.execute_interactive(code, timeout=LIMIT, output_hook=said.append, stop_on_error=False)
    return reply["content"], said


manager = KernelManager(kernel_name="python3")
manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
manager.start_kernel()
client = manager.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=LIMIT)
    reply, said = outputs(client, "print('hello'); 6 * 7")
    assert reply["status"] == "ok", reply
    assert any(m["msg_type"] == "stream" and m["content"]["text"] == "hello\n" for m in said), said
    assert any(m["msg_type"] == "execute_result" and m["content"]["data"]["text/plain"] == "42" for m in said), said
    reply, said = outputs(client, "1 / 0")
    assert reply["status"] == "error" and reply["ename"] == "ZeroDivisionError", reply
    reply, said = outputs(client, "for i in range(2000): print(i)")
    assert reply["status"] == "ok", reply
    assert "".join(m["content"]["text"] for m in said if m["msg_type"] == "stream").split()[-1] == "1999"
    reply = client.complete("pri", 3, reply=True, timeout=LIMIT)
    assert "print" in reply["content"]["matches"], reply
    reply, said = outputs(client, "print(open('/proc/self/maps').read().count('libglassmq-engine'))")
    assert any(m["msg_type"] == "stream" and int(m["content"]["text"]) > 0 for m in said), "the kernel runs on another library"
    threading.Timer(1, manager.interrupt_kernel).start()
    reply, said = outputs(client, "import time\nwhile True: time.sleep(0.1)")
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt", reply
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print("ok")
