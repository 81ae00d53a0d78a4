#!/usr/bin/env python3
"""Debian's glewlwyd as an OpenID provider on loopback, over https.

    start.py

Prints one line of JSON when it is ready: addresses, a client, the certificate authority. Ends on SIGTERM, on SIGINT, and
when its stdin closes. Everything is in a temporary folder, removed at the end. Needs the Debian packages glewlwyd, sqlite3
and openssl; of Python only the standard library.
"""

import http.cookiejar
import json
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HOST = "127.0.0.1"
SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
STARTING_TAKES_AT_MOST = 30  # seconds

CLIENT_ID = "svc"
SCOPES = ["read_content", "read_product_data", "read_financial_data", "read_user_profile", "run_analytics"]
ACCESS_TOKEN_LIFETIME = 5  # seconds


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="session-glewlwyd-"))
    server = None
    try:
        make_certificates(folder)
        create_database(folder)
        server = Server(folder)
        client_secret = configure(Administrator(server))
        say_ready(folder, server, client_secret)
        sys.stdin.read()
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def make_certificates(folder):
    """Leaves ca.pem, server.pem and server.key in the folder."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(folder, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/O=session-test/CN=glewlwyd test CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(folder, "req", "-new", *new_key, "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/O=session-test/CN=localhost")
    (folder / "server.ext").write_text(
        "basicConstraints = CA:FALSE\n"
        "keyUsage = digitalSignature, keyAgreement\n"
        "extendedKeyUsage = serverAuth\n"
        "subjectAltName = DNS:localhost,IP:127.0.0.1\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", "30", "-extfile", "server.ext")


def create_database(folder):
    with open(SCHEMA, "rb") as schema:
        subprocess.run(["sqlite3", folder / "glewlwyd.db"], stdin=schema, check=True)


class Server:
    """The glewlwyd process."""

    def __init__(self, folder):
        self.certificate_authority = folder / "ca.pem"
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        self.origin = f"https://{HOST}:{port}"
        self.issuer = f"{self.origin}/api/oidc"
        self.log = folder / "glewlwyd.log"

        settings = folder / "glewlwyd.conf"
        settings.write_text(self._settings(folder, port))
        with open(folder / "glewlwyd.out", "wb") as output:
            self.process = subprocess.Popen(
                ["glewlwyd", "--config-file", settings], stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def _settings(self, folder, port):
        settings = {
            "port": port,
            "bind_address": HOST,
            "external_url": f"{self.origin}/",
            "api_prefix": "api",
            "log_mode": "file",
            "log_level": "INFO",
            "log_file": self.log,
            "cookie_secure": 1,
            "session_key": "GLEWLWYD2_SESSION_ID",
            "session_expiration": 3600,
            "admin_scope": "g_admin",
            "profile_scope": "g_profile",
            "hash_algorithm": "SHA512",
            "user_module_path": "/usr/lib/glewlwyd/user",
            "client_module_path": "/usr/lib/glewlwyd/client",
            "user_auth_scheme_module_path": "/usr/lib/glewlwyd/scheme",
            "plugin_module_path": "/usr/lib/glewlwyd/plugin",
            "use_secure_connection": True,
            "secure_connection_key_file": folder / "server.key",
            "secure_connection_pem_file": folder / "server.pem",
            "secure_connection_ca_file": self.certificate_authority,
        }
        lines = [f"{name} = {json.dumps(value, default=str)}" for name, value in settings.items()]
        lines.append(f'database = {{ type = "sqlite3" path = "{folder / "glewlwyd.db"}" }};')
        return "\n".join(lines) + "\n"

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def complaint(self):
        return self.log.read_text() if self.log.exists() else "it left no log"


class Administrator:
    """A signed-in session with glewlwyd's own API."""

    def __init__(self, server):
        self.server = server
        tls = ssl.create_default_context(cafile=server.certificate_authority)
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        no_proxy = urllib.request.ProxyHandler({})
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls), cookies, no_proxy)
        self._await_server()
        self.post("/api/auth/", {"username": "admin", "password": "password"})

    def post(self, path, body):
        request = urllib.request.Request(
            self.server.origin + path, method="POST", data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=10):
                pass
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"glewlwyd answered {path} with {error.code}: {error.read().decode()}") from error

    def _await_server(self):
        deadline = time.monotonic() + STARTING_TAKES_AT_MOST
        while True:
            try:
                with self.opener.open(f"{self.server.origin}/config", timeout=1):
                    return
            except urllib.error.HTTPError:
                return  # whatever it says, it answers
            except OSError as error:
                if self.server.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"glewlwyd did not start: {self.server.complaint()}") from error
            time.sleep(0.05)


def configure(administrator):
    """Sets up the OpenID plugin, the scopes and one client; returns that client's secret."""
    key = openssl(None, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    administrator.post("/api/mod/plugin/", {
        "module": "oidc", "name": "oidc", "display_name": "oidc", "order_rank": 0, "readonly": False,
        "parameters": {
            "iss": administrator.server.issuer,
            "jwt-type": "rsa", "jwt-key-size": "256",
            "key": key, "cert": openssl(None, "pkey", "-pubout", given=key), "jwks-show": True,
            "access-token-duration": ACCESS_TOKEN_LIFETIME, "code-duration": 600,
            "refresh-token-duration": 14 * 86400, "refresh-token-rolling": True,
            "allow-non-oidc": True, "pkce-allowed": True,
            "auth-type-client-enabled": True, "auth-type-code-enabled": True,
            "auth-type-refresh-enabled": True, "auth-type-device-enabled": False,
            "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
            "subject-type": "public", "scope": [], "name-claim": "no", "email-claim": "no", "scope-claim": "no",
        },
    })
    for scope in SCOPES:
        administrator.post("/api/scope/", {
            "name": scope, "display_name": scope, "description": scope, "password_required": False, "scheme": {},
        })
    secret = secrets.token_urlsafe(32)
    administrator.post("/api/client/?source=database", {
        "client_id": CLIENT_ID, "name": CLIENT_ID, "enabled": True, "confidential": True,
        "client_secret": secret, "password": secret,
        "authorization_type": ["client_credentials"], "scope": SCOPES,
        "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
        "redirect_uri": [f"http://{HOST}/callback"],
    })
    return secret


def say_ready(folder, server, client_secret):
    authority = str(server.certificate_authority)
    print(json.dumps({
        "ready": True,
        "pid": server.process.pid,
        "dir": str(folder),
        "profile": {
            "backend": "oauth",
            "grant": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": client_secret,
            "client_auth": "client_secret_basic",
            "scopes": [SCOPES[0]],
            "environment": {
                "name": "loopback", "issuer": server.issuer, "api": f"{server.origin}/api/", "ca_file": authority,
            },
        },
        "issuer": server.issuer,
        "token_endpoint": f"{server.issuer}/token",
        "ca_pem": authority,
        "client_id": CLIENT_ID,
        "client_secret": client_secret,
        "scopes": SCOPES,
        "access_ttl": ACCESS_TOKEN_LIFETIME,
    }), flush=True)


def openssl(folder, *arguments, given=None):
    """Runs openssl in the folder; returns what it prints."""
    done = subprocess.run(["openssl", *arguments], cwd=folder, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
