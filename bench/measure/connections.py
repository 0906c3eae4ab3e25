# SPDX-License-Identifier: Apache-2.0
"""Connections: `ssh … true`, one after another and four at a time; processor time in the middle for each."""
import concurrent.futures
import subprocess
import time


def once(world, way, count, parallel):
    idle = world.middles.get(way)
    before = idle.cpu() if idle else 0
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        for done in [pool.submit(world.run, way, "true") for _ in range(count)]:
            done.result()
    wall = time.monotonic() - start
    return {"per_second": count / wall, "cpu_ms": (idle.cpu() - before) * 1000 / count if idle else None}


def post_quantum(world, count):
    """Processor time in the middle for a connection whose both legs agree by ML-KEM, which is what a client and a target of our
    own prefer; a shell is opened in each."""
    idle = world.middles["sallyport"]
    before = idle.cpu()
    subprocess.run([world.bench / "ssh_echo", "connect", str(world.gateway.port), "bench@login@bare", world.key, str(count)], check=True)
    return (idle.cpu() - before) * 1000 / count
