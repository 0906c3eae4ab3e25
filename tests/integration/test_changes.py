# SPDX-License-Identifier: Apache-2.0
"""Separated duties: what one administrator changes waits for another one, who sees the difference and approves it."""
import grp
import json
import pwd
import subprocess
import threading

import pytest
from test_audit import as_account

from harness.target import keygen, public_line
from harness.world import USER

WAITS = 3


@pytest.fixture
def separated(make_world, account):
    """Root is one administrator; bob, whose local account the tests may use, is the other."""
    world = make_world()
    world.gateway.apply({"kind": "user", "name": "bob", "roles": ["administrator"], "local_account": account.name},
                        {"kind": "user", "name": "carol", "roles": ["administrator"]})
    world.gateway.config["changes"] = {"second_administrator": ["policy", "keys", "roles", "retention"]}
    world.gateway.config["service_group"] = grp.getgrgid(pwd.getpwnam(account.name).pw_gid).gr_name
    world.gateway.restart()
    for path in (world.gateway.data, world.gateway.data / "admin.sock"):
        path.chmod(0o777)
    world.write_ssh_config()
    world.bob = lambda *words: as_account(world, account, *words)
    assert world.bob("change", "list", "-o", "json").stdout.strip() == "[]"  # and the account has its program from now on
    return world


def wider(world, *allow):
    one = json.loads(world.gateway.cli("get", "policy", "ops-on-prod", "-o", "json"))
    one["allow"] = list(allow)
    return one


def propose(world, *resources, more=()):
    """The code of the change that waits."""
    path = world.folder / "proposed.yaml"
    path.write_text("\n---\n".join(json.dumps(r) for r in resources) + "\n")
    made = world.gateway.run("apply", "-f", path, *more)
    assert made.returncode == WAITS and "nothing has changed yet" in made.stderr, made
    return json.loads(world.gateway.cli("change", "list", "--state", "waiting", "-o", "json"))[0]["code"]


def state(world, identifier):
    return world.gateway.one("change", "show", identifier)["state"]


def identifier_of(world, code):
    return next(one["id"] for one in world.gateway.json("change", "list") if one["code"] == code)


def test_a_policy_counts_once_another_administrator_has_seen_and_approved_it(separated):
    assert separated.ssh("via", "echo in").stdout == b"in\n"
    code = propose(separated, wider(separated, "shell", "sftp"), more=("--reason", "no programs any more"))
    identifier = identifier_of(separated, code)
    assert separated.ssh("via", "echo in").stdout == b"in\n", "nothing has changed yet"
    own = separated.gateway.run("change", "approve", code)
    assert own.returncode == 1 and "of their own" in own.stderr, own
    shown = separated.bob("change", "show", code)
    assert "- allow: exec" in shown.stdout and "no programs any more" in shown.stdout, shown
    assert separated.bob("change", "approve", code, "--comment", "seen").returncode == 0
    refused = separated.ssh("via", "echo in")
    assert refused.returncode != 0 and refused.stdout == b"", refused
    assert state(separated, identifier) == "applied"
    events = separated.gateway.json("audit", "search", identifier)
    kinds = [one["type"] for one in events]
    assert {"change.create", "change.approve", "resource.update"} <= set(kinds), kinds
    approved = next(one for one in events if one["type"] == "change.approve")
    assert approved["author"] == "local:root" and approved["by"] == "bob" and '"exec" -> nothing' in approved["diff"], approved
    assert separated.gateway.json("policy", "history", "ops-on-prod")[-1]["author"] == "local:root"


def test_every_way_to_change_keys_and_secrets_waits(separated):
    key = keygen(separated.folder / "new_key")
    cli = separated.gateway
    waiting = [
        cli.run("user", "add-key", USER, "-f", f"{key}.pub"),
        cli.run("user", "set-password", USER, input="quite another password\n"),
        cli.run("user", "set-role", USER, "administrator"),
        cli.run("account", "set-secret", "passworded", input="not the password"),
        cli.run("delete", "policy", "ops-on-prod"),
        cli.run("delete", "user", USER),
    ]
    assert [one.returncode for one in waiting] == [WAITS] * len(waiting), waiting
    for one in waiting:
        assert "is set" not in one.stdout and "deleted" not in one.stdout and "has the" not in one.stdout, one
    assert cli.run("user", "enroll-totp", USER).returncode == 1
    assert len(cli.json("change", "list", "--state", "waiting")) == len(waiting)
    assert separated.ssh("passworded", "echo in").stdout == b"in\n", "with the secret that is there"
    with_new = ("-i", str(key), "-o", f"IdentityFile={key}", "-o", "IdentitiesOnly=yes")
    assert separated.bob("change", "approve", cli.json("change", "list", "--state", "waiting")[-1]["code"]).returncode == 0
    found = subprocess.run(["ssh", "-F", "/dev/null", "-p", str(cli.port), *with_new, "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={separated.known_hosts}",
                            f"{USER}@deploy@web1@127.0.0.1", "echo new"], capture_output=True, timeout=60)
    assert found.stdout == b"new\n", found
    # The others were made for the user as it was before: the key made another version of it.
    role = next(one for one in cli.json("change", "list", "--state", "waiting") if one["steps"] == [f"update user {USER}"])
    late = separated.bob("change", "approve", role["code"])
    assert late.returncode == 1 and "stale" in late.stderr, late


