"""Runs cases with gs_quant against servers that somebody else names, and tells what its caller got.

    POST /NAME {"http": "http://127.0.0.1:1", "other": "http://127.0.0.1:2", "ws": "ws://127.0.0.1:3"}

runs the case NAME of cases.py, or of a file beside it, in a process of its own, for gs_quant keeps state. The answer is what the case returned, as
JSON; an exception of gs_quant or its HTTP library is a result too. What the case sends before it begins, to be initialised for example, ends with
`GET /--begin--` to `http`.
"""

import http.server
import json
import os
import shutil
import signal
import socketserver
import sys
import tempfile
import threading

# Proxies and .netrc of whoever runs this are none of the case.
for name in list(os.environ):
    if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "NETRC"):
        del os.environ[name]
folder = tempfile.mkdtemp(prefix="session-gs-quant-")
os.environ["HOME"] = folder

import stand_ins  # noqa: E402

stand_ins.put()

import cases  # noqa: E402, F401  (registers them, as do those below)
import cookies  # noqa: E402, F401
import gs_quant  # noqa: E402
import handshakes  # noqa: E402, F401
import scene  # noqa: E402

# One that hangs fails.
PATIENCE = 60


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_POST(self):
        signal.alarm(PATIENCE)
        where = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            status, answer = 200, scene.run(self.path.strip("/"), where)
        except Exception as error:  # of the driver: the caller is to see it
            status, answer = 500, {"driver": f"{type(error).__name__}: {error}"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    max_children = 8
    request_queue_size = 64


def end(*_):
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def end_with_input():
    while sys.stdin.buffer.read1():
        pass
    end()


server = Server(("127.0.0.1", 0), Handler)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
ready = {
    "ready": True,
    "pid": os.getpid(),
    "dir": folder,
    "control": f"http://127.0.0.1:{server.server_port}",
    "python": sys.executable,
    "config": os.path.join(os.path.dirname(gs_quant.__file__), "config.ini"),
    "cases": sorted(scene.CASES),
}
print(json.dumps(ready), flush=True)
threading.Thread(target=end_with_input, daemon=True).start()
server.serve_forever()
