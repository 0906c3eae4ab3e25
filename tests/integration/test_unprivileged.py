# SPDX-License-Identifier: Apache-2.0
"""The gateway as the package runs it: as a user of its own, without any privilege. Its workers are contained no less."""
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess

import pytest

from harness.hostile import connect, refused_calls
from harness.process import descendants, status_field
from harness.world import World

MIB = 1 << 20


@pytest.fixture(scope="module")
def service_user():
    name = f"spg-{secrets.token_hex(4)}"
    subprocess.run(["useradd", "--system", "-M", "-s", "/usr/sbin/nologin", name], check=True, capture_output=True)
    yield name
    subprocess.run(["userdel", "-f", name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def unprivileged(build, folder, account, service_user):
    world = World(build, folder / "unprivileged", account, dropbear=False, gateway_user=service_user)
    try:
        yield world.start()
    finally:
        world.stop()


def test_a_session_works_and_its_record_verifies(unprivileged):
    sent = os.urandom(12 * MIB)  # past what is recorded verbatim: through the ring too
    result = unprivileged.ssh("via", "tee /dev/stderr | sha256sum; exit 7", input=sent)
    assert result.returncode == 7
    assert result.stdout.split()[0].decode() == hashlib.sha256(sent).hexdigest() and result.stderr == sent
    recording = unprivileged.gateway.newest_recording()
    unprivileged.gateway.sealed(recording["id"])
    assert "sound, sealed" in unprivileged.gateway.cli("recording", "verify", recording["id"])


def test_nobody_in_it_has_a_privilege(unprivileged, service_user):
    uid = pwd.getpwnam(service_user).pw_uid
    holder = unprivileged.popen("via", "echo up; cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"up\n"
        gateway = unprivileged.gateway.pid
        workers = unprivileged.gateway.workers()
        assert len(workers) >= 2 and set(workers) <= set(descendants(gateway))
        for pid in (gateway, *descendants(gateway)):
            assert status_field(pid, "Uid").split() == [str(uid)] * 4, pid
        for field in ("CapPrm", "CapEff", "CapAmb"):
            assert int(status_field(gateway, field), 16) == 0, field
            for pid in workers:
                assert int(status_field(pid, field), 16) == 0, (pid, field)
    finally:
        holder.stdin.close()
        holder.wait(10)


def test_a_hostile_worker_is_refused_as_much(build, folder, account, messages, service_user, sanitized):
    """Without root the worker's user is the broker's own: its walls are all there is."""
    own = folder / "unprivileged-hostile"
    programs = own / "libexec"
    programs.mkdir(parents=True)
    for name in ("sallyport-front-ssh", "sallyport-back-ssh", "sallyport-back-telnet", "sallyport-inspector"):
        shutil.copy(build / "bin" / name.replace("sallyport-front-ssh", "sallyport-puppet"), programs / name)
    world = World(build, own, account, dropbear=False, gateway_user=service_user,
                  config={"libexec_dir": str(programs), "limits": {"preauth_seconds": 20}})
    try:
        world.start()
        asking = connect(world)
        names = asking.attempts()
        asking.close()
        refused_calls(names, lambda: connect(world), sanitized)
    finally:
        world.stop()


def test_doctor_finds_it_fit(unprivileged):
    result = unprivileged.gateway.run("doctor")
    assert result.returncode == 0, result.stdout + result.stderr
