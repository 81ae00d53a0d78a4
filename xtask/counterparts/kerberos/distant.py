"""Realms whose KDC clients reach by https, through a KDC proxy (MS-KKDCP): one that works, and some whose proxy does not."""

import os
import pathlib
import secrets
import subprocess

import certificates
from servers import HOST, Process

REALM = "DISTANT.TEST"
CLIENT = "svc"


class Distant:
    """The realm, in a folder of its own, with a configuration that comes on top of that of others."""

    def __init__(self, folder, http_keytab, kdc_port, proxy_port, dead_port):
        self.folder = folder / "distant"
        self.folder.mkdir()
        self.authority = folder / "ca.pem"
        self.certificate = folder / "server.pem", folder / "server.key"
        self.http_keytab = http_keytab
        self.kdc_port, self.proxy_port, self.dead_port = kdc_port, proxy_port, dead_port
        self.configuration = self.folder / "krb5.conf"
        self.keytab = self.folder / "client.keytab"
        self.password = secrets.token_urlsafe()
        self.private = {"KRB5_CONFIG": str(self.configuration), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
                        "KRB5RCACHENAME": f"file2:{self.folder}/seen"}

    def create(self):
        folder = self.folder
        certificates.openssl(folder, "req", "-x509", *certificates.NEW_KEY, "-keyout", "stranger.key", "-out", "stranger.pem",
                             "-days", "30", "-subj", "/O=session-test/CN=stranger")
        self.configuration.write_text(f"""\
[libdefaults]
  default_realm = {REALM}
[realms]
  {REALM} = {{
    kdc = https://localhost:{self.proxy_port}/KdcProxy
    http_anchors = FILE:{self.authority}
  }}
  UNTRUSTED.TEST = {{
    kdc = https://localhost:{self.proxy_port}/KdcProxy
    http_anchors = FILE:{folder}/stranger.pem
  }}
  PROXYDOWN.TEST = {{
    kdc = https://localhost:{self.dead_port}/KdcProxy
    http_anchors = FILE:{self.authority}
  }}
  UNPROXIED.TEST = {{
    kdc = https://localhost:{self.proxy_port}/KdcProxy
    http_anchors = FILE:{self.authority}
  }}
""")
        (folder / "kdc.conf").write_text(f"""\
[realms]
  {REALM} = {{
    kdc_listen = {HOST}:{self.kdc_port}
    kdc_tcp_listen = {HOST}:{self.kdc_port}
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/none.acl
    dict_file = {folder}/none.dict
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
  default = FILE:{folder}/krb5.log
""")
        # Of other realms it knows no KDC, and asks nobody.
        (folder / "kdcproxy.conf").write_text(f"""\
[global]
use_dns = false
[{REALM}]
kerberos = kerberos+tcp://{HOST}:{self.kdc_port}
""")
        self._run(["kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_urlsafe()])
        lines = [f"addprinc -pw {self.password} +requires_preauth {CLIENT}", "addprinc -randkey HTTP/localhost",
                 f"ktadd -k {self.keytab} -norandkey {CLIENT}", f"ktadd -k {self.http_keytab} -norandkey HTTP/localhost"]
        self._run(["kadmin.local", "-r", REALM], "\n".join(lines) + "\n")

    def start(self):
        """Its KDC, and the proxy."""
        kdc = ["env", *(f"{name}={value}" for name, value in self.private.items()),
               "krb5kdc", "-n", "-r", REALM, "-P", self.folder / "kdc.pid"]
        yield Process("krb5kdc-distant", kdc, {}, self.folder, self.kdc_port)
        program = pathlib.Path(__file__).with_name("kdc_proxy.py")
        proxy = [os.environ["COUNTERPART_PYTHON"], program, str(self.proxy_port), *self.certificate]
        yield Process("kdcproxy", proxy, {"KDCPROXY_CONFIG": str(self.folder / "kdcproxy.conf")}, self.folder, self.proxy_port)

    def described(self):
        return {"realm": REALM, "principal": f"{CLIENT}@{REALM}", "password": self.password, "keytab": str(self.keytab),
                "spn": f"HTTP/localhost@{REALM}"}

    def _run(self, command, given=""):
        done = subprocess.run(command, input=given, env={**os.environ, **self.private},
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{pathlib.Path(command[0]).name}: {done.stderr}")
