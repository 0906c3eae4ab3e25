# SPDX-License-Identifier: Apache-2.0
"""Before authentication: limits, deadlines, and that nobody learns who exists."""
import os
import pathlib
import queue
import re
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

import paramiko
import pytest

from harness.process import until
from harness.world import USER


def transport_to(world):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20))
    transport.start_client(timeout=20)
    return transport


class Asker:
    """Sends authentication requests as they are, and keeps the answers' bytes in the order of the wire."""

    def __init__(self, world, name):
        self.name = name
        self.transport = transport_to(world)
        self.answers = queue.Queue()
        # What paramiko's own handler would take goes here; a connection's end is a None behind all of it.
        self._handler_table = {number: self._keeper(number) for number in (6, *range(50, 62))}
        self.transport._parse_disconnect = self._keeper(1)
        self.transport.auth_handler = self
        self._send("ssh-userauth", number=5)
        assert self.answers.get(timeout=20)[0] == 6

    def _keeper(self, number):
        return lambda message: self.answers.put(bytes([number]) + message.asbytes())

    def abort(self):
        self.answers.put(None)

    def is_authenticated(self):
        return False

    def _send(self, *fields, number=50):
        message = paramiko.Message()
        message.add_byte(bytes([number]))
        for field in fields:
            (message.add_boolean if isinstance(field, bool) else message.add_string)(field)
        try:
            self.transport._send_message(message)
        except (OSError, EOFError, paramiko.SSHException):
            pass  # it has closed, which the answers say

    def ask(self, method, *fields):
        """The answer's bytes; None when the connection has ended instead."""
        self._send(self.name, "ssh-connection", method, *fields)
        return self.answers.get(timeout=20)

    def none(self):
        return self.ask("none")

    def query(self, key):
        """Would this key do?"""
        return self.ask("publickey", False, key.get_name(), key.asbytes())

    def password(self):
        return self.ask("password", False, "guess")

    def close(self):
        self.transport.close()


@pytest.fixture(scope="module")
def strange_key():
    return paramiko.RSAKey.generate(2048)


def transcript(world, name, key):
    """What a stranger sees, byte for byte: the answers to nothing, to a key and to passwords, until he is cut off."""
    one = Asker(world, name)
    try:
        seen = [one.none(), one.query(key), one.none()]
        while seen[-1] is not None and len(seen) < 20:
            seen.append(one.password())
        return seen
    finally:
        one.close()


def test_unknown_users_look_like_known_ones(world, strange_key):
    known = transcript(world, f"{USER}@deploy@web1", strange_key)
    assert [answer and answer[0] for answer in known[:4]] == [51] * 4, "refusals (RFC 4252, 5.1)"
    assert known[-1] is None, "guessing ends with the connection"
    for name in ("nobody-here@deploy@web1", "nobody-here", "-x", "a" * 300, "nobody@deploy@nowhere", USER):
        assert transcript(world, name, strange_key) == known, name


@pytest.mark.alone
def test_probes_without_a_password_tell_nothing_and_their_times_are_reported(world, strange_key, record_property):
    """Equal answers are the promise. The times of single requests say more of the machine's load than of the gateway, so they are figures."""
    names = {"known": f"{USER}@deploy@web1", "unknown": "nobody-here@deploy@web1"}
    times = {(who, probe): [] for who in names for probe in ("none", "key")}
    answers = set()
    for _ in range(12):  # interleaved, so that whatever else the machine does touches all
        for who, name in names.items():
            one = Asker(world, name)
            for probe, ask in (("none", one.none), ("key", lambda: one.query(strange_key))):
                for _ in range(3):
                    start = time.perf_counter()
                    answers.add(ask())
                    times[who, probe].append(time.perf_counter() - start)
            one.close()
    assert len(answers) == 1 and None not in answers, answers
    for (who, probe), values in times.items():
        record_property(f"{who} {probe} p50 ms", round(statistics.median(values) * 1000, 3))
        print(f"{probe} probe, {who} user: median {statistics.median(values) * 1000:.2f} ms of {len(values)}")


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
    # What else the machine does only adds to a time: the lower quartile is closest to what the gateway itself took.
    quartiles = [statistics.quantiles(times, n=4)[0] for times in (known, unknown)]
    record_property("known_ms", [round(t * 1000, 1) for t in known])
    record_property("unknown_ms", [round(t * 1000, 1) for t in unknown])
    print(f"password guess: known user {quartiles[0]*1000:.1f} ms, unknown user {quartiles[1]*1000:.1f} ms (lower quartiles of {len(known)})")
    assert abs(quartiles[0] - quartiles[1]) < max(0.15 * max(quartiles), 0.010), quartiles


