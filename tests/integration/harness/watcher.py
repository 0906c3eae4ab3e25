# SPDX-License-Identifier: Apache-2.0
"""Watching a live session as a program does."""
import json
import os
import select
import subprocess
import time


class Watcher:
    """session watch -o json, read line by line."""

    def __init__(self, gateway, identifier):
        self.process = subprocess.Popen([str(gateway.bin / "sallyport"), "--config", str(gateway.config_path), "session", "watch", identifier,
                                         "-o", "json"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.buffer = b""

    def line(self, deadline):
        """The next line as an object; fails at the deadline."""
        while b"\n" not in self.buffer:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self.process.stdout], [], [], left)[0], "no more to watch in time"
            chunk = os.read(self.process.stdout.fileno(), 65536)
            assert chunk, "the watcher was cut off"
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.communicate()
