# SPDX-License-Identifier: Apache-2.0
"""Telnet targets behind the SSH front: Debian's telnetd, and servers that mean no good."""
import json
import os
import pathlib
import select
import socket
import subprocess
import threading
import time

import pytest

from harness.memory import found_in, memory
from harness.process import free_port, until
from harness.telnet_target import Middle, TelnetTarget
from harness.watcher import Watcher

USER = "alice"


def grant(world, *allow):
    world.gateway.apply({"kind": "policy", "name": "telnet", "subjects": {"groups": ["ops"]}, "targets": {"kind": "telnet"},
                         "accounts": ["plain"], "allow": list(allow)})


@pytest.fixture(scope="module")
def plain(build, folder, account):
    """A world with dev1, which speaks Telnet."""
    from harness.world import World
    world = World(build, folder / "telnet", account, dropbear=False)
    target = TelnetTarget()
    try:
        world.start()
        declare(world, "dev1", target)
        world.gateway.apply({"kind": "account", "name": "plain", "targets": {"kind": "telnet"}, "login": "password", "login_name": account.name})
        world.gateway.cli("account", "set-secret", "plain", input=account.password)
        grant(world, "shell", "exec", "sftp", "forwarding", "telnet")
        world.telnet = target
        yield world
    finally:
        world.stop()
        target.stop()


def declare(world, name, target, **more):
    world.gateway.apply({"kind": "target", "name": name, "protocol": "telnet", "address": target.address, "labels": {"kind": "telnet"}, **more})


def argv(world, name="dev1", *command, options=("-tt",)):
    return world.ssh_argv("gateway", *command, options=["-o", f"User={USER}@plain@{name}", *options])


def run(world, name="dev1", *command, options=("-tt",), **more):
    return subprocess.run(argv(world, name, *command, options=options), capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **more)


def test_vim_resize_and_the_record(plain, terminal, account):
    (account.home / "code.c").write_text("".join(f"int function_{n}(void);\n" for n in range(200)))
    account.own(account.home / "code.c")
    one = terminal(argv(plain))
    one.wait_prompt()
    live = plain.gateway.live_session(target="dev1")
    assert live["protocol"] == "telnet"
    one.enter("clear; stty size")
    one.wait("30 100")
    one.enter("vim code.c")
    one.wait("function_10")
    one.resize(120, 45)
    one.wait("function_40")
    one.send("Escape")
    one.enter(":q!")
    one.wait_prompt()
    one.enter("exit")
    plain.gateway.sealed(live["id"])
    events = plain.gateway.events(live["id"])
    text = json.dumps(events)
    assert "function_40" in text and "stty size" in text
    assert account.password not in text and account.password not in plain.gateway.log_tail(10000)
    logins = [e for e in events if "secret_crossed" in e]
    assert len(logins) == 1 and logins[0]["secret_crossed"] is True and logins[0]["method"] == "password, plain telnet", logins
    assert any(e["type"] == "target.login" and "plain telnet" in json.dumps(e) for e in plain.gateway.audit())
    plain.gateway.cli("recording", "verify", live["id"])
    until(lambda: not plain.telnet.running(), what="telnetd's end")


