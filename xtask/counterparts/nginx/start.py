#!/usr/bin/env python3
"""Debian's nginx as an API behind bearer checks, and as a gateway that fails; and Debian's tinyproxy, to go through.

    start.py

Prints one line of JSON when it is ready: addresses, tokens, certificates, the log. Ends on SIGTERM, on SIGINT, and when its
stdin closes. Everything is in a temporary folder, removed at the end. Needs the Debian packages nginx, tinyproxy-bin,
python3-websockets and openssl; nobody need be root.
"""

import base64
import contextlib
import grp
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time

from certificates import CLIENT, SERVER, Authority
from upstream import Upstream

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"
STARTING_TAKES_AT_MOST = 30  # seconds
# Debian's packages are for Debian's Python, which need not be the one that runs this.
DEBIAN_PYTHON = "/usr/bin/python3"

HTTPS = ["api", "api_http1", "brief", "brief_http1", "evil", "mutual", "old", "stranger", "changing", "login"]
HTTP = ["api_plain", "evil_plain"]
CLIENT_ID = "svc"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as running:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="session-nginx-"))
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        make_files(folder)
        credentials = Credentials()
        upstream = Upstream(folder)
        feed = running.enter_context(Feed())
        # Bound, but listening to nobody: who connects is refused.
        nobody = running.enter_context(socket.socket())
        nobody.bind((HOST, 0))
        ports = free_ports([*HTTPS, *HTTP, "proxy"])
        behind = {"upstream": upstream.server_port, "feed": feed.port, "nobody": nobody.getsockname()[1]}
        nginx = running.enter_context(Nginx(folder, ports | behind, credentials))
        running.enter_context(Tinyproxy(folder, ports, credentials))
        say_ready(folder, nginx, ports | behind, credentials)
        sys.stdin.read()


def make_files(folder):
    authority = Authority(folder, "ca")
    for name in ["server", "first", "second"]:
        authority.sign(name, "localhost", SERVER)
    authority.sign("client", CLIENT_ID, CLIENT)
    other = Authority(folder, "other_ca")
    other.sign("stranger", "localhost", SERVER)
    other.sign("strange_client", CLIENT_ID, CLIENT)
    (folder / "changing").mkdir()
    (folder / "changing" / "localhost.pem").symlink_to(folder / "first.both.pem")
    with open(folder / "large", "wb") as large:
        large.truncate(8 << 20)


class Credentials:
    """What is to be accepted, and what is not."""

    def __init__(self):
        self.valid = [secrets.token_hex(20) for _ in range(3)]
        self.expired, self.narrow = secrets.token_hex(20), secrets.token_hex(20)
        self.client_secret = secrets.token_hex(20)
        self.proxy_user, self.proxy_password = "wanderer", secrets.token_hex(20)

    def basic(self):
        return base64.b64encode(f"{CLIENT_ID}:{self.client_secret}".encode()).decode()


class Child:
    """A process that ends with us."""

    def __init__(self, command, **pipes):
        self.process = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, **pipes})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def await_port(self, port):
        deadline = time.monotonic() + STARTING_TAKES_AT_MOST
        while True:
            try:
                with socket.create_connection((HOST, port), timeout=1):
                    return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.process.args[0]} does not listen on {port}") from error
            time.sleep(0.05)


