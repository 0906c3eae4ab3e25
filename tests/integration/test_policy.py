# SPDX-License-Identifier: Apache-2.0
"""Policies with conditions: what they require, and what the user, the audit log and `policy test` say of it."""
import concurrent.futures
import json

import pytest

from harness.process import until
from harness.world import USER

TEST = ("policy", "test", "--user", USER, "--target", "web1", "--account", "deploy")


@pytest.fixture(scope="module")
def ruled(build, folder, account):
    from harness.world import World
    # Fifty clients at once take their time on a busy machine.
    world = World(build, folder / "policy", account, config={"limits": {"preauth_seconds": 120, "login_seconds": 120}}, dropbear=False)
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


def test_a_checkout_is_exclusive_among_fifty_at_once(ruled):
    rule(ruled, limits={"checkout": "exclusive"})
    until(lambda: not ruled.gateway.sessions(), 20, "no session of before")
    release = ruled.folder / "release"
    hold = f"while [ ! -e {release} ]; do sleep 0.1; done"
    try:
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            attempts = [pool.submit(ruled.ssh, "via", hold, options=["-o", "ConnectTimeout=100"], timeout=150) for _ in range(50)]
            until(lambda: sum(one.done() for one in attempts) == 49, 120, "49 refusals")
            assert len(ruled.gateway.sessions()) == 1
            assert not [one for one in attempts if one.done() and one.result().returncode == 0]
            release.touch()
        refusals = [one.result().stderr for one in attempts if one.result().returncode != 0]
        others = [text for text in refusals if b"is checked out by another session" not in text]
        assert len(refusals) == 49 and not others, others
    finally:
        release.touch()
        until(lambda: not ruled.gateway.sessions(), 20, "the end of the session")
    assert last_denial(ruled)["reason"] == "session_limit"
    assert ruled.ssh("via", "true").returncode == 0, "the account is free again"
    rule(ruled)


def test_limits_on_the_number_of_sessions(ruled):
    until(lambda: not ruled.gateway.sessions(), 20, "no session of before")
    for key, words in [("sessions_per_user", b"You have 1 session, and the policy allows 1 at a time"),
                       ("sessions_per_target", b"The target 'web1' has 1 session, and the policy allows 1 at a time"),
                       ("sessions_per_account", b"The account 'deploy' has 1 session, and the policy allows 1 at a time")]:
        rule(ruled, limits={key: 1})
        with ruled.popen("via", "cat") as first:
            ruled.gateway.live_session()
            refused = ruled.ssh("via", "true")
            assert refused.returncode != 0 and words in refused.stderr, refused.stderr
            first.stdin.close()
            first.wait(20)
        assert ruled.ssh("via", "true").returncode == 0, key
        until(lambda: not ruled.gateway.sessions(), 20, "no session")
    rule(ruled)


def freeze_file(world):
    path = world.folder / "freeze.yaml"
    path.write_text('{kind: policy, name: freeze, effect: deny, subjects: {users: ["*"]}, targets: {env: prod}, accounts: ["*"]}\n')
    return str(path)


def test_a_change_is_tried_out_before_it_is_applied(ruled):
    rule(ruled)
    assert ruled.ssh("via", "true").returncode == 0
    newest = max(ruled.gateway.sessions(everything=True), key=lambda s: s["id"])["id"]
    file = freeze_file(ruled)

    replayed = ruled.gateway.run("policy", "replay", "-f", file, "-o", "json")
    assert replayed.returncode == 1
    said = json.loads(replayed.stdout)
    found = {one["id"]: one for one in said["found"]}
    assert said["refused"] == said["sessions"] >= 1 and said["complete"]
    assert found[newest]["code"] == "denied_by_policy" and found[newest]["refused_now"] is False
    assert json.loads(ruled.gateway.run("policy", "replay", "--since", "2099-01-01T00:00:00Z", "-o", "json").stdout)["sessions"] == 0
    assert "sessions would be refused" in ruled.gateway.run("policy", "replay", "-f", file).stdout

    linted = ruled.gateway.run("policy", "lint", "-f", file, "-o", "json")
    assert linted.returncode == 1
    assert {"kind": "shadowed", "policy": "ops-on-prod", "other": "freeze",
            "reason": "policy freeze refuses everything that it is about"} in json.loads(linted.stdout)
    assert ruled.gateway.run("policy", "lint").returncode == 0
    assert ruled.ssh("via", "true").returncode == 0, "nothing was applied"


def test_versions_name_their_author_and_what_changed(ruled):
    rule(ruled)
    rule(ruled, limits={"idle": "5m"})
    versions = json.loads(ruled.gateway.cli("policy", "history", "ops-on-prod", "-o", "json"))
    assert versions[0]["action"] == "created" and versions[-1]["action"] == "updated"
    assert versions[-1]["author"].startswith("local:")
    assert versions[-1]["changes"] == [{"path": "limits.idle", "before": None, "after": 300}]
    assert "+ limits.idle: 300" in ruled.gateway.cli("policy", "history", "ops-on-prod")
    last = versions[-1]["version"]
    diff = json.loads(ruled.gateway.cli("policy", "diff", "ops-on-prod", "-o", "json"))
    assert diff == {"from": last - 1, "to": last, "changes": versions[-1]["changes"]}
    back = ruled.gateway.cli("policy", "diff", "ops-on-prod", str(last), str(last - 1))
    assert back == f"version {last} -> {last - 1}\n- limits.idle: 300\n"
    rule(ruled)
