# SPDX-License-Identifier: Apache-2.0
"""Policies with conditions: what they require, and what the user, the audit log and `policy test` say of it."""
import json

import pytest

from harness.world import USER

TEST = ("policy", "test", "--user", USER, "--target", "web1", "--account", "deploy")


@pytest.fixture(scope="module")
def ruled(build, folder, account):
    from harness.world import World
    world = World(build, folder / "policy", account, dropbear=False)
    try:
        yield world.start()
    finally:
        world.stop()


def rule(world, **keys):
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": ["shell", "exec"], **keys})


def verdict(world, *more):
    """What `policy test` says, also of a denial."""
    return json.loads(world.gateway.run(*TEST, *more, "-o", "json").stdout)


def last_denial(world):
    return [event for event in world.gateway.audit() if event["type"] == "session.denied"][-1]


@pytest.mark.parametrize("require, words", [
    ({"factors": ["totp"]}, "This access needs a second factor (totp)."),
    ({"reason": True, "ticket": "CHG-[0-9]+"}, "This access needs a reason and a ticket that matches CHG-[0-9]+."),
    ({"approval": {"approvers": {"groups": ["leads"]}}}, "This access needs the approval of one of the group leads."),
    ({"supervisor": True}, "This access needs a supervisor who watches."),
])
def test_what_cannot_be_proved_is_refused_by_name(ruled, require, words):
    rule(ruled, require=require)
    refused = ruled.ssh("via", "true")
    assert refused.returncode != 0 and words in refused.stderr.decode(), refused.stderr
    denial = last_denial(ruled)
    assert (denial["reason"], denial["detail"]) == ("requirement_unmet", words)
    assert verdict(ruled)["needs"] == words
    rule(ruled)
    assert ruled.ssh("via", "true").returncode == 0


def test_conditions_on_time_and_source(ruled):
    rule(ruled, when={"from": ["127.0.0.0/8", "::1"]})
    assert ruled.ssh("via", "true").returncode == 0
    assert verdict(ruled, "--from", "127.0.0.1")["verdict"] == "allow"
    assert verdict(ruled)["considered"][0]["outcome"] == "uncertain"
    rule(ruled, when={"from": ["10.0.0.0/8"]})
    refused = ruled.ssh("via", "true")
    assert b"you have no access to deploy on web1 at this time or from this address" in refused.stderr
    denial = last_denial(ruled)
    assert denial["reason"] == "conditions" and "127.0.0.1 is not in 10.0.0.0/8" in denial["detail"]
    rule(ruled, when={"hours": "08:00-18:00", "zone": "Europe/Berlin"})
    assert verdict(ruled, "--at", "2026-07-01T06:00:00Z")["verdict"] == "allow"
    too_early = verdict(ruled, "--at", "2026-07-01T05:59:59Z")
    assert (too_early["verdict"], too_early["code"]) == ("deny", "conditions")
    assert too_early["considered"] == [{"policy": "ops-on-prod", "outcome": "other_time",
                                        "why": "it is wed 07:59 in Europe/Berlin, and it holds 08:00-18:00"}]
    rule(ruled)


def test_a_zone_that_is_not_there_is_refused(ruled):
    policy = {"kind": "policy", "name": "moonlit", "subjects": {"groups": ["ops"]}, "targets": ["*"], "accounts": ["deploy"],
              "allow": ["shell"], "when": {"hours": "22:00-06:00", "zone": "Moon/Tranquility"}}
    refused = ruled.gateway.run("apply", "-f", "-", input=json.dumps(policy))
    assert refused.returncode != 0 and "the time zone Moon/Tranquility cannot be read" in refused.stderr
