# SPDX-License-Identifier: Apache-2.0
"""Who is disabled or deleted is out: at the door, and out of what she has open."""
import subprocess

import pytest

from harness.process import until
from harness.target import keygen, public_line


def user(name, key, **more):
    return {"kind": "user", "name": name, "groups": ["ops"], "public_keys": [public_line(key)], **more}


@pytest.fixture
def people(world):
    """Two people of this test's own: {name: key}."""
    keys = {name: keygen(world.folder / f"{name}_key") for name in ("carol", "dave")}
    world.gateway.apply(*[user(name, key) for name, key in keys.items()])
    yield keys
    for name, key in keys.items():
        world.gateway.run("delete", "user", name)
        key.unlink()


def session_of(world, name, key):
    """A session that echoes: a client whose command has begun."""
    client = world.popen("via", "echo up; cat", options=["-l", f"{name}@deploy@web1", "-i", str(key)],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert client.stdout.readline() == b"up\n", client.stderr.read()
    return client


def live_sessions_of(world, name):
    return [one for one in world.gateway.sessions() if one["user"] == name]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_it_ends_every_session_of_hers_and_no_other(world, people, how):
    hers = [session_of(world, "carol", people["carol"]) for _ in range(2)]
    his = session_of(world, "dave", people["dave"])
    try:
        if how == "disabled":
            said = world.gateway.apply(user("carol", people["carol"], disabled=True))
        else:
            said = world.gateway.cli("delete", "user", "carol")
        assert "2 live sessions of users who may not log in any more: terminated" in said
        for client in hers:
            _, text = client.communicate(timeout=10)
            assert client.returncode == 255 and b"'carol' may not log in any more" in text, (client.returncode, text)
        until(lambda: not live_sessions_of(world, "carol"), what="none of hers in the list")
        assert len(live_sessions_of(world, "dave")) == 1
        his.stdin.write(b"still here\n")
        his.stdin.flush()
        assert his.stdout.readline() == b"still here\n"
        ends = until(lambda: [e for e in world.gateway.audit() if e["type"] == "session.end" and e["actor"] == "carol"][-2:], what="the ends")
        assert all("terminated by" in str(e) for e in ends) and len(ends) == 2, ends
        refused = world.ssh("via", "true", options=["-l", "carol@deploy@web1", "-i", str(people["carol"])])
        assert refused.returncode == 255 and b"Permission denied" in refused.stderr
    finally:
        for client in (*hers, his):
            client.kill()
            client.wait()


def test_she_comes_back_when_she_is_let_in_again(world, people):
    world.gateway.apply(user("carol", people["carol"], disabled=True))
    said = world.gateway.apply(user("carol", people["carol"]))
    assert "terminated" not in said
    assert world.ssh("via", "echo back", options=["-l", "carol@deploy@web1", "-i", str(people["carol"])]).stdout == b"back\n"


def test_a_dry_run_ends_nothing(world, people):
    client = session_of(world, "carol", people["carol"])
    try:
        path = world.folder / "dry.yaml"
        path.write_text("{kind: user, name: carol, disabled: true}\n")
        assert "dry run" in world.gateway.cli("apply", "-f", path, "--dry-run")
        client.stdin.write(b"still here\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"still here\n"
    finally:
        client.kill()
        client.wait()
