# SPDX-License-Identifier: Apache-2.0
"""A grant is a lease: whatever takes it away ends or restricts the sessions that it opened, at once."""
import json
import socket
import subprocess
import time

import pytest

from harness.process import free_port, until
from harness.target import keygen, public_line
from harness.world import USER

SECONDS = 2  # within which a session notices


def user(world, **more):
    return {"kind": "user", "name": USER, "groups": ["ops"], "public_keys": [public_line(world.user_key)], **more}


def policy(*words, **more):
    return {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
            "accounts": ["deploy", "keyed", "passworded"], "allow": list(words) or ["shell", "exec", "sftp"], **more}


def live(world, *options, command="echo up; cat"):
    client = world.popen("via", command, options=options)
    assert client.stdout.readline() == b"up\n"
    return client


def ended_within(client, change, seconds=SECONDS, slack=20):
    """Makes the change; the client ends soon: two seconds, and what a busy machine adds. Returns what it was told."""
    change()
    begun = time.monotonic()
    err = client.stderr.read()
    client.wait(timeout=30)
    took = time.monotonic() - begun
    assert took < seconds + slack, f"it took {took:.1f} s"
    return err


def audited(world, kind):
    lines = world.gateway.cli("audit", "search", USER, "--type", kind, "-o", "json")
    return json.loads(lines)


def resource(world, kind, name):
    return json.loads(world.gateway.cli("get", kind, name, "-o", "json"))


CHANGES = {
    "the policy is deleted": lambda w: w.gateway.cli("delete", "policy", "ops-on-prod"),
    "the policy names somebody else": lambda w: w.gateway.apply(policy(subjects={"groups": ["others"]})),
    "a deny is added": lambda w: w.gateway.apply({"kind": "policy", "name": "freeze", "effect": "deny", "subjects": {"users": ["*"]},
                                                  "targets": ["*"], "accounts": ["*"]}),
    "the policy demands an approval": lambda w: w.gateway.apply(policy(require={"approval": {"approvers": {"users": ["bob"]}}})),
    "the hours are over": lambda w: w.gateway.apply(policy(when={"valid_until": "2020-01-01T00:00:00Z"})),
    "the network is not allowed any more": lambda w: w.gateway.apply(policy(when={"from": ["192.0.2.0/24"]})),
    "the user leaves the group": lambda w: w.gateway.apply(user(w, groups=[])),
    "the user is disabled": lambda w: w.gateway.apply(user(w, disabled=True)),
    "the user is deleted": lambda w: w.gateway.cli("delete", "user", USER),
    "the target is deleted": lambda w: w.gateway.cli("delete", "target", "web1"),
    "the target's labels change": lambda w: w.gateway.apply({**resource(w, "target", "web1"), "labels": {"env": "dev", "kind": "openssh"}}),
    "the account is deleted": lambda w: w.gateway.cli("delete", "account", "deploy"),
    "the account is another one": lambda w: w.gateway.apply({**resource(w, "account", "deploy"), "login_name": "nobody"}),
    "shell and exec are taken away": lambda w: w.gateway.apply(policy("sftp")),
}


@pytest.mark.parametrize("change", CHANGES, ids=[c.replace(" ", "-").replace("'", "") for c in CHANGES])
def test_what_takes_the_grant_away_ends_the_session(make_world, change):
    world = make_world()
    client = live(world)
    told = ended_within(client, lambda: CHANGES[change](world))
    assert client.returncode != 0 and b"Sallyport" in told, told
    until(lambda: not world.gateway.sessions(), 10, "no live session")
    if "user" not in change or "group" in change:
        (event,) = audited(world, "session.revoked")
        assert event["target"] == "web1" and event["reason"], event


