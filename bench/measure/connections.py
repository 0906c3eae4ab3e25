# SPDX-License-Identifier: Apache-2.0
"""Connections: `ssh … true`, one after another and four at a time; processor time in the middle for each."""
import concurrent.futures
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
