# SPDX-License-Identifier: Apache-2.0
"""What a logged-in user can cause at will: in the audit log it has a bound and is counted, and at targets it shuts out nobody."""
import socket
import subprocess
import threading

import paramiko
import pytest

from harness.process import until
from harness.world import USER

BURST = 50  # rows of one kind of event that a user has at once; then one more a second


@pytest.fixture
def quiet_world(make_world):
    return make_world()


def transport_as(world, name):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port), timeout=20))
    transport.start_client(timeout=20)
    transport.auth_publickey(name, paramiko.Ed25519Key.from_private_key_file(str(world.user_key)))
    return transport


def rows_and_withheld(world, kind):
    rows = [e for e in world.gateway.audit() if e["type"] == kind and e["actor"] == USER]
    told = [e for e in world.gateway.audit() if e["type"] == "audit.withheld" and e["actor"] == USER and e["kind"] == kind]
    return len(rows), sum(e["events"] for e in told), told


def test_refused_openings_in_a_flood_are_few_rows_and_a_count(quiet_world):
    world = quiet_world
    refused = 0
    for _ in range(3):  # a new session is no new share
        transport = transport_as(world, f"{USER}@deploy@web1")
        channel = transport.open_session(timeout=20)
        channel.exec_command("echo up; cat")
        assert channel.recv(3) == b"up\n"
        for _ in range(310):
            with pytest.raises(paramiko.ChannelException):
                transport.open_channel("direct-tcpip", ("127.0.0.1", 9), ("127.0.0.1", 0), timeout=20)
            refused += 1
        transport.close()
    until(lambda: len([e for e in world.gateway.audit() if e["type"] == "session.end"]) == 3, 20, "the sessions' ends")
    rows, withheld, told = rows_and_withheld(world, "session.refused")
    seconds = refused / 50  # no machine that runs these tests refuses fewer a second
    assert BURST <= rows <= BURST + seconds + 10, rows
    assert rows + withheld == refused == 930, (rows, withheld)
    assert len(told) <= 3 + 1 + seconds / 60, "one at a session's end, and one a minute"
    # And nothing else was lost: what cannot be caused at will, or belongs to a session, is there.
    for kind in ("session.start", "recording.start", "target.login", "session.end"):
        assert len([e for e in world.gateway.audit() if e["type"] == kind]) == 3, kind


def test_denied_sessions_in_a_flood_are_counted_over_all_connections(quiet_world):
    world = quiet_world
    tries = BURST + 40
    lanes = [tries // 2, tries - tries // 2]

    def lane(count):
        for _ in range(count):
            transport_as(world, f"{USER}@root@web1").close()

    threads = [threading.Thread(target=lane, args=(count,)) for count in lanes]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    until(lambda: rows_and_withheld(world, "session.denied")[0] >= BURST, 20, "the first of them")
    assert rows_and_withheld(world, "auth.success")[0] == tries, "a flood of one kind hides no other"
    world.gateway.restart()  # what was withheld is told before the end
    rows, withheld, _ = rows_and_withheld(world, "session.denied")
    assert rows + withheld == tries, (rows, withheld)


def failed_passwords(world):
    return world.target.log_text().count("Failed password")


def test_a_login_that_fails_is_spaced_and_harms_no_other_account(quiet_world):
    world = quiet_world
    world.gateway.cli("account", "set-secret", "passworded", input="not-the-password")
    first = world.ssh("passworded", "true")
    assert first.returncode == 255 and b"did not accept the account 'passworded'" in first.stderr
    for _ in range(5):
        again = world.ssh("passworded", "true")
        assert again.returncode == 255 and b"tries it again in" in again.stderr, again.stderr
    assert failed_passwords(world) == 1
    denied = [e for e in world.gateway.audit() if e["type"] == "session.denied"]
    assert len(denied) == 5 and all(e["reason"] == "login_spaced" for e in denied), denied
    assert world.ssh("via", "echo in").stdout == b"in\n", "an account that works"
    world.gateway.cli("account", "set-secret", "passworded", input=world.account.password)
    assert world.ssh("passworded", "echo in").stdout == b"in\n", "at once, for the secret was changed"


def test_a_crowd_with_a_wrong_secret_fails_but_a_few_times(quiet_world):
    world = quiet_world
    world.gateway.cli("account", "set-secret", "passworded", input="not-the-password")
    crowd = [world.popen("passworded", "true", stdin=subprocess.DEVNULL) for _ in range(20)]
    ends = [one.communicate(timeout=60) + (one.returncode,) for one in crowd]
    assert all(status == 255 and b"did not accept the account" in error for _, error, status in ends), ends
    assert 1 <= failed_passwords(world) <= 2
    world.gateway.cli("account", "set-secret", "passworded", input=world.account.password)
    crowd = [world.popen("passworded", "echo in", stdin=subprocess.DEVNULL) for _ in range(20)]
    assert [one.communicate(timeout=60)[0] for one in crowd] == [b"in\n"] * 20


@pytest.mark.parametrize("options", [[], ["-H"]], ids=["plain", "hashed"])
def test_host_keys_as_ssh_keyscan_prints_them(quiet_world, options):
    world = quiet_world
    host, port = world.target.address.split(":")
    scanned = subprocess.run(["ssh-keyscan", *options, "-p", port, host], check=True, capture_output=True, text=True).stdout.splitlines()
    keys = [line for line in scanned if not line.startswith("#")]
    assert keys and all(len(line.split()) == 3 for line in keys)
    world.gateway.apply({"kind": "target", "name": "web1", "protocol": "ssh", "address": world.target.address,
                         "labels": {"env": "prod", "kind": "openssh"}, "host_keys": keys})
    assert world.ssh("via", "echo in").stdout == b"in\n"
    shown = world.gateway.one("get", "target", "web1")
    assert any(world.target.key_line == " ".join(line.split()[:2]) for line in shown["host_keys"]), shown
