# SPDX-License-Identifier: Apache-2.0
"""Names of targets: a name server that does not answer makes nobody wait but those who asked for its names."""
import subprocess
import time

import pytest

from harness.name_server import NameServer
from harness.process import until

LOGINS = 50


@pytest.fixture
def names():
    server = NameServer({"web.example": "127.0.0.1"})
    yield server
    server.stop()


def named_world(make_world, names, known, silent):
    """A world whose targets have names; `silent` of them are names that nobody answers for."""
    world = make_world(config={"resolver": {"servers": [names.address]}, "limits": {"connect_seconds": 120, "login_seconds": 120}})
    hosts = [*known, *(f"dark{n}.example" for n in range(silent))]
    world.gateway.apply(*({"kind": "target", "name": host.split(".")[0], "protocol": "ssh", "address": f"{host}:{world.target.port}",
                           "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.target.key_line]} for host in hosts))
    return world


def log_in(world, target):
    return subprocess.Popen(["nice", *world.ssh_argv("via", "echo never", options=["-o", f"User=alice@deploy@{target}"])],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def seconds_of_login(world, host):
    times = []
    for _ in range(5):
        start = time.monotonic()
        done = world.ssh(host, "echo served")
        times.append(time.monotonic() - start)
        assert done.stdout == b"served\n", done
    return sorted(times)[2]


def test_a_silent_name_server_makes_nobody_else_wait(make_world, names, record_property):
    world = named_world(make_world, names, ["web.example"], LOGINS // 2)
    quiet = seconds_of_login(world, "via")
    # Half of them to one name, half to a name each. An account that has not been seen to work at a target is tried there
    # twice at a time; the others wait for their turn.
    opening = LOGINS // 2 + 1
    waiting = [log_in(world, f"dark{n // 2 if n % 2 else 0}") for n in range(LOGINS)]
    try:
        until(lambda: len(world.gateway.sessions()) == opening, 60, lambda: f"{opening} sessions that open: {len(world.gateway.sessions())}")
        until(lambda: len(set(names.asked)) >= 8, 20, "as many lookups as one user may have")
        beside = seconds_of_login(world, "via")
        assert all(one.poll() is None for one in waiting), "they still wait"
    finally:
        for one in waiting:
            one.kill()
            one.wait()
    record_property("quiet", round(quiet, 3))
    record_property("beside", round(beside, 3))
    print(f"login to a numeric address: {quiet:.3f} s, beside {LOGINS} to silent names {beside:.3f} s")
    assert beside < 2 * quiet + 0.5, (quiet, beside)
    # Their sessions end with them, and so do their lookups: somebody else's name is found at once.
    until(lambda: not world.gateway.sessions(), 30, "the sessions of those who left to end")
    assert world.ssh("via", "echo served", options=["-o", "User=alice@deploy@web"]).stdout == b"served\n"


def test_a_name_is_looked_up_and_kept_for_a_moment(make_world, names):
    world = named_world(make_world, names, ["web.example"], 0)
    for _ in range(3):
        assert world.ssh("via", "echo served", options=["-o", "User=alice@deploy@web"]).stdout == b"served\n"
    assert names.asked.count("web.example") == 2, "one question for each kind of address"


def test_a_login_to_a_silent_name_ends_at_its_deadline(make_world, names):
    world = make_world(config={"resolver": {"servers": [names.address]}, "limits": {"connect_seconds": 2}})
    world.gateway.apply({"kind": "target", "name": "dark", "protocol": "ssh", "address": "dark.example:22", "labels": {"env": "prod", "kind": "openssh"},
                         "host_keys": [world.target.key_line]})
    done = world.ssh("via", "echo never", options=["-o", "User=alice@deploy@dark"])
    assert done.returncode == 255 and b"'dark' cannot be reached" in done.stderr, done
    assert "no name server answered in time" in world.gateway.sealed(world.gateway.newest_recording()["id"])["end_reason"]
