# SPDX-License-Identifier: Apache-2.0
"""Users who enrol themselves for one-time codes with a stock client; the codes are a real oathtool's."""
import itertools
import re
import subprocess
import urllib.parse

import pytest

from harness.target import keygen, public_line
from harness.totp import App, Enrolled

_names = (f"self{n}" for n in itertools.count(1))


@pytest.fixture
def world_that(make_world):
    return lambda setting: make_world(config={"auth": {"self_enrolment": setting}, "limits": {"source_guesses_per_minute": 100_000}})


class Newcomer:
    """A user with a key and nothing else."""

    def __init__(self, world):
        self.world, self.name = world, next(_names)
        self.key = keygen(world.folder / f"{self.name}_key")
        world.gateway.apply({"kind": "user", "name": self.name, "groups": ["ops"], "public_keys": [public_line(self.key)]})

    def ssh(self, *command, host="gateway", address=None):
        return self.world.ssh(host, *command, options=["-l", address or self.name, "-i", str(self.key)])


def app_in(shown):
    text = shown.decode()
    uri = re.search(r"otpauth://\S+", text).group()
    assert text.count("\u2588") > 100, "a code to scan"
    return App(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])


def test_a_user_enrols_where_the_node_lets_users(world_that):
    world = world_that("yes")
    newcomer = Newcomer(world)
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": ["exec"], "require": {"factors": ["totp"]}})
    told = newcomer.ssh("true", host="via", address=f"{newcomer.name}@deploy@web1")
    assert told.returncode != 0 and f"ssh {newcomer.name}@GATEWAY enroll-totp".encode() in told.stderr, told
    App.settle(20)
    shown = newcomer.ssh("enroll-totp")
    assert shown.returncode == 0, shown
    app = app_in(shown.stderr)
    wrong = next(one for one in ("000000", "111111") if one not in {app.code(n) for n in range(-2, 3)})
    assert newcomer.ssh(f"enroll-totp {wrong}").returncode == 1
    assert newcomer.ssh("enroll-totp").returncode == 0, "another secret, in the place of the first"
    late = newcomer.ssh(f"enroll-totp {app.code()}")
    assert late.returncode == 1 and b"no code of the new secret" in late.stderr, late
    app = app_in(newcomer.ssh("enroll-totp").stderr)
    done = newcomer.ssh(f"enroll-totp {app.code(-1)}")
    assert done.returncode == 0 and len(re.findall(rb"^  \S+", done.stderr, re.M)) == 10, done
    facts = world.gateway.one("user", "show", newcomer.name)
    assert facts["totp"]["recovery_codes"] == 10
    # From now on the key alone is not enough, for anything.
    again = newcomer.ssh("enroll-totp")
    assert again.returncode == 255 and b"Permission denied" in again.stderr, again
    events = [one for one in world.gateway.audit() if one["type"] in ("user.enroll-totp", "user.confirm-totp")]
    assert {one["actor"] for one in events} == {newcomer.name} and events[-1]["replaced"] is False
    secret = app.secret.encode()
    assert secret not in (world.gateway.folder / "gateway.log").read_bytes()
    assert secret.decode() not in world.gateway.cli("audit", "search", "totp", "-o", "json")


@pytest.mark.parametrize("setting", ["no", "replace"])
def test_a_key_alone_does_not_enrol_by_default(world_that, setting):
    newcomer = Newcomer(world_that(setting))
    refused = newcomer.ssh("enroll-totp")
    assert refused.returncode == 1 and b"administrator" in refused.stderr and b"otpauth" not in refused.stderr, refused
    assert newcomer.ssh("enroll-totp 123456").returncode == 1


def test_codes_are_replaced_by_whoever_proves_them(make_world):
    world = make_world(config={"limits": {"source_guesses_per_minute": 100_000}})
    user = Enrolled(world, "dora", recovery_codes=True)

    def gateway(command, code):
        return user.ssh(command, codes=[code], address="dora", host="gateway")

    shown = gateway("enroll-totp", user.app.code())
    assert shown.returncode == 0, shown
    new = app_in(shown.stderr)
    assert user.logs_in(user.app.code(1)), "the old one counts until the new one is confirmed"
    recovery = user.recovery_codes[0]
    done = gateway(f"enroll-totp {new.code(-1)}", recovery)
    assert done.returncode == 0 and b"Recovery codes" in done.stderr, done
    assert not user.logs_in(user.recovery_codes[1]), "the old recovery codes are gone"
    assert not user.logs_in(user.app.code()), "and so is the old secret"
    assert user.logs_in(new.code())


def test_a_remembered_code_replaces_nothing(make_world):
    world = make_world(config={"limits": {"source_guesses_per_minute": 100_000}})
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                         "allow": ["exec"], "require": {"factors": ["totp"], "remember": "10m"}})
    user = Enrolled(world, "erin")
    assert user.logs_in(user.app.code())
    assert user.logs_in(), "remembered"
    refused = user.ssh("enroll-totp", codes=[], address="erin", host="gateway")
    assert refused.returncode == 255, "at the gateway itself a code is always asked for"


def test_a_login_that_was_kept_open_does_not_outlive_the_replacement(make_world, folder):
    world = make_world(config={"limits": {"source_guesses_per_minute": 100_000}})
    user = Enrolled(world, "fay")
    socket = folder / "fay.sock"
    with user.kept_login(socket, codes=[user.app.code()]) as master:
        over_it = ["-S", str(socket)]
        argv, env = user.argv("enroll-totp", address="fay", host="gateway", options=over_it)
        new = app_in(subprocess.run(argv, capture_output=True, timeout=60, env=env).stderr)
        argv, env = user.argv(f"enroll-totp {new.code(-1)}", address="fay", host="gateway", options=over_it)
        done = subprocess.run(argv, capture_output=True, timeout=60, env=env)
        assert done.returncode == 0 and b"Recovery codes" in done.stderr, done
        assert master.wait(timeout=20) is not None, "the login was by the codes that were replaced"
