# SPDX-License-Identifier: Apache-2.0
"""Access that needs approval: stock clients wait for it, people decide it, and what was approved ends with its time."""
import json
import re
import time

import pytest

from harness.process import until
from harness.target import keygen, public_line
from harness.world import USER


def policy(**require):
    return {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
            "accounts": ["deploy"], "allow": ["shell", "exec", "sftp"], "require": require}


def approval(valid="1h", count=1, **approvers):
    return {"approvers": approvers or {"groups": ["leads"]}, "count": count, "valid": valid}


@pytest.fixture
def guarded(make_world):
    """alice needs the approval of one of the leads, bob and carol; each has a host of their own in ssh_config."""
    world = make_world()
    world.keys = {USER: world.user_key}
    for name in ("bob", "carol"):
        world.keys[name] = keygen(world.folder / f"{name}_key")
        world.gateway.apply({"kind": "user", "name": name, "groups": ["leads"], "public_keys": [public_line(world.keys[name])]})
    world.gateway.apply(policy(approval=approval()))
    with world.ssh_config.open("r+") as config:
        rest = config.read()
        config.seek(0)
        for name in ("bob", "carol"):
            config.write(f"Host {name}\n  HostName 127.0.0.1\n  Port {world.gateway.port}\n  User {name}\n  IdentityFile {world.keys[name]}\n")
        config.write(rest)
    return world


def requests(world, **filters):
    words = [word for key, value in filters.items() for word in (f"--{key}", value)]
    return json.loads(world.gateway.cli("request", "list", *words, "-o", "json"))


def waiting_request(world):
    return until(lambda: requests(world, state="waiting"), 20, "a request that waits")[0]


def approve(world, name, by="bob"):
    return world.ssh(by, f"approve {name}")


def test_a_stock_client_is_held_and_goes_on_by_itself(guarded):
    client = guarded.popen("via", "echo here; cat")
    request = waiting_request(guarded)
    assert request["user"] == USER and request["targets"] == ["web1"] and request["account"] == "deploy"
    assert client.poll() is None
    decided = approve(guarded, request["code"])
    assert decided.returncode == 0, decided
    out, err = client.communicate(b"more", timeout=30)
    assert (client.returncode, out) == (0, b"here\nmore"), err
    assert request["code"].encode() in err and b"leads" in err, err


def test_a_denial_is_told_with_its_comment(guarded):
    client = guarded.popen("via", "echo here")
    request = waiting_request(guarded)
    assert guarded.ssh("carol", f"deny {request['code']} not today").returncode == 0
    out, err = client.communicate(timeout=30)
    assert client.returncode != 0 and out == b"" and b"not today" in err, (client.returncode, err)


def test_nobody_decides_their_own(guarded):
    guarded.gateway.apply({"kind": "user", "name": USER, "groups": ["ops", "leads"], "public_keys": [public_line(guarded.user_key)]})
    client = guarded.popen("via", "true")
    request = waiting_request(guarded)
    own = approve(guarded, request["code"], by="gateway")
    assert own.returncode != 0 and b"own" in own.stdout + own.stderr
    assert client.poll() is None
    assert approve(guarded, request["code"], by="carol").returncode == 0
    assert client.wait(timeout=30) == 0


def test_a_request_made_before_needs_no_wait_and_counts_its_sessions(guarded):
    asked = guarded.ssh("gateway", "request deploy@web1 --for 10m --ticket T-7 the disk is full")
    code = re.match(rb"[0-9A-Z]{8}", asked.stdout + asked.stderr)
    assert asked.returncode == 0 and code, asked
    assert approve(guarded, code.group().decode()).returncode == 0
    for _ in range(2):
        assert guarded.ssh("via", "true", timeout=20).returncode == 0
    shown = json.loads(guarded.gateway.cli("request", "show", code.group().decode(), "-o", "json"))
    assert (shown["sessions"], shown["reason"], shown["ticket"], shown["state"]) == (2, "the disk is full", "T-7", "approved")
    assert b"the disk is full" in guarded.ssh("gateway", "requests").stderr


def test_two_of_two(guarded):
    guarded.gateway.apply(policy(approval=approval(count=2)))
    client = guarded.popen("via", "echo here")
    request = waiting_request(guarded)
    assert approve(guarded, request["code"]).returncode == 0
    assert approve(guarded, request["code"]).returncode != 0, "the same person twice"
    assert waiting_request(guarded)["id"] == request["id"] and client.poll() is None
    assert approve(guarded, request["code"], by="carol").returncode == 0
    assert client.communicate(timeout=30)[0] == b"here\n"


