"""What is behind nginx: a server that echoes, breaks off and hangs, as the path says. Tests also reach it directly, to change
what nginx shows."""

import http.server
import json
import os
import socket
import struct
import threading
import urllib.parse


class Upstream(http.server.ThreadingHTTPServer):
    """Serves from threads of this process, until it ends."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Answer)
        self.folder = folder
        self.seen = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def is_first(self, target):
        """Whether this is the first request for it."""
        with self.lock:
            is_first = target not in self.seen
            self.seen.add(target)
            return is_first

    def handle_error(self, request, client_address):
        """Whoever breaks off before the answer is not news."""


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        path = urllib.parse.urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match path:
            case "/echo":
                self.say(200, json.dumps(self.request_as_seen(body)))
            case "/gateway/once-reset":
                self.say(503 if self.server.is_first(self.path) else 200, "{}")
            case "/gateway/slow":
                threading.Event().wait()
            case "/gateway/truncated":
                self.promise_more_than_is_sent()
            case "/gateway/broken":
                self.promise_more_than_is_sent()
                # Closing then sends a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "/certificate/first" | "/certificate/second":
                self.change_certificate(path.rsplit("/", 1)[1])
                self.say(200, "{}")
            case _:
                self.say(404, "{}")

    do_GET = do_POST = do_PUT = answer

    def say(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def request_as_seen(self, body):
        """Without the credential itself, which nobody has to see twice."""
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "authorization"}
        return {
            "method": self.command,
            "target": self.path,
            "authorized": "authorization" in self.headers,
            "headers": headers,
            "length": len(body),
            "body": body[:1024].decode("utf-8", "replace"),
        }

    def promise_more_than_is_sent(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.wfile.flush()
        self.close_connection = True

    def change_certificate(self, name):
        """nginx reads it anew for each handshake."""
        folder = self.server.folder
        new = folder / "changing" / "new.pem"
        new.symlink_to(folder / f"{name}.both.pem")
        os.replace(new, folder / "changing" / "localhost.pem")

    def log_message(self, *_):
        """nginx keeps the log."""
