# SPDX-License-Identifier: Apache-2.0
"""Forwarding where a policy allows it: as directly, and in the record. (Refused where none does: test_login.py.)"""
import contextlib
import hashlib
import os
import re
import socket
import subprocess
import threading

import pytest

from harness.process import free_port, until
from harness.world import USER

MIB = 1 << 20


@pytest.fixture(scope="module")
def open_world(build, folder, account):
    from harness.world import World
    world = World(build, folder / "forwarding", account, dropbear=False)
    try:
        world.start()
        world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                             "accounts": ["deploy", "keyed"], "allow": ["shell", "exec", "sftp", "forwarding", "forward-agent"]})
        yield world
    finally:
        world.stop()


class Echo:
    """A server that answers each connection with what it was sent, and counts them."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        self.served = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.listener.accept()
                self.served += 1
                threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    @staticmethod
    def _serve(one):
        with one, contextlib.suppress(OSError):
            while chunk := one.recv(65536):
                one.sendall(chunk)
            one.shutdown(socket.SHUT_WR)

    def close(self):
        # A thread in accept() keeps the socket until somebody comes.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def echo():
    server = Echo(("127.0.0.1", 0))
    yield server
    server.close()


def echoed(connection, size=3 * MIB):
    """Whether bytes come back as they went, the end of input too."""
    connection.settimeout(30)
    sent = os.urandom(size)

    def send():
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    got = hashlib.sha256()
    while chunk := connection.recv(65536):
        got.update(chunk)
    sender.join(30)
    return got.hexdigest() == hashlib.sha256(sent).hexdigest()


@contextlib.contextmanager
def client(world, *options, host="via"):
    process = world.popen(host, options=["-N", "-o", "ExitOnForwardFailure=yes", "-o", "LogLevel=INFO", *options], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def connected(address):
    """A connection, once somebody listens."""
    def attempt():
        one = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            one.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            one.close()
            return None
        return one
    return until(attempt, 20, f"a listener at {address}")


def recorded(world, *words):
    newest = world.gateway.newest_recording()["id"]
    world.gateway.sealed(newest)
    assert "sound, sealed" in world.gateway.cli("recording", "verify", newest)
    text = world.gateway.cli("recording", "export", newest, "--format", "jsonl")
    for word in words:
        assert str(word) in text, word


def test_a_local_port(open_world, echo):
    port = free_port()
    with client(open_world, "-L", f"127.0.0.1:{port}:127.0.0.1:{echo.port}"):
        for _ in range(3):
            with connected(("127.0.0.1", port)) as one:
                assert echoed(one)
    recorded(open_world, f'"type":"direct-tcpip","to":"127.0.0.1:{echo.port}"')
    shown = open_world.gateway.cli("recording", "show", open_world.gateway.newest_recording()["id"], "--events")
    assert f"type=direct-tcpip to=127.0.0.1:{echo.port} from=" in shown


def test_a_local_port_to_nobody_costs_only_that_connection(open_world, echo):
    port, other = free_port(), free_port()
    with client(open_world, "-L", f"127.0.0.1:{port}:127.0.0.1:1", "-L", f"127.0.0.1:{other}:127.0.0.1:{echo.port}") as ssh:
        with connected(("127.0.0.1", port)) as one:
            one.settimeout(20)
            assert one.recv(10) == b""
        with connected(("127.0.0.1", other)) as one:
            assert echoed(one, 1000)
        assert ssh.poll() is None


def test_a_local_socket_of_the_target(open_world, tmp_path):
    os.chmod(tmp_path, 0o755)
    served = Echo(str(tmp_path / "served"))
    os.chmod(tmp_path / "served", 0o777)
    for parent in tmp_path.parents:
        if parent.name.startswith("pytest-"):
            os.chmod(parent, 0o755)
    here = tmp_path / "here"
    try:
        with client(open_world, "-L", f"{here}:{tmp_path / 'served'}"):
            with connected(str(here)) as one:
                assert echoed(one, 100_000)
    finally:
        served.close()
    recorded(open_world, f'"type":"direct-streamlocal@openssh.com","to":"{tmp_path / "served"}"')


def test_socks(open_world, echo):
    """What VS Code and browsers use: the client is asked where to for each connection (SOCKS 4)."""
    port = free_port()
    with client(open_world, "-D", f"127.0.0.1:{port}"):
        with connected(("127.0.0.1", port)) as one:
            one.sendall(b"\x04\x01" + echo.port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + b"\0")
            assert one.recv(8)[:2] == b"\x00\x5a"
            assert echoed(one)


@pytest.mark.parametrize("how", ["a port that is asked for", "a port of the target's choice"])
def test_a_remote_port(open_world, echo, how):
    asked = free_port() if how == "a port that is asked for" else 0
    with client(open_world, "-R", f"127.0.0.1:{asked}:127.0.0.1:{echo.port}") as ssh:
        if asked == 0:
            line = ssh.stderr.readline().decode()
            asked = int(re.search(r"Allocated port (\d+)", line).group(1))
        for _ in range(2):
            with connected(("127.0.0.1", asked)) as one:
                assert echoed(one)
    recorded(open_world, '"type":"tcpip-forward","at":"127.0.0.1:', f'"type":"forwarded-tcpip","to":"127.0.0.1:{asked}"')
    until(lambda: not listens(asked), what="the target's port closed with the session")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_users_agent(open_world, tmp_path):
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.DEVNULL)
    try:
        until((tmp_path / "agent").exists, what="the agent")
        environment = {**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "agent")}
        subprocess.run(["ssh-add", "-q", str(open_world.user_key)], env=environment, check=True, capture_output=True)
        own = subprocess.run(["ssh-add", "-l"], env=environment, capture_output=True, text=True).stdout
        assert "SHA256:" in own
        seen = open_world.popen("via", "ssh-add -l", options=["-A"], env=environment, stdout=subprocess.PIPE)
        assert seen.communicate(timeout=30)[0].decode() == own
    finally:
        agent.kill()
        agent.wait()
    recorded(open_world, "auth-agent@openssh.com")


def test_a_session_beside_forwarded_connections(open_world, echo):
    """One connection, everything at once, as an editor's remote part does it."""
    port = free_port()
    process = open_world.popen("via", "echo up; cat", options=["-D", f"127.0.0.1:{port}", "-o", "ExitOnForwardFailure=yes"])
    assert process.stdout.readline() == b"up\n"
    try:
        with contextlib.ExitStack() as several:
            many = [several.enter_context(connected(("127.0.0.1", port))) for _ in range(8)]
            for one in many:
                one.sendall(b"\x04\x01" + echo.port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + b"\0")
                assert one.recv(8)[:2] == b"\x00\x5a"
            for one in many:
                assert echoed(one, 500_000)
        assert process.communicate(b"to the end", timeout=30)[0] == b"to the end"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
    assert open_world.gateway.sessions() == [] or all(s["user"] == USER for s in open_world.gateway.sessions())
