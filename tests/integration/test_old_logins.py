# SPDX-License-Identifier: Apache-2.0
"""What a connection that logged in long ago is good for after its user was changed: by menu, by jump, by a new channel, and
for a suspended session. Real clients: a ControlMaster keeps the old login."""
import contextlib
import subprocess

import pytest

from harness.process import until
from harness.target import keygen, public_line

FIRST_PASSWORD, SECOND_PASSWORD = "the first password of hers", "the second password of hers"


class Person:
    def __init__(self, world, name):
        self.world, self.name = world, name
        self.key = keygen(world.folder / f"{name}_key")
        self.new_key = keygen(world.folder / f"{name}_new_key")

    def resource(self, key=None, **more):
        return {"kind": "user", "name": self.name, "groups": ["ops"], "public_keys": [public_line(key or self.key)], **more}

    def declare(self, **more):
        return self.world.gateway.apply(self.resource(**more))

    def set_password(self, password):
        self.world.gateway.cli("user", "set-password", self.name, input=password + "\n")

    # What may happen to a user.
    def replace_key(self):
        self.declare(key=self.new_key)

    def disable(self):
        self.declare(disabled=True)

    def make_anew(self):
        self.world.gateway.cli("delete", "user", self.name)
        self.declare(key=self.new_key)

    def change_password(self):
        self.set_password(SECOND_PASSWORD)

    def options(self, name, key=None):
        return ["-l", name, "-i", str(key or self.key)]

    def ssh(self, *command, name=None, key=None, options=(), host="via", **more):
        return self.world.ssh(host, *command, options=[*self.options(name or f"{self.name}@deploy@web1", key), *options], **more)


CHANGES = {"key replaced": Person.replace_key, "disabled": Person.disable, "deleted and made anew": Person.make_anew,
           "password changed": Person.change_password}


@pytest.fixture
def carol(world):
    one = Person(world, "carol")
    one.declare()
    one.set_password(FIRST_PASSWORD)
    yield one
    world.gateway.run("delete", "user", "carol")
    one.key.unlink()
    one.new_key.unlink()


@contextlib.contextmanager
def kept_login(person, tmp_path, name=None, host="gateway"):
    """A ControlMaster; (process, socket)."""
    socket = tmp_path / "m"
    master = person.world.popen(host, options=[*person.options(name or person.name), "-M", "-N", "-S", str(socket)])
    try:
        until(socket.exists, 20, "the login")
        yield master, socket
    finally:
        master.kill()
        master.communicate()
        socket.unlink(missing_ok=True)


def jump(person, socket, *command, **more):
    """A session by jump through the kept login and through nothing else."""
    proxy = f"ssh -F {person.world.ssh_config} -S {socket} -o ProxyCommand=false -W %h:%p gateway"
    argv = ["ssh", "-F", str(person.world.ssh_config), "-o", "ProxyJump=none", "-o", f"ProxyCommand={proxy}", "web1", *command]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def echoes(client, word):
    client.stdin.write(word + b"\n")
    client.stdin.flush()
    return client.stdout.readline() == word + b"\n"


def sessions_of(world, name):
    return [s for s in world.gateway.sessions() if s["user"] == name]


def dropped(world, name):
    return [e for e in world.gateway.audit() if e["type"] == "connection.dropped" and e["actor"] == name]


@pytest.mark.parametrize("change", CHANGES)
def test_a_login_without_a_session_ends_at_once(world, carol, tmp_path, change):
    before = len(dropped(world, "carol"))
    with kept_login(carol, tmp_path) as (master, socket):
        first = jump(carol, socket, "echo", "in")
        assert first.communicate(timeout=20)[0] == b"in\n", "the login is good for a jump until then"
        CHANGES[change](carol)
        until(lambda: master.poll() is not None, 5, "the end of the old login")
        late = jump(carol, socket, "echo", "in")
        assert late.communicate(timeout=20)[0] == b"" and late.returncode != 0
        assert not sessions_of(world, "carol")
    assert until(lambda: len(dropped(world, "carol")) == before + 1, what="the end in the audit log")


@pytest.mark.parametrize("change", CHANGES)
def test_a_menu_opens_nothing_any_more(world, carol, terminal, change):
    one = terminal(world.ssh_argv("gateway", options=[*carol.options("carol"), "-tt"]))
    one.wait("choose where to go")
    CHANGES[change](carol)
    one.wait("log in anew", 5)
    until(one.dead, 5, "the end of the client")
    assert not sessions_of(world, "carol")


