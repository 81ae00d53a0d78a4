"""The realm: its configuration, its principals, its KDC."""

import os
import pathlib
import secrets
import shutil
import subprocess

from servers import HOST

REALM = "EXAMPLE.TEST"
SHORT = 4  # seconds that a short ticket lives

SERVICE = "svc"
SHORT_SERVICE = "svcshort"

# Principals with a password, and what is special about them.
PEOPLE = {
    "alice": "+requires_preauth",
    "bob": "+requires_preauth",
    "carol": "+requires_preauth -allow_forwardable",
    "shorty": f'+requires_preauth -maxlife "{SHORT} seconds"',
    "pwexp": '-pwexpire "2001-01-01 00:00:00"',
    "locked": "-allow_tix",
    "princexp": '-expire "2001-01-01 00:00:00"',
}
# Principals with random keys.
SERVICES = {
    SERVICE: "+requires_preauth",
    SHORT_SERVICE: f'+requires_preauth -maxlife "{SHORT} seconds"',
    "HTTP/localhost": "",
    "HTTP/api.example.test": "",
    "HTTP/stale.example.test": "",  # the server's keytab has an older key
    "HTTP/nokey.example.test": "",  # the server's keytab has no key
    "HTTP/moving.example.test": "",  # for tests that give it new keys
    "HTTP/tag.example.test": "+ok_as_delegate",
}
KEYTABS = {
    SERVICE: [SERVICE],
    SHORT_SERVICE: [SHORT_SERVICE],
    "http": ["HTTP/localhost", "HTTP/api.example.test", "HTTP/stale.example.test", "HTTP/tag.example.test",
             "HTTP/moving.example.test"],
}


class Realm:
    """A realm in a folder, with a KDC on a port."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        # What programs of the realm have in their environment.
        self.environment = {"KRB5_CONFIG": str(folder / "krb5.conf")}
        self.private = {**self.environment, "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}

    def keytab(self, name):
        return self.folder / f"{name}.keytab"

    def cache(self, principal):
        return f"FILE:{self.folder}/{principal}.ccache"

    def password(self, principal):
        """The file with it."""
        return self.folder / f"{principal}.password"

    def log_in(self, principal, password):
        """Leaves tickets in a cache, for as long as the realm gives any, and the password in a file."""
        self._run(["kinit", "-l", "10h", "-r", "7d", "-c", self.cache(principal), principal], f"{password}\n")
        with open(os.open(self.password(principal), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)

    def acceptor_environment(self, name):
        """For a server, which remembers in the folder what tokens it has seen: those of another are another user's."""
        return {**self.environment, "KRB5RCACHENAME": f"file2:{self.folder}/seen/{name}"}

    def command(self):
        return ["env", *(f"{name}={value}" for name, value in self.private.items()),
                f"KRB5RCACHENAME=file2:{self.folder}/kdc/seen",
                "krb5kdc", "-n", "-r", REALM, "-P", self.folder / "kdc.pid"]

    def write_configuration(self, silent_port, down_port):
        folder = self.folder
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
  ticket_lifetime = 1h
  renew_lifetime = 1d
  udp_preference_limit = 1
  default_ccache_name = FILE:{folder}/default.ccache
  # As Heimdal calls it.
  default_cc_name = FILE:{folder}/default.ccache
  default_keytab_name = FILE:{folder}/none.keytab
  default_client_keytab_name = FILE:{folder}/none.keytab
[realms]
  {REALM} = {{
    kdc = {HOST}:{self.port}
  }}
  DOWN.TEST = {{
    kdc = {HOST}:{down_port}
  }}
  SILENT.TEST = {{
    kdc = {HOST}:{silent_port}
  }}
[domain_realm]
  localhost = {REALM}
  .example.test = {REALM}
  .down.test = DOWN.TEST
  .silent.test = SILENT.TEST
""")
        (folder / "kdc.conf").write_text(f"""\
[kdcdefaults]
  kdc_listen = {HOST}:{self.port}
  kdc_tcp_listen = {HOST}:{self.port}
[realms]
  {REALM} = {{
    database_name = {folder}/kdc/principal
    key_stash_file = {folder}/kdc/stash
    acl_file = {folder}/kdc/none.acl
    dict_file = {folder}/kdc/none.dict
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
  default = FILE:{folder}/krb5.log
""")

    def create(self):
        """Makes the database and all keytabs; returns the passwords."""
        (self.folder / "kdc").mkdir()
        self._run(["kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_urlsafe()])
        passwords = {name: secrets.token_urlsafe() for name in PEOPLE}
        lines = [f"addprinc -pw {passwords[name]} {options} {name}" for name, options in PEOPLE.items()]
        lines += [f"addprinc -randkey {options} {name}" for name, options in SERVICES.items()]
        lines += [f"ktadd -k {self.keytab(name)} -norandkey {' '.join(names)}" for name, names in KEYTABS.items()]
        lines.append("cpw -randkey HTTP/stale.example.test")
        # One process for all: each takes long to start. And what stands in its input is in no list of processes.
        said = self._run(["kadmin.local", "-r", REALM], "\n".join(lines) + "\n")
        if missing := [name for name in KEYTABS if not self.keytab(name).exists()]:
            raise RuntimeError(f"kadmin.local made no keytab for {missing}: {said}")
        seen = self.folder / "seen"
        seen.mkdir(mode=0o700)
        if os.getuid() == 0:
            # Who Apache's workers are then.
            for path in [self.keytab("http"), seen]:
                shutil.chown(path, "nobody", "nogroup")
        return passwords

    def _run(self, command, given=""):
        done = subprocess.run(command, input=given, env={**os.environ, **self.private},
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{pathlib.Path(command[0]).name}: {done.stderr}")
        return done.stderr
