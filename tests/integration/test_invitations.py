# SPDX-License-Identifier: Apache-2.0
"""Outsiders whom a user has invited: taken up once with stock clients, good for what it names, gone with its end."""
import datetime
import grp
import itertools
import json
import os
import pwd
import subprocess
import threading
import time

import paramiko
import pytest
from test_audit import as_account

from harness.authority import Authority
from harness.portal import Browser, listening
from harness.process import until
from harness.target import keygen, public_line

PASSWORD = "a password of my own"
TOLD = ["-o", "LogLevel=INFO"]  # banners are shown
SOON = 22  # two seconds, and what a busy machine adds
_numbers = itertools.count(1)


def vendors(**more):
    return {"kind": "policy", "name": "vendors", "sponsors": {"groups": ["team"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
            "allow": ["shell", "exec", "sftp"], **more}


def host(world):
    world.carol_key = keygen(world.folder / "carol_key")
    world.gateway.apply({"kind": "user", "name": "bob", "groups": ["team"]},
                        {"kind": "user", "name": "carol", "groups": ["leads"], "public_keys": [public_line(world.carol_key)]}, vendors())
    world.key = keygen(world.folder / "jane_key")
    return world


@pytest.fixture
def hosting(make_world):
    """bob may invite outsiders; carol approves where the policy asks for it."""
    return host(make_world(config={"limits": {"source_guesses_per_minute": 100_000}}))


def invite(world, *more, name="jane"):
    made = world.gateway.cli("invite", "create", "--sponsor", "bob", "--name", name, "--account", "deploy", *more, "web1", "-o", "json")
    return json.loads(made)


def shown(world, name):
    return json.loads(world.gateway.cli("invite", "show", name, "-o", "json"))


def ask_with(folder, answers):
    """The environment in which ssh asks a program, which has these answers by a word of the question."""
    ask = folder / f"ask{next(_numbers)}"
    cases = "".join(f"*'{word}'*) echo '{answer}';;\n" for word, answer in answers.items())
    ask.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n')
    ask.chmod(0o700)
    return {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}


def ssh(world, user, *command, key=None, methods=None, answers=None, options=(), popen=False):
    options = [*options, "-l", user, "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentitiesOnly=yes"]
    options += ["-i", str(key)] if key else []
    options += ["-o", f"PreferredAuthentications={methods}"] if methods else []
    argv = world.ssh_argv("gateway", *command, options=options)
    env = ask_with(world.folder, answers or {})
    if popen:
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=env)


def take_up(world, code, key, source=None, **more):
    return ssh(world, "invite", "requests", key=key, answers={"Invitation code": code}, options=[*TOLD, *(["-b", source] if source else [])], **more)


def direct(world, key=None, user="jane", command="echo in", **more):
    return ssh(world, f"{user}@deploy@web1", command, key=key, **more)


def ended(client, seconds=SOON):
    """The status of a client that is ended: its standard input stays open, so it does not end by itself."""
    return client.wait(timeout=seconds)


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
    hosting.gateway.cli("invite", "revoke", "jane", "--reason", "done")
    assert ended(live) != 0
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
    taken = ssh(hosting, "invite", "requests", methods="keyboard-interactive", options=TOLD,
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
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_interactive("invite", lambda title, text, prompts: [wrong(made["code"])])
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
    begun = time.time()
    made = invite(hosting, "--for", "40s", "--sessions", "1")
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    second = direct(hosting, hosting.key)
    assert second.returncode != 0 and b"used up" in second.stderr, second
    assert ended(live, 40 + SOON) != 0 and time.time() - begun > 39, "not before its time"
    until(lambda: shown(hosting, made["id"])["state"] == "over" and shown(hosting, made["id"])["ended_at"], SOON, "the end")
    assert direct(hosting, hosting.key).returncode != 0


@pytest.mark.parametrize("change", ["disabled", "deleted", "left the group"])
def test_it_ends_with_its_sponsor(hosting, change):
    made = invite(hosting, "--for", "1h")
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    if change == "disabled":
        hosting.gateway.apply({"kind": "user", "name": "bob", "groups": ["team"], "disabled": True})
    elif change == "deleted":
        hosting.gateway.cli("delete", "user", "bob")
    else:
        hosting.gateway.apply({"kind": "user", "name": "bob"})
    assert ended(live) != 0
    assert direct(hosting, hosting.key).returncode != 0
    if change != "left the group":
        until(lambda: shown(hosting, made["id"])["state"] == "over", SOON, "the end")


def wrong(code):
    """Another code of the same invitation."""
    return code[:-1] + ("a" if code[-1] != "a" else "b")


def guess(world, code, times):
    """So many guesses of one code, each judged before the next; two a connection, which is less than end it."""
    for _ in range(times // 2):
        transport = paramiko.Transport(("127.0.0.1", world.gateway.port))
        transport.start_client(timeout=20)
        try:
            for _ in range(2):
                with pytest.raises(paramiko.AuthenticationException):
                    transport.auth_interactive("invite", lambda title, text, prompts: [code])
        finally:
            transport.close()


def test_guesses_use_a_code_up_over_a_restart(hosting):
    made = invite(hosting, "--for", "1h")
    guess(hosting, wrong(made["code"]), 4)
    hosting.gateway.restart()
    hosting.write_ssh_config()
    assert shown(hosting, "jane")["wrong_codes"] == 4
    guess(hosting, wrong(made["code"]), 6)
    assert take_up(hosting, made["code"], hosting.key).returncode != 0, "the right one comes too late"
    assert shown(hosting, "jane")["taken_at"] is None and shown(hosting, "jane")["wrong_codes"] >= 10
    assert any(e["type"] == "auth.failure" and e["method"] == "invitation" and e["reason"] == "the code is not good" for e in hosting.gateway.audit())


def test_a_source_that_guesses_waits_and_others_do_not(make_world):
    world = host(make_world(config={"limits": {"source_guesses_per_minute": 1, "preauth_seconds": 300, "preauth_per_source": 100}}))
    made = invite(world, "--for", "1h")
    guess(world, "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", 20)
    # More that are wrong wait in front of it, whatever this machine's speed has given back to the source.
    before = [take_up(world, "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", world.key, popen=True) for _ in range(5)]
    own = take_up(world, made["code"], world.key, popen=True)
    other = keygen(world.folder / "other_key")
    try:
        taken = take_up(world, made["code"], other, source="127.0.0.2")
        assert taken.returncode == 0, taken
        assert own.poll() is None, "its turn has not come"
    finally:
        for client in (*before, own):
            client.kill()
            client.communicate()
    assert direct(world, other).stdout == b"in\n"


def test_it_begins_and_ends_when_it_says(hosting):
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    later = invite(hosting, "--from", tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ"), "--for", "1h", name="early")
    assert take_up(hosting, later["code"], hosting.key).returncode == 0, "one may take it up before"
    early = direct(hosting, hosting.key, user="early")
    assert early.returncode != 0 and b"not good now" in early.stderr, early
    short = invite(hosting, "--for", "1s", name="late")
    until(lambda: shown(hosting, short["id"])["ended_at"], SOON, "the end")
    other = keygen(hosting.folder / "other_key")
    assert take_up(hosting, short["code"], other).returncode != 0
    assert shown(hosting, short["id"])["end_reason"] == "its time is over" and shown(hosting, short["id"])["taken_at"] is None


def test_no_certificate_logs_in_as_an_outsider(hosting):
    ca = Authority(hosting.folder / "ca")
    hosting.gateway.apply(ca.resource())
    made = invite(hosting, "--for", "1h")
    key = ca.sign(keygen(hosting.folder / "bearer"), principals="jane,invite,bob")

    def certified(user, *command, **more):
        options = ["-o", f"CertificateFile={Authority.certificate_of(key)}"]
        return ssh(hosting, user, *command, methods="publickey", options=options, **more)

    assert certified("bob", "requests", key=key).returncode == 0, "the certificate is good for its users"
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    refused = certified("jane@deploy@web1", "echo in", key=key)
    assert refused.returncode != 0 and refused.stdout == b""
    reasons = [e["reason"] for e in hosting.gateway.audit() if e["type"] == "auth.failure"]
    assert any("not by a certificate" in reason for reason in reasons), reasons
    assert direct(hosting, hosting.key).stdout == b"in\n"


def test_a_certificate_is_no_key_to_bind(hosting):
    ca = Authority(hosting.folder / "ca")
    hosting.gateway.apply(ca.resource())
    made = invite(hosting, "--for", "1h")
    key = paramiko.Ed25519Key.from_private_key_file(str(ca.sign(hosting.key, principals="invite,jane")))
    key.load_certificate(str(Authority.certificate_of(ca.sign(hosting.key, principals="invite,jane"))))
    transport = paramiko.Transport(("127.0.0.1", hosting.gateway.port))
    transport.start_client(timeout=20)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("invite", key)
    transport.close()
    assert shown(hosting, "jane")["state"] == "open" and made["code"]


def test_a_denial_ends_it(hosting):
    hosting.gateway.apply(vendors(require={"approval": {"approvers": {"groups": ["leads"]}, "valid": "8h"}, "reason": True}))
    refused = hosting.gateway.run("invite", "create", "--sponsor", "bob", "--name", "jane", "--account", "deploy", "--for", "1h", "web1")
    assert refused.returncode == 1 and "reason" in refused.stderr, "without a reason"
    made = invite(hosting, "--for", "1h", "--reason", "disk swap")
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    held = direct(hosting, hosting.key, popen=True)
    assert b"needs the approval" in held.stderr.readline()
    assert ssh(hosting, "carol", f"deny {made['request']} not this week", key=hosting.carol_key).returncode == 0
    held.communicate(timeout=30)
    assert held.returncode != 0
    until(lambda: shown(hosting, made["id"])["ended_at"], SOON, "the end")
    assert shown(hosting, made["id"])["end_reason"] == "its request is denied"
    assert direct(hosting, hosting.key).returncode != 0


def test_what_is_demanded_after_it_was_made_is_demanded(hosting):
    """A policy that asks for an approval now: an invitation that needed none opens nothing, and what is open ends."""
    made = invite(hosting, "--for", "1h")
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    live = direct(hosting, hosting.key, command="echo up; cat", popen=True)
    assert live.stdout.readline() == b"up\n"
    hosting.gateway.apply(vendors(require={"approval": {"approvers": {"groups": ["leads"]}, "valid": "8h"}}))
    assert ended(live) != 0
    refused = direct(hosting, hosting.key)
    assert refused.returncode != 0 and refused.stdout == b"" and b"opens nothing now" in refused.stderr, refused


def test_sponsors_see_and_end_their_own(hosting, account):
    gateway = hosting.gateway
    gateway.apply({"kind": "user", "name": "bob", "groups": ["team"], "local_account": account.name},
                  {"kind": "user", "name": "dan", "groups": ["team"]})
    gateway.config["service_group"] = grp.getgrgid(pwd.getpwnam(account.name).pw_gid).gr_name
    gateway.config["changes"] = {"second_administrator": ["policy", "keys", "roles", "retention"]}
    gateway.restart()
    hosting.write_ssh_config()
    for path in (gateway.data, gateway.data / "admin.sock"):
        path.chmod(0o777)

    def bob(*words):
        return as_account(hosting, account, "invite", *words)

    alone = gateway.run("invite", "create", "--sponsor", "dan", "--name", "joe", "--account", "deploy", "--for", "1h", "web1")
    assert alone.returncode == 1 and "second administrator" in alone.stderr and "the sponsor invites" in alone.stderr, alone
    made = json.loads(bob("create", "--name", "jane", "--account", "deploy", "--for", "1h", "web1", "-o", "json").stdout)
    assert made["sponsor"] == "bob"
    assert bob("create", "--name", "joe", "--account", "deploy", "--for", "1h", "web1", "--sponsor", "dan").returncode == 1
    nowhere = bob("create", "--name", "joe", "--account", "root", "--for", "1h", "web1")
    assert nowhere.returncode == 1 and "no policy lets bob invite" in nowhere.stderr, nowhere
    assert [one["id"] for one in json.loads(bob("list", "-o", "json").stdout)] == [made["id"]]
    assert "jane" in bob("list").stdout
    assert take_up(hosting, made["code"], hosting.key).returncode == 0
    assert direct(hosting, hosting.key).stdout == b"in\n"
    assert [s["user"] for s in json.loads(bob("show", "jane", "-o", "json").stdout)["sessions"]] == ["jane"]
    assert bob("revoke", "jane", "--reason", "done").returncode == 0
    assert json.loads(bob("list", "-o", "json").stdout) == []
    ended = [e for e in gateway.audit() if e["type"] == "invite.end"]
    assert [(e["actor"], e["sponsor"], e["reason"]) for e in ended] == [(f"local:{account.name}", "bob", "revoked: done")], ended
    assert made["code"] not in (hosting.gateway.folder / "gateway.log").read_text() + gateway.cli("audit", "export")


def test_a_sponsor_invites_in_the_portal_and_the_outsider_has_none(make_world):
    world = host(make_world(config=listening({"limits": {"source_guesses_per_minute": 100_000, "preauth_per_source": 1000}})))
    for name in ("bob", "carol"):
        world.gateway.cli("user", "set-password", name, input=PASSWORD + "\n")
    bob, carol, jane = (Browser(world.gateway) for _ in range(3))
    assert bob.sign_in("bob", PASSWORD).status == carol.sign_in("carol", PASSWORD).status == 201
    wanted = {"user": "jane", "account": "deploy", "targets": ["web1"], "for_seconds": 3600}
    assert carol.post("/invitations", wanted).code == "denied", "no policy names this user"
    made = bob.post("/invitations", wanted)
    assert made.status == 200 and made.json["sponsor"] == "bob" and made.json["state"] == "open", made.body
    assert ssh(world, "invite", "requests", methods="keyboard-interactive",
               answers={"Invitation code": made.json["code"], "New password": PASSWORD, "The same again": PASSWORD}).returncode == 0
    assert jane.sign_in("jane", PASSWORD).code == "no-portal"
    assert [one["user"] for one in bob.get("/invitations").json["items"]] == ["jane"]
    assert carol.get("/invitations").json["items"] == [] and carol.get("/invitations/jane").status == 404
    assert "code" not in bob.get("/invitations/jane").json and bob.get("/invitations/jane").json["sessions"] == []
    assert carol.post("/invitations/jane/revoke", {}).status == 404
    assert bob.post("/invitations/jane/revoke", {"reason": "done"}).json["state"] == "over"
    assert bob.get("/invitations").json["items"] == []
    assert direct(world, methods="password", answers={"assword": PASSWORD}).returncode != 0
