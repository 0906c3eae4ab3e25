# SPDX-License-Identifier: Apache-2.0
"""Watch, message, pause, suspend, resume and terminate act within a second: while the session floods output, while the
target hangs, while the disk stalls, and with a client that does not read."""
import json
import os
import select
import signal
import subprocess
import threading
import time

import pytest

from harness.disk import FreezableDisk
from harness.process import descendants, status_field, until
from harness.world import USER, USER_PASSWORD

SECOND = 1.0
CONDITIONS = ["calm", "flood", "hung-target", "stalled-disk", "client-not-reading"]


class Session:
    """One live session under a condition, and what its client has received."""

    def __init__(self, world, condition, disk):
        self.world, self.condition, self.disk = world, condition, disk
        until(lambda: not world.gateway.sessions() and not world.target.session_pids(), 15, "an idle gateway and target")
        steady = "while :; do date +%N; sleep 0.02; done"
        command = steady if condition in ("calm", "hung-target") else "yes flood"
        self.received = 0
        self.stopped = []
        self.client = world.popen("via", command, stdin=subprocess.DEVNULL)
        try:
            self._prepare()
        except BaseException:
            self.end()
            raise

    def _prepare(self):
        world = self.world
        if self.condition != "client-not-reading":
            threading.Thread(target=self._drain, daemon=True).start()
        self.id = world.gateway.live_session(user=USER)["id"]
        if self.condition == "client-not-reading":
            time.sleep(1.0)  # until every buffer on the way is full
            os.kill(self.client.pid, signal.SIGSTOP)
            return
        until(lambda: self.received > 0, what="first output")
        if self.condition == "hung-target":
            for top in world.target.session_pids():
                for pid in [top, *descendants(top)]:
                    try:
                        os.kill(pid, signal.SIGSTOP)
                        self.stopped.append(pid)
                    except ProcessLookupError:
                        pass  # a date or a sleep that has just ended
        if self.condition == "stalled-disk":
            self.disk.freeze()
            time.sleep(0.3)

    def _drain(self):
        while chunk := os.read(self.client.stdout.fileno(), 65536):
            self.received += len(chunk)

    def state(self):
        found = [s["state"] for s in self.world.gateway.sessions() if s["id"] == self.id]
        return found[0] if found else "ended"

    def flows(self, seconds=0.5):
        before = self.received
        time.sleep(seconds)
        return self.received > before

    def end(self):
        if self.disk:
            self.disk.thaw()
        for pid in self.stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.client.kill()
        self.client.wait()
        for left in self.world.gateway.sessions():
            self.world.gateway.run("session", "terminate", left["id"])


@pytest.fixture(scope="module")
def control_world(build, folder, account):
    from harness.world import World
    disk = FreezableDisk(folder / "control" / "disk")
    world = World(build, folder / "control", account, config={"data_dir": str(disk.path / "data")}, dropbear=False)
    world.gateway.data = disk.path / "data"
    try:
        world.start()
        yield world, disk
    finally:
        disk.thaw()
        world.stop()
        disk.remove()


@pytest.fixture(params=CONDITIONS)
def session(request, control_world):
    world, disk = control_world
    one = Session(world, request.param, disk)
    yield one
    one.end()


def within_a_second(act, slack=0.0):
    start = time.monotonic()
    value = act()
    took = time.monotonic() - start
    assert took < SECOND + slack, f"took {took:.2f} s"
    return value


@pytest.fixture
def slack(sanitized):
    return 2.0 if sanitized else 0.0


def act(session, verb, *more):
    return session.world.gateway.cli("session", verb, session.id, *more)


def test_list_and_show(session, slack):
    assert within_a_second(lambda: session.state(), slack) == "live"
    assert within_a_second(lambda: session.world.gateway.one("session", "show", session.id), slack)["id"] == session.id


