# SPDX-License-Identifier: Apache-2.0
"""One race: sessions that are live, sessions that open at that moment and a login without a session, against a change that
takes their grant away. Shared by test_races.py (some) and tests/campaign/races.py (a thousand)."""
import collections
import json
import random
import subprocess
import threading
import time

from .process import until
from .target import keygen, public_line
from .world import World

SECONDS = 2  # within which nothing is left that the policies do not grant
CALM = "calm"  # whom no change concerns

# ends: what has a session ends. restricts: it goes on and begins nothing new. logins: a login without a session ends, too.
# holds: a client that comes later may wait for an approval.
Kind = collections.namedtuple("Kind", "ends logins holds flaps", defaults=(True, False, False, True))


class Round:
    """One user of the round's own, what is declared for it, and how each kind of change is made."""

    def __init__(self, arena, seed):
        self.arena, self.gateway, self.world = arena, arena.world.gateway, arena.world
        self.user = f"r{seed}"
        self.request = None

    # --- what is declared -------------------------------------------------------------------------------------------
    def person(self, key=None, **more):
        return {"kind": "user", "name": self.user, "groups": ["racers"], "public_keys": [public_line(key or self.arena.key)], **more}

    def policy(self, **more):
        return {"kind": "policy", "name": "race", "subjects": {"groups": ["racers"]}, "targets": {"track": "yes"}, "accounts": ["racing"],
                "allow": ["exec"], **more}

    def target(self, **more):
        return {"kind": "target", "name": "track1", "protocol": "ssh", "address": self.world.target.address, "labels": {"track": "yes"},
                "host_keys": [self.world.target.key_line], **more}

    def account(self, **more):
        return {"kind": "account", "name": "racing", "targets": ["track1"], "login": "certificate", "login_name": self.world.account.name, **more}

    def approval(self):
        return {"require": {"approval": {"approvers": {"users": [CALM]}, "valid": "1h"}}}

    def declare(self, kind):
        if kind == "group members":
            self.gateway.apply(self.person(groups=[]), {"kind": "group", "name": "racers", "members": [self.user]}, self.policy(), self.target(), self.account())
        else:
            policy = self.policy(**self.approval()) if kind == "approval ended" else self.policy()
            self.gateway.apply(self.person(), policy, self.target(), self.account())
        if kind == "approval ended":
            made = json.loads(self.gateway.cli("request", "create", "--user", self.user, "--account", "racing", "track1", "-o", "json"))
            self.gateway.cli("request", "approve", made["id"])
            self.request = made["id"]

    # --- the changes ------------------------------------------------------------------------------------------------
    def strike(self, kind):
        apply, cli = self.gateway.apply, self.gateway.cli
        {
            "user disabled": lambda: apply(self.person(disabled=True)),
            "user deleted": lambda: cli("delete", "user", self.user),
            "key replaced": lambda: apply(self.person(key=self.arena.other_key)),
            "group left": lambda: apply(self.person(groups=[])),
            "group members": lambda: apply({"kind": "group", "name": "racers", "members": []}),
            "policy deleted": lambda: cli("delete", "policy", "race"),
            "policy names others": lambda: apply(self.policy(subjects={"groups": ["others"]})),
            "denied": lambda: apply({"kind": "policy", "name": "race-deny", "effect": "deny", "subjects": {"groups": ["racers"]},
                                     "targets": ["track1"], "accounts": ["*"]}),
            "permission taken": lambda: apply(self.policy(allow=["sftp"])),
            "approval demanded": lambda: apply(self.policy(**self.approval())),
            "factor demanded": lambda: apply(self.policy(require={"factors": ["totp"]})),
            "approval ended": lambda: cli("request", "cancel", self.request),
            "source": lambda: apply(self.policy(when={"from": ["192.0.2.0/24"]})),
            "target deleted": lambda: cli("delete", "target", "track1"),
            "target moved": lambda: apply(self.target(address="127.0.0.1:1")),
            "target's labels": lambda: apply(self.target(labels={"track": "no"})),
            "account deleted": lambda: cli("delete", "account", "racing"),
            "account is another": lambda: apply(self.account(login_name="nobody")),
        }[kind]()

    def clean(self, kind):
        """What the next round would stumble over; its user is another one."""
        if KINDS[kind].holds:
            for waiting in json.loads(self.gateway.cli("request", "list", "--state", "waiting", "-o", "json")):
                self.gateway.cli("request", "deny", waiting["id"])
        if kind == "denied":
            self.gateway.run("delete", "policy", "race-deny")
        if kind == "group members":
            self.gateway.run("delete", "group", "racers")

    # --- clients ----------------------------------------------------------------------------------------------------
    def options(self, name):
        return ["-l", name, "-i", str(self.arena.key), "-o", "LogLevel=ERROR"]

    def start(self):
        return Client(self)

    def sessions(self):
        return [one for one in self.gateway.sessions() if one["user"] == self.user]


