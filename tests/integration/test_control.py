# SPDX-License-Identifier: Apache-2.0
"""Watch, message, pause, suspend, resume and terminate act within a second: while the session floods output, on a terminal
or in bulk, while the target hangs, while the disk stalls, and with a client that does not read."""
import contextlib
import datetime
import os
import random
import signal
import statistics
import subprocess
import time

import pytest

from harness.disk import FreezableDisk
from harness.held_session import CONDITIONS, FREE, Session
from harness.process import descendants, status_field, stays, until
from harness.watcher import Watcher
from harness.world import USER, USER_PASSWORD

SECOND = 1.0


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


def start_cost(gateway):
    """What it takes here and now to start the command line, which is no part of the promise: the median of three calls
    that ask the gateway nothing, so that a slow gateway excuses nothing."""
    times = []
    for _ in range(3):
        start = time.monotonic()
        assert gateway.run("--version").returncode == 0
        times.append(time.monotonic() - start)
    return statistics.median(times)


def within_a_second(gateway, act, slack=0.0):
    cost = start_cost(gateway)
    calls, start = gateway.calls, time.monotonic()
    value = act()
    took, calls = time.monotonic() - start, gateway.calls - calls
    assert took < SECOND + slack + calls * cost, f"took {took:.2f} s, of which {calls} starts of the command line {calls * cost:.2f} s"
    return value


@pytest.fixture
def slack(sanitized):
    return 2.0 if sanitized else 0.0


def act(session, verb, *more):
    return session.world.gateway.cli("session", verb, session.id, *more)


def test_list_and_show(session, slack):
    gateway = session.world.gateway
    assert within_a_second(gateway, lambda: session.state(), slack) == "live"
    assert within_a_second(gateway, lambda: gateway.one("session", "show", session.id), slack)["id"] == session.id


def test_watch(session, slack):
    """The first thing to see comes within a second, and of what flows what flows now."""
    gateway = session.world.gateway
    cost = start_cost(gateway)
    began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    deadline = time.monotonic() + SECOND + slack + cost
    watcher = Watcher(gateway, session.id)
    try:
        assert watcher.line(deadline).get("state") == "live"
        if session.condition in FREE:
            # A flood past the record's limit for verbatim bytes is seen as what was counted.
            kinds = ("data", "stream-block") if session.condition == "flood" else ("data",)
            while (seen := watcher.line(deadline)).get("event") not in kinds or seen["time"] < began:
                pass
    finally:
        watcher.close()


@pytest.mark.parametrize("command", ["yes flood", "while :; do head -c 20000 /dev/zero | tr '\\0' x; sleep 0.01; done"], ids=["flood", "stream"])
def test_watchers_that_leave_in_the_middle_harm_nobody(make_world, command):
    """Each is killed while events are on their way to it, at another moment."""
    world = make_world()
    client = world.popen("via", command, options=["-tt"], stdout=subprocess.DEVNULL)
    try:
        identifier = world.gateway.live_session(user=USER)["id"]
        for n in range(60):
            watcher = Watcher(world.gateway, identifier)
            try:
                while watcher.line(time.monotonic() + 10).get("event") != "data":
                    pass
                time.sleep(n % 10 * 0.003)
            finally:
                watcher.close()
            assert not world.gateway.died(), f"the gateway ended with the watcher that left, the {n + 1}th"
        assert world.gateway.one("session", "show", identifier)["state"] == "live"
    finally:
        client.kill()
        client.wait()


def test_message(session, slack):
    session.wanted = b"maintenance at noon"
    within_a_second(session.world.gateway, lambda: act(session, "message", "maintenance at noon"), slack)
    if session.condition in FREE:
        assert session.found.wait(SECOND + slack), "the message at the client"
    session.release()
    assert session.found.wait(10), "the message at the client"
    assert session.client.poll() is None


