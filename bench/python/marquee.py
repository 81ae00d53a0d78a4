"""Requests with gs_quant, as many as it makes in a while: how many, in which time, and with how much of the processor's.

    marquee.py URL sync|async CONCURRENT SECONDS
"""

import asyncio
import json
import sys
import threading
import time

from gs_quant.session import Environment, GsSession

url, way, concurrent, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
for environment in Environment:
    GsSession._config_for_environment(environment.name)["AuthURL"] = url + "/as/token.oauth2"
session = GsSession.get(url, client_id="id", client_secret="secret")
session.init()
# Its pool of a hundred connections, which it has for https alone; that of http would keep ten.
session._session.mount("http://", session.http_adapter)


def at_once(until):
    counts = []

    def work():
        count = 0
        while time.monotonic() < until:
            assert session.sync.get("/users/self") == {}
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(concurrent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


async def interleaved(until):
    async def work():
        count = 0
        while time.monotonic() < until:
            assert await session.async_.get("/users/self") == {}
            count += 1
        return count

    return sum(await asyncio.gather(*(work() for _ in range(concurrent))))


def measure(run):
    run(time.monotonic() + 0.3)  # connections, and what is made once
    began, worked = time.monotonic(), time.process_time()
    requests = run(time.monotonic() + seconds)
    took, worked = time.monotonic() - began, time.process_time() - worked
    print(json.dumps({"rate": requests / took, "cpu": worked / requests * 1e6}))


if way == "sync":
    measure(at_once)
else:
    loop = asyncio.new_event_loop()
    measure(lambda until: loop.run_until_complete(interleaved(until)))