def test_a_reason_must_have_been_given(guarded):
    guarded.gateway.apply(policy(approval=approval(), reason=True))
    refused = guarded.ssh("via", "true")
    assert refused.returncode != 0 and b"request deploy@web1" in refused.stderr, refused.stderr
    assert requests(guarded) == []
    assert guarded.ssh("gateway", "request deploy@web1").returncode != 0, "without one"
    asked = guarded.ssh("gateway", "request deploy@web1 disk full")
    assert asked.returncode == 0
    assert approve(guarded, waiting_request(guarded)["code"]).returncode == 0
    assert guarded.ssh("via", "true").returncode == 0


def test_ending_a_request_ends_its_sessions_at_once(guarded):
    client = guarded.popen("via", "echo up; cat")
    request = waiting_request(guarded)
    assert approve(guarded, request["code"]).returncode == 0
    assert client.stdout.readline() == b"up\n"
    began = time.monotonic()
    assert guarded.ssh("carol", f"cancel {request['code']}").returncode == 0
    err = client.communicate(timeout=20)[1]
    assert client.returncode != 0 and b"approval was ended" in err, err
    assert time.monotonic() - began < 10
    again = guarded.popen("via", "true")
    assert waiting_request(guarded)["id"] != request["id"], "the ended one grants nothing"
    again.kill()
    again.communicate()


def test_a_session_ends_with_the_time_that_was_approved(guarded):
    guarded.gateway.apply(policy(approval=approval(valid="4s")))
    client = guarded.popen("via", "echo up; cat")
    request = waiting_request(guarded)
    assert approve(guarded, request["code"]).returncode == 0
    assert client.stdout.readline() == b"up\n"
    assert client.wait(timeout=30) != 0
    shown = until(lambda: (one := json.loads(guarded.gateway.cli("request", "show", request["id"], "-o", "json")))["state"] == "expired" and one,
                  20, "the end of its time")
    assert shown["sessions"] == 1


def test_a_request_outlives_the_gateway(guarded):
    client = guarded.popen("via", "true")
    request = waiting_request(guarded)
    guarded.gateway.kill()
    client.communicate(timeout=30)
    guarded.gateway.config["listen"] = {"ssh": f"127.0.0.1:{guarded.gateway.port}"}
    guarded.gateway.start()
    again = guarded.popen("via", "echo here")
    assert waiting_request(guarded)["id"] == request["id"], "it is joined, not made anew"
    assert approve(guarded, request["code"]).returncode == 0
    assert again.communicate(timeout=30)[0] == b"here\n"


def test_the_glass_is_broken_and_somebody_reviews_it(guarded):
    refused = guarded.ssh("gateway", "break-glass deploy@web1 it burns")
    assert refused.returncode != 0 and b"break the glass" in refused.stderr, refused.stderr
    guarded.gateway.apply(policy(approval={**approval(), "break_glass": True}))
    silent = guarded.ssh("gateway", "break-glass deploy@web1")
    assert silent.returncode != 0 and b"says why" in silent.stderr, silent.stderr
    broken = guarded.ssh("gateway", "break-glass deploy@web1 it burns")
    code = re.match(rb"[0-9A-Z]{8}", broken.stderr)
    assert broken.returncode == 0 and code, broken
    assert guarded.ssh("via", "echo here", timeout=20).stdout == b"here\n", "at once"
    assert "glass broken by alice" in guarded.gateway.process.own_log_text()
    code = code.group().decode()
    (open_item,) = json.loads(guarded.gateway.cli("request", "list", "--to-review", "-o", "json"))
    assert (open_item["code"], open_item["break_glass"], open_item["reviewed_by"]) == (code, True, "")
    assert guarded.ssh("gateway", f"review {code}").returncode != 0, "not one's own"
    assert code.encode() in guarded.ssh("bob", "requests").stderr
    assert guarded.ssh("bob", f"review {code} as agreed").returncode == 0
    assert json.loads(guarded.gateway.cli("request", "list", "--to-review", "-o", "json")) == []
    shown = json.loads(guarded.gateway.cli("request", "show", code, "-o", "json"))
    assert (shown["reviewed_by"], shown["review"], shown["reason"]) == ("bob", "as agreed", "it burns")


def asked_and_approved(world, words="request deploy@web1 --for 30m a test"):
    """The id of a request of alice's that bob has approved."""
    asked = world.ssh("gateway", words)
    code = re.match(rb"[0-9A-Z]{8}", asked.stdout + asked.stderr).group().decode()
    assert approve(world, code).returncode == 0
    return json.loads(world.gateway.cli("request", "show", code, "-o", "json"))["id"]


def shown(world, identifier):
    return json.loads(world.gateway.cli("request", "show", identifier, "-o", "json"))


def is_held(world, identifier):
    """A connection is held for another request, whatever this one is good for."""
    sessions = shown(world, identifier)["sessions"]
    client = world.popen("via", "echo here")
    other = waiting_request(world)
    assert other["id"] != identifier and shown(world, identifier)["sessions"] == sessions and client.poll() is None
    assert world.ssh("gateway", f"cancel {other['code']}").returncode == 0
    assert client.communicate(timeout=30)[0] == b"" and client.returncode != 0
    return True