KINDS = {
    "user disabled": Kind(logins=True), "user deleted": Kind(logins=True), "key replaced": Kind(ends=False, logins=True, flaps=False),
    "group left": Kind(), "group members": Kind(flaps=False), "policy deleted": Kind(), "policy names others": Kind(), "denied": Kind(flaps=False),
    "permission taken": Kind(), "approval demanded": Kind(holds=True), "factor demanded": Kind(), "approval ended": Kind(holds=True, flaps=False),
    "source": Kind(), "target deleted": Kind(), "target moved": Kind(), "target's labels": Kind(), "account deleted": Kind(),
    "account is another": Kind(), "the window closes": Kind(flaps=False),
}


class Client:
    """ssh with a program that answers; its connection can be shared."""

    def __init__(self, round):
        self.round = round
        self.socket = round.arena.socket()
        self.popen = round.world.popen("via", "echo up; exec cat", options=[*round.options(f"{round.user}@racing@track1"), "-M", "-S", str(self.socket)])
        self.begun_at, self.up_at, self.ended_at = time.time(), None, None
        self.errors = b""
        self.threads = [threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._watch, daemon=True)]
        for thread in self.threads:
            thread.start()

    def _read(self):
        if self.popen.stdout.readline() == b"up\n":
            self.up_at = time.time()
        self.popen.stdout.read()

    def _watch(self):
        self.errors = self.popen.stderr.read()
        self.popen.wait()
        self.ended_at = time.time()

    def ended(self):
        return self.ended_at is not None

    def lives(self):
        return self.up_at is not None and not self.ended()

    def begins(self):
        """Whether its connection begins another program."""
        shared = self.round.world.ssh("via", "echo more", options=["-S", str(self.socket), "-o", "ProxyCommand=false"], timeout=30)
        return shared.stdout != b""

    def kill(self):
        self.popen.kill()
        for thread in self.threads:
            thread.join(10)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            stream.close()
        self.socket.unlink(missing_ok=True)


