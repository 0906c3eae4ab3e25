# SPDX-License-Identifier: Apache-2.0
"""Bulk: wall time, and processor time in the middle, of one stream each way."""
import os
import pathlib
import subprocess
import time

FILE_MIB = 64


class Source:
    """Random bytes in memory, sent as often as needed: nothing in the middle may gain from their shape."""

    def __init__(self, folder, mib):
        self.path = pathlib.Path(folder) / "source"
        self.path.write_bytes(os.urandom(FILE_MIB << 20))
        self.times = max(1, mib // FILE_MIB)
        self.gib = self.times * FILE_MIB / 1024

    def command(self):
        return "exec cat" + f" {self.path}" * self.times


def once(world, way, direction, source):
    idle = world.middles.get(way)
    before = idle.cpu() if idle else 0
    start = time.monotonic()
    if direction == "down":
        world.run(way, source.command())
    else:
        with subprocess.Popen(["cat", *[str(source.path)] * source.times], stdout=subprocess.PIPE) as feed:
            world.run(way, "exec cat >/dev/null", stdin=feed.stdout)
    wall = time.monotonic() - start
    return {"wall_s": wall, "cpu_s_per_gib": (idle.cpu() - before) / source.gib if idle else None}
