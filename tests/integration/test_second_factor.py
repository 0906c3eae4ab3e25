# SPDX-License-Identifier: Apache-2.0
"""One-time codes after a key or a password, with real clients and a real oathtool."""
import itertools
import json
import os
import pathlib
import socket
import subprocess
import time

import paramiko
import pytest

from harness.process import until
from harness.target import public_line
from harness.totp import App, Enrolled
from harness.world import World

_names = (f"person{n}" for n in itertools.count(1))


@pytest.fixture(scope="module")
def guarded(build, folder, account, store):
    """A world of these tests' own: guesses of all of them come from one address."""
    world = World(build, folder / "totp", account, config={"limits": {"source_guesses_per_minute": 100_000}}, dropbear=False)
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def carol(guarded):
    return Enrolled(guarded, next(_names), recovery_codes=True)


def events_of(world, user, kind):
    return [event for event in world.gateway.audit() if event["type"] == kind and event["actor"] == user]


def test_key_and_code_by_openssh_and_a_code_is_good_once(carol):
    code = carol.app.code()
    assert carol.logs_in(code)
    assert len(carol.questions()) == 1 and "One-time code:" in carol.questions()[0]
    assert not carol.logs_in(code), "the same code again"
    assert carol.logs_in(carol.app.code(1)), "the next one"
    assert not carol.logs_in(code), "one before the last"
    success = events_of(carol.world, carol.name, "auth.success")
    assert len(success) == 2 and success[-1]["method"].startswith("publickey SHA256:") and success[-1]["method"].endswith(" and totp")
    assert {e["reason"] for e in events_of(carol.world, carol.name, "auth.failure")} == {"a code that was used already"}
    newest = carol.world.gateway.newest_recording()["id"]
    carol.world.gateway.sealed(newest)
    assert " and totp" in carol.world.gateway.cli("recording", "export", newest, "--format", "jsonl")


@pytest.mark.parametrize("methods", ["password,keyboard-interactive", "keyboard-interactive"])
def test_password_and_code_by_openssh(carol, methods):
    assert carol.logs_in(carol.app.code(), methods=methods)
    asked = carol.questions()
    assert len(asked) == 2 and "assword" in asked[0] and "One-time code:" in asked[1], asked


def test_without_a_code_nobody_gets_in(carol):
    for methods in ("publickey", "password"):
        refused = carol.ssh("echo in", methods=methods)
        assert refused.returncode == 255 and b"Permission denied (keyboard-interactive)" in refused.stderr, refused
    assert not carol.logs_in("123", methods="keyboard-interactive")


def test_who_is_enrolled_shows_only_after_the_key_or_the_password(guarded, carol):
    """What ssh sees of the methods, for somebody enrolled, somebody who is not, and nobody."""
    (carol.folder / "password").write_text("a wrong password\n")

    def seen(name):
        said = carol.ssh("true", address=f"{name}@deploy@web1", options=["-v", "-o", "PubkeyAuthentication=no"],
                         methods="password,keyboard-interactive").stderr.decode()
        return [line for line in said.splitlines() if "can continue" in line or "partial" in line], [q.replace(name, "NAME") for q in carol.questions()]

    known = seen("alice")
    assert known[0] and seen("nobody") == known
    assert seen(carol.name) == known


def test_clocks_may_differ_by_one_step(guarded):
    late, early = Enrolled(guarded, next(_names)), Enrolled(guarded, next(_names))
    App.settle(20)
    assert not late.logs_in(late.app.code(-2)) and not late.logs_in(late.app.code(3))
    assert early.logs_in(early.app.code(1)), "a device whose clock is fast"


def test_guessing_is_slowed_down_and_a_restart_changes_nothing(guarded, carol):
    wrong = next(code for code in ("000000", "111111", "222222") if code not in {carol.app.code(n) for n in range(-2, 5)})
    assert carol.ssh("true", codes=[wrong] * 5).returncode == 255
    assert not carol.logs_in(carol.app.code()), "the right one, but too soon"
    told = carol.ssh("true", codes=[carol.app.code(), carol.app.code()], options=["-o", "LogLevel=INFO"])
    assert b"Too many codes were wrong: no code counts for" in told.stderr, told
    guarded.gateway.restart()
    guarded.write_ssh_config()
    assert not carol.logs_in(carol.app.code()), "the count is in the store"
    reasons = [e["reason"] for e in events_of(guarded, carol.name, "auth.failure")]
    assert reasons.count("wrong code") == 5 and reasons.count("too many wrong codes of this user") == 4, reasons


