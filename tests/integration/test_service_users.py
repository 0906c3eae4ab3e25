# SPDX-License-Identifier: Apache-2.0
"""Service accounts: keys alone, from their networks alone, to a named target, and not too many at a time."""
import itertools
import json

import pytest

from harness.process import until
from harness.target import keygen, public_line

_names = (f"robot{n}" for n in itertools.count(1))


class Robot:
    def __init__(self, world, **more):
        self.world, self.name = world, next(_names)
        self.key = keygen(world.folder / f"{self.name}_key")
        self.declare(**more)

    def declare(self, **more):
        self.world.gateway.apply({"kind": "user", "name": self.name, "groups": ["ops"], "public_keys": [public_line(self.key)],
                                  "type": "service", "sources": ["127.0.0.0/8"], **more})

    def options(self, login, *more):
        return ["-l", login, "-i", str(self.key), *more]

    def ssh(self, command="echo in", login=None, options=(), host="via"):
        return self.world.ssh(host, command, options=self.options(login or f"{self.name}@deploy@web1", *options))

    def popen(self, command):
        return self.world.popen("via", command, options=self.options(f"{self.name}@deploy@web1"))

    def audited(self, kind):
        return [e for e in self.world.gateway.audit() if e["type"] == kind and e["actor"] == self.name]


def last_words(client):
    """What a client says that is ended; its standard input stays open, so it does not end by itself."""
    told = client.stderr.read()
    client.wait(timeout=30)
    return told


@pytest.fixture
def robot(world):
    return Robot(world)


def test_it_reaches_the_target_that_it_names(robot):
    assert robot.ssh().stdout == b"in\n"
    assert robot.audited("auth.success")[-1]["method"].startswith("publickey SHA256:")
    assert robot.world.gateway.one("user", "show", robot.name)["type"] == "service"
    assert robot.name in robot.world.gateway.cli("get", "users")


def test_from_another_network_its_key_is_none(robot):
    robot.declare(sources=["192.0.2.0/24", "2001:db8::/32"])
    refused = robot.ssh()
    assert refused.returncode == 255 and b"Permission denied" in refused.stderr and b"network" not in refused.stderr
    # The client goes on with another key, which is not the account's.
    assert [e for e in robot.audited("auth.failure") if "is not used from 127.0.0.1" in e["reason"]]
    robot.declare(sources=["192.0.2.0/24", "127.0.0.1"])
    assert robot.ssh().stdout == b"in\n"
    tested = robot.world.gateway.run("policy", "test", "--user", robot.name, "--target", "web1", "--account", "deploy", "--from", "192.0.3.1", "-o", "json")
    tested = json.loads(tested.stdout)
    assert tested["verdict"] == "deny" and tested["code"] == "outside_sources"


def test_it_has_no_menu_and_no_jump(robot):
    refused = robot.ssh("", login=robot.name, host="gateway")
    assert refused.returncode == 255 and b"is a service account, which has no menu: name the target" in refused.stderr, refused
    proxy = f"ssh -F {robot.world.ssh_config} -i {robot.key} -l {robot.name} -W %h:%p gateway"
    jumped = robot.world.ssh("web1", "echo in", options=["-o", "ProxyJump=none", "-o", f"ProxyCommand={proxy}", "-i", str(robot.key)])
    assert jumped.returncode == 255 and jumped.stdout == b""
    for command in ("requests", "request deploy@web1 because"):
        assert b"service account" in robot.ssh(command, login=robot.name, host="gateway").stderr
    assert {e["reason"] for e in robot.audited("connection.refused")} == {"a service account that names no target"}


def test_it_has_no_password_and_no_code(robot):
    gateway = robot.world.gateway
    for verb, given in (("set-password", "correct horse battery staple\n"), ("enroll-totp", "000000\n")):
        refused = gateway.run("user", verb, robot.name, input=given)
        assert refused.returncode == 1 and "is a service account: it logs in with keys or certificates alone" in refused.stderr, refused


def test_a_password_of_when_it_was_a_person_is_none(world, tmp_path):
    robot = Robot(world)
    world.gateway.apply({"kind": "user", "name": robot.name, "groups": ["ops"]})
    world.gateway.cli("user", "set-password", robot.name, input="correct horse battery staple\n")
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho correct horse battery staple\n")
    ask.chmod(0o700)

    def by_password():
        return world.popen("via", "echo in", options=robot.options(f"{robot.name}@deploy@web1", "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1",
                                                                   "-o", "PreferredAuthentications=password,keyboard-interactive"),
                           env={"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0", "PATH": "/usr/bin:/bin"}).communicate(timeout=60)[0]

    assert by_password() == b"in\n"
    robot.declare()
    assert by_password() == b""
    assert robot.audited("auth.failure")[-1]["reason"] == "a service account has no password"


def test_a_session_of_the_person_ends_when_it_becomes_a_service_account(world):
    robot = Robot(world)
    world.gateway.apply({"kind": "user", "name": robot.name, "groups": ["ops"], "public_keys": [public_line(robot.key)]})
    client = robot.popen("echo up; cat")
    assert client.stdout.readline() == b"up\n"
    robot.declare()
    assert b"may not log in any more" in last_words(client)


def test_its_sessions_have_a_limit_of_their_own(robot):
    robot.declare(sessions=2)
    clients = [robot.popen("echo up; cat") for _ in range(2)]
    for client in clients:
        assert client.stdout.readline() == b"up\n"
    refused = robot.ssh()
    assert refused.returncode == 255 and b"Sallyport" in refused.stderr and refused.stdout == b""
    assert robot.audited("session.denied")[-1]["reason"] == "session_limit"
    clients[0].communicate(timeout=30)
    until(lambda: robot.ssh().stdout == b"in\n", 15, "a seat that is free again")
    clients[1].communicate(timeout=30)


def test_changed_sources_end_its_sessions(robot):
    client = robot.popen("echo up; cat")
    assert client.stdout.readline() == b"up\n"
    robot.declare(sources=["192.0.2.0/24"])
    assert b"Sallyport" in last_words(client)
    until(lambda: not [s for s in robot.world.gateway.sessions() if s["user"] == robot.name], 10, "no session")


def test_apply_refuses_one_without_networks(world):
    refused = world.gateway.run("apply", "-f", "-", input="{kind: user, name: r, type: service}")
    assert refused.returncode != 0 and "names the networks that it is used from" in refused.stderr


def test_a_policy_that_demands_a_code_refuses_it(make_world):
    world = make_world()
    robot = Robot(world)
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": ["exec"], "require": {"factors": ["totp"]}})
    refused = robot.ssh()
    assert refused.returncode == 255 and b"one-time code" in refused.stderr