class Login:
    """A login without a session, which sessions by jump can use."""

    def __init__(self, round):
        self.socket = round.arena.socket()
        self.ended_at = None
        self.popen = round.world.popen("gateway", options=[*round.options(round.user), "-M", "-N", "-S", str(self.socket)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        self.popen.wait()
        self.ended_at = time.time()

    def jumps(self, world):
        """Whether it opens a session."""
        proxy = f"ProxyCommand=ssh -F {world.ssh_config} -S {self.socket} -o ProxyCommand=false -W %h:%p gateway"
        return b"in\n" in world.ssh("track1", "echo in", options=["-l", "racing", "-o", proxy, "-o", "ProxyJump=none"], timeout=30).stdout

    def kill(self):
        self.popen.kill()
        self.thread.join(10)
        self.socket.unlink(missing_ok=True)


class Arena:
    def __init__(self, build, folder, account):
        self.world = World(build, folder, account, dropbear=False)
        self.folder = self.world.folder
        self.key, self.other_key = keygen(self.folder / "racer"), keygen(self.folder / "racer_other")
        self.sockets = 0
        self.calm = None
        self.way = 0.3  # seconds from the start of a client to its program, here and now

    def socket(self):
        self.sockets += 1
        return self.folder / f"s{self.sockets}"

    def start(self):
        self.world.start()
        self.world.gateway.apply(
            {"kind": "user", "name": CALM, "public_keys": [public_line(self.key)]},
            {"kind": "target", "name": CALM, "protocol": "ssh", "address": self.world.target.address, "host_keys": [self.world.target.key_line]},
            {"kind": "account", "name": CALM, "targets": [CALM], "login": "certificate", "login_name": self.world.account.name},
            {"kind": "policy", "name": CALM, "subjects": {"users": [CALM]}, "targets": [CALM], "accounts": [CALM], "allow": ["exec"]})
        self.calm = self.world.popen("via", "exec cat", options=["-l", f"{CALM}@{CALM}@{CALM}", "-i", str(self.key)])
        assert self.is_calm()
        return self

    def is_calm(self):
        """Whom nothing concerns notices nothing."""
        self.calm.stdin.write(b"calm\n")
        self.calm.stdin.flush()
        return self.calm.stdout.readline() == b"calm\n"

    def stop(self):
        if self.calm:
            self.calm.kill()
            self.calm.communicate()
        self.world.stop()


def strike_at_random(one, kind, chance, opening):
    """Clients come at random moments around the change. Returns when the change is in force."""
    closes_at = None
    if kind == "the window closes":
        closes_at = int(time.time()) + 2
        one.gateway.apply(one.policy(when={"valid_until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(closes_at))}))
    way = one.arena.way
    moment = closes_at or time.time() + 2 * way
    flaps = KINDS[kind].flaps and chance.random() < 0.25

    def come():
        for at in sorted(chance.uniform(-2 * way, 0.1 * way) for _ in range(chance.randrange(1, 5))):
            time.sleep(max(0, moment + at - time.time()))
            opening.append(one.start())

    coming = threading.Thread(target=come)
    coming.start()
    time.sleep(max(0, moment - time.time()))
    if not closes_at:
        one.strike(kind)
        if flaps:
            one.declare(kind)
            one.strike(kind)
    done = time.time()
    coming.join()
    return done


def check_logins(one, kind, login, done):
    """What a login without a session is still good for."""
    if KINDS[kind].logins:
        return until(lambda: login.ended_at, 20, "the end of the login without a session") - done
    assert login.ended_at is None, "a login ended that nothing concerned"
    return 0


def trial(arena, kind, seed, slack=10):
    """Runs one; raises AssertionError when something is left. Returns how long it took, and how many clients there were."""
    chance, rules = random.Random(seed), KINDS[kind]
    one = Round(arena, seed)
    one.declare(kind)
    login, clients = Login(one), []
    try:
        clients += [one.start() for _ in range(chance.choice((1, 1, 2)))]
        until(lambda: login.socket.exists() and all(client.up_at for client in clients), 30, lambda: [client.errors for client in clients])
        early = len(clients)
        arena.way = (3 * arena.way + max(client.up_at - client.begun_at for client in clients)) / 4
        done = strike_at_random(one, kind, chance, clients)
        late = one.start()
        clients.append(late)

        def settled():
            if not all(client.ended() or (rules.holds and not client.up_at) or (not rules.ends and client.up_at) for client in clients):
                return False
            return not rules.ends or not [session for session in one.sessions() if session["state"] != "opening"]

        until(settled, SECONDS + 30, lambda: f"an end of all: {[(c.up_at and c.up_at - done, c.ended()) for c in clients]}, {one.sessions()}")
        took = max([client.ended_at - done for client in clients if client.up_at and client.ended_at], default=0)
        took = max(took, check_logins(one, kind, login, done))
        assert not late.up_at, "a client that came after the change got in"
        if rules.ends:
            assert took < SECONDS + slack, f"it took {took:.2f} s"
        else:
            assert all(client.lives() for client in clients[:early]), "what was there before goes on"
        for client in clients:
            assert not (client.lives() and client.begins()), "something new began"
        if not rules.holds and chance.random() < 0.4:
            assert not login.jumps(one.world), "the login without a session opened one"
        assert arena.is_calm(), "somebody was ended whom nothing concerned"
        return {"took": took, "clients": len(clients), "in": sum(1 for client in clients[early:] if client.up_at)}
    finally:
        login.kill()
        for client in clients:
            client.kill()
        one.clean(kind)
