# SPDX-License-Identifier: Apache-2.0
"""A gateway that runs out of file descriptors: it waits, says so, and harms nobody."""
import os
import pathlib
import re
import resource
import socket

import pytest

from harness.process import until


def main_thread_switches(pid):
    """How often the process's first thread went to sleep by itself: one that spins does not."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M).group(1))


class SpareDescriptors:
    """While it is entered, the gateway's broker gets `spare` descriptors beyond those it has."""

    def __init__(self, pid, spare):
        self.pid = pid
        taken = self._taken()
        self.limit = [number for number in range(len(taken) + spare + 1) if number not in taken][spare]

    def _taken(self):
        """Once it holds still: the last command line's connection may not be closed yet, and would leave one more."""
        seen = []

        def still():
            seen.append(sorted(int(number) for number in os.listdir(f"/proc/{self.pid}/fd")))
            return len(seen) >= 10 and all(one == seen[-1] for one in seen[-10:])
        until(still, what="the gateway's descriptors to hold still", every=0.03)
        return set(seen[-1])

    def __enter__(self):
        self.before = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (self.limit, self.before[1]))

    def __exit__(self, *_):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


def test_without_descriptors_it_waits_and_then_serves_again(make_world):
    """A connection that cannot be accepted keeps the socket readable: the main thread must not do nothing else."""
    world = make_world()
    pid = world.gateway.pid
    with SpareDescriptors(pid, 0):
        waiting = socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20)
        until(lambda: "cannot take connections" in world.gateway.log_tail(), what="the log tells why")
        slept = main_thread_switches(pid)
        until(lambda: main_thread_switches(pid) >= slept + 5, what="the main thread sleeps between its tries")
        assert world.gateway.log_tail(1000).count("cannot take connections") == 1, "said once, not at each try"
    assert waiting.recv(4) == b"SSH-", "who waited is greeted"
    waiting.close()
    assert world.ssh("via", "echo served").stdout == b"served\n"


def test_a_login_that_runs_out_of_descriptors_costs_nobody_else(make_world, sanitized):
    """Wherever on its way a session finds none left, it ends with a clear word or works, and the next one works."""
    if sanitized:
        pytest.skip("UBSan opens a pipe to look at an object, and without descriptors takes it for a broken one")
    world = make_world()
    other = world.popen("via", "echo up; cat")
    assert other.stdout.readline() == b"up\n"
    opened = 0
    for spare in range(1, 30):
        with SpareDescriptors(world.gateway.pid, spare):
            done = world.ssh("via", "echo served", options=["-o", "ConnectTimeout=5"])
        assert not world.gateway.died(), f"with {spare} descriptors to spare"
        assert done.returncode != 0 or done.stdout == b"served\n", (spare, done)
        opened += done.returncode == 0
    assert 0 < opened < 29, "some had enough, some had not"
    assert other.communicate(b"still here", timeout=20)[0] == b"still here"
    assert world.ssh("via", "echo served").stdout == b"served\n"
    for record in world.gateway.recordings():
        world.gateway.sealed(record["id"])
        assert world.gateway.run("recording", "verify", record["id"]).returncode == 0, record