class Feed(Child):
    """The websocket server."""

    def __init__(self):
        python = DEBIAN_PYTHON if os.path.exists(DEBIAN_PYTHON) else sys.executable
        super().__init__([python, HERE / "feed.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline() or 0)
        if not self.port:
            raise RuntimeError(f"{python} cannot serve websockets; is python3-websockets installed?")


class Nginx(Child):
    def __init__(self, folder, ports, credentials):
        settings = ports | {
            "folder": folder,
            "user": user(),
            "valid": "|".join(credentials.valid), "first": credentials.valid[0],
            "expired": credentials.expired, "narrow": credentials.narrow,
            "basic": credentials.basic().replace("+", "\\+"),
            "kilobyte": "k" * 1024,
            "redirects": "\n        ".join(redirects(ports)),
        }
        self.log = folder / "access.log"
        config = folder / "nginx.conf"
        config.write_text(Template((HERE / "nginx.conf").read_text()).substitute(settings))
        super().__init__([program("nginx"), "-p", folder, "-e", folder / "error.log", "-c", config])
        for name in [*HTTPS, *HTTP]:
            self.await_port(ports[name])


class Template(string.Template):
    """nginx's own variables begin with a $."""

    delimiter = "@"


def user():
    """Workers of a nginx that is started by root would be somebody else's, who may not enter the folder."""
    if os.geteuid():
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"


def redirects(ports):
    """A location for each status and place that a redirect can have."""
    places = {
        "same": "/echo",
        "port": f"https://localhost:{ports['evil']}/landed",
        "host": f"https://{HOST}:{ports['evil']}/landed",
        "plain": f"http://localhost:{ports['evil_plain']}/landed",
        "round": "$uri",
    }
    for status in [301, 302, 303, 307, 308]:
        for name, place in places.items():
            yield f"location = /redirect/{status}/{name} {{ return {status} {place}$is_args$args; }}"


class Tinyproxy(Child):
    """A proxy for tunnels to our own servers, which wants a name and a password."""

    def __init__(self, folder, ports, credentials):
        self.log = folder / "tinyproxy.log"
        config = folder / "tinyproxy.conf"
        config.write_text(
            f"Listen {HOST}\nPort {ports['proxy']}\nAllow {HOST}\nLogLevel Connect\nLogFile \"{self.log}\"\n"
            f"BasicAuth {credentials.proxy_user} {credentials.proxy_password}\n"
            + "".join(f"ConnectPort {ports[name]}\n" for name in HTTPS))
        super().__init__([program("tinyproxy"), "-d", "-c", config], stdout=subprocess.DEVNULL)
        self.await_port(ports["proxy"])


def program(name):
    """Debian has some where only root looks for them."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if not found:
        raise RuntimeError(f"{name} is not installed")
    return found


def free_ports(names):
    with contextlib.ExitStack() as probes:
        ports = {}
        for name in names:
            probe = probes.enter_context(socket.socket())
            probe.bind((HOST, 0))
            ports[name] = probe.getsockname()[1]
        return ports


def say_ready(folder, nginx, ports, credentials):
    urls = {name: f"https://localhost:{ports[name]}" for name in HTTPS}
    urls |= {name: f"http://localhost:{ports[name]}" for name in HTTP}
    authority = str(folder / "ca.pem")
    print(json.dumps({
        "ready": True,
        "pid": nginx.process.pid,
        "dir": str(folder),
        "profile": {
            "backend": "oauth",
            "grant": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": credentials.client_secret,
            "client_auth": "client_secret_basic",
            "environment": {
                "name": "loopback", "token_endpoint": f"{urls['login']}/token", "api": f"{urls['api']}/", "ca_file": authority,
            },
        },
        "urls": urls,
        "ca_pem": authority,
        "log": str(nginx.log),
        "valid": credentials.valid,
        "expired": credentials.expired,
        "narrow": credentials.narrow,
        "client_pem": str(folder / "client.pem"),
        "client_key": str(folder / "client.key"),
        "strange_client": str(folder / "strange_client.both.pem"),
        "first_pem": str(folder / "first.pem"),
        "second_pem": str(folder / "second.pem"),
        "nobody": f"https://localhost:{ports['nobody']}",
        "proxy": f"http://{HOST}:{ports['proxy']}",
        "proxy_log": str(folder / "tinyproxy.log"),
        "proxy_user": credentials.proxy_user,
        "proxy_password": credentials.proxy_password,
        "control": f"http://{HOST}:{ports['upstream']}",
    }), flush=True)


if __name__ == "__main__":
    main()
