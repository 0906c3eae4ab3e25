# SPDX-License-Identifier: Apache-2.0
"""Logging in at the gateway and, by it, at the target; what is refused, and what the refusal says."""
import json
import pathlib
import re
import socket
import subprocess

import paramiko
import pytest

from harness.process import until
from harness.target import keygen, public_line
from harness.world import USER, USER_PASSWORD

CREDENTIAL_USED = re.compile(r"Accepted|Failed|Postponed|userauth|password for|publickey for", re.IGNORECASE)


@pytest.mark.parametrize("host, method", [("via", "certificate"), ("keyed", "key"), ("passworded", "password"), ("small", "key")])
def test_each_login_method_reaches_the_account(world, host, method):
    result = world.ssh(host, "id -un")
    assert result.stdout.decode().strip() == world.account.name, result.stderr
    identifier = world.gateway.newest_recording()["id"]
    world.gateway.sealed(identifier)
    text = world.gateway.cli("recording", "export", identifier, "--format", "jsonl")
    assert f'"{method}"' in text
    crossed = re.search(r'"secret_crossed"\s*:\s*true', text) is not None
    assert crossed == (method == "password")


def test_certificate_names_the_session_to_the_target(world):
    """The target's own log can be joined with ours: its line carries the certificate's identity."""
    world.ssh("via", "true")
    identifier = world.gateway.newest_recording()["id"]
    accepted = [line for line in world.target.log_text().splitlines() if "Accepted publickey" in line and "-CERT" in line]
    assert accepted and USER in accepted[-1], accepted[-1:]
    assert identifier in accepted[-1]


