# SPDX-License-Identifier: Apache-2.0
"""A gateway that runs out of file descriptors: it waits, says so, and harms nobody."""
import os
import pathlib
import re
import resource
import socket
import time

import pytest

from harness.gateway import CliError
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


def world_with_open_files(make_world, count):
    """The gateway may open so many files, and divides them itself."""
    world = make_world(start=False, config={"limits": {"session_threads": 2}, "recording": {"bulk_after": "16MiB"}})
    world.gateway.identity["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    return world.start()


def test_at_the_limit_live_sessions_go_on_and_the_next_user_is_refused_at_once(make_world, sanitized, record_property):
    if sanitized:
        pytest.skip("UBSan opens a pipe to look at an object")
    count, size = 224, 6_000_000  # a new part of the record begins about every 384 KiB
    world = world_with_open_files(make_world, count)
    pid = world.gateway.pid
    status = world.gateway.json("status")
    assert status["max_open_files"] == count
    assert "raise LimitNOFILE" in world.gateway.log_tail(), "the log says what it means"
    start = time.monotonic()
    assert world.ssh("via", "echo served").stdout == b"served\n"
    quiet = time.monotonic() - start
    until(lambda: not world.gateway.sessions(), what="the first session to end")
    living = []
    for _ in range(status["max_sessions"]):
        living.append(world.popen("via", f"echo up; read go; head -c {size} /dev/zero"))
        assert living[-1].stdout.readline() == b"up\n"
    start = time.monotonic()
    refused = world.ssh("via", "echo served")
    took = time.monotonic() - start
    record_property("refused after", round(took, 3))
    assert refused.returncode == 255 and f"limit of {status['max_sessions']} sessions".encode() in refused.stderr, refused
    assert took < quiet + 1, (took, quiet)
    # Beside them as many strangers as can be.
    strangers = [socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20) for _ in range(50)]
    for one in strangers:
        try:
            one.send(b"SSH-2.0-idle\r\n")
        except OSError:
            pass  # turned away already
    for one in living:
        one.stdin.write(b"go\n")
        one.stdin.flush()
    most = 0
    for one in living:
        most = max(most, len(os.listdir(f"/proc/{pid}/fd")))
        out, err = one.communicate(timeout=120)
        assert (one.returncode, len(out), err) == (0, size, b"")
    record_property("most descriptors seen", most)
    print(f"{len(living)} sessions with {count} open files; at most {most} seen open; a login is refused after {took:.2f} s (one that is served takes {quiet:.2f} s)")
    assert most < count - 32, "room is left at the worst"
    for one in strangers:
        one.close()
    until(lambda: not world.gateway.sessions(), 30, "the sessions to end")
    chunks = [event["session"] for event in world.gateway.audit() if event["type"] == "recording.chunk"]
    records = [record["id"] for record in world.gateway.recordings() if chunks.count(record["id"]) > 1]
    assert len(records) == len(living)
    for record in records:
        assert chunks.count(record) > 10, "parts of the record"
        world.gateway.sealed(record)
        assert world.gateway.run("recording", "verify", record).returncode == 0, record
    assert world.ssh("via", "echo served").stdout == b"served\n"


def test_a_limit_too_low_to_serve_is_refused_at_the_start(make_world):
    with pytest.raises(CliError, match="LimitNOFILE"):
        world_with_open_files(make_world, 100)
