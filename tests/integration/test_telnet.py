# SPDX-License-Identifier: Apache-2.0
"""Telnet targets behind the SSH front: Debian's telnetd, and servers that mean no good."""
import json
import subprocess
import threading
import time

import pytest

from harness.process import until
from harness.telnet_target import TelnetTarget

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


def test_every_byte_arrives(plain, terminal, account):
    (account.home / "bytes.sh").write_text("stty raw -echo\nprintf 'out:\\377\\376\\001\\r\\000:end'\nhead -c 5 | od -An -tx1\nstty sane\nexit\n")
    account.own(account.home / "bytes.sh")
    process = subprocess.Popen(argv(plain), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = b""

        def reads(what):
            nonlocal said
            deadline = time.monotonic() + 30
            while what not in said and time.monotonic() < deadline:
                said += process.stdout.read1(4096)
            assert what in said, said

        reads(b"$ ")
        process.stdin.write(b". ./bytes.sh\r")
        process.stdin.flush()
        reads(b":end")
        assert b"out:\xff\xfe\x01\r\x00:end" in said
        process.stdin.write(b"\xff\xfe\x00\xc3\xa9")
        process.stdin.flush()
        reads(b"ff fe 00 c3 a9")
        process.stdin.close()
        process.wait(20)
    finally:
        process.kill()
        process.wait()


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


def test_commands_and_files_are_refused_with_a_sentence(plain):
    done = run(plain, "dev1", "id", options=())
    assert done.returncode != 0 and b"a Telnet target runs no commands" in done.stderr + done.stdout
    done = run(plain, "dev1", options=("-T",))
    assert done.returncode != 0 and b"on a terminal only" in done.stderr + done.stdout
    until(lambda: not plain.telnet.running(), what="telnetd's end")


def test_telnet_is_allowed_by_name_only(plain, account):
    heard = []

    def play(client):
        client.sendall(b"login: ")
        while data := client.recv(4096):
            heard.append(data)

    target = TelnetTarget(play)
    try:
        declare(plain, "dev2", target)
        grant(plain, "shell")
        done = run(plain, "dev2")
        assert b"no policy allows telnet" in done.stderr + done.stdout
        assert account.password.encode() not in b"".join(heard)
        assert account.name.encode() not in b"".join(heard)
    finally:
        grant(plain, "shell", "exec", "sftp", "forwarding", "telnet")
        target.stop()


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
