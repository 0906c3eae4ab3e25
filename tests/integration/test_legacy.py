# SPDX-License-Identifier: Apache-2.0
"""Old peers: nothing of theirs is offered by default; what a target or the configuration names works, and is noted."""
import os
import pathlib
import subprocess

import pytest

from harness.target import keygen, public_line
from harness.world import USER

DATA = os.urandom(3 << 20)
OLD = [
    ("diffie-hellman-group-exchange-sha256", "aes256-cbc", "hmac-sha2-512"),
    ("diffie-hellman-group-exchange-sha1", "aes192-cbc", "hmac-sha2-256"),
    ("diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1"),
    ("diffie-hellman-group1-sha1", "3des-cbc", "hmac-sha1"),
]


def login_of(gateway):
    """The newest record's login, and the audit log's."""
    identifier = gateway.newest_recording()["id"]
    gateway.sealed(identifier)
    recorded = [event for event in gateway.events(identifier) if event["event"] == "login"]
    audited = [event for event in gateway.audit() if event["type"] == "target.login" and event["session"] == identifier]
    assert len(recorded) == len(audited) == 1
    return recorded[0], audited[0]


def declare(world, name="web1", **more):
    world.gateway.apply({"kind": "target", "name": name, "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.target.key_line], **more})


@pytest.mark.parametrize("kex, cipher, mac", OLD, ids=[old[0] for old in OLD])
def test_an_old_target(make_world, kex, cipher, mac):
    world = make_world(target_options=[f"KexAlgorithms {kex}", f"Ciphers {cipher}", f"MACs {mac}"])
    refused = world.ssh("via", "echo no")
    assert refused.returncode != 0 and b"no" not in refused.stdout
    for missing in range(3):  # each of them counts
        declare(world, legacy=[name for i, name in enumerate((kex, cipher, mac)) if i != missing])
        assert world.ssh("via", "echo no").returncode != 0
    declare(world, legacy=[kex, cipher, mac])
    result = world.ssh("via", "cat", input=DATA)
    assert result.stdout == DATA, result.stderr
    recorded, audited = login_of(world.gateway)
    assert sorted(recorded["legacy"]) == sorted((kex, cipher, mac))
    assert sorted(audited["legacy"].split(", ")) == sorted((kex, cipher, mac))
    assert not [event for event in world.gateway.audit() if event["type"] == "worker.fault"]


def test_ssh_rsa(make_world, account, tmp_path):
    """A host key and an account's key that only sign over SHA-1."""
    host_key = keygen(tmp_path / "host_rsa", "rsa")
    user_key = keygen(tmp_path / "user_rsa", "rsa")
    world = make_world(target_options=[f"HostKey {host_key}", "HostKeyAlgorithms ssh-rsa", "PubkeyAcceptedAlgorithms ssh-rsa"])
    world.target.authorized.write_text(public_line(user_key) + "\n")
    world.gateway.cli("account", "set-secret", "keyed", input=pathlib.Path(user_key).read_text())
    declare(world, host_keys=[public_line(host_key)])
    assert world.ssh("keyed", "echo no").returncode != 0
    declare(world, host_keys=[public_line(host_key)], legacy=["ssh-rsa"])
    result = world.ssh("keyed", "echo yes")
    assert result.stdout == b"yes\n", result.stderr
    recorded, audited = login_of(world.gateway)
    assert recorded["legacy"] == ["ssh-rsa"] and audited["legacy"] == "ssh-rsa"


def test_a_target_that_knows_better_uses_better(make_world):
    world = make_world()
    declare(world, legacy=sorted({name for old in OLD for name in old} | {"ssh-rsa"}))
    assert world.ssh("via", "echo yes").stdout == b"yes\n"
    recorded, audited = login_of(world.gateway)
    assert "legacy" not in recorded and "legacy" not in audited


def curl(world, path):
    port = world.gateway.port
    scanned = subprocess.run(["ssh-keyscan", "-t", "ed25519", "-p", str(port), "127.0.0.1"], check=True, capture_output=True, text=True).stdout
    home = world.folder / "curl"
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh" / "known_hosts").write_text(scanned)
    return subprocess.run(["curl", "-sS", "--key", str(world.user_key), "--pubkey", f"{world.user_key}.pub", "-u", f"{USER}%deploy%web1:",
                           f"sftp://127.0.0.1:{port}{path}"], capture_output=True, timeout=60, env={**os.environ, "HOME": str(home)})


def test_an_old_client(make_world, account):
    file = account.home / "for-curl"
    file.write_bytes(DATA)
    file.chmod(0o644)
    ours = ["-o", "MACs=hmac-sha2-256,hmac-sha2-512", "-o", "Ciphers=aes128-ctr"]
    plain = make_world()
    assert plain.ssh("via", "true", options=ours).returncode == 255
    assert plain.ssh("via", "true", options=[*ours[2:], "-o", "MACs=hmac-sha2-256-etm@openssh.com"]).returncode == 0
    assert curl(plain, str(file)).returncode != 0
    world = make_world(config={"ssh": {"legacy_clients": ["hmac-sha2-512", "hmac-sha2-256"]}})
    assert world.ssh("via", "cat", input=DATA, options=[*ours, "-o", "RekeyLimit=1M"]).stdout == DATA
    fetched = curl(world, str(file))
    assert (fetched.returncode, fetched.stdout) == (0, DATA), fetched.stderr
    identifier = world.gateway.newest_recording()["id"]
    world.gateway.sealed(identifier)
    start = next(event for event in world.gateway.events(identifier) if event["event"] == "session-start")
    audited = [event for event in world.gateway.audit() if event["type"] == "session.start" and event["session"] == identifier]
    assert len(start["legacy"]) == 1 and audited[0]["legacy"] == start["legacy"][0]
    # Who prefers better is given better.
    assert world.ssh("via", "true", options=["-c", "aes128-ctr"]).returncode == 0
    assert "legacy" not in [event for event in world.gateway.audit() if event["type"] == "session.start"][-1]