class Piped:
    """An ssh whose terminal is at the gateway only: its bytes come and go as they are."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def reads(self, what, seconds=30):
        deadline = time.monotonic() + seconds
        while what not in self.said:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self.said
            chunk = os.read(self.process.stdout.fileno(), 4096)
            assert chunk, self.said
            self.said += chunk

    def types(self, keys):
        self.process.stdin.write(keys)
        self.process.stdin.flush()


def test_every_byte_arrives(plain, account):
    (account.home / "bytes.sh").write_text("stty raw -echo\nprintf 'out:\\377\\376\\001\\r\\000:end'\nhead -c 5 | od -An -tx1\nstty sane\nexit\n")
    account.own(account.home / "bytes.sh")
    with Piped(argv(plain)) as session:
        session.reads(b"$ ")
        session.types(b". ./bytes.sh\r")
        session.reads(b"out:\xff\xfe\x01\r\x00:end")
        session.types(b"\xff\xfe\x00\xc3\xa9")
        session.reads(b"ff fe 00 c3 a9")
        session.process.stdin.close()
        session.process.wait(20)


IAC, WILL, DO, BINARY = 255, 251, 253, 0


def test_binary_is_negotiated_both_ways(plain, account):
    """RFC 856: a server that wants binary in both directions. Carriage returns then have no NUL behind them."""
    middle = Middle(plain.telnet.port)
    try:
        declare(plain, "dev4", middle.target)
        (account.home / "binary.sh").write_text("stty raw -echo\nprintf 'out:\\r\\n\\r\\0\\377:end'\nhead -c 5 | od -An -tx1\nstty sane\nexit\n")
        account.own(account.home / "binary.sh")
        with Piped(argv(plain, "dev4")) as session:
            session.reads(b"$ ")
            middle.say_to_client(bytes([IAC, DO, BINARY, IAC, WILL, BINARY]))
            # The gateway agrees to each, and so does telnetd, to which these are requests.
            for heard in (middle.from_client, middle.from_server):
                until(lambda: bytes([IAC, WILL, BINARY]) in heard and bytes([IAC, DO, BINARY]) in heard, what="both agreements")
            typed_from = len(middle.from_client)
            session.types(b". ./binary.sh\r")
            session.reads(b"out:\r\n\r\0\xff:end")
            assert middle.from_client[typed_from:] == b". ./binary.sh\r"
            session.types(b"\r\x00\xff\n\r")
            session.reads(b"0d 00 ff 0a 0d")
            assert middle.from_client[typed_from:].endswith(b"\r\x00\xff\xff\n\r")
    finally:
        middle.target.stop()
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_terminate_and_pause(plain, terminal):
    one = terminal(argv(plain))
    one.wait_prompt()
    live = plain.gateway.live_session(target="dev1")
    plain.gateway.cli("session", "pause", live["id"])
    one.enter("echo pau''sed")
    plain.gateway.cli("session", "resume", live["id"])
    one.wait("\npaused")
    plain.gateway.cli("session", "terminate", live["id"])
    until(lambda: not plain.telnet.running(), what="telnetd's end")
    assert plain.gateway.sealed(live["id"])["integrity"]


def test_from_the_menu(plain, terminal):
    one = terminal(plain.ssh_argv("gateway", options=["-tt"]))
    one.wait("dev1")
    one.type("dev1")
    until(lambda: "web1" not in one.screen(False), what=lambda: f"a narrower menu:\n{one.screen(False)}")
    one.send("Enter")
    one.wait_prompt()
    one.enter("exit")
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_watching_shows_the_screen_and_what_follows(plain, terminal):
    one = terminal(argv(plain))
    one.wait_prompt()
    one.enter("echo before-$((6*7))")
    one.wait("before-42")
    live = plain.gateway.live_session(target="dev1")
    # Joined late: a keyframe first, then everything from there on, and nothing of what is typed.
    watching = terminal(plain.gateway.argv("session", "watch", live["id"]))
    watching.wait("before-42")
    watcher = Watcher(plain.gateway, live["id"])
    try:
        deadline = time.monotonic() + 30
        assert watcher.line(deadline)["state"] == "live"
        assert watcher.line(deadline)["event"] == "keyframe"
        one.enter("stty -echo; echo quiet-$((1+1)); read secret; stty echo; echo after-$((6*8))")
        watching.wait("quiet-2")  # typed earlier, the terminal would echo it
        one.enter("only-typed")
        watching.wait("after-48")
        seen = []
        while "after-48" not in "".join(e.get("text", "") for e in seen if e.get("event") == "data"):
            seen.append(watcher.line(deadline))
        assert {e["direction"] for e in seen if e.get("event") == "data"} == {"down"}
        assert "only-typed" not in json.dumps(seen) and "only-typed" not in watching.screen(False)
        plain.gateway.cli("session", "terminate", live["id"])
        while watcher.line(deadline).get("state") != "ended":
            pass
        until(watching.dead, what="the end for who watches")
    finally:
        watcher.close()
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_what_telnet_lacks_is_refused_with_a_sentence(plain):
    done = run(plain, "dev1", "id", options=())
    assert done.returncode != 0 and b"a Telnet target runs no commands" in done.stderr + done.stdout
    done = run(plain, "dev1", "sftp", options=("-s",))
    assert done.returncode != 0 and b"a Telnet target runs no commands and has no files" in done.stderr + done.stdout
    done = run(plain, "dev1", options=("-T",))
    assert done.returncode != 0 and b"on a terminal only" in done.stderr + done.stdout
    done = run(plain, "dev1", options=("-o", "LogLevel=INFO", "-W", "127.0.0.1:22"))
    assert done.returncode != 0 and b"a Telnet target has one terminal with a shell, and nothing else" in done.stderr
    until(lambda: not plain.telnet.running(), what="telnetd's end")


@pytest.mark.parametrize("option, subject, name", [("-L", "channel", "direct-tcpip"), ("-R", "global-request", "tcpip-forward")])
def test_a_forwarding_is_refused_and_the_terminal_goes_on(plain, terminal, option, subject, name):
    port = free_port()
    one = terminal(argv(plain, options=("-tt", "-o", "LogLevel=INFO", option, f"{port}:127.0.0.1:{plain.telnet.port}")), columns=180)
    one.wait_prompt()
    live = plain.gateway.live_session(target="dev1")
    if option == "-L":
        with socket.create_connection(("127.0.0.1", port), timeout=20) as through:
            assert through.recv(1) == b""
        one.wait("one terminal with a shell, and nothing else")
    one.enter("clear; echo still-$((6*7))")
    one.wait("still-42")
    one.enter("exit")
    plain.gateway.sealed(live["id"])
    verdicts = [e for e in plain.gateway.events(live["id"]) if e["event"] == "verdict" and e["verdict"] == "deny"]
    assert [(e["subject"], e["name"]) for e in verdicts] == [(subject, name)]
    assert verdicts[0]["reason"] == "a Telnet target has one terminal with a shell, and nothing else"
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_telnet_is_allowed_by_name_only(plain):
    dialled = []
    target = TelnetTarget(dialled.append)
    asked = ("policy", "test", "--user", USER, "--target", "dev2", "--account", "plain", "-o", "json")
    try:
        declare(plain, "dev2", target)
        assert plain.gateway.run(*asked).returncode == 0
        grant(plain, "shell")
        done = run(plain, "dev2")
        assert done.returncode != 0 and b"you have no access to plain on dev2" in done.stderr + done.stdout
        assert dialled == [], "the gateway decides before it connects"
        denied = [e for e in plain.gateway.audit() if e["type"] == "session.denied"][-1]
        assert denied["reason"] == "no_policy" and "speaks telnet, which needs 'telnet': no policy allows telnet" in denied["detail"]
        explained = plain.gateway.run(*asked)
        assert explained.returncode == 1 and denied["detail"] in json.dumps(json.loads(explained.stdout), ensure_ascii=False)
    finally:
        grant(plain, "shell", "exec", "sftp", "forwarding", "telnet")
        target.stop()


def test_the_password_stays_with_the_broker(plain, terminal, account):
    """Of the live session's processes none holds it, nor do the record and the log."""
    one = terminal(argv(plain))
    one.wait_prompt()
    live = plain.gateway.live_session(target="dev1")
    # Pieces: what is overwritten in part is found, too.
    secret = {"start": account.password[3:15].encode(), "end": account.password[-12:].encode()}
    workers = plain.gateway.workers()
    assert len(workers) >= 2
    at_once = {pid: memory(pid) for pid in workers}  # before what is typed gets into the same buffers
    one.enter("echo marker-$((6*7))")
    one.wait("marker-42")
    for pid in workers:
        later = memory(pid)
        # The search can find what is there: every worker of the session had this through its hands.
        assert b"marker-42" in later
        program = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        assert (found_in(at_once[pid], secret), found_in(later, secret)) == ([], []), program
    one.enter("exit")
    plain.gateway.sealed(live["id"])
    assert account.password not in json.dumps(plain.gateway.events(live["id"]))
    assert account.password not in plain.gateway.log_tail(10000)
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_a_wrong_password_is_told(plain, account):
    plain.gateway.cli("account", "set-secret", "plain", input="wrong")
    try:
        done = run(plain)
        assert b"did not accept the account" in done.stderr + done.stdout
    finally:
        plain.gateway.cli("account", "set-secret", "plain", input=account.password)