def test_a_restart_makes_no_code_good_again(guarded, carol):
    code = carol.app.code()
    assert carol.logs_in(code)
    guarded.gateway.restart()
    guarded.write_ssh_config()
    assert not carol.logs_in(code)
    assert carol.logs_in(carol.app.code(1))


def test_recovery_codes_are_good_once_each(guarded, carol):
    assert len(carol.recovery_codes) == 10
    first, second = carol.recovery_codes[:2]
    assert carol.logs_in(first) and not carol.logs_in(first)
    assert carol.logs_in(second.upper().replace("-", " "))
    assert guarded.gateway.one("user", "show", carol.name)["totp"]["recovery_codes"] == 8
    assert events_of(guarded, carol.name, "auth.success")[-1]["method"].endswith(" and recovery-code")


def test_removal_and_the_table_of_the_user(guarded, carol):
    shown = guarded.gateway.one("user", "show", carol.name)
    assert shown["password"] is True and shown["public_keys"] == 1 and shown["totp"]["recovery_codes"] == 10
    again = guarded.gateway.run("user", "enroll-totp", carol.name)
    assert again.returncode == 1 and "is enrolled for one-time codes already" in again.stderr
    guarded.gateway.cli("user", "remove-totp", carol.name)
    assert guarded.gateway.one("user", "show", carol.name)["totp"] is None
    assert carol.logs_in() and not carol.questions()


def test_enrolment_shows_a_qr_code_and_takes_no_wrong_one(guarded):
    name = next(_names)
    guarded.gateway.apply({"kind": "user", "name": name, "groups": ["ops"]})
    refused = guarded.gateway.run("user", "enroll-totp", name, input="000000\n")
    assert refused.returncode == 1 and "no code of the new secret" in refused.stderr
    assert refused.stdout.count("\u2588") > 100 and f"otpauth://totp/Sallyport:{name}?secret=" in refused.stdout
    assert guarded.gateway.one("user", "show", name)["totp"] is None


def test_no_secret_stands_anywhere(guarded, carol):
    code = carol.app.code()
    assert carol.logs_in(code) and carol.logs_in(carol.recovery_codes[0])
    newest = guarded.gateway.newest_recording()["id"]
    guarded.gateway.sealed(newest)
    texts = [guarded.gateway.log_tail(100_000), guarded.gateway.cli("audit", "export"),
             guarded.gateway.cli("recording", "export", newest, "--format", "jsonl")]
    if guarded.gateway.data.joinpath("sallyport.db").exists():
        texts += [path.read_bytes().decode("latin-1") for path in guarded.gateway.data.glob("sallyport.db*")]
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            texts.append(process.read_bytes().decode("latin-1"))
        except OSError:
            pass
    for secret in (carol.app.secret, carol.recovery_codes[0], carol.recovery_codes[1], carol.recovery_codes[1].replace("-", "")):
        assert not [text[:60] for text in texts if secret in text]


def test_plink_and_a_code(guarded, carol, terminal, tmp_path):
    key = tmp_path / "key.ppk"
    subprocess.run(["puttygen", str(carol.key), "-o", str(key), "-O", "private"], check=True, stdin=subprocess.DEVNULL)
    scan = subprocess.run(["ssh-keygen", "-lf", "-"], input=guarded.known_hosts_for_gateway(), text=True, capture_output=True, check=True)
    hashes = [part for word in scan.stdout.split() if word.startswith("SHA256:") for part in ("-hostkey", word)]
    argv = ["plink", "-no-antispoof", "-P", str(guarded.gateway.port), *hashes, "-l", f"{carol.name}@deploy@web1", "127.0.0.1", "echo now in"]
    environment = {"HOME": str(tmp_path)}
    one = terminal([*argv[:1], "-i", str(key), *argv[1:]], environment=environment)
    one.wait("One-time code:")
    one.enter(carol.app.code())
    one.wait("now in")
    two = terminal(argv, environment=environment)
    two.wait("assword:")
    two.enter(carol.password)
    two.wait("One-time code:")
    two.enter(carol.app.code(1))
    two.wait("now in")


def connected(world):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port)))
    transport.start_client(timeout=20)
    return transport


