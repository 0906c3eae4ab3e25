# SPDX-License-Identifier: Apache-2.0
"""A live session that something holds up: a flood, a target that hangs, a disk that stalls, a client that does not read."""
import os
import pathlib
import signal
import threading
import time

from harness.process import descendants, until
from harness.world import USER

CONDITIONS = ["calm", "flood", "terminal-flood", "hung-target", "stalled-disk", "client-not-reading"]
FREE = ("calm", "flood", "terminal-flood")  # nothing but an act holds these


class Session:
    """One live session under a condition, and what its client has received."""

    def __init__(self, world, condition, disk):
        self.world, self.condition, self.disk = world, condition, disk
        until(lambda: not world.gateway.sessions() and not world.target.session_pids(), 15, "an idle gateway and target")
        self.steady = condition in ("calm", "hung-target")
        # What ends with the pipe it writes to, and stays behind for nobody.
        command = "while echo $EPOCHREALTIME; do sleep 0.02; done" if self.steady else "yes flood"
        self.received = 0
        self.said = b""
        self.shown = b""  # the last bytes of the output
        self.wanted = None
        self.found = threading.Event()
        self.stopped = []
        # Its input stays open: an end of input would be one more thing that moves.
        self.client = world.popen("via", command, options=["-tt"] if condition == "terminal-flood" else [])
        self.readers = [threading.Thread(target=self._read_output, daemon=True), threading.Thread(target=self._read_errors, daemon=True)]
        try:
            self._prepare()
        except BaseException:
            self.end()
            raise

    def _prepare(self):
        self.id = self.world.gateway.live_session(user=USER)["id"]
        if self.condition == "client-not-reading":
            # Until every buffer on the way is full: the command itself can write no more.
            until(lambda: self.written() > 0, what="first output")
            self.hold()
            self.stands_still()
            return
        for reader in self.readers:
            reader.start()
        until(lambda: self.received > 0, what="first output")
        self.hold()
        if self.condition in ("hung-target", "stalled-disk"):
            self.stands_still()

    def _read_output(self):
        while chunk := os.read(self.client.stdout.fileno(), 65536):
            self.received += len(chunk)
            self.shown = self.shown[-200:] + chunk
            if self.wanted and self.wanted in self.shown:
                self.found.set()

    def _read_errors(self):
        while chunk := os.read(self.client.stderr.fileno(), 4096):
            self.said += chunk
            if self.wanted and self.wanted in self.said:
                self.found.set()

    def hold(self):
        """Brings the condition about."""
        if self.condition == "client-not-reading":
            os.kill(self.client.pid, signal.SIGSTOP)
        if self.condition == "hung-target":
            for top in self.world.target.session_pids():
                for pid in [top, *descendants(top)]:
                    try:
                        os.kill(pid, signal.SIGSTOP)
                        self.stopped.append(pid)
                    except ProcessLookupError:
                        pass  # a date or a sleep that has just ended
        if self.condition == "stalled-disk":
            self.disk.freeze()

    def release(self):
        """Takes the condition away: what holds the session now is what was done to it."""
        if self.disk:
            self.disk.thaw()
        while self.stopped:
            try:
                os.kill(self.stopped.pop(), signal.SIGCONT)
            except ProcessLookupError:
                pass
        if self.client.poll() is None:
            os.kill(self.client.pid, signal.SIGCONT)
        for reader in self.readers:
            if not reader.ident:
                reader.start()

    def state(self):
        found = [s["state"] for s in self.world.gateway.sessions() if s["id"] == self.id]
        return found[0] if found else "ended"

    def written(self):
        """What the flooding command on the target could write."""
        for top in self.world.target.session_pids():
            for pid in descendants(top):
                try:
                    if pathlib.Path(f"/proc/{pid}/comm").read_text() == "yes\n":
                        return int(pathlib.Path(f"/proc/{pid}/io").read_text().split("wchar: ")[1].split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return 0

    def moved(self):
        """The client's end and, of a flood, the target's: both stand still when nothing flows."""
        return self.received, 0 if self.steady else self.written()

    def stands_still(self, quiet=1.0, seconds=15):
        """What was on its way has arrived, and no more comes. The steady output comes 50 times a second."""
        deadline = time.monotonic() + seconds
        last, since = self.moved(), time.monotonic()
        while time.monotonic() - since < quiet:
            assert time.monotonic() < deadline, f"it flows on: (received, written) {last}"
            time.sleep(0.05)
            now = self.moved()
            if now != last:
                last, since = now, time.monotonic()
        return last

    def flows(self):
        before = self.received
        until(lambda: self.received > before, 10, "output at the client")

    def end(self):
        self.release()
        self.client.kill()
        self.client.wait()
        if not self.world.gateway.died():
            for left in self.world.gateway.sessions():
                self.world.gateway.run("session", "terminate", left["id"])
