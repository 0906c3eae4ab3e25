# SPDX-License-Identifier: Apache-2.0
"""Time limits of a policy: what moves is not idle, what is idle is warned and cut; and clients that vanished are noticed."""
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from harness.process import free_port, until
from harness.world import USER

WORDS = ["shell", "exec", "sftp", "forward-local"]


def limit(world, **limits):
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": WORDS, "limits": limits})


@pytest.fixture(scope="module")
def limited(build, folder, account):
    from harness.world import World
    world = World(build, folder / "limits", account, dropbear=False)
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def pause_between():
    """Every limit here is of seconds, and so is what a busy machine may add to anything."""
    return 0.3


def alone(world):
    """What was there before is over: the live session is the one that begins now."""
    until(lambda: not world.gateway.sessions(), 20, "no session of before")


def how_it_ended(world, identifier, seconds=20):
    def look():
        one = world.gateway.one("session", "show", identifier)
        return one if one["state"] == "ended" else None
    return until(look, seconds, "the end of the session")["end_reason"]


def newest(world):
    return max(world.gateway.sessions(everything=True), key=lambda s: s["id"])["id"]


class Terminal:
    """An ssh on a terminal of its own, whose output is gathered."""

    def __init__(self, world, *command, options=()):
        alone(world)
        self.master, slave = pty.openpty()
        self.size(80, 24)
        self.process = subprocess.Popen(world.ssh_argv("via", *command, options=["-tt", *options]), stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.output = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.output += chunk

    def size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text)

    def wait(self, text, seconds=20):
        until(lambda: text in self.output, seconds, lambda: f"{text!r} on the terminal, which shows {self.output[-2000:]!r}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        os.close(self.master)


@pytest.mark.parametrize("way", ["down", "up", "forwarded"])
def test_what_moves_is_not_idle(limited, way, pause_between):
    """Bytes from the target alone, to it alone, and through a forwarded connection."""
    limit(limited, idle="3s")
    steps = int(7 / pause_between)
    if way == "down":
        done = limited.ssh("via", f"for i in $(seq {steps}); do echo $i; sleep {pause_between}; done; echo end")
        assert done.returncode == 0 and done.stdout.endswith(b"end\n"), done
        assert b"Sallyport" not in done.stderr
    elif way == "up":
        with limited.popen("via", "cat > /dev/null") as client:
            for _ in range(steps):
                client.stdin.write(b"x")
                client.stdin.flush()
                time.sleep(pause_between)
            out, errors = client.communicate(timeout=30)
            assert client.returncode == 0 and b"Sallyport" not in errors, errors
    else:
        alone(limited)
        port = free_port()
        with limited.popen("via", options=["-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{limited.target.port}"]) as client:
            identifier = limited.gateway.live_session(user=USER)["id"]
            for _ in range(int(7 / pause_between)):
                subprocess.run(["ssh-keyscan", "-t", "ed25519", "-p", str(port), "127.0.0.1"], capture_output=True, timeout=30)
                time.sleep(pause_between)
            assert limited.gateway.one("session", "show", identifier)["state"] == "live"
            client.kill()


def test_bulk_is_not_idle(make_world):
    """A transfer that is beyond the part of a stream that is recorded byte by byte."""
    world = make_world(config={"recording": {"bulk_after": "64KiB"}})
    limit(world, idle="3s")
    done = world.ssh("via", "head -c 1000000 /dev/zero; for i in $(seq 14); do sleep 0.5; head -c 65536 /dev/zero; done")
    assert done.returncode == 0 and len(done.stdout) == 1000000 + 14 * 65536, done.stderr
    assert any(e["event"] == "stream-block" for e in world.gateway.events(world.gateway.newest_recording()["id"]))


def test_what_is_idle_is_warned_and_cut_whatever_its_window_does(limited, pause_between):
    """Window changes and keepalives are no data."""
    limit(limited, idle="4s")
    terminal = Terminal(limited, "sleep 600", options=["-o", "ServerAliveInterval=1"])
    try:
        identifier = limited.gateway.live_session(user=USER)["id"]
        deadline = time.monotonic() + 40
        columns = 60
        while terminal.process.poll() is None:
            assert time.monotonic() < deadline, "the session is not cut"
            columns = 60 + (columns + 1) % 40
            terminal.size(columns, 30)
            os.killpg(terminal.process.pid, signal.SIGWINCH)
            time.sleep(pause_between)
        terminal.reader.join(5)
        assert b"nothing moves in this session. It ends in 1 s" in terminal.output
        assert b"nothing moved in this session for 4 s" in terminal.output
        assert how_it_ended(limited, identifier) == "idle"
        told = [e["text"] for e in limited.gateway.events(identifier) if e["event"] == "control"]
        assert any("nothing moves" in text for text in told), "the record has the warning"
    finally:
        terminal.close()


def test_an_idle_command_is_told_on_standard_error(limited):
    limit(limited, idle="4s")
    with limited.popen("via", "sleep 600") as client:
        out, errors = client.communicate(timeout=60)
        assert client.returncode == 255 and out == b""
        assert b"nothing moves in this session" in errors and b"nothing moved in this session for 4 s" in errors


def test_input_idle_watches_what_is_typed(limited, pause_between):
    limit(limited, input_idle="5s")
    terminal = Terminal(limited, "while echo working; do sleep 0.1; done")
    try:
        identifier = limited.gateway.live_session(user=USER)["id"]
        for _ in range(int(9 / pause_between)):
            terminal.type(b"x")
            time.sleep(pause_between)
        assert limited.gateway.one("session", "show", identifier)["state"] == "live"
        terminal.wait(b"nothing is typed in this session. It ends in 1 s", 30)
        assert how_it_ended(limited, identifier) == "input idle"
        terminal.wait(b"nothing was typed in this session for 5 s")
    finally:
        terminal.close()


def test_input_idle_does_not_touch_who_has_no_terminal(limited):
    limit(limited, input_idle="2s")
    done = limited.ssh("via", "sleep 6; echo end")
    assert done.returncode == 0 and done.stdout == b"end\n" and done.stderr == b"", done


def test_a_held_session_is_not_idle(limited):
    """Nothing can move in it; that is not its user's doing."""
    limit(limited, idle="3s", input_idle="3s")
    terminal = Terminal(limited, "cat")
    try:
        identifier = limited.gateway.live_session(user=USER)["id"]
        limited.gateway.cli("session", "pause", identifier)
        # One that begins later and is not held is cut meanwhile.
        assert b"nothing moved in this session for 3 s" in limited.ssh("via", "sleep 600").stderr
        assert limited.gateway.one("session", "show", identifier)["state"] == "paused"
        limited.gateway.cli("session", "resume", identifier)
        assert how_it_ended(limited, identifier) in ("idle", "input idle")
    finally:
        terminal.close()


def test_the_end_of_the_whole_time_is_announced(limited):
    limit(limited, duration="4s")
    with limited.popen("via", "while echo working; do sleep 0.1; done") as client:
        out, errors = client.communicate(timeout=60)
        assert b"nearly over. It ends in 1 s" in errors and b"is over" in errors, errors
    assert how_it_ended(limited, newest(limited)) == "time limit reached"


@pytest.mark.parametrize("limits, warned, told, reason", [
    ({"duration": "4s"}, b"nearly over. It ends in 1 s", b"is over", "time limit reached"),
    ({"idle": "4s"}, b"nothing moves in this session. It ends in 1 s", b"nothing moved in this session for 4 s", "idle"),
], ids=["duration", "idle"])
def test_a_shorter_limit_reaches_live_sessions(limited, limits, warned, told, reason):
    """Also of a policy that matches as well from now on; what is over already is warned of first."""
    limit(limited)
    alone(limited)
    with limited.popen("via", "echo up; sleep 600") as client:
        assert client.stdout.readline() == b"up\n"
        identifier = limited.gateway.live_session(user=USER)["id"]
        begun = time.monotonic()
        limited.gateway.apply({"kind": "policy", "name": "in-haste", "subjects": {"users": [USER]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                               "allow": WORDS, "limits": limits})
        try:
            _, errors = client.communicate(timeout=60)
            assert time.monotonic() - begun < 4 + 20
            assert b"stricter limits on time" in errors and warned in errors and told in errors, errors
            assert how_it_ended(limited, identifier) == reason
            (restricted,) = [e for e in limited.gateway.audit() if e["type"] == "session.restricted" and e["session"] == identifier]
            assert restricted[f"{'duration' if 'duration' in limits else 'idle'}_seconds"] == 4 and restricted["allow"]
        finally:
            limited.gateway.cli("delete", "policy", "in-haste")


def test_a_longer_limit_gives_a_live_session_nothing(limited):
    limit(limited, duration="4s")
    alone(limited)
    with limited.popen("via", "echo up; sleep 600") as client:
        assert client.stdout.readline() == b"up\n"
        identifier = limited.gateway.live_session(user=USER)["id"]
        limit(limited, duration="1h")
        assert b"is over" in client.communicate(timeout=60)[1]
    assert how_it_ended(limited, identifier) == "time limit reached"
    assert not [e for e in limited.gateway.audit() if e["type"] == "session.restricted" and e["session"] == identifier]


# --- keepalives -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watched(build, folder, account):
    from harness.world import World
    world = World(build, folder / "watched", account, dropbear=False,
                  config={"ssh": {"client_keepalive_seconds": 1, "client_keepalive_unanswered": 3, "keepalive_seconds": 1}})
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.mark.parametrize("command", ["sleep 600", "yes"])
def test_a_client_that_vanished_is_noticed(watched, command):
    """Stopped, it answers nothing, like one whose machine is gone."""
    alone(watched)
    with watched.popen("via", command) as client:
        try:
            identifier = watched.gateway.live_session(user=USER)["id"]
            client.send_signal(signal.SIGSTOP)
            assert how_it_ended(watched, identifier, 60) == "the client does not answer"
        finally:
            client.kill()


def test_a_client_that_is_only_silent_stays(watched):
    done = watched.ssh("via", "sleep 8; echo end")
    assert done.returncode == 0 and done.stdout == b"end\n" and done.stderr == b"", done


@pytest.mark.parametrize("verb", ["pause", "suspend"])
def test_a_session_that_is_held_outlives_its_keepalives(watched, verb):
    """While nothing passes, the flooding target is not read, so it cannot answer: that is not its fault."""
    alone(watched)
    with watched.popen("via", "yes", stdout=subprocess.DEVNULL) as client:
        try:
            identifier = watched.gateway.live_session(user=USER)["id"]
            watched.gateway.cli("session", verb, identifier)
            # A client that vanishes later is noticed meanwhile: as many keepalives without an answer end it as end a target.
            with watched.popen("via", "sleep 600") as vanished:
                try:
                    later = watched.gateway.live_session(user=USER)["id"]
                    vanished.send_signal(signal.SIGSTOP)
                    assert how_it_ended(watched, later, 60) == "the client does not answer"
                finally:
                    vanished.kill()
            assert watched.gateway.one("session", "show", identifier)["state"] != "ended"
            assert client.poll() is None
        finally:
            client.kill()