def test_wrong_user_key_is_refused(world, tmp_path):
    other = keygen(tmp_path / "other")
    # The configured key would be offered too, so ask with a configuration that has only the wrong one.
    config = tmp_path / "config"
    config.write_text(world.ssh_config.read_text().replace(str(world.user_key), str(other)))
    result = subprocess.run(["ssh", "-F", str(config), "via", "true"], capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert result.returncode == 255 and b"Permission denied" in result.stderr


def password_login(world, name, password):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", world.gateway.port, name, password=password, look_for_keys=False, allow_agent=False, timeout=20)
    return client


def test_password_of_a_user(world):
    with password_login(world, f"{USER}@deploy@web1", USER_PASSWORD) as client:
        assert client.exec_command("echo ok")[1].read() == b"ok\n"
    for wrong in ("", "x", USER_PASSWORD + " ", USER_PASSWORD.upper()):
        with pytest.raises(paramiko.SSHException):
            password_login(world, f"{USER}@deploy@web1", wrong).close()


def test_changed_host_key_no_credential_is_used(make_world):
    world = make_world()
    assert world.ssh("via", "true").returncode == 0
    world.target.new_host_key()
    for host in ("via", "keyed", "passworded"):
        before = len(world.target.log_text())
        result = world.ssh(host, "true")
        assert result.returncode not in (0,) and result.stdout == b""
        message = result.stderr.decode()
        assert "did not prove its identity" in message and "web1" in message and "host_keys" in message, message
        assert "No credential was used" in message
        assert not CREDENTIAL_USED.search(world.target.log_text()[before:]), world.target.log_text()[before:]
    # What to do, done: the new key is declared.
    world.declare()
    assert world.ssh("via", "echo back").stdout == b"back\n"
    assert any("host" in event["type"] for event in world.gateway.audit()), "the audit log names the refusal"


def test_unknown_host_key_no_credential_is_used(make_world):
    world = make_world()
    world.gateway.apply({"kind": "target", "name": "new1", "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "prod", "kind": "openssh"}})
    before = len(world.target.log_text())
    result = world.ssh("via", "true", options=["-l", f"{USER}@deploy@new1"])
    assert result.returncode != 0
    message = result.stderr.decode()
    assert "no host key of this target is on record" in message and "new1" in message and "target scan" in message, message
    # The message names the fingerprint that the target showed, to be compared.
    assert "SHA256:" in message
    assert not CREDENTIAL_USED.search(world.target.log_text()[before:])


def test_host_certificate_of_a_known_authority(make_world):
    world = make_world(start=False)
    authority = keygen(world.folder / "host_ca")
    subprocess.run(["ssh-keygen", "-q", "-s", str(authority), "-h", "-I", "web1", "-n", "127.0.0.1,web1", f"{world.target.host_key}.pub"], check=True)
    world.target.options.append(f"HostCertificate {world.target.host_key}-cert.pub")
    world.start()
    world.gateway.apply({"kind": "target", "name": "certified", "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "prod", "kind": "openssh"}, "host_ca": [public_line(authority)]})
    assert world.ssh("via", "echo ok", options=["-l", f"{USER}@deploy@certified"]).stdout == b"ok\n"
    other = keygen(world.folder / "other_ca")
    world.gateway.apply({"kind": "target", "name": "certified", "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "prod", "kind": "openssh"}, "host_ca": [public_line(other)]})
    refused = world.ssh("via", "true", options=["-l", f"{USER}@deploy@certified"])
    assert refused.returncode != 0 and b"did not prove its identity" in refused.stderr


def test_wrong_stored_password_says_so_and_leaks_nothing(make_world):
    world = make_world()
    world.gateway.cli("account", "set-secret", "passworded", input="not-the-password")
    result = world.ssh("passworded", "true")
    assert result.returncode != 0 and result.stderr
    assert b"not-the-password" not in result.stderr + result.stdout
    assert "not-the-password" not in world.gateway.log_tail(1000)
    assert "not-the-password" not in world.gateway.cli("audit", "tail", "-o", "json")


def test_target_that_does_not_answer(make_world):
    world = make_world()
    with socket.socket() as taken:  # and nobody listens there
        taken.bind(("127.0.0.1", 0))
        world.gateway.apply({"kind": "target", "name": "down1", "protocol": "ssh", "address": f"127.0.0.1:{taken.getsockname()[1]}",
                             "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.target.key_line]})
        result = world.ssh("via", "true", options=["-l", f"{USER}@deploy@down1"], timeout=20)
    assert result.returncode != 0 and b"down1" in result.stderr


@pytest.mark.parametrize("who, where", [("deploy", "nowhere"), ("nobody", "web1"), ("root", "web1"), ("deploy", "forbidden")])
def test_what_policy_does_not_name_is_refused_with_a_sentence(world, who, where):
    """The same one, whether there is no such target, no such account, or no policy for them: it tells nobody what exists."""
    world.gateway.apply({"kind": "target", "name": "forbidden", "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "test", "kind": "openssh"}, "host_keys": [world.target.key_line]})
    sentence = f"Sallyport: you have no access to {who} on {where}"
    result = world.ssh("via", "echo ran", options=["-l", f"{USER}@{who}@{where}"])
    assert (result.returncode, result.stdout, result.stderr) == (255, b"", f"{sentence}\n".encode())
    # On a terminal, too.
    on_tty = world.ssh("via", options=["-tt", "-l", f"{USER}@{who}@{where}"])
    assert (on_tty.returncode, on_tty.stdout) == (255, f"{sentence}\r\n".encode())


def test_permissions_are_told_apart(make_world, tmp_path):
    world = make_world()
    policy = {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"]}
    world.gateway.apply({**policy, "allow": ["exec"]})
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
    assert world.ssh("via", input=b"echo shell\n").returncode != 0
    assert subprocess.run(["sftp", "-F", str(world.ssh_config), "-b", "/dev/null", "via"], capture_output=True, stdin=subprocess.DEVNULL).returncode != 0
    world.gateway.apply({**policy, "allow": ["sftp"]})
    assert subprocess.run(["sftp", "-F", str(world.ssh_config), "-b", "/dev/null", "via"], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
    refused = world.ssh("via", "echo ran")
    assert refused.returncode != 0 and b"ran" not in refused.stdout
    forward = tmp_path / "forward"
    world.gateway.apply({**policy, "allow": ["exec", "shell"]})
    # Forwarding was not allowed: the channel is refused, the session goes on.
    process = world.popen("via", "sleep 20", options=["-L", f"{forward}:127.0.0.1:{world.target.port}", "-A"])
    try:
        world.gateway.live_session()
        until(forward.exists, what="the client's forward")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(10)
            probe.connect(str(forward))
            assert probe.recv(10) == b""
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    world.gateway.apply({**policy, "effect": "deny", "name": "freeze"})
    assert world.ssh("via", "true").returncode != 0


def test_disabled_and_deleted_users_and_revoked_keys(make_world):
    world = make_world()
    key = public_line(world.user_key)
    world.gateway.apply({"kind": "user", "name": USER, "groups": ["ops"], "public_keys": [key], "disabled": True})
    assert world.ssh("via", "true").returncode == 255
    world.gateway.apply({"kind": "user", "name": USER, "groups": ["ops"], "public_keys": []})
    assert world.ssh("via", "true").returncode == 255
    world.gateway.cli("user", "add-key", USER, input=pathlib.Path(f"{world.user_key}.pub").read_text())
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
    world.gateway.cli("delete", "user", USER)
    assert world.ssh("via", "true").returncode == 255


def test_policy_test_explains(world):
    allowed = world.gateway.json("policy", "test", "--user", USER, "--target", "web1", "--account", "deploy")
    assert allowed["verdict"] == "allow" and allowed["policies"] == ["ops-on-prod"]
    denied = world.gateway.run("policy", "test", "--user", USER, "--target", "web1", "--account", "root", "-o", "json")
    assert denied.returncode == 1
    told = json.loads(denied.stdout)
    assert told["verdict"] == "deny" and "root" in told["reason"]
    assert {"policy": "ops-on-prod", "outcome": "other_account"} in told["considered"]
