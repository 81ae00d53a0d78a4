#!/usr/bin/python3
"""A server over https that takes no Negotiate which is not bound to its certificate (tls-server-end-point, RFC 5929 §4).

    bound.py FOLDER PORT

mod_auth_gssapi cannot do that. Needs the Debian package python3-gssapi.
"""

import base64
import hashlib
import json
import pathlib
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi
import gssapi.raw

CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG


def main():
    folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    certificate = ssl.PEM_cert_to_DER_cert((folder / "server.pem").read_text())
    Handler.bindings = gssapi.raw.ChannelBindings(
        application_data=b"tls-server-end-point:" + hashlib.sha256(certificate).digest())
    Handler.credential = gssapi.Credentials(usage="accept", store={"keytab": str(folder / "http.keytab")})
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    # Handshakes are for the thread of their connection: one that never comes must keep nobody waiting.
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bindings = None
    credential = None

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Negotiate":
            return self.answer(401, "say who you are")
        try:
            accepted = gssapi.raw.accept_sec_context(
                base64.b64decode(token), self.credential, channel_bindings=self.bindings)
        except gssapi.exceptions.GSSError as error:
            return self.answer(401, str(error), getattr(error, "token", None))
        if not int(accepted.flags) & CHANNEL_BOUND:
            return self.answer(401, "the token is bound to no certificate")
        user = gssapi.raw.display_name(accepted.initiator_name).name.decode()
        return self.answer(200, user, accepted.token)

    def answer(self, status, user, token=None):
        body = json.dumps({"user": user}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 401 or token:
            said = " " + base64.b64encode(token).decode() if token else ""
            self.send_header("WWW-Authenticate", "Negotiate" + said)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    main()