def test_pause_and_resume(session, slack):
    gateway = session.world.gateway
    within_a_second(gateway, lambda: act(session, "pause"), slack)
    assert session.state() == "paused"
    # The target goes on, the disk answers, the client reads: it is the pause that holds the session now.
    session.release()
    still = session.stands_still()
    stays(lambda: session.moved() == still, 0.5, "nothing moves")
    # It is taken back while the condition holds, too, and the session goes on when that is over.
    session.hold()
    within_a_second(gateway, lambda: act(session, "resume"), slack)
    if session.condition == "stalled-disk":
        # Taken, and carried out when the session's loop has its disk back: nothing could flow before.
        session.release()
        until(lambda: session.state() == "live", what="the state after the disk came back")
    assert session.state() == "live"
    session.release()
    session.flows()


def test_suspend_and_resume(session, slack):
    world = session.world
    within_a_second(world.gateway, lambda: act(session, "suspend"), slack)
    assert session.state() == "suspended"
    session.release()
    still = session.stands_still()
    stays(lambda: session.moved() == still, 0.5, "nothing moves")
    # Only with its user, who proves anew who she is, does it go on.
    within_a_second(world.gateway, lambda: act(session, "resume"), slack)
    assert session.state() == "suspended"
    assert session.moved()[1] == still[1]  # a terminal shows the question
    proved = world.ssh("gateway", f"resume {session.id}")
    assert proved.returncode == 0, proved.stdout + proved.stderr
    within_a_second(world.gateway, lambda: until(lambda: session.state() == "live", what="the state"), slack)
    session.flows()


def test_terminate(session, slack):
    gateway = session.world.gateway
    workers = gateway.workers()
    assert len(workers) == (3 if session.condition == "terminal-flood" else 2), "with a terminal, an inspector"

    def terminate():
        act(session, "terminate")
        until(lambda: all(status_field(pid, "State") in (None, "Z (zombie)") for pid in workers), 10, "the workers' end")
        until(lambda: session.state() == "ended", 10, "the state")
    within_a_second(gateway, terminate, slack)
    session.release()
    assert session.client.wait(10) != 0
    gateway.sealed(session.id)
    assert gateway.run("recording", "verify", session.id).returncode == 0
    shown = gateway.one("session", "show", session.id)
    assert shown["state"] == "ended" and "terminat" in shown["end_reason"].lower()
    assert any(e["session"] == session.id and "terminate" in e["type"] for e in gateway.audit())


def test_terminate_cuts_the_last_words_of_a_session_that_ends_by_itself(control_world, slack):
    """What a target said last is brought to a slow user even when the target is gone: not against an administrator's word."""
    world, disk = control_world
    session = Session(world, "client-not-reading", disk)
    gateway = world.gateway
    try:
        workers = gateway.workers()
        for pid in descendants(world.target.process.pid):
            with contextlib.suppress(ProcessLookupError):  # what its parent's end has ended already
                os.kill(pid, signal.SIGKILL)
        until(lambda: not world.target.session_pids(), what="the target's end of the session")
        stays(lambda: session.state() != "ended", 1, "something is left to be cut")

        def terminate():
            act(session, "terminate")
            until(lambda: all(status_field(pid, "State") in (None, "Z (zombie)") for pid in workers), 10, "the workers' end")
            until(lambda: session.state() == "ended", 10, "the state")
        within_a_second(gateway, terminate, slack)
        gateway.sealed(session.id)
        assert gateway.run("recording", "verify", session.id).returncode == 0
    finally:
        session.end()


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
    stays(lambda: not marker.exists(), 0.5, "what is typed is held")
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
    one.wait("that was not right")
    assert world.gateway.one("session", "show", identifier)["state"] == "suspended"
    one.enter(USER_PASSWORD)
    until(lambda: world.gateway.one("session", "show", identifier)["state"] == "live", what="the session going on")
    one.enter("echo again-$((2+2))")
    one.wait("again-4")
    assert USER_PASSWORD not in one.screen(False)
    one.enter("exit")
    world.gateway.sealed(identifier)
    text = world.gateway.cli("recording", "export", identifier, "--format", "jsonl", "--with-input")
    assert USER_PASSWORD not in text and "not the password" not in text, "a password typed to the gateway is no input to the target"