def test_slow_handshakes_are_cut_at_the_deadline(make_world, sanitized):
    deadline = 15 if sanitized else 5
    world = make_world(config={"limits": {"preauth_seconds": deadline}})
    session = world.popen("via", "echo up; read x; echo survived")
    assert session.stdout.readline() == b"up\n"
    start = time.monotonic()
    silent = socket.create_connection(("127.0.0.1", world.gateway.port))
    dripping = socket.create_connection(("127.0.0.1", world.gateway.port))
    greeted = socket.create_connection(("127.0.0.1", world.gateway.port))
    greeted.sendall(b"SSH-2.0-slow\r\n")
    exchanged = transport_to(world)  # key exchange done, never authenticates
    open_sockets = {"silent": silent, "dripping": dripping, "greeted": greeted}
    cut = {}
    next_drip = start
    while open_sockets or exchanged.is_active():
        # Late by seconds is a slow machine; a deadline that each byte moves would never come.
        assert time.monotonic() - start < deadline + 20, f"not cut: {list(open_sockets)} {exchanged.is_active()}"
        # Slowly enough that it is not cut for a line that is too long.
        if "dripping" in open_sockets and time.monotonic() >= next_drip:
            next_drip += deadline / 100
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
    assert all(seconds >= deadline for seconds in cut.values()), f"no earlier than the deadline: {cut}"
    assert session.communicate(b"\n", timeout=30)[0] == b"survived\n"


def main_thread_switches(pid):
    """How often the process's first thread went to sleep by itself: one that spins does not."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M).group(1))


class SpareDescriptors:
    """While it is entered, the gateway's broker gets `spare` descriptors beyond those it has."""

    def __init__(self, pid, spare):
        self.pid = pid
        taken = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
        self.limit = [number for number in range(len(taken) + spare + 1) if number not in taken][spare]

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


def test_a_login_that_runs_out_of_descriptors_costs_nobody_else(make_world):
    """Wherever on its way a session finds none left, it ends with a clear word or works, and the next one works."""
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


def test_one_source_cannot_take_all_places(make_world):
    world = make_world(config={"limits": {"preauth_per_source": 5, "preauth_total": 100, "preauth_seconds": 300}})
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


def test_one_user_has_so_many_connections(make_world):
    world = make_world(config={"limits": {"connections_per_user": 2}})
    live = [world.popen("via", "echo here; read end") for _ in range(2)]
    for one in live:
        assert one.stdout.readline() == b"here\n"
    turned_away = world.ssh("via", "echo ok")
    assert turned_away.returncode == 255 and turned_away.stdout == b""
    assert b"as many as one user may have" in turned_away.stderr
    assert any(e["type"] == "connection.refused" and e["actor"] == USER for e in world.gateway.audit())
    live[0].communicate(b"\n", timeout=30)
    until(lambda: world.ssh("via", "echo ok").stdout == b"ok\n", what="the place that became free")
    live[1].communicate(b"\n", timeout=30)


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


def test_garbage_before_the_version_is_cut_and_harms_nobody(world):
    for junk in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(5000), b"SSH-1.5-old\r\n", b"x" * 100_000, b"SSH-2.0-x\r\n" + b"\xff" * 4000):
        with socket.create_connection(("127.0.0.1", world.gateway.port), timeout=10) as one:
            try:
                one.sendall(junk)
                one.shutdown(socket.SHUT_WR)
                while one.recv(4096):
                    pass
            except TimeoutError:
                raise AssertionError(f"{junk[:20]} is not cut") from None
            except OSError:  # reset, or gone before our own end of it
                pass
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