def test_watch(session, slack):
    """The first thing to see comes within a second."""
    watcher = subprocess.Popen([str(session.world.gateway.bin / "sallyport"), "--config", str(session.world.gateway.config_path), "session",
                                "watch", session.id, "-o", "json"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        def first():
            assert select.select([watcher.stdout], [], [], SECOND + slack)[0], "nothing to watch within a second"
            return json.loads(watcher.stdout.readline())
        assert within_a_second(first, slack)
    finally:
        watcher.kill()
        watcher.communicate()


def test_message(session, slack):
    within_a_second(lambda: act(session, "message", "maintenance at noon"), slack)
    if session.condition in ("calm", "flood"):
        until(lambda: select.select([session.client.stderr], [], [], 0)[0], SECOND + slack, "the message at the client")
        assert b"maintenance at noon" in os.read(session.client.stderr.fileno(), 4096)


def test_pause_and_resume(session, slack):
    within_a_second(lambda: act(session, "pause"), slack)
    assert session.state() == "paused"
    if session.condition == "stalled-disk":
        session.disk.thaw()
    time.sleep(0.5)  # what was on its way before the pause
    assert not session.flows(), "output after a pause"
    within_a_second(lambda: act(session, "resume"), slack)
    assert session.state() == "live"
    if session.condition in ("calm", "flood", "stalled-disk"):
        until(lambda: session.flows(0.1), 5, "output after resume")


def test_suspend(session, slack):
    within_a_second(lambda: act(session, "suspend"), slack)
    assert session.state() == "suspended"
    if session.condition == "stalled-disk":
        session.disk.thaw()
    time.sleep(0.5)
    assert not session.flows()


def test_terminate(session, slack):
    gateway = session.world.gateway
    workers = gateway.workers()
    assert len(workers) == 2

    def terminate():
        act(session, "terminate")
        until(lambda: all(status_field(pid, "State") in (None, "Z (zombie)") for pid in workers), 10, "the workers' end")
        until(lambda: session.state() == "ended", 10, "the state")
    within_a_second(terminate, slack)
    if session.condition != "client-not-reading":
        session.client.wait(5)
        assert session.client.returncode != 0
    if session.condition == "stalled-disk":
        session.disk.thaw()
    gateway.sealed(session.id)
    assert gateway.run("recording", "verify", session.id).returncode == 0
    shown = gateway.one("session", "show", session.id)
    assert shown["state"] == "ended" and "terminat" in shown["end_reason"].lower()
    assert any(e["session"] == session.id and "terminate" in e["type"] for e in gateway.audit())


# --- what the person sees -------------------------------------------------------------------------------------------------

@pytest.fixture
def shell(world, terminal):
    one = terminal(world.ssh_argv("via", options=["-tt"]))
    one.wait_prompt()
    return one, world.gateway.live_session(user=USER)["id"]


def test_pause_tells_the_user_and_holds_what_is_typed(world, shell):
    one, identifier = shell
    marker = world.account.home / f"typed-{identifier}"
    world.gateway.cli("session", "pause", identifier)
    one.wait("paused")
    one.enter(f"touch {marker}")
    time.sleep(0.5)
    assert not marker.exists()
    world.gateway.cli("session", "resume", identifier)
    until(marker.exists, what="what was typed, after resume")
    one.enter("exit")


def test_suspend_asks_the_user_again(world, shell):
    one, identifier = shell
    world.gateway.cli("session", "suspend", identifier)
    one.wait("suspended")
    world.gateway.cli("session", "resume", identifier)
    one.wait("assword")
    one.enter("not the password")
    time.sleep(0.5)
    assert world.gateway.one("session", "show", identifier)["state"] == "suspended"
    one.settled()
    one.enter(USER_PASSWORD)
    until(lambda: world.gateway.one("session", "show", identifier)["state"] == "live", what="the session going on")
    one.enter("echo again-$((2+2))")
    one.wait("again-4")
    assert USER_PASSWORD not in one.screen(False)
    one.enter("exit")
    world.gateway.sealed(identifier)
    text = world.gateway.cli("recording", "export", identifier, "--format", "jsonl", "--with-input")
    assert USER_PASSWORD not in text and "not the password" not in text, "a password typed to the gateway is no input to the target"


def test_message_and_terminate_on_a_terminal(world, shell):
    one, identifier = shell
    world.gateway.cli("session", "message", identifier, "hello \x1b[31mfrom the\x07 operator")
    one.wait("from the")
    world.gateway.cli("session", "terminate", identifier, "maintenance window")
    until(one.dead, what="the client's end")
    assert world.gateway.one("session", "show", identifier)["state"] == "ended"


def test_unknown_sessions_and_acts_fail(world):
    for verb in ("pause", "resume", "suspend", "terminate", "show", "watch"):
        assert world.gateway.run("session", verb, "no-such-id").returncode != 0
    world.ssh("via", "true")
    ended = world.gateway.newest_recording()["id"]
    world.gateway.sealed(ended)
    assert world.gateway.run("session", "pause", ended).returncode != 0


def test_acts_are_audited_with_their_actor(world, shell):
    one, identifier = shell
    for verb in ("pause", "resume"):
        world.gateway.cli("session", verb, identifier)
    one.enter("exit")
    types = [e["type"] for e in world.gateway.audit() if e["session"] == identifier]
    assert any("pause" in t for t in types) and any("resume" in t for t in types)
    events = world.gateway.cli("recording", "export", identifier, "--format", "jsonl")
    assert '"pause"' in events and '"resume"' in events