def test_a_login_from_before_resumes_nothing(world, shell, tmp_path):
    """The user's other connections may be as unattended as the suspended session: only a login after the resume counts."""
    one, identifier = shell
    state = lambda: world.gateway.one("session", "show", identifier)["state"]
    said = lambda done: done.stdout + done.stderr
    master = tmp_path / "m"
    older = world.popen("gateway", options=["-M", "-N", "-S", str(master)])
    try:
        until(master.exists, what="the older connection")
        world.gateway.cli("session", "suspend", identifier)
        early = world.ssh("gateway", f"resume {identifier}")
        assert early.returncode != 0 and b"does not wait" in said(early), "the administrator has not resumed it"
        world.gateway.cli("session", "resume", identifier)
        refused = world.ssh("gateway", f"resume {identifier}", options=["-S", str(master)])
        assert refused.returncode != 0 and b"log in anew" in said(refused)
        assert state() == "suspended"
        taken = world.ssh("gateway", f"resume {identifier}")
        assert taken.returncode == 0 and b"goes on" in said(taken)
        assert state() == "live"
        one.enter("echo again-$((3+3))")
        one.wait("again-6")
        one.enter("exit")
    finally:
        older.kill()
        older.communicate()


@pytest.mark.parametrize("proof", ["login", "password"])
def test_a_proof_does_not_undo_a_later_pause(world, shell, proof):
    one, identifier = shell
    cli = lambda verb: world.gateway.cli("session", verb, identifier)
    state = lambda: world.gateway.one("session", "show", identifier)["state"]
    cli("suspend")
    cli("resume")
    one.wait("assword")
    cli("pause")
    one.wait("paused")
    if proof == "login":
        assert world.ssh("gateway", f"resume {identifier}").returncode == 0
    else:
        one.enter(USER_PASSWORD)
    one.wait("stays paused")
    assert state() == "paused"
    one.enter("echo again-$((2+2))")
    world.gateway.cli("session", "message", identifier, "the gate is looked at")
    one.wait("the gate is looked at")
    assert "again-4" not in one.screen(False)
    cli("resume")
    one.wait("again-4")
    assert state() == "live"
    one.enter("exit")


def test_acts_in_any_order(world, shell):
    """A walk over real acts beside a model that knows two facts: somebody wants it shut, and a proof is owed."""
    one, identifier = shell
    dice = random.Random(1312)  # a walk in which the user logs in, while it is paused, three times
    shut = owed = asked = False
    walk = []
    for _ in range(24):
        act = dice.choice(["pause", "suspend", "resume", "login"])
        walk.append(act)
        if act == "login":
            taken = world.ssh("gateway", f"resume {identifier}").returncode == 0
            assert taken == asked, walk
            if asked:
                owed = asked = False
        else:
            done = world.gateway.run("session", act, identifier).returncode == 0
            assert done == (act != "resume" or shut or owed), walk
            shut = act != "resume"
            owed = owed or act == "suspend"
            asked = owed and (act == "resume" or (asked and act != "suspend"))
        want = "suspended" if owed else "paused" if shut else "live"
        assert world.gateway.one("session", "show", identifier)["state"] == want, walk
    world.gateway.cli("session", "terminate", identifier)


def test_message_and_terminate_on_a_terminal(world, shell):
    one, identifier = shell
    world.gateway.cli("session", "message", identifier, "hello \x1b[31mfrom the\x07 operator")
    one.wait("from the")
    world.gateway.cli("session", "terminate", identifier, "maintenance window")
    until(one.dead, what="the client's end")
    until(lambda: world.gateway.one("session", "show", identifier)["state"] == "ended", what="the state")


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
    world.gateway.sealed(identifier)
    acts = {e["type"]: e["actor"] for e in world.gateway.audit() if e["session"] == identifier}
    assert acts["session.pause"] == acts["session.resume"] == "local:root", acts
    events = world.gateway.cli("recording", "export", identifier, "--format", "jsonl")
    assert '"pause"' in events and '"resume"' in events