def test_a_lock_does_not_wait(separated):
    client = separated.popen("via", "echo up; cat")
    assert client.stdout.readline() == b"up\n"
    user = separated.gateway.one("get", "user", USER)
    user["disabled"] = True
    separated.gateway.apply(user)
    assert client.wait(timeout=20) != 0
    del user["disabled"]
    propose(separated, user)
    assert separated.ssh("via", "true").returncode != 0


def test_an_emergency_is_roots_and_stays_open_until_another_reviews_it(separated, account):
    path = separated.folder / "now.yaml"
    path.write_text(json.dumps(wider(separated, "shell")))
    path.chmod(0o644)
    assert separated.bob("delete", "policy", "ops-on-prod", "--emergency", "I want to").returncode == 1
    made = separated.gateway.run("apply", "-f", path, "--emergency", "an attack is under way")
    assert made.returncode == 0 and "without a second administrator" in made.stderr, made
    assert separated.ssh("via", "true").returncode != 0
    assert "an attack is under way" in (separated.gateway.folder / "gateway.log").read_text()
    (open_item,) = separated.gateway.json("change", "list", "--to-review")
    assert separated.gateway.run("change", "review", open_item["code"]).returncode == 1, "their own"
    assert separated.bob("change", "review", open_item["code"], "--comment", "as agreed").returncode == 0
    assert separated.gateway.json("change", "list", "--to-review") == []
    (event,) = separated.gateway.json("audit", "search", "--type", "change.emergency", "")
    assert event["reason"] == "an attack is under way" and event["actor"] == "local:root", event


def test_approve_deny_and_cancel_at_once(separated):
    for _ in range(5):
        code = propose(separated, wider(separated, "shell", "exec", "sftp", "forwarding"))
        identifier = identifier_of(separated, code)
        results = {}
        acts = {"approve": lambda: separated.bob("change", "approve", identifier),
                "deny": lambda: separated.bob("change", "deny", identifier),
                "cancel": lambda: separated.gateway.run("change", "cancel", identifier)}
        threads = [threading.Thread(target=lambda name=name, act=act: results.update({name: act().returncode})) for name, act in acts.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        winner = [name for name, status in results.items() if status == 0]
        assert len(winner) == 1 and len(results) == 3, results
        assert state(separated, identifier) == {"approve": "applied", "deny": "denied", "cancel": "cancelled"}[winner[0]]
        allowed = "forward" in separated.gateway.cli("get", "policy", "ops-on-prod", "-o", "json")
        assert allowed == (winner == ["approve"])
        if allowed:
            code = propose(separated, wider(separated, "shell", "exec", "sftp"))
            assert separated.bob("change", "approve", code).returncode == 0


def test_a_change_waits_through_a_restart(separated):
    secret = separated.gateway.run("account", "set-secret", "passworded", input="not the password")
    assert secret.returncode == WAITS
    separated.gateway.restart()
    for path in (separated.gateway.data, separated.gateway.data / "admin.sock"):
        path.chmod(0o777)
    separated.write_ssh_config()
    (one,) = separated.gateway.json("change", "list", "--state", "waiting")
    assert separated.bob("change", "approve", one["code"]).returncode == 0
    refused = separated.ssh("passworded", "echo in")
    assert refused.returncode != 0, "the new secret counts, and is wrong"


def test_the_setting_must_cover_who_is_an_administrator(make_world):
    world = make_world(start=False, config={"changes": {"second_administrator": ["policy"]}})
    with pytest.raises(AssertionError, match="keys and roles"):
        world.gateway.start()