OPTIONS = b"\xff\xfd\x00\xff\xfe\x00" * 50_000
SUBNEGOTIATION = b"\xff\xfa\x18" + b"x" * 1_000_000
NAMES = b"\xff\xfd\x18" + b"\xff\xfa\x18\x01\xff\xf0" * 50_000
TALK = b"x" * 1_000_000  # once logged in, a target may talk


BREACHES = {"options": (OPTIONS, "options are negotiated without end"),
            "subnegotiation": (SUBNEGOTIATION, "a subnegotiation without an end"),
            "names": (NAMES, "the terminal's name is asked for without end"),
            "talk": (TALK, "the target shows too much before its login")}


@pytest.mark.parametrize("breach, after_login", [*((name, False) for name in BREACHES), *((name, True) for name in BREACHES if name != "talk")])
def test_a_hostile_server_ends_its_own_session(plain, breach, after_login):
    attack, why = BREACHES[breach]
    heard = bytearray()

    def listen(client):
        try:
            while data := client.recv(4096):
                heard.extend(data)
        except OSError:
            pass

    def play(client):
        threading.Thread(target=listen, args=(client,), daemon=True).start()
        if after_login:
            client.sendall(b"login: ")
            until(lambda: heard.endswith(b"\r\x00"), what="the login name")
            client.sendall(b"\r\nPassword: ")
            until(lambda: heard.count(b"\r\x00") == 2, what="the password")
            client.sendall(b"\r\nWelcome\r\n$ ")
        for at in range(0, len(attack), 7):  # IACs are cut anywhere
            client.sendall(attack[at:at + 7])

    target = TelnetTarget(play)
    try:
        declare(plain, "dev3", target)
        done = run(plain, "dev3")
        assert done.returncode != 0
        # A connection that ends with bytes unread is reset, and may take the answers with it.
        assert len(heard) < 20_000, "what the gateway answers is bounded"
        until(lambda: not [s for s in plain.gateway.sessions() if s["target"] == "dev3"], what="the session's end")
        assert why in plain.gateway.sealed(plain.gateway.newest_recording()["id"])["end_reason"]
    finally:
        target.stop()
