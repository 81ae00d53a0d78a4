#!/usr/bin/env python3
"""Kerberos realms on loopback: MIT's KDC, Apache with mod_auth_gssapi, and servers that enforce channel bindings; one realm is
reached by https, through kdcproxy, and one has clocks that are ahead. Beside them a daemon keeps credential caches.

    start.py

Prints one line of JSON when it is ready: principals, keytabs, addresses. Ends on SIGTERM, on SIGINT, and when its stdin
closes. Everything is in a temporary folder, removed at the end; no file of the system is changed, and no privilege is
needed. Needs the Debian packages krb5-kdc, krb5-admin-server, krb5-user, krb5-k5tls, apache2-bin, libapache2-mod-auth-gssapi, python3-gssapi, faketime,
heimdal-kcm and openssl;
of Python the packages in requirements.txt, which the Python that COUNTERPART_PYTHON names has. Tests take Heimdal's library too, libgssapi3-heimdal.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # before the rest of this folder is imported

import certificates  # noqa: E402
import distant  # noqa: E402
import kcm  # noqa: E402
import kdc  # noqa: E402
import web  # noqa: E402
from servers import HOST, Process, free_ports  # noqa: E402

# Debian's own: python3-gssapi is a package of that, whichever python3 runs this.
SYSTEM_PYTHON = "/usr/bin/python3"
# Who is logged in, as it were: with a cache, and a file with the password.
PERSON = "alice"
# What listens, each at a port of its own; but for what is down.
DISTANT_PORTS = ["distant_kdc", "distant_proxy", "distant_down"]
PORTS = ["kdc", "ahead_kdc", "http", "https", "http2", "proxy", "bound", "ahead_bound", "legs", "down", *DISTANT_PORTS]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    # Ordinary users have these nowhere in their PATH.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ["LC_ALL"] = "C"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="session-kerberos-"))
    folder.chmod(0o711)  # Apache's workers are somebody else where it is started by root
    processes = []
    daemon = None
    silent = socket.socket()
    # Nothing listens there until a test does: whoever connects is refused.
    gates = [socket.socket() for _ in kdc.GATED]
    try:
        silent.bind((HOST, 0))
        silent.listen(64)  # takes connections, and never says anything
        for gate in gates:
            gate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            gate.bind((HOST, 0))
        ports = dict(zip(PORTS, free_ports(len(PORTS))))
        realm = kdc.Realm(folder, ports["kdc"], ports["ahead_kdc"], [gate.getsockname()[1] for gate in gates])
        daemon = kcm.Daemon(folder)
        realm.write_configuration(silent_port=silent.getsockname()[1], down_port=ports["down"], kcm_socket=daemon.socket)
        passwords, others = realm.create()
        certificates.make(folder)
        far = distant.Distant(folder, realm.keytab("http"), *(ports[name] for name in DISTANT_PORTS))
        far.create()
        bound, legs = (pathlib.Path(__file__).with_name(name) for name in ["bound.py", "legs.py"])
        ahead = time_ahead(kdc.SECONDS_AHEAD)
        for name, port, command, environment in [
            ("krb5kdc", "kdc", realm.command(), realm.environment),
            ("krb5kdc-ahead", "ahead_kdc", realm.command_ahead(), {**realm.environment, **ahead}),
            ("apache2", "http", *web.apache(folder, realm, ports["http"], ports["https"], ports["http2"],
                                            ports["proxy"])),
            ("bound", "bound", [SYSTEM_PYTHON, bound, folder, ports["bound"]], realm.acceptor_environment("bound")),
            ("bound-ahead", "ahead_bound", [SYSTEM_PYTHON, bound, folder, ports["ahead_bound"]],
             {**realm.acceptor_environment("ahead"), **ahead}),
            ("legs", "legs", [SYSTEM_PYTHON, legs, folder, ports["legs"]], realm.acceptor_environment("legs")),
        ]:
            processes.append(Process(name, command, environment, folder, ports[port]))
        realm.log_in(PERSON, passwords[PERSON])
        processes.extend(far.start())
        if daemon.is_possible:
            processes.append(daemon.start(folder, realm.environment))
        say_ready(folder, realm, far, daemon, passwords, others, ports)
        sys.stdin.read()
    finally:
        # Whoever ends a group of processes may say so twice: the second time must not interrupt this.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(processes):
            process.stop()
        if daemon is not None and daemon.is_possible:
            daemon.clean_up()
        for held in [silent, *gates]:
            held.close()
        shutil.rmtree(folder, ignore_errors=True)


def time_ahead(seconds):
    """What has a program take the time of day for that much later."""
    libraries = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        raise RuntimeError("libfaketime is missing; install the package faketime")
    return {"LD_PRELOAD": str(libraries[0]), "FAKETIME": f"+{seconds}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def say_ready(folder, realm, far, daemon, passwords, others, ports):
    authority = str(folder / "ca.pem")
    https = f"https://localhost:{ports['https']}"
    client = {name: {"principal": f"{kdc.SERVICE}@{name}", "password": password, "keytab": str(realm.keytab(name)),
                     "spn": f"HTTP/localhost@{name}", "unmapped": kdc.unmapped(name)} for name, password in others.items()}
    environment = {"name": "loopback", "api": f"{https}/", "ca_file": authority}
    by_keytab = {"backend": "kerberos", "principal": kdc.SERVICE, "keytab": str(realm.keytab(kdc.SERVICE)),
                 "environment": environment}
    by_cache = {"backend": "kerberos", "ccache": realm.cache(PERSON), "environment": environment}
    by_password = {"backend": "kerberos", "principal": PERSON, "password": {"file": str(realm.password(PERSON))},
                   "environment": environment}
    print(json.dumps({
        "ready": True,
        "pid": os.getpid(),
        "dir": str(folder),
        "profile": by_keytab,
        "profiles": {"keytab": by_keytab, "ccache": by_cache, "password": by_password},
        # What programs need to find this realm rather than their machine's.
        "environment": {"KRB5_CONFIG": f"{realm.environment['KRB5_CONFIG']}:{far.configuration}"},
        "realm": kdc.REALM,
        "passwords": passwords,
        "keytabs": {name: str(realm.keytab(name)) for name in kdc.KEYTABS},
        "gates": [{**client[name], "realm": name, "port": port, "kdc": ports["kdc"]}
                  for name, port in realm.gate_ports.items()],
        "ahead": {**client[kdc.AHEAD], "bound": f"https://localhost:{ports['ahead_bound']}",
                  "seconds": kdc.SECONDS_AHEAD},
        # What programs need to change the realms' databases, and what the KDC was asked.
        "administration": realm.private,
        "kdc_log": str(folder / "kdc.log"),
        "http": f"http://localhost:{ports['http']}",
        "https": https,
        "http2": f"https://localhost:{ports['http2']}",
        "bound": f"https://localhost:{ports['bound']}",
        "legs": f"http://localhost:{ports['legs']}",
        "proxy": f"http://localhost:{ports['proxy']}",
        # What a proxy can be asked for, unlike what is known to be on this machine.
        "proxied": f"https://0.0.0.0:{ports['https']}/api/",
        "ca_pem": authority,
        "distant": far.described(),
        "kcm": daemon.described() if daemon.is_possible else None,
        "short_lifetime": kdc.SHORT,
    }), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
