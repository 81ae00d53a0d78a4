#!/usr/bin/env python3
"""An Active Directory domain on loopback: Samba's domain controller, of which the KDC alone is run; Apache and a server that enforces
channel bindings, with keytabs of the domain.

    start.py

Prints one line of JSON when it is ready: principals, keytabs, addresses. Ends on SIGTERM, on SIGINT, and when its stdin
closes. Everything is in a temporary folder, removed at the end; no file of the system is changed, and no privilege is
needed. Needs the Debian packages samba-ad-dc, samba-ad-provision, python3-samba, apache2-bin, libapache2-mod-auth-gssapi, python3-gssapi and openssl.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # before the rest is imported
HERE = pathlib.Path(__file__).parent
KERBEROS = HERE.parent / "kerberos"
sys.path.insert(0, str(KERBEROS))

import certificates  # noqa: E402
import web  # noqa: E402
from servers import HOST, Process, free_ports  # noqa: E402

# Debian's own: Samba's modules, and gssapi, are packages of that.
SYSTEM_PYTHON = "/usr/bin/python3"
REALM = "AD.TEST"

# Accounts, the services that they are, and whether the domain trusts those with what is delegated to them.
ACCOUNTS = {
    "alice": ([], False),
    "bob": ([], False),
    "web": (["HTTP/localhost"], False),
    "trusted": (["HTTP/trusted.ad.test"], True),
}


class Domain:
    """A domain in a folder, with a KDC on a port."""

    def __init__(self, folder, port, password_port):
        self.folder = folder
        self.ports = (port, password_port)
        self.environment = {"KRB5_CONFIG": str(folder / "krb5.conf")}

    def keytab(self, name):
        return self.folder / f"{name}.keytab"

    def acceptor_environment(self, name):
        """For a server, which remembers in the folder what tokens it has seen: those of another are another user's."""
        return {**self.environment, "KRB5RCACHENAME": f"file2:{self.folder}/seen/{name}"}

    def command(self):
        return ["samba", "-i", "-M", "single", "-s", self.folder / "smb.conf"]

    def create(self):
        """Makes the domain and all keytabs; returns the passwords."""
        folder, (port, password_port) = self.folder, self.ports
        places = "".join(f"  {name} = {folder}/{place}\n" for name, place in [
            ("private dir", "private"), ("state directory", "state"), ("cache directory", "cache"), ("lock directory", "lock"),
            ("pid directory", "run"), ("ncalrpc dir", "run/ncalrpc"), ("ntp signd socket directory", "run/ntp"),
            ("winbindd socket directory", "run/winbindd"), ("binddns dir", "bind"), ("log file", "samba.log")])
        (folder / "smb.conf").write_text(f"""\
[global]
  netbios name = DC
  realm = {REALM}
  workgroup = AD
  server role = active directory domain controller
  server services = kdc
  interfaces = lo
  bind interfaces only = yes
  krb5 port = {port}
  kpasswd port = {password_port}
{places}[sysvol]
  path = {folder}/state/sysvol
[netlogon]
  path = {folder}/state/sysvol/{REALM.lower()}/scripts
""")
        # No RC4: what Active Directory takes by default, it does not need.
        (folder / "krb5.conf").write_text(f"""\
[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_uri_lookup = false
  dns_canonicalize_hostname = false
  rdns = false
  qualify_shortname = ""
  forwardable = true
  udp_preference_limit = 1
  permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96
  default_ccache_name = FILE:{folder}/default.ccache
[realms]
  {REALM} = {{
    kdc = {HOST}:{port}
  }}
[domain_realm]
  .ad.test = {REALM}
""")
        # Long, and of several kinds of characters: the domain insists.
        passwords = {name: f"Aa1-{secrets.token_urlsafe()}" for name in ACCOUNTS}
        accounts = [{"name": name, "password": passwords[name], "services": services, "delegates": delegates}
                    for name, (services, delegates) in ACCOUNTS.items()]
        done = subprocess.run([SYSTEM_PYTHON, HERE / "domain.py", folder / "smb.conf", folder],
                              input=json.dumps(accounts), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"no domain was made: {done.stderr}")
        # Of both services, for a server has one.
        self.keytab("http").write_bytes(self.keytab("web").read_bytes() + self.keytab("trusted").read_bytes()[2:])
        seen = folder / "seen"
        seen.mkdir(mode=0o700)
        if os.getuid() == 0:
            # Who Apache's workers are then.
            for path in [self.keytab("http"), seen]:
                shutil.chown(path, "nobody", "nogroup")
        return passwords


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    # Ordinary users have these nowhere in their PATH.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ["LC_ALL"] = "C"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="session-samba-"))
    folder.chmod(0o711)  # Apache's workers are somebody else where it is started by root
    processes = []
    try:
        kdc_port, password_port, http_port, https_port, http2_port, bound_port, proxy_port = free_ports(7)
        domain = Domain(folder, kdc_port, password_port)
        passwords = domain.create()
        certificates.make(folder)
        processes.append(Process("samba", domain.command(), {}, folder, kdc_port))
        apache = web.apache(folder, domain, http_port, https_port, http2_port, proxy_port)
        processes.append(Process("apache2", *apache, folder, http_port))
        processes.append(Process("bound", [SYSTEM_PYTHON, KERBEROS / "bound.py", folder, str(bound_port)],
                                 domain.acceptor_environment("bound"), folder, bound_port))
        say_ready(folder, domain, passwords, https_port, http2_port, bound_port)
        sys.stdin.read()
    finally:
        # Whoever ends a group of processes may say so twice: the second time must not interrupt this.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(processes):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def say_ready(folder, domain, passwords, https_port, http2_port, bound_port):
    authority, https = str(folder / "ca.pem"), f"https://localhost:{https_port}"
    print(json.dumps({
        "ready": True,
        "pid": os.getpid(),
        "dir": str(folder),
        "profile": {
            "backend": "kerberos",
            "principal": f"alice@{REALM}",
            "keytab": str(domain.keytab("alice")),
            "spn": f"HTTP/localhost@{REALM}",
            "environment": {"name": "loopback", "api": f"{https}/api/", "ca_file": authority},
        },
        # What programs need to find this domain rather than their machine's.
        "environment": domain.environment,
        "realm": REALM,
        "passwords": passwords,
        "keytabs": {name: str(domain.keytab(name)) for name in ACCOUNTS},
        "https": https,
        "http2": f"https://localhost:{http2_port}",
        "bound": f"https://localhost:{bound_port}",
        "ca_pem": authority,
    }), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