def test_what_a_policy_allows_after_the_approval_is_not_approved(guarded):
    narrow = policy(approval=approval())
    guarded.gateway.apply({**narrow, "allow": ["exec"]})
    identifier = asked_and_approved(guarded)
    assert shown(guarded, identifier)["allows"] == {"web1": ["exec"]}
    guarded.gateway.apply({**narrow, "allow": ["shell", "exec", "sftp", "forwarding"]})
    assert guarded.ssh("via", "echo here").stdout == b"here\n"
    for options in (["-s"], ["-T"], ["-W", f"127.0.0.1:{guarded.target.port}"]):
        command = ["sftp"] if options == ["-s"] else []
        wider = guarded.ssh("via", *command, options=options, input=b"echo wider\n")
        assert wider.returncode != 0 and b"wider" not in wider.stdout, (options, wider)
    assert guarded.ssh("gateway", f"cancel {shown(guarded, identifier)['code']}").returncode == 0
    asked_and_approved(guarded)
    assert guarded.ssh("via", options=["-T"], input=b"echo wider\n").stdout == b"wider\n", "a new request has it"


def test_what_a_policy_denies_or_demands_after_the_approval_counts(guarded):
    identifier = asked_and_approved(guarded)
    assert guarded.ssh("via", "echo here").stdout == b"here\n"
    guarded.gateway.apply({**policy(approval=approval()), "allow": ["shell", "sftp"]})
    assert guarded.ssh("via", "echo here").returncode != 0
    guarded.gateway.apply(policy(approval=approval(users=["carol"])))
    assert is_held(guarded, identifier), "bob's approval is worth nothing by now"
    guarded.gateway.apply(policy(approval=approval()))
    assert guarded.ssh("via", "echo here").stdout == b"here\n"


@pytest.mark.parametrize("change", ["target", "account", "user"])
def test_an_approval_is_for_what_its_names_meant(guarded, change):
    identifier = asked_and_approved(guarded)
    assert guarded.ssh("via", "echo here").stdout == b"here\n"
    before = {kind: json.loads(guarded.gateway.cli("get", kind, name, "-o", "json")) for kind, name in
              (("target", "web1"), ("account", "deploy"), ("user", USER))}[change]
    if change == "target":
        guarded.gateway.apply({**before, "address": "127.0.0.1:1"})
        assert is_held(guarded, identifier)
    elif change == "account":
        guarded.gateway.apply({**before, "login_name": "somebody-else"})
        assert is_held(guarded, identifier)
    else:
        guarded.gateway.cli("delete", "user", USER)
        guarded.gateway.apply(before)
        assert is_held(guarded, identifier)
        return
    guarded.gateway.apply(before)
    assert guarded.ssh("via", "echo here").stdout == b"here\n", "it means again what was approved"


def test_what_is_told_in_a_terminal(guarded):
    client = guarded.popen("via", options=("-tt",))
    request = waiting_request(guarded)
    assert approve(guarded, request["code"]).returncode == 0
    out = client.communicate(b"echo in-$((40+2)); exit\n", timeout=30)[0]
    assert request["code"].encode() in out and b"in-42" in out, out


def test_local_accounts_have_their_users_roles(guarded, account):
    """Root administers; an account that no user owns does nothing; one that a user owns has that user's roles."""
    from test_audit import as_account
    import grp
    import pwd
    for path in (guarded.gateway.data, guarded.gateway.data / "admin.sock"):
        path.chmod(0o777)
    guarded.gateway.config["service_group"] = grp.getgrgid(pwd.getpwnam(account.name).pw_gid).gr_name
    guarded.gateway.stop()
    guarded.gateway.start()
    for path in (guarded.gateway.data, guarded.gateway.data / "admin.sock"):
        path.chmod(0o777)
    refused = as_account(guarded, account, "session", "list")
    assert refused.returncode != 0 and "local_account" in refused.stderr, refused
    guarded.gateway.apply({"kind": "user", "name": "carol", "groups": ["leads"], "local_account": account.name})
    assert as_account(guarded, account, "session", "list", "-o", "json").stdout.strip() == "[]"
    assert as_account(guarded, account, "audit", "search", "x").returncode != 0
    guarded.write_ssh_config()
    client = guarded.popen("via", "echo here")
    request = waiting_request(guarded)
    assert as_account(guarded, account, "request", "approve", request["code"]).returncode == 0
    assert client.communicate(timeout=30)[0] == b"here\n"
    guarded.gateway.cli("user", "set-role", "carol", "auditor")
    assert as_account(guarded, account, "session", "list", "--all", "-o", "json").returncode == 0
    assert as_account(guarded, account, "delete", "user", USER).returncode != 0
