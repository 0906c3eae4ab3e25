# SPDX-License-Identifier: Apache-2.0
"""A way to a target on which nothing moves before open() is called: its sessions stay in their opening."""
import socket
import threading


class SlowTarget:
    def __init__(self, world, name="slow1"):
        self.name = name
        self.server_port = world.target.port
        self.ready = threading.Event()
        self.waiting = 0  # connections so far
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        world.gateway.apply({"kind": "target", "name": name, "protocol": "ssh", "address": f"127.0.0.1:{self.listener.getsockname()[1]}",
                             "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.target.key_line]})

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
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port))
        except OSError:
            return client.close()
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
