# SPDX-License-Identifier: Apache-2.0
"""Post-quantum key exchange on both legs: ML-KEM with paramiko (on another implementation of it) as client and as target,
sntrup761 with OpenSSH's as client and as target; and what comes first."""
import socket
import threading

import paramiko
import pytest

from harness.process import until
from harness.target import keygen, public_line
from harness.world import USER

MLKEM = "mlkem768x25519-sha256"
SNTRUP = ("sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com")
FIRST = [MLKEM, *SNTRUP]


class MlkemTarget:
    """A server that takes ML-KEM alone: a password, and for each command its name twice."""

    def __init__(self, folder, password):
        folder.mkdir()
        self.host_key_file = keygen(folder / "host_key")
        self.password = password
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.transports = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(self.host_key_file)))
            transport.get_security_options().kex = (MLKEM,)
            self.transports.append(transport)
            transport.start_server(server=_Commands(self), event=threading.Event())

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        for transport in self.transports:
            transport.close()


class _Commands(paramiko.ServerInterface):
    def __init__(self, target):
        self.target = target

    def get_allowed_auths(self, username):
        return "password"

    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL if password == self.target.password else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel, command):
        def answer():
            channel.sendall(command + command)
            channel.send_exit_status(7)
            channel.close()
        threading.Timer(0, answer).start()
        return True


def paramiko_client(world, user):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port)))
    transport.get_security_options().kex = (MLKEM,)
    transport.start_client(timeout=30)
    transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(str(world.user_key)))
    return transport


def run(transport, command):
    channel = transport.open_session(timeout=30)
    channel.exec_command(command)
    out = b"".join(iter(lambda: channel.recv(65536), b""))
    return out, channel.recv_exit_status()


def test_mlkem_as_client(world):
    transport = paramiko_client(world, f"{USER}@deploy@web1")
    try:
        transport.renegotiate_keys()  # paramiko can do so only while no channel is open
        assert run(transport, "echo one; exit 3") == (b"one\n", 3)
        assert run(transport, "echo two") == (b"two\n", 0)
    finally:
        transport.close()


def test_mlkem_as_target(world, tmp_path):
    target = MlkemTarget(tmp_path / "mlkem", world.account.password)
    try:
        world.gateway.apply({"kind": "target", "name": "quantum", "protocol": "ssh", "address": target.address, "labels": {"env": "prod"},
                             "host_keys": [public_line(target.host_key_file)]})
        result = world.ssh("via", "whoami", options=["-l", f"{USER}@passworded@quantum"])
        assert (result.returncode, result.stdout) == (7, b"whoamiwhoami"), result.stderr
    finally:
        target.stop()
        world.gateway.cli("delete", "target", "quantum")


@pytest.mark.parametrize("name", SNTRUP)
def test_sntrup_as_client(world, name):
    result = world.ssh("via", "echo ok", options=["-v", "-o", f"KexAlgorithms={name}"])
    assert result.stdout == b"ok\n", result.stderr
    assert f"kex: algorithm: {name}".encode() in result.stderr


@pytest.mark.parametrize("name", SNTRUP)
def test_sntrup_as_target(make_world, name):
    world = make_world(target_options=[f"KexAlgorithms {name}", "LogLevel DEBUG1"], dropbear=False)
    data = b"x" * 5_000_000
    result = world.ssh("via", "cat", input=data, options=["-o", "RekeyLimit=1M"])
    assert result.stdout == data, result.stderr
    until(lambda: f"kex: algorithm: {name}" in world.target.log_text(), what="the target to log its key exchange")


def offered(port):
    """The methods of the gateway's KEXINIT, in its order."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"SSH-2.0-looks\r\n")
        stream = connection.makefile("rb")
        assert stream.readline().startswith(b"SSH-2.0-")
        packet = stream.read(int.from_bytes(stream.read(4), "big"))
        at = 1 + 1 + 16  # padding length, message number, cookie
        return packet[at + 4:at + 4 + int.from_bytes(packet[at:at + 4], "big")].decode().split(",")


def test_they_come_first_on_both_legs(world, make_world):
    assert offered(world.gateway.port)[:3] == FIRST
    # The target's own order does not count (RFC 4253 section 7.1): what the gateway has first of its methods is taken.
    other = make_world(target_options=["KexAlgorithms curve25519-sha256,sntrup761x25519-sha512@openssh.com", "LogLevel DEBUG1"], dropbear=False)
    assert other.ssh("via", "true").returncode == 0
    until(lambda: "kex: algorithm: sntrup761x25519-sha512@openssh.com" in other.target.log_text(), what="the target to log its key exchange")


def test_a_malformed_public_key_ends_one_connection_only(world):
    """FIPS 203 section 7.2: coefficients of q or more are refused; so are other lengths."""
    class Spoilt(paramiko.kex_mlkem.KexMLKEM768X25519):
        spoil = staticmethod(lambda value: value)

        def start_kex(self):
            send = self.transport._send_message

            def changed(message):
                self.transport._send_message = send
                body = message.asbytes()
                value = self.spoil(body[5:])
                spoilt = paramiko.Message()
                spoilt.add_byte(body[:1])
                spoilt.add_string(value)
                send(spoilt)
            self.transport._send_message = changed
            super().start_kex()

    for spoil in (lambda v: b"\xff\xff\xff" + v[3:], lambda v: v[:-1], lambda v: v + b"\0", lambda v: b"", lambda v: v[:-32] + bytes(32)):
        transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port)))
        transport.get_security_options().kex = (MLKEM,)
        transport._kex_info = {MLKEM: type("Bad", (Spoilt,), {"spoil": staticmethod(spoil)})}
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.start_client(timeout=30)
        transport.close()
    assert world.ssh("via", "echo still here").stdout == b"still here\n"
