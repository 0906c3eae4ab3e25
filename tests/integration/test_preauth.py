# SPDX-License-Identifier: Apache-2.0
"""Before authentication: limits, deadlines, and that nobody learns who exists."""
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import textwrap
import time

import paramiko
import pytest

from harness.process import until
from harness.world import USER


def transport_to(world):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20))
    transport.start_client(timeout=20)
    return transport


def transcript(world, name):
    """What a stranger sees: methods, answers to a key and to passwords, and when it is cut."""
    seen = []
    transport = transport_to(world)
    try:
        try:
            transport.auth_none(name)
        except paramiko.BadAuthenticationType as error:
            seen.append(("none", sorted(error.allowed_types)))
        strange = paramiko.RSAKey.generate(2048)
        try:
            transport.auth_publickey(name, strange)
        except paramiko.SSHException as error:
            seen.append(("publickey", type(error).__name__))
        for _ in range(8):
            try:
                transport.auth_password(name, "guess", fallback=False)
            except (paramiko.SSHException, EOFError):
                # A disconnection follows the last refusal at once, as a message of its own.
                deadline = time.monotonic() + 0.4
                while transport.is_active() and time.monotonic() < deadline:
                    time.sleep(0.01)
                seen.append(("password", "refused", transport.is_active()))
            if not transport.is_active():
                break
    finally:
        transport.close()
    return seen


def test_unknown_users_look_like_known_ones(world):
    known = transcript(world, f"{USER}@deploy@web1")
    for name in ("nobody-here@deploy@web1", "nobody-here", "-x", "a" * 300, "nobody@deploy@nowhere"):
        assert transcript(world, name) == known, name
    assert transcript(world, USER) == known
    assert not known[-1][2], "guessing ends with the connection"


def guess_times(world, name, count):
    times = []
    while len(times) < count:
        transport = transport_to(world)
        try:
            while len(times) < count and transport.is_active():
                start = time.perf_counter()
                try:
                    transport.auth_password(name, "wrong guess", fallback=False)
                except (paramiko.SSHException, EOFError):
                    if transport.is_active():
                        times.append(time.perf_counter() - start)
        finally:
            transport.close()
    return times


@pytest.mark.alone
def test_unknown_users_take_as_long(world, record_property):
    known, unknown = [], []
    for _ in range(6):  # interleaved, so that whatever else the machine does touches both
        known += guess_times(world, f"{USER}@deploy@web1", 5)
        unknown += guess_times(world, "nobody-here@deploy@web1", 5)
    medians = statistics.median(known), statistics.median(unknown)
    record_property("known_ms", [round(t * 1000, 1) for t in known])
    record_property("unknown_ms", [round(t * 1000, 1) for t in unknown])
    print(f"password guess: known user {medians[0]*1000:.1f} ms, unknown user {medians[1]*1000:.1f} ms (medians of {len(known)})")
    spread = max(statistics.pstdev(known), statistics.pstdev(unknown))
    assert abs(medians[0] - medians[1]) < max(0.15 * max(medians), spread, 0.010)


def test_slow_handshakes_are_cut_at_the_deadline(make_world):
    world = make_world(config={"limits": {"preauth_seconds": 3}})
    start = time.monotonic()
    silent = socket.create_connection(("127.0.0.1", world.gateway.port))
    dripping = socket.create_connection(("127.0.0.1", world.gateway.port))
    greeted = socket.create_connection(("127.0.0.1", world.gateway.port))
    greeted.sendall(b"SSH-2.0-slow\r\n")
    exchanged = transport_to(world)  # key exchange done, never authenticates
    session = world.popen("via", "sleep 8; echo survived")
    open_sockets = {"silent": silent, "dripping": dripping, "greeted": greeted}
    cut = {}
    while open_sockets or exchanged.is_active():
        assert time.monotonic() - start < 8, f"not cut: {list(open_sockets)} {exchanged.is_active()}"
        if "dripping" in open_sockets:
            try:
                dripping.send(b"S")
            except OSError:
                pass
        for name, one in list(open_sockets.items()):
            if select.select([one], [], [], 0)[0]:
                try:
                    gone = one.recv(4096) == b""
                except ConnectionError:
                    gone = True
                if gone:
                    cut[name] = time.monotonic() - start
                    del open_sockets[name]
        time.sleep(0.05)
    assert all(seconds < 5 for seconds in cut.values()), cut
    assert cut["silent"] > 2, "no earlier than the deadline"
    assert session.communicate(timeout=30)[0] == b"survived\n"


def test_one_source_cannot_take_all_places(make_world):
    world = make_world(config={"limits": {"preauth_per_source": 5, "preauth_total": 100}})
    crowd = [socket.create_connection(("127.0.0.1", world.gateway.port), source_address=("127.0.0.9", 0)) for _ in range(30)]

    def greeted():
        count = 0
        for one in crowd:
            one.setblocking(False)
            try:
                count += one.recv(8, socket.MSG_PEEK).startswith(b"SSH-2.0")
            except OSError:
                pass
        return count
    until(lambda: greeted() == 5, what="five places for one address")
    time.sleep(0.3)
    assert greeted() == 5
    # Another source still gets in.
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
    for one in crowd:
        one.close()
    until(lambda: len(world.gateway.workers("front")) == 0, what="their fronts to end")


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
    print("guessing", flush=True)
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


@pytest.mark.alone
@pytest.mark.slow
def test_idle_crowd_and_guessing_do_not_slow_a_session(make_world, record_property):
    # Room for all of them: the harder case, each has a front of its own. By default most would be turned away.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    world = make_world(config={"limits": {"preauth_total": 2500}})
    keys = Keystrokes(world)
    quiet = keys.take(400)
    crowd = []
    guesser = None
    try:
        for n in range(2000):
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
        guesser = subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", textwrap.dedent(GUESSER), str(world.gateway.port)], stdout=subprocess.PIPE)
        assert guesser.stdout.readline() == b"guessing\n"
        # Their arrival is a burst; what stays is the load.
        until(lambda: len(world.gateway.workers("front")) >= 1000, 30, "the crowd's fronts")
        time.sleep(1.0)
        busy = keys.take(400)
    finally:
        if guesser:
            guesser.kill()
            guesses = guesser.communicate()[0].count(b"guess\n")
        for one in crowd:
            one.close()
    figures = {"quiet p50": statistics.median(quiet), "busy p50": statistics.median(busy),
               "quiet p99": sorted(quiet)[int(len(quiet) * .99)], "busy p99": sorted(busy)[int(len(busy) * .99)]}
    for name, value in figures.items():
        record_property(name, round(value * 1000, 3))
    print("keystroke echo, ms: " + ", ".join(f"{name} {value*1000:.2f}" for name, value in figures.items()))
    assert guesses > 0
    # The figures are reported, not asserted: the crowd, the guesser and the client share the gateway's processors here.
    keys.close()
    # All of it gone, somebody new gets in at once.
    until(lambda: len(world.gateway.workers("front")) <= 1, 40, "the crowd's fronts to end")
    assert world.ssh("via", "echo ok").stdout == b"ok\n"


def test_garbage_before_the_version_is_cut_and_harms_nobody(world):
    for junk in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(5000), b"SSH-1.5-old\r\n", b"x" * 100_000, b"SSH-2.0-x\r\n" + b"\xff" * 4000):
        with socket.create_connection(("127.0.0.1", world.gateway.port), timeout=10) as one:
            try:
                one.sendall(junk)
                one.shutdown(socket.SHUT_WR)
                while one.recv(4096):
                    pass
            except OSError:  # reset, or gone before our own end of it
                pass
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
