"""A daemon that keeps credential caches (KCM): Heimdal's, which MIT's library talks to as well."""

import os
import pathlib
import subprocess

from servers import Process

# What is compiled into it, and into Heimdal's library; MIT's is told the place by `kcm_socket`.
RUN = pathlib.Path("/run")
SOCKET = ".heim_org.h5l.kcm-socket"
BOUND = 'mount --bind "$0" /run && exec "$@"'


class Daemon:
    """One of our own, where the machine allows that: for programs that have our folder in the place of /run."""

    def __init__(self, folder):
        self.run = folder / "kcm"
        self.run.mkdir(mode=0o711)
        whoever = [] if os.getuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        self.enter = ["unshare", *whoever, "--mount", "--propagation", "private", "sh", "-c", BOUND, str(self.run)]
        if not succeeds([*self.enter, "true"]):
            # Without a /run of one's own it is at the machine's, where root may write, if nobody else is there.
            self.run, self.enter = RUN, []
        self.is_possible = bool(self.enter) or (os.getuid() == 0 and not self.socket.exists())

    @property
    def socket(self):
        return self.run / SOCKET

    def start(self, folder, environment):
        # It looks for a configuration of its own, whose place is compiled in, unless it is told.
        command = [*self.enter, "kcm", f"--config-file={environment['KRB5_CONFIG']}"]
        return Process("kcm", command, environment, folder, self.socket)

    def clean_up(self):
        """Removes what it leaves behind."""
        for name in [SOCKET, "kcm.pid"]:
            (self.run / name).unlink(missing_ok=True)

    def described(self):
        """What a program that knows no other place than /run is started with."""
        return {"enter": self.enter}


def succeeds(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
