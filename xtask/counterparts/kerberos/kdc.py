"""The realms: their configuration, their principals, their KDCs."""

import os
import pathlib
import secrets
import shutil
import subprocess

from servers import HOST

REALM = "EXAMPLE.TEST"
# Realms that clients reach by ports which are for tests to listen on, and to pass on to the KDC or not.
GATED = [f"GATE{number}.TEST" for number in range(4)]
# A realm whose clocks are ahead, those of its KDC and of a server in it.
AHEAD = "AHEAD.TEST"
SECONDS_AHEAD = 20 * 60
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
    "svcstale": "+requires_preauth",  # its keytab has an older key
    "HTTP/localhost": "",
    "HTTP/api.example.test": "",
    "HTTP/stale.example.test": "",  # the server's keytab has an older key
    "HTTP/nokey.example.test": "",  # the server's keytab has no key
    "HTTP/moving.example.test": "",  # for tests that give it new keys
    "HTTP/movingproxy.example.test": "",  # the same, of the proxy
    "HTTP/tag.example.test": "+ok_as_delegate",
}
KEYTABS = {
    SERVICE: [SERVICE],
    SHORT_SERVICE: [SHORT_SERVICE],
    "svcstale": ["svcstale"],
    "http": ["HTTP/localhost", "HTTP/api.example.test", "HTTP/stale.example.test", "HTTP/tag.example.test",
             "HTTP/moving.example.test", "HTTP/movingproxy.example.test"],
}


def unmapped(realm):
    """A host in a realm, and no `[domain_realm]` says so: MIT's library leaves that to the KDC, Heimdal's guesses it."""
    return f"www.{realm.lower()}"


class Realm:
    """Realms in a folder: one KDC for most of them on a port, one for the realm that is ahead on another."""

    def __init__(self, folder, port, ahead_port, gate_ports):
        self.folder = folder
        self.port = port
        self.ahead_port = ahead_port
        self.gate_ports = dict(zip(GATED, gate_ports))
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
        realms = [argument for realm in [REALM, *GATED] for argument in ("-r", realm)]
        return self._kdc("kdc", realms)

    def command_ahead(self):
        return self._kdc("ahead", ["-r", AHEAD])

    def _kdc(self, name, realms):
        return ["env", *(f"{name}={value}" for name, value in self.private.items()),
                f"KRB5RCACHENAME=file2:{self.folder}/kdc/seen-{name}",
                "krb5kdc", "-n", *realms, "-P", self.folder / f"{name}.pid"]

    def write_configuration(self, silent_port, down_port, kcm_socket):
        folder = self.folder
        addresses = {REALM: self.port, "DOWN.TEST": down_port, "SILENT.TEST": silent_port, AHEAD: self.ahead_port,
                     **self.gate_ports}
        realms = "".join(f"  {realm} = {{\n    kdc = {HOST}:{port}\n  }}\n" for realm, port in addresses.items())
        lifetimes = "".join(f"  {realm} = {{\n    ticket_lifetime = 10h\n  }}\n" for realm in GATED)
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
  # As Heimdal has that: what is larger goes by TCP.
  large_message_size = 1
  default_ccache_name = FILE:{folder}/default.ccache
  # As Heimdal calls it.
  default_cc_name = FILE:{folder}/default.ccache
  kcm_socket = {kcm_socket}
  default_keytab_name = FILE:{folder}/none.keytab
  default_client_keytab_name = FILE:{folder}/none.keytab
{lifetimes}[realms]
{realms}[domain_realm]
  localhost = {REALM}
  .example.test = {REALM}
  .down.test = DOWN.TEST
  .silent.test = SILENT.TEST
""")
        stanzas = "".join(f"""\
  {realm} = {{
    kdc_listen = {HOST}:{self.ahead_port if realm == AHEAD else self.port}
    kdc_tcp_listen = {HOST}:{self.ahead_port if realm == AHEAD else self.port}
    database_name = {folder}/kdc/{realm}
    key_stash_file = {folder}/kdc/{realm}.stash
    acl_file = {folder}/kdc/none.acl
    dict_file = {folder}/kdc/none.dict
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }}
""" for realm in [REALM, AHEAD, *GATED])
        (folder / "kdc.conf").write_text(f"""\
[realms]
{stanzas}[logging]
  kdc = FILE:{folder}/kdc.log
  default = FILE:{folder}/krb5.log
""")

    def create(self):
        """Makes the databases and all keytabs; returns the passwords of the first realm, and of the client in each other."""
        (self.folder / "kdc").mkdir()
        passwords = {name: secrets.token_urlsafe() for name in PEOPLE}
        lines = [f"addprinc -pw {passwords[name]} {options} {name}" for name, options in PEOPLE.items()]
        lines += [f"addprinc -randkey {options} {name}" for name, options in SERVICES.items()]
        lines += [f"ktadd -k {self.keytab(name)} -norandkey {' '.join(names)}" for name, names in KEYTABS.items()]
        lines += [f"cpw -randkey {name}" for name in ["HTTP/stale.example.test", "svcstale"]]
        self._create(REALM, lines)
        others = {realm: secrets.token_urlsafe() for realm in [AHEAD, *GATED]}
        for realm, password in others.items():
            services = f"HTTP/localhost HTTP/{unmapped(realm)}"
            lines = [f"addprinc -pw {password} +requires_preauth {SERVICE}",
                     *(f"addprinc -randkey {name}" for name in services.split()),
                     f"ktadd -k {self.keytab(realm)} -norandkey {SERVICE}",
                     f"ktadd -k {self.keytab('http')} -norandkey {services}"]
            self._create(realm, lines)
        if missing := [name for name in [*KEYTABS, *others] if not self.keytab(name).exists()]:
            raise RuntimeError(f"kadmin.local made no keytab for {missing}")
        seen = self.folder / "seen"
        seen.mkdir(mode=0o700)
        if os.getuid() == 0:
            # Who Apache's workers are then.
            for path in [self.keytab("http"), seen]:
                shutil.chown(path, "nobody", "nogroup")
        return passwords, others

    def _create(self, realm, lines):
        self._run(["kdb5_util", "create", "-s", "-r", realm, "-P", secrets.token_urlsafe()])
        # One process for all: each takes long to start. And what stands in its input is in no list of processes.
        self._run(["kadmin.local", "-r", realm], "\n".join(lines) + "\n")

    def _run(self, command, given=""):
        done = subprocess.run(command, input=given, env={**os.environ, **self.private},
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{pathlib.Path(command[0]).name}: {done.stderr}")
        return done.stderr
