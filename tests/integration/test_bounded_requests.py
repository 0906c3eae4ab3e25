# SPDX-License-Identifier: Apache-2.0
"""A reason where nobody approves, and approvals for certain programs alone, with real clients and Ansible."""
import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

from harness.target import keygen, public_line
from harness.world import USER


def policy(**require):
    return {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
            "allow": ["shell", "exec", "sftp", "forwarding"], "require": require}


@pytest.fixture
def bounded(make_world):
    """alice needs the approval of bob, a lead."""
    world = make_world()
    key = keygen(world.folder / "bob_key")
    world.gateway.apply({"kind": "user", "name": "bob", "groups": ["leads"], "public_keys": [public_line(key)]},
                        policy(approval={"approvers": {"groups": ["leads"]}, "valid": "1h"}))
    world.bob = lambda *command: world.ssh("gateway", *command, options=["-l", "bob", "-i", str(key)])
    return world


def approved(world, *options):
    made = world.gateway.one("request", "create", "--user", USER, "--account", "deploy", *options, "web1")
    assert world.bob(f"approve {made['code']}").returncode == 0
    return made


def test_a_reason_counts_at_once_where_nobody_approves(make_world):
    world = make_world()
    world.gateway.apply(policy(reason=True, ticket="OPS-[0-9]+"))
    refused = world.ssh("via", "echo in")
    assert refused.returncode != 0 and b'"request deploy@web1 [--ticket TICKET] REASON"' in refused.stderr, refused
    assert world.ssh("gateway", "request deploy@web1 the disk is full").returncode == 1, "no ticket"
    assert world.ssh("gateway", "request deploy@web1 --ticket X-1 the disk is full").returncode == 1, "another's ticket"
    asked = world.ssh("gateway", "request deploy@web1 --ticket OPS-17 the disk is full")
    assert asked.returncode == 0 and b"approved" in asked.stderr, asked
    for _ in range(2):
        assert world.ssh("via", "echo in").stdout == b"in\n"
    used = [one for one in world.gateway.audit() if one["type"] in ("request.state", "request.use")]
    assert [one["type"] for one in used] == ["request.state", "request.use", "request.use"]
    assert used[0]["reason"] == "the disk is full" and used[0]["ticket"] == "OPS-17" and used[1]["session"]
    assert world.ssh("gateway", "break-glass deploy@web1 --ticket OPS-17 fire").returncode == 1
    # What nobody has approved is no approval when the policy asks for one.
    world.gateway.apply(policy(reason=True, ticket="OPS-[0-9]+", approval={"approvers": {"groups": ["leads"]}}))
    assert world.ssh("via", "echo in").stdout == b""
    code = re.search(rb"[0-9A-Z]{8}", asked.stderr).group().decode()
    world.gateway.apply(policy(reason=True, ticket="OPS-[0-9]+"))
    assert world.ssh("gateway", f"cancel {code}").returncode == 0
    assert world.ssh("via", "echo in").returncode != 0


def test_the_reason_is_good_for_what_it_names(make_world):
    world = make_world()
    world.gateway.apply(policy(reason=True), {"kind": "account", "name": "other", "targets": {"kind": "openssh"}, "login": "certificate", "login_name": world.account.name})
    world.gateway.apply({**policy(reason=True), "accounts": ["deploy", "other"]})
    assert world.ssh("gateway", "request other@web1 because").returncode == 0
    assert world.ssh("via", "echo in").returncode != 0
    assert world.ssh("gateway", "request deploy@web1 --for 2d because").returncode == 1, "a day at most"


def test_only_the_commands_that_were_approved_run(bounded):
    made = approved(bounded, "--command", "echo one", "--command", "echo two; echo three")
    assert made["commands_sha256"] == [hashlib.sha256(line).hexdigest() for line in (b"echo one", b"echo two; echo three")]
    assert bounded.ssh("via", "echo one").stdout == b"one\n"
    assert bounded.ssh("via", "echo two; echo three").stdout == b"two\nthree\n"
    for other in ("echo one ", "echo one; id", "id", "sh -c 'echo one'"):
        refused = bounded.ssh("via", other)
        assert refused.returncode != 0 and refused.stdout == b"", (other, refused)
    shell = bounded.ssh("via", input=b"echo in\nexit\n")
    assert shell.returncode != 0 and b"in\n" not in shell.stdout, shell
    copied = subprocess.run(["sftp", "-F", str(bounded.ssh_config), "-b", "-", "via"], input=b"ls\n", capture_output=True, timeout=60)
    assert copied.returncode != 0, copied
    forwarded = bounded.ssh("via", options=["-W", f"127.0.0.1:{bounded.target.port}"], input=b"")
    assert forwarded.returncode != 0 and b"SSH-2.0" not in forwarded.stdout, forwarded


def playbook_run(world, folder, playbook, stated):
    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n")
    inventory = folder / "inventory.ini"
    inventory.write_text(f"via ansible_python_interpreter={sys.executable}\n")
    arguments = f"-F {world.ssh_config} -o ControlMaster=auto -o ControlPersist=30s"
    if stated:
        arguments += f" -o SetEnv=SALLYPORT_PLAYBOOK_SHA256={stated}"
    environment = {**os.environ, "ANSIBLE_SSH_ARGS": arguments, "ANSIBLE_CONFIG": str(settings), "ANSIBLE_HOST_KEY_CHECKING": "False",
                   "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / stated[:4]), "ANSIBLE_PIPELINING": "True", "ANSIBLE_REMOTE_TMP": str(world.account.home / ".ansible"),
                   "ANSIBLE_LOCAL_TEMP": str(folder / "local"), "ANSIBLE_TIMEOUT": "60"}
    return subprocess.run(["ansible-playbook", "-i", str(inventory), str(playbook)], env=environment, capture_output=True, text=True, timeout=180)


def test_a_client_names_the_playbook_that_was_approved(bounded, folder, request):
    place = folder / request.node.name
    place.mkdir()
    playbook = place / "site.yml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.raw": "echo in"}, {"ansible.builtin.command": "true"}]}]))
    stated = hashlib.sha256(playbook.read_bytes()).hexdigest()
    made = approved(bounded, "--playbook", playbook)
    assert made["playbook_sha256"] == stated
    refused = bounded.ssh("via", "echo in")
    assert refused.returncode != 0 and b"SALLYPORT_PLAYBOOK_SHA256" in refused.stderr, refused
    assert bounded.ssh("via", "echo in", options=["-o", f"SetEnv=SALLYPORT_PLAYBOOK_SHA256={'0' * 64}"]).returncode != 0
    assert bounded.ssh("via", "echo in", options=["-o", f"SetEnv=SALLYPORT_PLAYBOOK_SHA256={stated}"]).stdout == b"in\n"
    done = playbook_run(bounded, place, playbook, stated)
    assert done.returncode == 0 and "failed=0" in done.stdout, done.stdout + done.stderr
    assert playbook_run(bounded, place, playbook, "1" * 64).returncode != 0


def test_a_bound_needs_somebody_who_agrees_to_it(make_world):
    world = make_world()
    world.gateway.apply(policy(reason=True))
    made = world.gateway.run("request", "create", "--user", USER, "--account", "deploy", "--reason", "x", "--command", "true", "web1")
    assert made.returncode == 1 and "nobody would check" in made.stderr, made
