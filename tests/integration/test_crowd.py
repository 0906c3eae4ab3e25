# SPDX-License-Identifier: Apache-2.0
"""Thousands who only connect, and one who guesses passwords, beside a session that works."""
import resource
import select
import socket
import statistics
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import pytest

from harness.process import until


class Keystrokes:
    """A session in which single bytes are echoed by `cat`, and how long each takes."""

    def __init__(self, world):
        self.process = world.popen("via", "cat", bufsize=0)
        self.take(5)

    def take(self, count):
        times = []
        for _ in range(count):
            start = time.perf_counter()
            self.process.stdin.write(b"k")
            assert self.process.stdout.read(1) == b"k"
            times.append(time.perf_counter() - start)
            time.sleep(0.005)
        return times

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


GUESSER = """
    import socket, sys, paramiko
    port = int(sys.argv[1])
    while True:
        try:
            transport = paramiko.Transport(socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.77", 0)))
            transport.start_client(timeout=20)
            while transport.is_active():
                try:
                    transport.auth_password("alice@deploy@web1", "guess", fallback=False)
                except paramiko.AuthenticationException:
                    print("guess", flush=True)
        except (OSError, EOFError, paramiko.SSHException):
            pass
"""


class Guesser:
    """Tries passwords as fast as it is answered; counts them."""

    def __init__(self, world):
        self.process = subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", textwrap.dedent(GUESSER), str(world.gateway.port)], stdout=subprocess.PIPE)
        self.guesses = 0
        self.thread = threading.Thread(target=self._count, daemon=True)
        self.thread.start()

    def _count(self):
        for line in self.process.stdout:
            self.guesses += line == b"guess\n"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join(10)


@pytest.fixture
def descriptors():
    """As many open files as this host gives, for the gateway too, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, 8192 if hard == resource.RLIM_INFINITY else min(hard, 8192))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.alone
@pytest.mark.slow
def test_idle_crowd_and_guessing_do_not_slow_a_session(make_world, record_property, descriptors, sanitized):
    size = 200 if sanitized else 2000
    # A front takes about three of the gateway's descriptors, and every second one has a front.
    if descriptors < 4 * size:
        size = descriptors // 4
        warnings.warn(f"this host gives a process {descriptors} descriptors: the crowd is {size} instead of 2000")
    record_property("crowd", size)
    # Room for all of them: the harder case, each has a front of its own. By default most would be turned away.
    world = make_world(config={"limits": {"preauth_total": size + 500, "preauth_seconds": 300}})
    keys = Keystrokes(world)
    before = keys.take(200)
    crowd = []
    guesser = None
    try:
        for n in range(size):
            one = socket.socket()
            one.setblocking(False)
            one.bind((f"127.0.1.{1 + n % 200}", 0))
            try:
                one.connect(("127.0.0.1", world.gateway.port))
            except BlockingIOError:
                pass
            crowd.append(one)
        # Every second one says who it is, so that it has a process of its own, and stops there.
        for one in crowd[::2]:
            connected = select.poll()  # select() cannot name so many descriptors
            connected.register(one, select.POLLOUT)
            connected.poll(10_000)
            one.send(b"SSH-2.0-idle\r\n")
        guesser = Guesser(world)
        # Their arrival is a burst; what stays is the load.
        until(lambda: len(world.gateway.workers("front")) >= size // 2, 60, "the crowd's fronts")
        until(lambda: guesser.guesses > 0, 30, "a first guess")
        busy = keys.take(400)
        record_property("guesses", guesser.guesses)
    finally:
        if guesser:
            guesser.close()
        for one in crowd:
            one.close()
    until(lambda: len(world.gateway.workers("front")) <= 1, 40, "the crowd's fronts to end")
    after = keys.take(200)
    figures = {"quiet p50 before": statistics.median(before), "busy p50": statistics.median(busy), "quiet p50 after": statistics.median(after),
               "quiet p99": sorted(before + after)[int(len(before + after) * .99)], "busy p99": sorted(busy)[int(len(busy) * .99)]}
    for name, value in figures.items():
        record_property(name, round(value * 1000, 3))
    print("keystroke echo, ms: " + ", ".join(f"{name} {value*1000:.2f}" for name, value in figures.items()))
    keys.close()
    # The guesser and the client share the gateway's processors here, so there is room for noise: twice the larger of the
    # quiet halves and a millisecond. A crowd that each keystroke had to pass, or a hash on a session's thread, costs more.
    assert figures["busy p50"] <= 2 * max(figures["quiet p50 before"], figures["quiet p50 after"]) + 0.001, figures
    # All of it gone, somebody new gets in at once.
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