@pytest.mark.parametrize("change", ["key added", "another group", "first password"])
def test_a_change_that_takes_no_proof_back_ends_nothing(world, tmp_path, change):
    dave = Person(world, "dave")
    dave.declare()
    try:
        with kept_login(dave, tmp_path) as (master, socket):
            if change == "key added":
                world.gateway.cli("user", "add-key", "dave", *public_line(dave.new_key).split())
            elif change == "another group":
                dave.declare(groups=["ops", "night"])
            else:
                dave.set_password(FIRST_PASSWORD)
            client = jump(dave, socket, "echo", "in")
            assert client.communicate(timeout=20)[0] == b"in\n"
            assert master.poll() is None
    finally:
        world.gateway.run("delete", "user", "dave")


def test_live_sessions_go_on_with_an_old_key_and_begin_nothing(world, carol, tmp_path):
    with kept_login(carol, tmp_path, "carol@deploy@web1", "via") as (master, socket):
        over_it = ["-S", str(socket), "-o", "ProxyCommand=false"]
        client = world.popen("via", "echo up; cat", options=[*carol.options("carol@deploy@web1"), *over_it])
        assert client.stdout.readline() == b"up\n"
        try:
            carol.replace_key()
            assert echoes(client, b"still here")
            refused = carol.ssh("echo", "in", options=over_it)
            assert refused.returncode != 0 and refused.stdout == b""
            assert echoes(client, b"and here") and master.poll() is None
            told = [e for e in world.gateway.audit() if e["type"] == "session.refused" and e["actor"] == "carol"]
            assert told and "log in anew" in str(told[-1])
        finally:
            client.kill()
            client.communicate()


@pytest.mark.parametrize("change", ["disabled", "deleted and made anew"])
def test_live_sessions_by_jump_end_with_their_user(world, carol, tmp_path, change):
    with kept_login(carol, tmp_path) as (master, socket):
        client = jump(carol, socket, "echo up; cat")
        assert client.stdout.readline() == b"up\n"
        CHANGES[change](carol)
        assert client.wait(5) != 0
        until(lambda: master.poll() is not None, 5, "the end of the old login")
        until(lambda: not sessions_of(world, "carol"), what="no session")


def test_an_old_login_carries_its_live_jump_and_no_new_one(world, carol, tmp_path):
    with kept_login(carol, tmp_path) as (master, socket):
        client = jump(carol, socket, "echo up; cat")
        assert client.stdout.readline() == b"up\n"
        carol.replace_key()
        assert echoes(client, b"still here") and master.poll() is None
        late = jump(carol, socket, "echo", "in")
        assert late.communicate(timeout=20)[0] == b""
        assert echoes(client, b"and here")
        client.stdin.close()
        client.wait(10)
        until(lambda: master.poll() is not None, 5, "the end of the old login with its last jump")


def test_a_suspended_session_waits_for_the_same_person(world, carol, terminal, tmp_path):
    """With a new key it is the same person; a login from before the change is not one that counts."""
    one = terminal(world.ssh_argv("via", options=[*carol.options("carol@deploy@web1"), "-tt"]))
    one.wait_prompt()
    identifier = world.gateway.live_session(user="carol")["id"]
    state = lambda: world.gateway.one("session", "show", identifier)["state"]
    world.gateway.cli("session", "suspend", identifier)
    world.gateway.cli("session", "resume", identifier)
    with kept_login(carol, tmp_path) as (master, socket):
        carol.replace_key()
        until(lambda: master.poll() is not None, 5, "the end of the old login")
        refused = carol.ssh(f"resume {identifier}", host="gateway", name="carol", options=["-S", str(socket)])
        assert refused.returncode != 0 and state() == "suspended"
    taken = carol.ssh(f"resume {identifier}", host="gateway", name="carol", key=carol.new_key)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert state() == "live"
    carol.make_anew()
    until(lambda: state() == "ended", 5, "the end of the session of the one who was deleted")


def test_jumps_do_not_keep_a_login_good_for_ever(make_world, tmp_path):
    world = make_world(config={"limits": {"choice_seconds": 4}})
    alice = Person(world, "alice2")
    alice.declare()
    with kept_login(alice, tmp_path) as (master, socket):
        client = jump(alice, socket, "echo up; cat")
        assert client.stdout.readline() == b"up\n"

        def refused():
            late = jump(alice, socket, "echo", "in")
            return late.communicate(timeout=20)[0] == b""
        until(refused, 20, "no more jumps after the time for them", every=0.5)
        assert echoes(client, b"still here"), "what leads to a live session stays as long as it"
        client.stdin.close()
        client.wait(10)
        until(lambda: master.poll() is not None, 5, "the end of the old login with its last jump")
    with kept_login(alice, tmp_path) as (master, socket):
        until(lambda: master.poll() is not None, 15, "the end of a login that nothing was chosen with")
