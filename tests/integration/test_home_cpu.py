# SPDX-License-Identifier: Apache-2.0
"""A quiet session's processes share a processor; bulk has all of them (broker/node/home_cpu.h)."""
import os
import pathlib
import subprocess

import pytest

from harness.process import status_field, until
from harness.world import USER


def processors(pid):
    """Where each thread of a process may run."""
    return [status_field(f"{pid}/task/{task}", "Cpus_allowed_list") for task in os.listdir(f"/proc/{pid}/task")]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor")
def test_quiet_sessions_stay_and_bulk_roams(make_world):
    world = make_world()
    everywhere = processors(os.getpid())[0]
    typist = world.popen("via", "cat", bufsize=0)

    def type_one():
        typist.stdin.write(b"k")
        assert typist.stdout.read(1) == b"k"

    def homes():
        type_one()
        return {where for pid in world.gateway.workers() for where in processors(pid)}

    try:
        type_one()
        assert len(world.gateway.workers()) == 2
        # A busy machine lets them roam: until it is calm for a moment.
        home = until(lambda: len(homes()) == 1 and homes() - {everywhere}, 60, "front and back on one processor", every=0.12)
        assert all(where.isdigit() for where in home)
        assert home <= set(processors(world.gateway.pid)), "the session's thread is there too"
        # More than is recorded verbatim, in the same connection's place: a session of its own.
        bulk = world.popen("via", "echo up; cat >/dev/null", stdin=subprocess.PIPE)
        assert bulk.stdout.readline() == b"up\n"
        with open("/dev/zero", "rb") as zeros:
            for _ in range(24):
                bulk.stdin.write(zeros.read(1 << 20))
        bulk.stdin.flush()
        ids = {one["id"] for one in world.gateway.sessions() if one["user"] == USER}
        assert len(ids) == 2

        def roaming():
            return sum(set(processors(pid)) == {everywhere} for pid in world.gateway.workers())
        until(lambda: roaming() >= 2, what="the bulk session's two workers everywhere")
        bulk.stdin.close()
        assert bulk.wait(20) == 0
    finally:
        typist.kill()
        typist.wait()
    assert pathlib.Path(f"/proc/{world.gateway.pid}").exists()
