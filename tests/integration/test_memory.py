# SPDX-License-Identifier: Apache-2.0
"""The memory of fronts and backs, read as root would, holds no private key and no stored password."""
import base64
import hashlib
import os
import pathlib
import random
import re
import socket
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.flood import KINDS, MIB, Flooder, flooded, paused
from harness.memory import forms_of_key, found_in, memory, memory_writable
from harness.process import until
from harness.puppet import string
from harness.slow_target import SlowTarget
from harness.world import USER, USER_PASSWORD


ED25519 = string("ssh-ed25519") + b"\0\0\0\x20"


def fingerprint_of(blob):
    return base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()


def fingerprint(line):
    """Of a public key line, as ssh-keygen and sshd's log show it, without "SHA256:"."""
    return fingerprint_of(base64.b64decode(line.split()[1]))


LOGINS = {"via": "certificate", "keyed": "key", "passworded": "password"}


@pytest.mark.parametrize("host", LOGINS)
def test_workers_hold_no_stored_secret(make_world, host):
    world = make_world()
    process = world.popen(host, "echo visible-marker-8823; cat")
    try:
        assert process.stdout.readline() == b"visible-marker-8823\n"
        needles = {**forms_of_key(world.account.key), "user's private key": forms_of_key(world.user_key)["seed"],
                   "stored password": world.account.password.encode(), "user's password": USER_PASSWORD.encode()}
        identifier = world.gateway.live_session(user=USER)["id"]
        (software,) = [event["target_software"] for event in world.gateway.events(identifier) if event["event"] == "login"]
        client = subprocess.run(["ssh", "-V"], capture_output=True, text=True).stderr.split(",")[0]
        for leg, version in (("front", f"SSH-2.0-{client}"), ("back", software)):
            (pid,) = world.gateway.workers(leg)
            content = memory(pid)
            ours = version.encode()
            # The search can find what is there: the other end's version, which each key exchange of this session hashes.
            assert ours in content
            # After a password login, too: it crossed into the back for one step and was wiped.
            assert found_in(content, needles) == [], f"in the {leg} of a {LOGINS[host]} login"
            assert b"OPENSSH PRIVATE KEY-----\n" not in content.replace(b"-----BEGIN OPENSSH PRIVATE KEY-----\0", b"")
    finally:
        process.kill()
        process.wait()


def test_a_users_password_is_wiped_from_the_front(make_world):
    import paramiko
    world = make_world()
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", world.gateway.port, f"{USER}@deploy@web1", password=USER_PASSWORD, look_for_keys=False, allow_agent=False)
    with client:
        client.exec_command("cat")
        world.gateway.live_session(user=USER)
        for leg in ("front", "back"):
            (pid,) = world.gateway.workers(leg)
            assert USER_PASSWORD.encode() not in memory(pid), leg


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_guess_is_wiped_from_the_broker_once_it_is_judged(make_world, method):
    import paramiko
    world = make_world()
    guess = "a guess of 7391 " * 64  # more than vector registers hold, which the dynamic linker saves on the stack
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20))
    try:
        transport.start_client(timeout=20)
        with pytest.raises(paramiko.AuthenticationException):
            if method == "password":
                transport.auth_password(USER, guess, fallback=False)
            else:
                transport.auth_interactive(USER, lambda *_: [guess])
        assert guess.encode()[200:400] not in memory(world.gateway.pid)
    finally:
        transport.close()


@pytest.mark.slow
def test_no_private_half_of_the_gateways_own_keys(make_world, sanitized):
    """Every 32 aligned bytes of the workers' writable memory, tried as the seed of the host key, of the user CA, and of the
    key that this session's certificate is for."""
    if sanitized:
        pytest.skip("a sanitizer's build has a hundred times the memory, most of it no memory of the worker")
    world = make_world()
    process = world.popen("via", "echo up; cat")
    try:
        assert process.stdout.readline() == b"up\n"
        certified = re.findall(r"Accepted publickey .* ED25519-CERT SHA256:(\S+)", world.target.log_text())
        keys = {fingerprint(next(line for line in world.known_hosts_for_gateway().splitlines() if "ssh-ed25519" in line).split(" ", 1)[1]): "host key",
                fingerprint(re.search(r"ssh-ed25519 \S+", world.gateway.cli("ca", "show", "user")).group()): "user CA",
                certified[-1]: "certified key"}
        assert len(keys) == 3

        # Who asked for the host key has gone.
        until(lambda: len(world.gateway.workers("front")) == 1, what="one front")

        def private_halves(pid):
            content, found, tried = memory_writable(pid), set(), set()
            for at in range(0, len(content) - 32, 16):
                candidate = content[at:at + 32]
                # A seed is 32 random bytes: what has many equal bytes is none.
                if candidate in tried or len(set(candidate)) < 20:
                    continue
                tried.add(candidate)
                public = Ed25519PrivateKey.from_private_bytes(candidate).public_key().public_bytes_raw()
                if (name := keys.get(fingerprint_of(ED25519 + public))) is not None:
                    found.add(name)
            return found, len(tried)

        for leg in ("front", "back"):
            found, tried = private_halves(world.gateway.workers(leg)[0])
            assert found == set() and tried > 100, leg
        # The same search does find them where they belong. The certified key is made for one login and gone after it.
        assert {"host key", "user CA"} <= private_halves(world.gateway.pid)[0]
    finally:
        process.kill()
        process.wait()