def test_paramiko_and_a_code(guarded, carol):
    name = f"{carol.name}@deploy@web1"
    key = paramiko.Ed25519Key.from_private_key_file(str(carol.key))
    with connected(guarded) as transport:
        assert transport.auth_publickey(name, key) == ["keyboard-interactive"]
        assert not transport.is_authenticated()
        transport.auth_interactive(name, lambda title, text, prompts: [carol.app.code() for _ in prompts])
        assert transport.is_authenticated()
    with connected(guarded) as transport:
        assert transport.auth_password(name, carol.password, fallback=False) == ["keyboard-interactive"]
        transport.auth_interactive(name, lambda title, text, prompts: [carol.app.code(1) for _ in prompts])
        channel = transport.open_session()
        channel.exec_command("echo in")
        assert channel.makefile().read() == b"in\n"


def rule(world, **keys):
    world.gateway.apply({"kind": "policy", "name": "watchful", "subjects": {"groups": ["watched"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": ["shell", "exec", "sftp"], **keys})


def test_a_policy_demands_a_code_of_those_who_have_none(guarded, carol):
    rule(guarded, require={"factors": ["totp"]})
    guarded.gateway.apply({"kind": "user", "name": carol.name, "groups": ["watched"], "public_keys": [public_line(carol.key)]})
    assert carol.logs_in(carol.app.code())
    guarded.gateway.cli("user", "remove-totp", carol.name)
    refused = carol.ssh("echo in")
    assert refused.returncode == 255 and refused.stdout == b""
    assert f"sallyport user enroll-totp {carol.name}" in refused.stderr.decode(), refused.stderr


def test_the_node_demands_a_code_of_everybody(make_world):
    world = make_world(config={"auth": {"require_factors": ["totp"], "issuer": "Ops"}})
    refused = world.ssh("via", "echo in")
    assert refused.returncode == 255 and b"a second factor (totp)" in refused.stderr and b"enroll-totp alice" in refused.stderr
    dave = Enrolled(world, "dave")
    assert dave.logs_in(dave.app.code())


def test_a_code_has_a_deadline_of_its_own(make_world):
    world = make_world(config={"auth": {"factor_seconds": 10}, "limits": {"preauth_seconds": 600}})
    dave = Enrolled(world, "dave")
    with connected(world) as transport:
        key = paramiko.Ed25519Key.from_private_key_file(str(dave.key))
        assert transport.auth_publickey("dave@deploy@web1", key) == ["keyboard-interactive"]
        transport.join(20)
        assert not transport.is_active(), "nobody waits for ever"
    assert [e for e in world.gateway.audit() if e["type"] == "connection.dropped" and e["reason"] == "no one-time code in time"]


def aged(seconds):
    """Waits until a code that was just proved is older than that."""
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > seconds, seconds + 5, "an older proof")


def watched(world, person, **require):
    world.gateway.apply({"kind": "user", "name": person.name, "groups": ["watched"], "public_keys": [public_line(person.key)]})
    rule(world, require={"factors": ["totp"], **require})


def test_a_choice_from_the_menu_asks_for_a_fresh_code(guarded, carol, terminal):
    watched(guarded, carol, max_age="2s")
    App.settle(25)
    one = terminal(guarded.ssh_argv("gateway", options=["-tt", "-l", carol.name, "-i", str(carol.key), "-o", "BatchMode=no"]))
    one.wait("One-time code:")
    one.enter(carol.app.code())
    one.wait("choose where to go")
    aged(2)
    one.send("Enter")
    one.wait("needs a fresh code")
    one.enter("000000")
    one.wait("not right")
    one.enter(carol.app.code(1))
    one.wait_prompt()
    one.enter("echo still $((40 + 2))")
    one.wait("still 42")
    assert len(events_of(guarded, carol.name, "auth.step-up")) == 1
    one.enter("exit")


def test_a_session_by_an_old_jump_host_asks_for_a_fresh_code(guarded, carol, tmp_path):
    watched(guarded, carol, max_age="2s")
    App.settle(25)
    control = guarded.folder / f"j{os.urandom(2).hex()}"
    proxy = f"ssh -F {guarded.ssh_config} -S {control} -o ProxyCommand=false -W %h:%p gateway"
    inside = {"host": "web1", "address": "deploy", "options": ["-o", "ProxyJump=none", "-o", f"ProxyCommand={proxy}"]}
    with carol.kept_login(control, codes=[carol.app.code()]):
        aged(2)
        refused = carol.ssh("echo in", methods="publickey", **inside)
        assert refused.stdout == b"" and refused.returncode == 255
        asked = carol.ssh("echo in", codes=[carol.app.code(1)], **inside)
        assert asked.stdout == b"in\n", asked
        assert "One-time code:" in carol.questions()[0]


def test_a_suspended_session_goes_on_by_password_and_code(guarded, carol, terminal):
    """In the middle of a session: the password alone is less than the login was."""
    App.settle(25)
    one = terminal(guarded.ssh_argv("via", options=["-tt", "-l", f"{carol.name}@deploy@web1", "-i", str(carol.key), "-o", "BatchMode=no"]))
    one.wait("One-time code:")
    code = carol.app.code()
    one.enter(code)
    one.wait_prompt()
    identifier = guarded.gateway.live_session(user=carol.name)["id"]
    state = lambda: guarded.gateway.one("session", "show", identifier)["state"]
    guarded.gateway.cli("session", "suspend", identifier)
    guarded.gateway.cli("session", "resume", identifier)
    one.wait(f"Password of {carol.name}")
    one.enter(carol.password)
    one.wait("the password is right")
    assert state() == "suspended"
    one.enter(code)
    one.wait("was used already")
    assert state() == "suspended"
    one.enter(carol.app.code(1))
    one.wait("this session goes on")
    assert state() == "live"
    one.enter("echo still $((40 + 2))")
    one.wait("still 42")
    assert [e["method"] for e in events_of(guarded, carol.name, "auth.failure") if e["session"] == identifier] == ["totp"]
    one.enter("exit")


TASKS = 30
TARGETS = [f"t{n}" for n in range(1, 6)]


@pytest.mark.timeout(1200)  # 150 tasks, on a busy machine
def test_ansible_with_a_remembered_code(guarded, carol, tmp_path):
    """30 tasks on 5 targets, in batch mode: one login with a code, then none is asked for."""
    guarded.gateway.apply(*[{"kind": "target", "name": name, "protocol": "ssh", "address": guarded.target.address,
                             "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [guarded.target.key_line]} for name in TARGETS])
    guarded.gateway.apply({"kind": "user", "name": carol.name, "groups": ["watched"], "public_keys": [public_line(carol.key)]})
    rule(guarded, require={"factors": ["totp"], "remember": "10m"})
    lines = [f"{name} ansible_host=127.0.0.1 ansible_port={guarded.gateway.port} ansible_user={carol.name}%deploy%{name}" for name in TARGETS]
    (tmp_path / "inventory.ini").write_text("\n".join(["[all]", *lines, "[all:vars]", "ansible_python_interpreter=/usr/bin/python3"]) + "\n")
    control = guarded.folder / f"c{os.urandom(2).hex()}"
    (tmp_path / "ansible.cfg").write_text(
        "[defaults]\ninventory = inventory.ini\nforks = 5\n[ssh_connection]\npipelining = True\n"
        f"ssh_args = -F {guarded.ssh_config} -i {carol.key} -o ControlMaster=auto -o ControlPersist=5s -o ControlPath={control}-%C\n")
    tasks = [{"name": f"task {n}", "ansible.builtin.command": f"echo {n}", "changed_when": False} for n in range(TASKS)]
    (tmp_path / "site.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    env = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_HOME": str(tmp_path / "home"),
           "ANSIBLE_LOCAL_TEMP": str(tmp_path / "lt"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}

    def play():
        return subprocess.run(["ansible-playbook", "site.yml"], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=1000)

    before = play()
    assert before.returncode != 0 and before.stdout.count("unreachable=1") == len(TARGETS), before.stdout
    assert carol.logs_in(carol.app.code(), address=f"{carol.name}@deploy@t1")
    done = play()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"ok={TASKS} ") == len(TARGETS), done.stdout
    remembered = [e for e in events_of(guarded, carol.name, "auth.success") if e["method"].endswith("totp (remembered)")]
    assert len(remembered) >= len(TARGETS) and all(e["remembered_seconds"] < 600 for e in remembered), remembered
    # Another key of the same user has to bring a code of its own.
    other = Enrolled(guarded, next(_names), groups=("watched",))
    assert not other.logs_in(address=f"{other.name}@deploy@t1")
    # A change of the user ends it.
    guarded.gateway.cli("user", "set-password", carol.name, input="another password of hers\n")
    assert not carol.logs_in(address=f"{carol.name}@deploy@t1")
