#!/usr/bin/env python3
"""A Kerberos realm on loopback: MIT's KDC, Apache with mod_auth_gssapi, and a server that enforces channel bindings; and a realm
that is reached by https, through kdcproxy.

    start.py

Prints one line of JSON when it is ready: principals, keytabs, addresses. Ends on SIGTERM, on SIGINT, and when its stdin
closes. Everything is in a temporary folder, removed at the end; no file of the system is changed, and no privilege is
needed. Needs the Debian packages krb5-kdc, krb5-admin-server, krb5-user, krb5-k5tls, apache2-bin, libapache2-mod-auth-gssapi, python3-gssapi and openssl;
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
import kdc  # noqa: E402
import web  # noqa: E402
from servers import HOST, Process, free_ports  # noqa: E402

# Debian's own: python3-gssapi is a package of that, whichever python3 runs this.
SYSTEM_PYTHON = "/usr/bin/python3"
# Who is logged in, as it were: with a cache, and a file with the password.
PERSON = "alice"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    # Ordinary users have these nowhere in their PATH.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ["LC_ALL"] = "C"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="session-kerberos-"))
    folder.chmod(0o711)  # Apache's workers are somebody else where it is started by root
    processes = []
    silent = socket.socket()
    try:
        silent.bind((HOST, 0))
        silent.listen(64)  # takes connections, and never says anything
        kdc_port, http_port, https_port, bound_port, down_port, proxy_port, *distant_ports = free_ports(9)
        realm = kdc.Realm(folder, kdc_port)
        realm.write_configuration(silent_port=silent.getsockname()[1], down_port=down_port)
        passwords = realm.create()
        certificates.make(folder)
        far = distant.Distant(folder, realm.keytab("http"), *distant_ports)
        far.create()
        processes.append(Process("krb5kdc", realm.command(), realm.environment, folder, kdc_port))
        processes.append(Process("apache2", *web.apache(folder, realm, http_port, https_port, proxy_port), folder, http_port))
        bound = pathlib.Path(__file__).with_name("bound.py")
        processes.append(Process("bound", [SYSTEM_PYTHON, bound, folder, str(bound_port)],
                                 realm.acceptor_environment("bound"), folder, bound_port))
        realm.log_in(PERSON, passwords[PERSON])
        processes.extend(far.start())
        say_ready(folder, realm, far, passwords, http_port, https_port, bound_port, proxy_port)
        sys.stdin.read()
    finally:
        # Whoever ends a group of processes may say so twice: the second time must not interrupt this.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(processes):
            process.stop()
        silent.close()
        shutil.rmtree(folder, ignore_errors=True)


def say_ready(folder, realm, far, passwords, http_port, https_port, bound_port, proxy_port):
    authority = str(folder / "ca.pem")
    https = f"https://localhost:{https_port}"
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
        "http": f"http://localhost:{http_port}",
        "https": https,
        "bound": f"https://localhost:{bound_port}",
        "proxy": f"http://localhost:{proxy_port}",
        # What a proxy can be asked for, unlike what is known to be on this machine.
        "proxied": f"https://0.0.0.0:{https_port}/api/",
        "ca_pem": authority,
        "distant": far.described(),
        "short_lifetime": kdc.SHORT,
    }), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
