#!/usr/bin/env python3
"""A KDC proxy: Kerberos in POST requests over https (MS-KKDCP), by kdcproxy.

    kdc_proxy.py PORT CERTIFICATE KEY

KDCPROXY_CONFIG says where the KDCs are. Needs the packages of requirements.txt.
"""

import socketserver
import ssl
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import kdcproxy


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        # Whoever does not trust the certificate is gone before there is a request.
        try:
            super().handle()
        except OSError:
            pass


def main():
    port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = Server(("127.0.0.1", port), Handler)
    server.set_app(kdcproxy.Application())
    # Handshakes are for the thread of their connection: one that never comes must keep nobody waiting.
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
