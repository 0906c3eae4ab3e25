# SPDX-License-Identifier: Apache-2.0
"""Before authentication: limits, deadlines, and that nobody learns who exists."""
import os
import queue
import select
import socket
import statistics
import time

import paramiko
import pytest

from harness.process import until
from harness.world import USER, USER_PASSWORD


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


def failures_of(world, name):
    return [e for e in world.gateway.audit() if e["type"] == "auth.failure" and e.get("login") == name]


def test_asking_without_end_ends_the_connection(world, strange_key):
    one = Asker(world, f"{USER}@deploy@web1")
    answers = [one.none() for _ in range(9)]
    assert [answer and answer[0] for answer in answers[:7]] == [51] * 7, "the first costs no try, of six"
    assert None in answers[7:], answers


def user_key(world):
    return paramiko.Ed25519Key.from_private_key_file(str(world.user_key))


def test_key_queries_without_end_end_the_connection(world):
    one = Asker(world, f"{USER}@deploy@web1")
    answers = [one.query(user_key(world)) for _ in range(15)]
    kinds = [answer and answer[0] for answer in answers]
    assert kinds[:12] == [60] * 12 and kinds[12] == 51 and None in kinds[13:], kinds


def test_prompts_without_answers_end_the_connection(world):
    one = Asker(world, f"{USER}@deploy@web1")
    kinds = [answer and answer[0] for answer in (one.ask("keyboard-interactive", "", "") for _ in range(15))]
    assert kinds[:12] == [60] * 12 and kinds[12] == 51 and None in kinds[13:], kinds


def test_a_yes_to_a_key_promises_that_its_signature_would_be_judged(world):
    key = user_key(world)
    for algorithm in ("ssh-rsa", "rsa-sha2-512", "ecdsa-sha2-nistp256", "ssh-dss", "ssh-ed25519-cert-v01@openssh.com", "", "none"):
        one = Asker(world, f"{USER}@deploy@web1")
        assert one.ask("publickey", False, algorithm, key.asbytes())[0] == 51, algorithm
        assert one.query(key)[0] == 60
        one.close()


def test_a_login_name_that_does_not_parse_is_audited_as_that(make_world, strange_key):
    world = make_world()  # whose strangers have their share of the audit log
    for name in ("alice@deploy", "-x"):
        one = Asker(world, name)
        one.query(strange_key)
        one.password()
        one.close()
        reasons = until(lambda: [e["reason"] for e in failures_of(world, name)] if len(failures_of(world, name)) > 1 else None, what="both")
        assert all(reason.startswith("the login name does not parse: ") for reason in reasons), reasons


def test_wrong_guesses_of_one_source_become_slow_over_all_its_connections(make_world):
    world = make_world()
    free, slow, tries = 20, 5, 5
    start = time.monotonic()
    for _ in range((free + slow) // tries):
        one = Asker(world, f"{USER}@deploy@web1")
        assert [one.password()[0] for _ in range(tries)] == [51] * tries
        one.close()
    # The first slow one waits for a second, as each of its followers: the fault ran at 11 a second and more.
    assert time.monotonic() - start >= slow - 1
    elsewhere = socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20, source_address=("127.0.0.9", 0))
    other = paramiko.Transport(elsewhere)
    other.start_client(timeout=20)
    asked = time.monotonic()
    other.auth_password(USER, USER_PASSWORD)
    assert other.is_authenticated()
    print(f"a right password from elsewhere: {time.monotonic() - asked:.2f} s")
    other.close()


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
def test_unknown_users_take_as_long(make_world, record_property):
    world = make_world(config={"limits": {"source_guesses_per_minute": 100000}})
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
    # Another source still gets in, and that it came later shows that the gateway has seen all of the first one's.
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
    assert greeted() == 5
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
