# SPDX-License-Identifier: Apache-2.0
"""One connection as a jump host for many: how many go, and what asking for too much costs."""
import contextlib
import socket
import subprocess

import pytest

from harness.process import free_port, until

MOST = 64  # jumps through one connection


@contextlib.contextmanager
def forwarding(world, host):
    """Plain ssh with a local port that asks for host with each connection to it."""
    port = free_port()
    ssh = subprocess.Popen(["ssh", "-F", "/dev/null", "-N", "-p", str(world.gateway.port), "-i", str(world.user_key), "-o", "IdentitiesOnly=yes",
                            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ExitOnForwardFailure=yes",
                            "-L", f"127.0.0.1:{port}:{host}:22", "alice@127.0.0.1"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ready(port), 20, "the forwarded port")
        yield ssh, port
    finally:
        ssh.kill()
        ssh.wait()


def ready(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def answer(connection):
    connection.settimeout(20)
    try:
        return connection.recv(4)
    except ConnectionResetError:
        return b""


@pytest.mark.alone
def test_more_jumps_than_allowed_at_once_cost_nobody_his_own(make_world):
    world = make_world()
    with forwarding(world, "web1") as (ssh, port), contextlib.ExitStack() as open_ones:
        many = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(MOST + 40)]
        answers = [answer(one) for one in many]
        assert set(answers) == {b"SSH-", b""}
        # The one that looked whether the port is there may not have gone yet.
        assert MOST - 1 <= answers.count(b"SSH-") <= MOST
        assert ssh.poll() is None, "the connection itself goes on"
    assert not [e for e in world.gateway.audit() if e["type"] == "worker.fault"]


def test_a_jump_takes_a_strangers_place_until_it_is_logged_in(make_world):
    world = make_world(config={"limits": {"preauth_total": 2}})

    def stranger_gets_in():
        with socket.create_connection(("127.0.0.1", world.gateway.port), timeout=10) as one:
            return answer(one) == b"SSH-"
    with forwarding(world, "web1") as (ssh, port), contextlib.ExitStack() as open_ones:
        until(stranger_gets_in, what="the place of whoever looked whether the port is there")
        until(lambda: len(world.gateway.workers("front")) == 1, what="the end of all strangers")
        many = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(20)]
        answers = [answer(one) for one in many]
        assert set(answers) == {b"SSH-", b""} and answers.count(b"SSH-") <= 2
        assert len(world.gateway.workers("front")) <= 3, "the outer one, and two that are not logged in"
        if answers.count(b"SSH-") == 2:
            assert not stranger_gets_in(), "the places are the same for all"
        assert ssh.poll() is None, "the connection itself goes on"
        open_ones.close()
        until(stranger_gets_in, what="places again")
        assert world.ssh("web1", "echo in", timeout=40).stdout == b"in\n", "a jump that logs in gives its place back"


def test_denied_jumps_in_a_loop_are_told_once_and_counted(make_world):
    world = make_world()
    with forwarding(world, "bogus") as (ssh, port):
        for _ in range(300):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
                assert answer(one) == b""
        assert ssh.poll() is None
        denied = [e for e in world.gateway.audit() if e["type"] == "jump.denied"]
        assert 50 <= len(denied) < 150, "the first of a flood, and about one a second"
        assert denied[0]["actor"] == "alice"
