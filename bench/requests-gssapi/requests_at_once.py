"""Requests a second by requests-gssapi, and the CPU of each in µs: URL PROCESSES REQUESTS, the latter of all processes together."""

import json
import multiprocessing
import sys
import time

import requests
from requests_gssapi import REQUIRED, HTTPSPNEGOAuth


def work(url, count, ready, start, worked):
    session = requests.Session()
    session.auth = HTTPSPNEGOAuth(mutual_authentication=REQUIRED, opportunistic_auth=True)
    session.get(url).raise_for_status()
    ready.release()
    start.wait()
    began = time.process_time()
    for _ in range(count):
        answer = session.get(url)
        answer.raise_for_status()
        assert answer.json()["user"]
    with worked.get_lock():
        worked.value += time.process_time() - began


def main():
    url, processes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    worked = multiprocessing.Value("d", 0.0)
    ready, start = multiprocessing.Semaphore(0), multiprocessing.Event()
    workers = [multiprocessing.Process(target=work, args=(url, count // processes, ready, start, worked)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    began = time.monotonic()
    start.set()
    for worker in workers:
        worker.join()
    took = time.monotonic() - began
    if any(worker.exitcode for worker in workers):
        sys.exit("a process failed")
    done = count // processes * processes
    print(json.dumps({"rate": done / took, "cpu": worked.value * 1e6 / done}))


main()
