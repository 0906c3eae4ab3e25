# SPDX-License-Identifier: Apache-2.0
"""The notify command: what it is told of requests and changes, and that nobody waits for it."""
import json
import time

import pytest

from harness.process import until
from harness.target import keygen, public_line
from harness.world import USER


def hook(folder, script):
    folder.mkdir()
    folder.chmod(0o777)
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def told(make_world, folder, request):
    def make(script, **more):
        place = folder / f"hook-{request.node.name}"
        world = make_world(config={"notify": {"command": [str(hook(place, script.format(place=place))), "to whom"], **more}})
        world.bob_key = keygen(world.folder / "bob_key")
        world.gateway.apply({"kind": "user", "name": "bob", "groups": ["leads"], "public_keys": [public_line(world.bob_key)]},
                            {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                             "allow": ["exec"], "require": {"approval": {"approvers": {"groups": ["leads"]}, "break_glass": True}}})
        world.place = place
        world.bob = lambda *command: world.ssh("gateway", *command, options=["-l", "bob", "-i", str(world.bob_key)])
        return world
    return make


def notices(world):
    out = [json.loads(path.read_text()) for path in world.place.glob("*.json")]
    return sorted(out, key=lambda one: one["time"])


def test_each_step_of_a_request_is_told(told):
    world = told('cat > {place}/$$.part; mv {place}/$$.part {place}/$$.json')
    asked = world.ssh("gateway", "request deploy@web1 it's \"down\"; touch /tmp/x")
    assert asked.returncode == 0, asked
    (first,) = until(lambda: notices(world), 20, "a notice")
    request = first["request"]
    assert first["kind"] == "request.create" and request["user"] == USER and request["reason"] == "it's \"down\"; touch /tmp/x", first
    assert world.bob(f"approve {request['code']} fine").returncode == 0
    assert world.ssh("gateway", f"cancel {request['code']}").returncode == 0
    assert world.ssh("gateway", "break-glass deploy@web1 fire").returncode == 0
    until(lambda: len(notices(world)) == 4, 20, "all notices")
    by_kind = {one["kind"]: one["request"] for one in notices(world)}
    assert by_kind["request.approve"]["state"] == "approved" and by_kind["request.approve"]["votes"][0]["by"] == "bob"
    assert by_kind["request.end"]["closed_by"] == USER and by_kind["request.break_glass"]["break_glass"] is True
    assert all(one["node"] == "node1" for one in notices(world))


def test_a_change_that_waits_is_told(make_world, folder):
    place = folder / "hook-change"
    world = make_world(start=False, config={"notify": {"command": [str(hook(place, f"cat > {place}/$$.part; mv {place}/$$.part {place}/$$.json"))]},
                                            "changes": {"second_administrator": ["policy", "keys", "roles"]}})
    world.place = place
    world.gateway.start()
    try:
        path = world.folder / "one.yaml"
        path.write_text(json.dumps({"kind": "user", "name": "new"}))
        assert world.gateway.run("apply", "-f", path).returncode == 3
        (first,) = until(lambda: notices(world), 20, "a notice")
        assert first["kind"] == "change.create" and first["change"]["steps"] == ["create user new"], first
        assert world.gateway.run("change", "cancel", first["change"]["id"]).returncode == 0
        until(lambda: "change.cancel" in {one["kind"] for one in notices(world)}, 20, "the other notice")
    finally:
        world.gateway.stop()


def test_nobody_waits_for_a_program_that_hangs_or_fails(told):
    world = told("sleep 600", timeout_seconds=1)
    began = time.monotonic()
    for _ in range(5):
        assert world.ssh("gateway", "request deploy@web1 why not").returncode == 0
    assert time.monotonic() - began < 60
    failure = until(lambda: [one for one in world.gateway.audit() if one["type"] == "notify.failure"], 30, "the failure")[0]
    assert failure["reason"] == "it did not end in time and was killed" and failure["kind"] == "request.create", failure
    assert world.gateway.sessions() == []


def test_a_program_that_is_not_there_is_said(told):
    world = told("true")
    (world.place / "hook").unlink()
    assert world.ssh("gateway", "request deploy@web1 why not").returncode == 0
    failure = until(lambda: [one for one in world.gateway.audit() if one["type"] == "notify.failure"], 30, "the failure")[0]
    assert "cannot be executed" in failure["reason"], failure


def test_a_user_that_is_not_there_is_refused_at_the_start(make_world):
    world = make_world(start=False, config={"notify": {"command": ["/bin/true"], "user": "no-such-user"}})
    with pytest.raises(AssertionError, match="notify.user"):
        world.gateway.start()
