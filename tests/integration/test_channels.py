# SPDX-License-Identifier: Apache-2.0
"""Channels beyond the first, and requests that are long or must not pass: answered as the target would, or with a reason."""
import socket
import threading
import time

import pytest

from harness.process import until
from harness.world import USER


class SlowTarget:
    """A way to the target on which nothing moves before open() is called."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.ready = threading.Event()
        self.waiting = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.waiting += 1
            threading.Thread(target=self._bridge, args=(client,), daemon=True).start()

    def _bridge(self, client):
        self.ready.wait()
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def open(self):
        self.ready.set()

    def close(self):
        self.ready.set()
        self.listener.close()


def multiplexed(world, host, control, *command, **options):
    return world.ssh(host, *command, options=["-o", f"ControlPath={control}", "-o", "ControlMaster=no"], **options)


@pytest.mark.parametrize("host", ["direct", "via"])
def test_beyond_max_sessions_a_client_connects_anew(make_world, host):
    """sshd refuses the channel in the opening; OpenSSH's client then makes a connection of its own."""
    world = make_world(target_options=["MaxSessions 2"])
    control = world.folder / "control"
    master = world.popen(host, "echo up; cat", options=["-o", f"ControlPath={control}", "-o", "ControlMaster=yes"])
    running = [master]
    try:
        assert master.stdout.readline() == b"up\n"
        second = world.popen(host, "echo up; cat", options=["-o", f"ControlPath={control}", "-o", "ControlMaster=no"])
        running.append(second)
        assert second.stdout.readline() == b"up\n"
        third = multiplexed(world, host, control, "echo third; exit 3")
        assert (third.stdout, third.returncode) == (b"third\n", 3), third.stderr
        if host == "via":
            assert len([e for e in world.gateway.audit() if e["type"] == "session.start"]) == 2
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_channels_opened_while_the_target_opens_hear_what_it_says(make_world):
    """The first is confirmed at once; of the others the target has the word."""
    import paramiko
    world = make_world(target_options=["MaxSessions 2"])
    slow = SlowTarget(world.target.port)
    try:
        world.gateway.apply({"kind": "target", "name": "slow1", "protocol": "ssh", "address": f"127.0.0.1:{slow.port}",
                             "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.target.key_line]})
        transport = paramiko.Transport(("127.0.0.1", world.gateway.port))
        transport.start_client(timeout=20)
        transport.auth_publickey(f"{USER}@deploy@slow1", paramiko.Ed25519Key.from_private_key_file(str(world.user_key)))
        first = transport.open_session(timeout=20)
        first.exec_command("echo first; cat")
        outcome = {}

        def later(name):
            try:
                outcome[name] = transport.open_session(timeout=30)
            except paramiko.ChannelException as error:
                outcome[name] = error

        threads = [threading.Thread(target=later, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: slow.waiting == 1, what="a connection to the target")
        time.sleep(0.3)  # long enough for an early confirmation, which must not come
        assert outcome == {}
        slow.open()
        for thread in threads:
            thread.join(30)
        refused = [one for one in outcome.values() if isinstance(one, Exception)]
        opened = [one for one in outcome.values() if not isinstance(one, Exception)]
        assert len(refused) == 1 and len(opened) == 1, outcome
        assert first.makefile().readline() == "first\n"
        opened[0].exec_command("echo second")
        assert opened[0].makefile().read() == b"second\n"
        transport.close()
    finally:
        slow.close()


def test_mosh_is_refused_with_a_reason_unless_a_policy_allows_it(make_world):
    world = make_world()
    command = "mosh-server new -c 256 -s"
    refused = world.ssh("via", command)
    assert refused.returncode != 0 and b"mosh would leave the gateway by UDP" in refused.stderr
    assert world.ssh("via", "echo mosh-server").stdout == b"mosh-server\n"
    (event,) = [e for e in world.gateway.audit() if e["type"] == "session.refused"]
    assert event["what"] == "mosh"
    world.gateway.apply({"kind": "policy", "name": "roaming", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                         "allow": ["mosh"]})
    allowed = world.ssh("via", "mosh-server new -c 256 -s; echo $?")
    assert b"Sallyport" not in allowed.stderr and allowed.stdout != b""
