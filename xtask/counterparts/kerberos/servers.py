"""Programs that serve, until they are stopped."""

import os
import random
import socket
import subprocess
import time

HOST = "127.0.0.1"
STARTING_TAKES_AT_MOST = 30  # seconds


def free_ports(count):
    """Ports that nothing listens on, by TCP or by UDP, all different.

    None that the system gives to whoever asks for any: a port that nobody listens on for a while is to be had still."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as range_of_system:
        lowest = int(range_of_system.read().split()[0])
    choices = range(10_000, lowest) if lowest > 12_000 else range(1)
    held = []
    while len(held) < 2 * count:
        tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        try:
            tcp.bind((HOST, random.choice(choices)))
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        held += [tcp, udp]
    ports = [tcp.getsockname()[1] for tcp in held[::2]]
    for sock in held:
        sock.close()
    return ports


def connect(place):
    if isinstance(place, int):
        return socket.create_connection((HOST, place), timeout=1)
    local = socket.socket(socket.AF_UNIX)
    try:
        local.connect(str(place))
    except OSError:
        local.close()
        raise
    return local


class Process:
    """A program that listens on a port of loopback, or at a socket with a path."""

    def __init__(self, name, command, environment, folder, place):
        self.name = name
        self.log = folder / f"{name}.out"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command], env={**os.environ, **environment},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            self._await(place)
        except RuntimeError:
            self.stop()
            raise

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _await(self, place):
        deadline = time.monotonic() + STARTING_TAKES_AT_MOST
        while True:
            try:
                connect(place).close()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not start: {self.log.read_text()}") from error
            time.sleep(0.05)