def test_worker_cannot_be_read_by_its_own_user(make_world):
    """Not dumpable: another process of the workers' user may not even list its memory."""
    world = make_world()
    process = world.popen("via", "echo up; cat")
    try:
        assert process.stdout.readline() == b"up\n"
        (pid,) = world.gateway.workers("front")
        uid = int(pathlib.Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[0])
        assert uid != 0
        for name in ("mem", "maps", "environ"):
            tried = subprocess.run(["cat", f"/proc/{pid}/{name}"], capture_output=True, user=uid, group=uid if uid else None, extra_groups=[])
            assert tried.returncode != 0, name
    finally:
        process.kill()
        process.wait()


def test_workers_are_contained(make_world, sanitized):
    """As the kernel sees them: namespaces of their own, no capability, no new privileges, two seccomp filters, no files."""
    world = make_world()
    process = world.popen("via", "echo up; cat")
    try:
        assert process.stdout.readline() == b"up\n"
        workers = world.gateway.workers()
        assert len(workers) == 2
        for pid in workers:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            field = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            assert field["NoNewPrivs"] == "1" and field["Seccomp"] == "2" and int(field["Seccomp_filters"]) >= 2
            assert int(field["CapEff"], 16) == 0 and int(field["CapPrm"], 16) == 0 and int(field["CapBnd"], 16) == 0
            for space in ("user", "mnt", "pid", "net", "ipc", "uts"):
                assert os.readlink(f"/proc/{pid}/ns/{space}") != os.readlink(f"/proc/{world.gateway.pid}/ns/{space}"), space
            assert os.listdir(f"/proc/{pid}/root/") == []
            descriptors = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
            # A sanitizer's build keeps standard error, for its reports.
            allowed = r"socket:|anon_inode:|/memfd:|/dev/null$" + (r"|.*/gateway\.log$" if sanitized else "")
            assert all(re.match(allowed, name) for name in descriptors), descriptors
    finally:
        process.kill()
        process.wait()


# docs/threat-model.md: what a session that waits may cost the broker.
HELD_BOUND = 8 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_a_user_who_floods_does_not_fill_the_broker(make_world, kind, sanitized):
    """While a target opens, and while the session is paused: each kind of message that a user can send without end."""
    world = make_world()
    slow = SlowTarget(world)
    seeded = random.Random(kind)
    kinds = KINDS if kind == "all" else (kind,)
    bound = HELD_BOUND * (4 if sanitized else 1)
    flooders = []
    try:
        flooders.append(Flooder(world, f"{USER}@deploy@slow1"))
        until(lambda: slow.waiting == 1, what="a connection to the target")
        grown, sent = flooded(world, flooders, kinds, seeded, 4)
        assert grown < bound, f"while the target opens: {grown} bytes, of {sent} sent"
        flooders[0].close()

        flooders.append(Flooder(world, f"{USER}@deploy@web1"))
        paused(world, flooders[1], world.gateway.live_session(user=USER, target="web1")["id"])
        grown, sent = flooded(world, flooders[1:], kinds, seeded, 4)
        assert grown < bound, f"while paused: {grown} bytes, of {sent} sent"
        flooders[1].close()
        assert world.ssh("via", "echo others").stdout == b"others\n"
    finally:
        for one in flooders:
            one.close()
        slow.close()


def test_one_users_sessions_together_have_a_bound(make_world):
    """Whoever goes beyond hears why, and nobody else is harmed."""
    world = make_world()
    slow = SlowTarget(world)
    seeded = random.Random(7)
    flooders = [Flooder(world, f"{USER}@deploy@slow1") for _ in range(40)]
    try:
        grown, sent = flooded(world, flooders, ("env",), seeded, 20)
        # What all wait for together, and as much again for what is on its way and for the allocator.
        assert grown < 128 * MIB, f"{grown} bytes, of {sent} sent"
        assert world.ssh("via", "echo others").stdout == b"others\n"
    finally:
        for one in flooders:
            one.close()
        slow.close()
