# SPDX-License-Identifier: Apache-2.0
"""Targets that speak Telnet: Debian's telnetd, started for each connection as inetd would, and one that the test plays."""
import os
import shutil
import signal
import socket
import subprocess
import threading

from .process import descendants


class TelnetTarget:
    """Accepts on loopback and gives each connection to a telnetd of its own, or to play(connection)."""

    def __init__(self, play=None):
        self.play = play
        self.servers = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.play:
                threading.Thread(target=self._play, args=(client,), daemon=True).start()
                continue
            telnetd = shutil.which("telnetd") or "/usr/sbin/telnetd"
            self.servers.append(subprocess.Popen([telnetd], stdin=client, stdout=client, stderr=subprocess.DEVNULL, start_new_session=True))
            client.close()

    def _play(self, client):
        try:
            self.play(client)
        except OSError:
            pass
        finally:
            client.close()

    def running(self):
        return [one for one in self.servers if one.poll() is None]

    def stop(self):
        self.listener.close()
        for one in self.running():
            for pid in [*descendants(one.pid), one.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            one.wait()


class Middle:
    """A target on the way to another: it hears both ends, and can speak as the server."""

    def __init__(self, port):
        self.port = port
        self.from_client, self.from_server = bytearray(), bytearray()
        self.client = None
        self.target = TelnetTarget(self._join)

    def _join(self, client):
        self.client = client
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, self.from_server), daemon=True)
            back.start()
            self._pass_on(client, server, self.from_client)
            back.join()

    @staticmethod
    def _pass_on(source, sink, heard):
        try:
            while data := source.recv(4096):
                heard.extend(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def say_to_client(self, data):
        self.client.sendall(data)
