# SPDX-License-Identifier: Apache-2.0
"""Outsiders whom a user has invited: taken up once with stock clients, good for what it names, gone with its end."""
import json
import os
import subprocess
import threading
import time

import paramiko
import pytest

from harness.process import until
from harness.target import keygen, public_line

PASSWORD = "a password of my own"


def vendors(**more):
    return {"kind": "policy", "name": "vendors", "sponsors": {"groups": ["team"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
            "allow": ["shell", "exec", "sftp"], **more}


@pytest.fixture
def hosting(make_world):
    """bob may invite outsiders; carol approves where the policy asks for it."""
    world = make_world(config={"limits": {"source_guesses_per_minute": 100_000}})
    world.carol_key = keygen(world.folder / "carol_key")
    world.gateway.apply({"kind": "user", "name": "bob", "groups": ["team"]},
                        {"kind": "user", "name": "carol", "groups": ["leads"], "public_keys": [public_line(world.carol_key)]}, vendors())
    world.key = keygen(world.folder / "jane_key")
    return world


def invite(world, *more, name="jane"):
    made = world.gateway.cli("invite", "create", "--sponsor", "bob", "--name", name, "--account", "deploy", *more, "web1", "-o", "json")
    return json.loads(made)


def shown(world, name):
    return json.loads(world.gateway.cli("invite", "show", name, "-o", "json"))


def ask_with(folder, answers):
    """The environment in which ssh asks a program, which has these answers by a word of the question."""
    ask = folder / "ask"
    cases = "".join(f"*'{word}'*) echo '{answer}';;\n" for word, answer in answers.items())
    ask.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n')
    ask.chmod(0o700)
    return {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}


def ssh(world, user, *command, key=None, methods=None, answers=None, host="gateway", popen=False):
    options = ["-l", user, "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentitiesOnly=yes"]
    options += ["-i", str(key)] if key else []
    options += ["-o", f"PreferredAuthentications={methods}"] if methods else []
    argv = world.ssh_argv(host, *command, options=options)
    env = ask_with(world.folder, answers or {})
    if popen:
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=env)


def take_up(world, code, key):
    return ssh(world, "invite", "requests", key=key, answers={"Invitation code": code})


def direct(world, key=None, user="jane", command="echo in", **more):
    return ssh(world, f"{user}@deploy@web1", command, key=key, **more)


def test_an_invitation_from_its_beginning_to_its_end(hosting):
    made = invite(hosting, "--for", "1h", "--reason", "disk swap")
    assert made["state"] == "open" and "invite@" in made["command"]
    assert direct(hosting, hosting.key).returncode != 0, "nobody has taken it up"
    taken = take_up(hosting, made["code"], hosting.key)
    assert taken.returncode == 0 and b"log in as 'jane'" in taken.stderr, taken
    assert take_up(hosting, made["code"], hosting.key).returncode != 0, "the code is good once"
    other = keygen(hosting.folder / "other_key")
    assert direct(hosting, other).returncode != 0, "another key"
    assert direct(hosting, hosting.key).stdout == b"in\n"
    assert ssh(hosting, "jane@keyed@web1", "echo in", key=hosting.key).returncode != 0, "another account"
    assert ssh(hosting, "jane@deploy@small1", "echo in", key=hosting.key).returncode != 0, "another target"
    asked = ssh(hosting, "jane", "request deploy@web1 more", key=hosting.key)
    assert asked.returncode != 0 and b"invited" in asked.stdout + asked.stderr, asked
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    began = time.monotonic()
    hosting.gateway.cli("invite", "revoke", "jane", "--reason", "done")
    err = live.communicate(timeout=20)[1]
    assert live.returncode != 0 and time.monotonic() - began < 4, err
    assert direct(hosting, hosting.key).returncode != 0
    over = shown(hosting, made["id"])
    assert over["state"] == "over" and len(over["sessions"]) == 2 and {s["user"] for s in over["sessions"]} == {"jane"}
    assert hosting.gateway.run("get", "user", "jane").returncode != 0, "no standing account"
    events = hosting.gateway.audit()
    for kind in ("invite.create", "invite.take-up", "invite.end", "session.start", "session.end"):
        found = [e for e in events if e["type"] == kind and e.get("invitation") == made["id"]]
        assert found and all(e["sponsor"] == "bob" for e in found), kind
    assert made["code"] not in json.dumps(events)


def test_without_a_key_a_password_is_chosen(hosting):
    made = invite(hosting, "--for", "1h")
    taken = ssh(hosting, "invite", "requests", methods="keyboard-interactive",
                answers={"Invitation code": made["code"], "New password": PASSWORD, "The same again": PASSWORD})
    assert taken.returncode == 0 and b"with this password" in taken.stderr, taken
    for methods in ("password", "keyboard-interactive"):
        assert direct(hosting, methods=methods, answers={"assword": PASSWORD}).stdout == b"in\n", methods
    assert direct(hosting, methods="password", answers={"assword": "another"}).returncode != 0
    assert direct(hosting, hosting.key, methods="publickey").returncode != 0


def test_paramiko_and_a_wrong_code(hosting):
    made = invite(hosting, "--for", "1h")
    transport = paramiko.Transport(("127.0.0.1", hosting.gateway.port))
    transport.start_client(timeout=20)
    key = paramiko.Ed25519Key.from_private_key_file(str(hosting.key))
    assert transport.auth_publickey("invite", key) == ["keyboard-interactive"]
    wrong = made["code"][:-1] + ("a" if made["code"][-1] != "a" else "b")
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_interactive("invite", lambda title, text, prompts: [wrong])
    assert transport.auth_interactive("invite", lambda title, text, prompts: [made["code"]]) == []
    transport.close()
    assert shown(hosting, "jane")["wrong_codes"] == 1
    assert direct(hosting, hosting.key).stdout == b"in\n"


def test_of_many_who_take_it_up_at_once_one_has_it(hosting):
    made = invite(hosting, "--for", "1h")
    keys = [keygen(hosting.folder / f"key{n}") for n in range(4)]
    done = {}
    takers = [threading.Thread(target=lambda n=n: done.update({n: ssh(hosting, "invite", "requests", key=keys[n],
                                                                       answers={"Invitation code": made["code"]})})) for n in range(4)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    winners = [n for n, result in done.items() if result.returncode == 0]
    assert len(winners) == 1, done
    assert [n for n in range(4) if direct(hosting, keys[n]).returncode == 0] == winners


def test_approval_by_others_than_the_sponsor(hosting):
    hosting.gateway.apply(vendors(require={"approval": {"approvers": {"groups": ["leads"], "users": ["bob"]}, "valid": "8h"}}))
    made = invite(hosting, "--for", "1h")
    assert made["state"] == "waiting"
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    held = direct(hosting, hosting.key, popen=True)
    assert b"needs the approval" in held.stderr.readline()
    hosting.gateway.apply({"kind": "user", "name": "bob", "groups": ["team", "leads"], "public_keys": [public_line(hosting.carol_key)]},
                          {"kind": "user", "name": "carol", "groups": ["leads"]})
    assert ssh(hosting, "bob", f"approve {made['request']}", key=hosting.carol_key).returncode != 0, "the sponsor"
    assert held.poll() is None
    hosting.gateway.cli("request", "approve", made["request"])
    out, err = held.communicate(timeout=30)
    assert out == b"in\n", err


def test_the_number_of_sessions_and_the_time(hosting):
    made = invite(hosting, "--for", "15s", "--sessions", "1")
    ends = time.time() + 15
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    second = direct(hosting, hosting.key)
    assert second.returncode != 0 and b"used up" in second.stderr, second
    live.communicate(timeout=40)
    assert live.returncode != 0 and ends - 1 < time.time() < ends + 4
    until(lambda: shown(hosting, made["id"])["state"] == "over" and shown(hosting, made["id"])["ended_at"], 10, "the end")
    assert direct(hosting, hosting.key).returncode != 0


@pytest.mark.parametrize("change", ["disabled", "deleted", "left the group"])
def test_it_ends_with_its_sponsor(hosting, change):
    made = invite(hosting, "--for", "1h")
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    began = time.monotonic()
    if change == "disabled":
        hosting.gateway.apply({"kind": "user", "name": "bob", "groups": ["team"], "disabled": True})
    elif change == "deleted":
        hosting.gateway.cli("delete", "user", "bob")
    else:
        hosting.gateway.apply({"kind": "user", "name": "bob"})
    live.communicate(timeout=20)
    assert live.returncode != 0 and time.monotonic() - began < 4
    assert direct(hosting, hosting.key).returncode != 0
    if change != "left the group":
        until(lambda: shown(hosting, made["id"])["state"] == "over", 10, "the end")
