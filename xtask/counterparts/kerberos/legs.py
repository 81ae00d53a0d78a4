#!/usr/bin/python3
"""A server over http that wants a second token of each client: a code for what it has offered (SPNEGO, RFC 4178 §5).

    legs.py FOLDER PORT

MIT's acceptor wants one only of clients that offer something else before Kerberos. So SPNEGO is made here; Kerberos and the codes
are the library's. Needs the Debian package python3-gssapi.
"""

import base64
import json
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi
import gssapi.raw

# RFC 4178 §4.2.2
COMPLETED, INCOMPLETE, CODE_REQUESTED = 0, 1, 3
SEQUENCE, ENUMERATED, OCTETS, IDENTIFIER = 0x30, 0x0a, 0x04, 0x06


def main():
    folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    Handler.credential = gssapi.Credentials(usage="accept", store={"keytab": str(folder / "http.keytab")})
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


class Handler(BaseHTTPRequestHandler):
    """One for each connection: the second token must come by that of the first."""

    protocol_version = "HTTP/1.1"
    credential = None
    accepted = None
    offered = b""

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Negotiate":
            return self.answer(401, "say who you are")
        try:
            token = base64.b64decode(token)
            # Who does not trust us begins anew.
            is_second = self.accepted and token[:1] == b"\xa1"
            return self.go_on(token) if is_second else self.begin(token)
        except (gssapi.exceptions.GSSError, ValueError) as error:
            self.accepted = None
            return self.answer(401, str(error))

    def begin(self, token):
        self.offered, token = of_first(token)
        self.accepted = gssapi.raw.accept_sec_context(token, self.credential)
        match self.path:
            case "/shown":
                said = response(INCOMPLETE, self.accepted.token, self.code(self.offered))
            case "/changed":
                said = response(INCOMPLETE, self.accepted.token, self.code(b"another offer"))
            case _:
                said = response(CODE_REQUESTED, self.accepted.token)
        self.answer(401, "show what you have offered", said)

    def go_on(self, token):
        accepted, self.accepted = self.accepted, None
        gssapi.raw.verify_mic(accepted.context, self.offered, of_second(token))
        user = gssapi.raw.display_name(accepted.initiator_name).name.decode()
        code = gssapi.raw.get_mic(accepted.context, self.offered) if self.path == "/requested" else None
        self.answer(200, user, response(COMPLETED, code=code))

    def code(self, offered):
        return gssapi.raw.get_mic(self.accepted.context, offered)

    def answer(self, status, user, token=None):
        body = json.dumps({"user": user}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        said = " " + base64.b64encode(token).decode() if token else ""
        self.send_header("WWW-Authenticate", "Negotiate" + said)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def of_first(token):
    """What a client offers, as it has written that, and Kerberos's first token."""
    _, init = element(element(token, 0x60)[0], IDENTIFIER)
    fields = element(element(init, 0xa0)[0], SEQUENCE)[0]
    offered, fields = element(fields, 0xa0)
    return offered, element(element(fields, 0xa2)[0], OCTETS)[0]


def of_second(token):
    """The code in it."""
    fields = element(element(token, 0xa1)[0], SEQUENCE)[0]
    return element(element(fields, 0xa3)[0], OCTETS)[0]


def response(state, token=None, code=None):
    fields = [wrap(0xa0, wrap(ENUMERATED, bytes([state])))]
    fields += [wrap(field, wrap(OCTETS, octets)) for field, octets in [(0xa2, token), (0xa3, code)] if octets]
    return wrap(0xa1, wrap(SEQUENCE, b"".join(fields)))


def element(data, tag):
    """The content of the first element, and what comes after it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError(f"an element {tag:#x} is missing")
    length, start = data[1], 2
    if length > 127:
        start += length - 128
        length = int.from_bytes(data[2:start])
    return data[start:start + length], data[start + length:]


def wrap(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 128 + len(size)]) + size + content


if __name__ == "__main__":
    main()