def test_what_does_not_concern_it_lets_it_go_on(make_world):
    world = make_world()
    client = live(world)
    world.gateway.apply(policy("shell", "exec"), {"kind": "policy", "name": "other", "subjects": {"users": [USER]}, "targets": {"env": "dev"},
                                                  "accounts": ["keyed"], "allow": ["shell"]})
    client.stdin.write(b"still here\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"still here\n"
    (restricted,) = audited(world, "session.restricted")
    assert restricted["allow"] == ["shell", "exec"]
    assert audited(world, "session.revoked") == []
    assert client.communicate(timeout=20) and client.returncode == 0


def test_a_permission_that_was_taken_is_refused_from_then_on(make_world):
    world = make_world()
    control = world.folder / "control"
    master = live(world, "-M", "-S", str(control))
    mux = ["ssh", "-F", str(world.ssh_config), "-S", str(control), "via"]
    assert subprocess.run([*mux, "true"], capture_output=True, timeout=20).returncode == 0
    world.gateway.apply(policy("exec"))
    until(lambda: audited(world, "session.restricted"), 10, "the restriction")
    refused = subprocess.run(["sftp", "-F", str(world.ssh_config), "-o", f"ControlPath={control}", "-b", "/dev/null", "via"], capture_output=True, timeout=30)
    assert refused.returncode != 0
    assert subprocess.run([*mux, "true"], capture_output=True, timeout=20).returncode == 0
    master.communicate(timeout=20)


def test_an_open_forward_closes(make_world):
    world = make_world()
    world.gateway.apply(policy("shell", "exec", "forward-local"))
    port = free_port()
    client = live(world, "-L", f"{port}:127.0.0.1:{world.target.port}")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as through:
        assert through.recv(8) == b"SSH-2.0-"
        told = ended_within(client, lambda: world.gateway.apply(policy("shell", "exec")))
        assert b"forward-local" in told, told
        through.settimeout(20)
        while through.recv(4096):
            pass


def test_hours_end_a_session_without_anybody_acting(make_world):
    world = make_world()
    until_time = time.time() + 6
    world.gateway.apply(policy(when={"valid_until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until_time))}))
    client = live(world)
    client.stderr.read()
    client.wait(timeout=30)
    assert time.time() - until_time < SECONDS + 20


def test_an_approver_who_goes_takes_the_session_along(make_world):
    world = make_world()
    world.gateway.apply({"kind": "user", "name": "bob", "groups": ["leads"]},
                        policy(require={"approval": {"approvers": {"groups": ["leads"]}, "valid": "1h"}}))
    request = json.loads(world.gateway.cli("request", "create", "--user", USER, "--account", "deploy", "web1", "-o", "json"))
    world.gateway.cli("request", "approve", request["code"])
    client = live(world)
    # Root approved it, and root stays.
    world.gateway.apply({"kind": "user", "name": "bob", "groups": []})
    client.stdin.write(b"on\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"on\n"
    told = ended_within(client, lambda: world.gateway.cli("request", "cancel", request["code"]))
    assert b"ended" in told, told


class Team:
    """A user, a policy, a target and an account of their own, for each kind of change."""

    def __init__(self, world, kind):
        self.world, self.kind, self.name = world, kind, "t" + "".join(c for c in kind if c.isalpha())
        self.clients = []

    def user(self, key=None, **more):
        return {"kind": "user", "name": self.name, "groups": [self.name], "public_keys": [public_line(key or self.world.user_key)], **more}

    def policy(self, **more):
        return {"kind": "policy", "name": self.name, "subjects": {"groups": [self.name]}, "targets": [self.name], "accounts": [self.name], "allow": ["exec"], **more}

    def resources(self):
        more = {"require": {"approval": {"approvers": {"users": [USER]}, "valid": "1h"}}} if self.kind == "approval" else {}
        return [self.user(), self.policy(**more),
                {"kind": "target", "name": self.name, "protocol": "ssh", "address": self.world.target.address, "host_keys": [self.world.target.key_line]},
                {"kind": "account", "name": self.name, "targets": [self.name], "login": "certificate", "login_name": self.world.account.name}]

    def start(self, count):
        if self.kind == "approval":
            made = json.loads(self.world.gateway.cli("request", "create", "--user", self.name, "--account", self.name, self.name, "-o", "json"))
            self.world.gateway.cli("request", "approve", made["id"])
            self.request = made["id"]
        address = f"{self.name}@{self.name}@{self.name}"
        self.clients = [self.world.popen("via", "sleep 600", options=["-l", address], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in range(count)]

    def strike(self, other_key):
        apply, cli = self.world.gateway.apply, self.world.gateway.cli
        {"user": lambda: apply(self.user(disabled=True)), "key": lambda: apply(self.user(key=other_key)), "group": lambda: apply(self.user(groups=[])),
         "policy": lambda: cli("delete", "policy", self.name), "target": lambda: cli("delete", "target", self.name),
         "account": lambda: cli("delete", "account", self.name), "approval": lambda: cli("request", "cancel", self.request),
         "permission": lambda: apply(self.policy(allow=["sftp"]))}[self.kind]()


def test_two_hundred_live_sessions_end_with_what_opened_them(make_world, sanitized, record_property):
    """Each kind of change ends, or restricts, all of its own sessions, and nobody else's."""
    kinds = ["user", "key", "group", "policy", "target", "account", "approval", "permission"]
    each = 5 if sanitized else 25
    world = make_world(config={"limits": {"preauth_per_source": 300, "preauth_total": 400, "preauth_seconds": 300, "login_seconds": 300}},
                       target_options=["MaxStartups 500", "MaxSessions 500"])
    world.ssh_config.write_text(world.ssh_config.read_text().replace("ConnectTimeout 20", "ConnectTimeout 300"))
    teams = [Team(world, kind) for kind in kinds]
    world.gateway.apply(*[resource for team in teams for resource in team.resources()])
    other_key = keygen(world.folder / "other_key")

    def live(user=None):
        return [s for s in world.gateway.sessions() if s["state"] == "live" and user in (None, s["user"])]
    for number, team in enumerate(teams, 1):
        team.start(each)
        until(lambda: len(live()) == number * each, 300, lambda: f"{number * each} live sessions, not {len(live())}", every=0.2)
    left = len(kinds) * each
    for team in teams:
        team.strike(other_key)
        begun = time.monotonic()
        if team.kind == "key":
            told = until(lambda: len(restricted := json.loads(world.gateway.cli("audit", "search", team.name, "--type", "session.restricted", "-o", "json"))) == each
                         and restricted, 60, "all of them restricted")
            assert {event["reason"] for event in told} == {"stale_login"}
        else:
            until(lambda: not live(team.name), 60, f"the end of all of {team.kind}")
            left -= each
        took = round(time.monotonic() - begun, 2)
        record_property(team.kind, took)
        print(f"{team.kind}: {each} of {len(kinds) * each} sessions, {took} s")
        assert took < SECONDS + 20
        assert len(live()) == left, "whom it does not concern"
    for team in teams:
        for client in team.clients:
            if team.kind == "key":
                client.kill()
            client.communicate(timeout=60)
            assert client.returncode != 0
