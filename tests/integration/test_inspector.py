# SPDX-License-Identifier: Apache-2.0
"""The inspector: a sandboxed worker that reads what a session's terminals show. It is there when a terminal is, a session outlives
it, and one that was taken over reaches nothing but its own session."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

from harness.hostile import event_class, faults
from harness.process import until
from harness.puppet import CONTROL, EVENT, libexec
from harness.world import USER, World


def inspector_of(world):
    (pid,) = until(lambda: world.gateway.workers("inspector"), what="an inspector")
    return pid


def derived(world, identifier, kind="keyframe"):
    return [event for event in world.gateway.events(identifier) if event["event"] == kind]


def test_it_starts_with_the_first_terminal(world):
    until(lambda: not world.gateway.workers("inspector"), 20, "those of before to end")
    with world.popen("via", "echo up; cat") as plain:
        assert plain.stdout.readline() == b"up\n"
        assert world.gateway.workers("inspector") == []
        with world.popen("via", "echo up; cat", options=["-tt"]) as tty:
            assert tty.stdout.readline().strip() == b"up"
            pid = inspector_of(world)
            sockets = [name for fd in os.listdir(f"/proc/{pid}/fd") if (name := os.readlink(f"/proc/{pid}/fd/{fd}")).startswith("socket:")]
            assert len(sockets) == 1, "the broker's, and none of a network"
            tty.kill()
        until(lambda: not world.gateway.workers("inspector"), 10, "its end with its session")
        plain.kill()


def test_what_it_says_is_as_of_an_earlier_event(world):
    # It stays until the inspector has caught up, however slow that is.
    with world.popen("via", "seq 1 60000; echo the e''nd; read x", options=["-tt"]) as client:
        shown = b""
        while b"the end" not in shown:
            chunk = client.stdout.read1(1 << 20)
            assert chunk, shown[-100:]
            shown += chunk
        assert shown.count(b"\n") >= 60000
        identifier = world.gateway.live_session(user=USER)["id"]
        until(lambda: derived(world, identifier), 60, "a screen every so many bytes")
        client.stdin.write(b"\n")
        client.stdin.flush()
        assert client.wait(30) == 0
    world.gateway.sealed(identifier)
    events = world.gateway.events(identifier)
    frames = [(number, event) for number, event in enumerate(events) if event["event"] == "keyframe"]
    assert frames
    assert all(0 < event["as_of"] < number for number, event in frames)
    assert world.gateway.run("recording", "verify", "--deep", identifier).returncode == 0


def test_a_killed_inspector_leaves_the_session_recorded_and_watched(world, terminal):
    live = terminal(world.ssh_argv("via", options=["-tt"]), columns=100, rows=30)
    live.wait_prompt()
    identifier = world.gateway.live_session(user=USER)["id"]
    os.kill(inspector_of(world), signal.SIGKILL)
    until(lambda: derived(world, identifier, "inspector-gone"), what="the record to say so")
    live.enter("echo af'ter' it")
    live.wait("after it")
    watcher = terminal(world.gateway.argv("session", "watch", identifier), columns=100, rows=30)
    watcher.wait("after it")
    assert [e for e in world.gateway.audit() if e["type"] == "session.inspector_gone" and e["session"] == identifier]
    live.enter("exit")
    world.gateway.sealed(identifier)
    text = "".join(e["text"] for e in world.gateway.events(identifier) if e["event"] == "data" and e.get("direction") == "down" and "text" in e)
    assert "after it" in text
    assert world.gateway.run("recording", "verify", identifier).returncode == 0


SET = r"printf '\033[?1049h\033[?25lin the program'; sleep 600"


def test_without_an_inspector_a_forced_end_undoes_all(world, terminal):
    command = subprocess.list2cmdline(world.ssh_argv("via", options=["-tt"])) + " \"$REMOTE\"; echo back $?; stty sane; exec cat"
    one = terminal(["sh", "-c", "echo before; " + command], environment={"REMOTE": "read x; " + SET})
    identifier = world.gateway.live_session(user=USER)["id"]
    os.kill(inspector_of(world), signal.SIGKILL)
    until(lambda: derived(world, identifier, "inspector-gone"), what="the record to say so")
    one.enter("")
    one.wait("in the program")
    world.gateway.cli("session", "terminate", identifier, "enough")
    one.wait("back 255", 30)
    flags = one._tmux("display-message", "-p", "-t", "t", "#{alternate_on},#{cursor_flag}").strip()
    assert flags == "0,1"
    assert any(state.get("unknown") for state in derived(world, identifier, "terminal-state"))


def test_who_joins_under_heavy_output_sees_the_screen(world, terminal):
    live = terminal(world.ssh_argv("via", options=["-tt"]), columns=100, rows=30)
    live.wait_prompt()
    identifier = world.gateway.live_session(user=USER)["id"]
    live.enter("seq 1 400000; echo the e'nd'")
    time.sleep(0.3)
    watchers = []
    for _ in range(3):
        watchers.append(terminal(world.gateway.argv("session", "watch", identifier), columns=100, rows=30))
    live.wait("the end", 60)
    for watcher in watchers:
        until(lambda: "the end" in watcher.screen(), 30, "the end at the watcher")
        shown = [line.rstrip() for line in watcher.screen().splitlines()]
        assert [str(n) for n in range(399980, 400001)] == [line for line in shown if line.isdigit()][-21:]
        watcher.send("q")
    live.enter("exit")


def test_a_flood_is_not_slowed_by_it(world):
    """What it does not keep up with is dropped: the relay never waits."""
    started = time.monotonic()
    done = world.ssh("via", "head -c 60000000 /dev/zero | tr '\\0' 'x' | fold -w 79", options=["-tt"], timeout=120)
    assert len(done.stdout) > 60_000_000, done.stderr
    identifier = world.gateway.newest_recording()["id"]
    print(f"60 MB in {time.monotonic() - started:.1f} s")
    world.gateway.sealed(identifier)
    assert world.gateway.run("recording", "verify", "--deep", identifier).returncode == 0


HUNDRED_MB = 100 * 1000 * 1000


def cat_on_a_terminal(world, before=lambda: None, after=lambda: None):
    """(seconds that `cat` of 100 MB takes on a terminal, recording); `after` is called when all of it has arrived."""
    path = world.account.home / "hundred-megabytes"
    if not path.exists():
        line = b"%078d\n" % 0
        path.write_bytes(line * (HUNDRED_MB // len(line)))
    # It begins when the session is there.
    with world.popen("via", f"stty -onlcr; echo up; read x; cat {path}; echo the end; read x", options=["-tt"]) as client:
        assert client.stdout.readline().strip() == b"up"
        identifier = world.gateway.live_session(user=USER)["id"]
        before()
        started = time.monotonic()
        client.stdin.write(b"\n")
        client.stdin.flush()
        size, last = 0, b""
        while b"the end" not in last:
            chunk = client.stdout.read1(1 << 20)
            assert chunk, last
            size += len(chunk)
            last = (last + chunk)[-100:]
        took = time.monotonic() - started
        assert size > path.stat().st_size
        after()
        client.stdin.write(b"\n")
        client.stdin.flush()
        assert client.wait(60) == 0
    world.gateway.sealed(identifier, 60)
    return took, identifier


def test_an_inspector_that_stands_still_slows_nothing_and_its_gap_is_recorded(make_world, record_property):
    world = make_world()
    with_it, identifier = cat_on_a_terminal(world)
    assert world.gateway.run("recording", "verify", "--deep", identifier).returncode == 0
    stopped = []

    def stop():
        stopped.append(inspector_of(world))
        os.kill(stopped[0], signal.SIGSTOP)

    def stands_still():
        assert pathlib.Path(f"/proc/{stopped[0]}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
    without, identifier = cat_on_a_terminal(world, stop, stands_still)
    record_property("seconds with it", round(with_it, 1))
    record_property("seconds while it stands still", round(without, 1))
    print(f"100 MB: {with_it:.1f} s with the inspector, {without:.1f} s while it stands still")
    assert world.gateway.run("recording", "verify", identifier).returncode == 0


def test_what_it_missed_is_a_gap_in_the_record(make_world, terminal):
    world = make_world()
    live = terminal(world.ssh_argv("via", options=["-tt"]), columns=100, rows=30)
    live.wait_prompt()
    identifier = world.gateway.live_session(user=USER)["id"]
    pid = inspector_of(world)
    os.kill(pid, signal.SIGSTOP)
    live.enter("yes | head -c 3000000; echo the e'nd'")
    live.wait("the end", 60)
    os.kill(pid, signal.SIGCONT)
    until(lambda: [frame for frame in derived(world, identifier) if frame.get("follows_gap")], 30, "a screen that says so")
    live.enter("exit")
    world.gateway.sealed(identifier)
    assert world.gateway.run("recording", "verify", "--deep", identifier).returncode == 0


def test_yes_flows_and_ends_at_once_whatever_it_does(world):
    """Control to the last byte: a flood on a terminal, with an inspector that stands still."""
    with world.popen("via", "yes", options=["-tt"]) as client:
        identifier = world.gateway.live_session(user=USER)["id"]
        os.kill(inspector_of(world), signal.SIGSTOP)
        size = 0
        while size < 20_000_000:
            size += len(client.stdout.read1(1 << 20))
        world.gateway.cli("session", "terminate", identifier)
        while client.stdout.read1(1 << 20):
            pass
        assert client.wait(30) != 0
    world.gateway.sealed(identifier, 60)
    assert world.gateway.run("recording", "verify", identifier).returncode == 0


# --- one that was taken over ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def evil_world(build, folder, account, messages):
    world = World(build, folder / "hostile-inspector", account, dropbear=False,
                  config={"libexec_dir": str(libexec(build, folder / "li", inspector=True))})
    try:
        world.start()
        yield world
    finally:
        world.stop()


class Session:
    """A session with a terminal whose output gives its inspector orders."""

    def __init__(self, world):
        self.world = world
        before = {one["id"] for one in world.gateway.sessions()}
        self.client = world.popen("via", "stty -echo; echo up; cat", options=["-tt"], bufsize=0)
        assert self.client.stdout.readline().strip() == b"up"
        (self.id,) = until(lambda: {one["id"] for one in world.gateway.sessions()} - before, what="the session")

    def order(self, text):
        # A terminal's line has at most 4 KiB.
        self.client.stdin.write(f"<<{text}>>\n".encode())
        self.client.stdout.readline()

    def send(self, kind, message):
        self.order("m " + (kind + (message if isinstance(message, bytes) else message.SerializeToString())).hex())

    def ended_with(self, fault):
        until(lambda: any(e["session"] == self.id and fault in e["fault"] and e["worker"] == "inspector" for e in faults(self.world)), 20,
              lambda: f"{fault!r} in {faults(self.world)[-3:]}")
        self.goes_on()
        assert derived(self.world, self.id, "inspector-gone")

    def goes_on(self):
        self.client.stdin.write(b"still here\n")
        while b"still here" not in self.client.stdout.readline():
            pass

    def screens(self, columns):
        return [one for one in derived(self.world, self.id) if one["columns"] == columns]

    def close(self):
        self.client.kill()
        self.client.wait()


@pytest.fixture
def evil(evil_world):
    opened = []

    def one():
        opened.append(Session(evil_world))
        return opened[-1]
    yield one
    for session in opened:
        session.close()


def said():
    from ipc import inspector_pb2
    return inspector_pb2.InspectorToBroker()


def screen(**fields):
    message = said()
    for key, value in {"columns": 80, "rows": 24, "as_of": 1, **fields}.items():
        setattr(message.keyframe, key, value)
    return message


def test_a_puppet_that_behaves_is_an_inspector(evil):
    session = evil()
    session.send(CONTROL, screen(columns=99))
    until(lambda: session.screens(99), what="its screen in the record")
    session.goes_on()
    assert session.world.gateway.run("recording", "verify", session.id).returncode == 0


LIES = {
    "of no terminal": (lambda: screen(channel=6), "no terminal"),
    "as of the future": (lambda: screen(as_of=10_000_000), "not sent"),
    "an impossible size": (lambda: screen(columns=100_000), "impossible size"),
    "too many traits": (lambda: traits(40), "too many traits"),
    "reads the future": (lambda: read(10_000_000), "was not sent"),
}


def traits(count):
    message = said()
    message.terminal_state.as_of = 1
    message.terminal_state.traits.extend([1] * count)
    return message


def read(up_to):
    message = said()
    message.read.up_to = up_to
    return message


@pytest.mark.parametrize("lie", LIES)
def test_what_no_inspector_says_ends_it_and_not_the_session(evil, lie):
    make, fault = LIES[lie]
    session = evil()
    session.send(CONTROL, make())
    session.ended_with(fault)


@pytest.mark.parametrize("what", ["nonsense", "nothing", "an event", "another kind"])
def test_messages_out_of_its_table(evil, what):
    event = event_class()()
    event.data.bytes = b"not from the target"
    session = evil()
    session.send(*{"nonsense": (CONTROL, b"\xff\xff"), "nothing": (CONTROL, b""), "an event": (EVENT, event),
                   "another kind": (b"\x09", event)}[what])
    session.ended_with("")
    assert not any("not from the target" in str(one) for one in session.world.gateway.events(session.id) if one["event"] != "data" or "<<" not in str(one))


@pytest.mark.parametrize("kind", ["session_start", "session_end", "control", "verdict", "login", "data", "request", "channel_open", "close"])
def test_it_has_no_words_for_events_of_others(evil, kind):
    event = event_class()()
    getattr(event, kind).SetInParent()
    session = evil()
    session.send(EVENT, event)
    session.ended_with("no event of a leg")


def test_a_flood_of_screens_ends_it(evil):
    session = evil()
    session.order("flood")
    session.ended_with("more derived events")
    recorded = sum(1 for _ in derived(session.world, session.id))
    assert recorded * 48 * 1024 < 64 * 1024 * 1024


def test_it_reaches_nothing(evil, sanitized):
    """Files, network, other processes: each call ends it, or fails."""
    for name in ("openat", "socket inet", "socket unix", "connect", "ptrace", "process_vm_readv", "execve", "clone3", "kill", "pidfd_open", "mmap exec"):
        session = evil()
        session.order(f"try {name}")
        if sanitized:
            session.goes_on()
            continue
        session.ended_with("refused system call")
        assert session.screens(700) == [], name
        session.close()


def test_it_sees_no_other_session(evil):
    other, session = evil(), evil()
    other.client.stdin.write(b"marker-of-another-session\n")
    other.client.stdout.readline()
    session.order("seen marker-of-another-session")
    until(lambda: session.screens(600), what="its answer")
    assert [one["rows"] for one in session.screens(600)] == [1]
    session.order("seen still here")
    session.goes_on()
    session.order("seen still here")
    until(lambda: len(session.screens(600)) == 3, what="its answers")
    assert session.screens(600)[-1]["rows"] == 2, "the search does find what it was shown"


def test_workers_of_the_puppet_world_are_contained(evil_world, evil):
    evil()
    for pid in evil_world.gateway.workers("inspector"):
        assert os.listdir(f"/proc/{pid}/root/") == []
        assert "Seccomp:\t2" in pathlib.Path(f"/proc/{pid}/status").read_text()
